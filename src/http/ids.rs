//! A name for each request, by which its answer, its line in the log and a problem are found again.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::header::{Entry, HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request a name unless it came with one, and tells it.
pub(super) fn name(request: &mut Request) -> HeaderValue {
    match request.headers_mut().entry(REQUEST_ID) {
        Entry::Occupied(given) => given.get().clone(),
        Entry::Vacant(place) => {
            let id = HeaderValue::from_str(new().hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            // What a UUID is made of may stand in a header.
            place.insert(id.unwrap_or(const { HeaderValue::from_static("-") })).clone()
        }
    }
}

/// The request's id, which every request has by the time it is asked for.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get(REQUEST_ID).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// An id for what never became a request.
pub(super) fn new_id() -> String {
    new().to_string()
}

/// A random UUID: numbers one after another, hashed under a key that the process draws once, since to ask the system for
/// random bytes takes longer than all else about a name.
fn new() -> Uuid {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let halves = [0_u8, 1].map(|half| KEY.hash_one((number, half)));
    uuid::Builder::from_random_bytes(((u128::from(halves[0]) << 64) | u128::from(halves[1])).to_ne_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike_and_each_is_a_random_uuid() {
        let ids: std::collections::HashSet<String> = (0..10_000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 10_000);
        let sound = |id: &String| Uuid::parse_str(id).is_ok_and(|id| id.get_version_num() == 4);
        assert!(ids.iter().all(sound));
    }
}
