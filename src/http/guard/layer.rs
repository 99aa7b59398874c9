//! Lets in who has a key, within its quota. Probes are let in always.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};

use super::keys::Keys;
use super::quota::Quota;
use crate::http::kinds;
use crate::http::metrics::{Metrics, Rejection};
use crate::http::problem::Problem;

/// The name of the key that an answer was given to, for the log.
#[derive(Debug, Clone)]
pub(in crate::http) struct KeyName(pub(in crate::http) String);

/// Lets a request in, and tells whose key it came with if that mattered; or the refusal.
pub(in crate::http) fn admit(
    keys: &Keys,
    metrics: &Metrics,
    request: &Request,
) -> Result<Option<KeyName>, Box<Response>> {
    if request.uri().path().starts_with("/health/") {
        return Ok(None);
    }
    let Some(key) = presented(request.headers()).and_then(|text| keys.find(text)) else {
        metrics.rejected(Rejection::Unauthorized);
        return Err(Box::new(unauthorized(request.headers().contains_key(AUTHORIZATION))));
    };
    let name = KeyName(key.name.clone());
    let Err(seconds) = key.quota.as_ref().map_or(Ok(()), Quota::take) else { return Ok(Some(name)) };
    metrics.rejected(Rejection::Quota);
    let limit = key.quota.as_ref().map_or(0, Quota::limit);
    let detail = format!("The key `{}` may make {limit} requests a minute; try again in {seconds} s.", key.name);
    let mut refusal = Problem::new(&kinds::QUOTA, detail).retry_after(seconds).into_response();
    refusal.extensions_mut().insert(name);
    Err(Box::new(refusal))
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
