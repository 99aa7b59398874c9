//! Lets in who has a key, within its quota. Probes are let in always.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};

use super::keys::Keys;
use crate::http::kinds;
use crate::http::metrics::{Metrics, Rejection};
use crate::http::problem::Problem;

/// The name of the key that an answer was given to, for the log.
#[derive(Debug, Clone)]
pub(in crate::http) struct KeyName(pub(in crate::http) String);

/// Whose key a request came with, if that matters; and the refusal, if it is not let in.
pub(in crate::http) fn admit(keys: &Keys, metrics: &Metrics, request: &Request) -> (Option<KeyName>, Option<Response>) {
    if request.uri().path().starts_with("/health/") {
        return (None, None);
    }
    let Some(key) = presented(request.headers()).and_then(|text| keys.find(text)) else {
        metrics.rejected(Rejection::Unauthorized);
        return (None, Some(unauthorized(request.headers().contains_key(AUTHORIZATION))));
    };
    let refused = key.quota.as_ref().and_then(|quota| quota.take().err().map(|seconds| (quota.limit(), seconds)));
    let refusal = refused.map(|(limit, seconds)| {
        metrics.rejected(Rejection::Quota);
        let detail = format!("The key `{}` may make {limit} requests a minute; try again in {seconds} s.", key.name);
        Problem::new(&kinds::QUOTA, detail).retry_after(seconds).into_response()
    });
    (Some(KeyName(key.name.clone())), refusal)
}

/// What follows `Bearer`.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

fn unauthorized(given: bool) -> Response {
    let detail = if given {
        "The key is not known to this server; send `authorization: Bearer` and a key that is."
    } else {
        "Send a key: `authorization: Bearer` and the key."
    };
    let mut response = Problem::new(&kinds::UNAUTHORIZED, detail).into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"jacobi\""));
    response
}

impl Keys {
    /// Reads the keys again and says in the log how that went.
    pub(in crate::http) fn renew(&self) {
        match self.reload() {
            Ok(count) => tracing::info!("{count} API keys are in force"),
            Err(message) => tracing::error!("{message}; the old ones stay in force"),
        }
    }
}
