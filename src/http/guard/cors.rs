//! Which pages may call the server from a browser: none, unless their origins are named.

use std::time::Duration;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http::ids::REQUEST_ID;

const TRACE: HeaderName = HeaderName::from_static("traceparent");
const TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The layer for these origins, if there are any; `*` stands for all.
///
/// # Errors
/// A sentence, when one is no origin.
pub(in crate::http) fn cors(origins: &[String]) -> Result<Option<CorsLayer>, String> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let origin = |text: &String| {
            let sound = text.contains("://") && !text.ends_with('/');
            let value = HeaderValue::from_str(text).ok().filter(|_| sound);
            value.ok_or_else(|| format!("--cors-origin {text}: an origin is written like https://example.org"))
        };
        AllowOrigin::list(origins.iter().map(origin).collect::<Result<Vec<_>, _>>()?)
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, CONTENT_ENCODING, REQUEST_ID, TRACE])
        .expose_headers([REQUEST_ID, RETRY_AFTER, TIMING])
        .max_age(Duration::from_hours(1));
    Ok(Some(layer))
}
