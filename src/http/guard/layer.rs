//! Lets in who has a key, within its quota. Probes are let in always.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::keys::Keys;
use super::quota::Quota;
use crate::http::app::Shared;
use crate::http::kinds;
use crate::http::metrics::Rejection;
use crate::http::problem::Problem;

/// The name of the key that an answer was given to, for the log.
#[derive(Debug, Clone)]
pub(in crate::http) struct KeyName(pub(in crate::http) String);

pub(in crate::http) async fn authorize(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let Some(keys) = app.keys.as_ref().filter(|_| !request.uri().path().starts_with("/health/")) else {
        return next.run(request).await;
    };
    let Some(key) = presented(request.headers()).and_then(|text| keys.find(text)) else {
        app.metrics.rejected(Rejection::Unauthorized);
        return unauthorized(request.headers().contains_key(AUTHORIZATION));
    };
    let mut response = match key.quota.as_ref().map_or(Ok(()), Quota::take) {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            app.metrics.rejected(Rejection::Quota);
            let limit = key.quota.as_ref().map_or(0, Quota::limit);
            let detail =
                format!("The key `{}` may make {limit} requests a minute; try again in {seconds} s.", key.name);
            Problem::new(&kinds::QUOTA, detail).retry_after(seconds).into_response()
        }
    };
    response.extensions_mut().insert(KeyName(key.name.clone()));
    response
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
