//! What happens to every request and answer: identity, log, browsers' questions, compression, last resort,
//! keys, inflating, and problems written out.
//!
//! Handlers return a [`Problem`]; axum's own refusals return a bare status. Both leave here as
//! `application/problem+json` with the request's id.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, CONNECTION, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{StatusCode, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::CorsLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::app::Shared;
use super::guard::authorize;
use super::ids::{Ids, REQUEST_ID};
use super::kinds;
use super::log::log;
use super::problem::Problem;

/// Answers of fewer bytes are sent as they are.
const WORTH_COMPRESSING: u64 = 1024;

/// Wraps the routes as a whole, so that the layers see what axum adds; from the outermost in. They are one stack,
/// since every layer that is added to a router by itself costs each request an allocation.
pub(super) fn wrap(routes: Router, app: &Shared, guarded: bool, cors: Option<CorsLayer>) -> Router {
    let inflated =
        Router::new().fallback_service(routes).layer(RequestDecompressionLayer::new().pass_through_unaccepted(true));
    let guarded = if guarded && app.keys.is_some() {
        inflated.layer(from_fn_with_state(Arc::clone(app), authorize))
    } else {
        inflated
    };
    let stack = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(REQUEST_ID, Ids))
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
        .layer(from_fn_with_state(Arc::clone(app), log))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .option_layer(cors)
        .layer(
            CompressionLayer::new()
                // Digits of random numbers shrink by half at any level; the fastest keeps up with the network.
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(WORTH_COMPRESSING)),
        )
        .layer(from_fn_with_state(Arc::clone(app), write_problem))
        .layer(CatchPanicLayer::custom(crashed));
    guarded.layer(stack)
}

/// A handler's panic is a bug of ours: logged with what it said, told without.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn crashed(cause: Box<dyn Any + Send>) -> Response {
    let said = cause.downcast_ref::<&str>().copied();
    let said = said.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!("a handler panicked: {}", said.unwrap_or("(no message)"));
    Problem::internal().into_response()
}

async fn write_problem(State(app): State<Shared>, request: Request, next: Next) -> Response {
    // What is only needed for a problem is copied in a form that costs nothing.
    let id = request.headers().get(REQUEST_ID).cloned();
    let (method, uri, version) = (request.method().clone(), request.uri().clone(), request.version());
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>().unwrap_or_else(|| {
        if status != StatusCode::METHOD_NOT_ALLOWED {
            return Problem::internal();
        }
        let allowed = response.headers().get(ALLOW).and_then(|v| v.to_str().ok()).unwrap_or("other methods");
        let detail = format!("{} answers {}, not {method}.", uri.path(), allowed.replace(',', ", "));
        Problem::new(&kinds::METHOD_NOT_ALLOWED, detail)
    });
    app.metrics.problem(problem.code());
    let id = id.as_ref().map(|id| String::from_utf8_lossy(id.as_bytes()));
    let mut written = problem.write(id.as_deref());
    let unread = [StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE].contains(&status);
    if unread && version != Version::HTTP_2 {
        // What is left of the body is not read, and so no other request after it: the client is to know.
        written.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    for name in [ALLOW, WWW_AUTHENTICATE] {
        if let Some(value) = response.headers_mut().remove(&name) {
            written.headers_mut().insert(name, value);
        }
    }
    *written.extensions_mut() = std::mem::take(response.extensions_mut());
    written.extensions_mut().insert(problem);
    written
}
