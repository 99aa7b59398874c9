//! What happens to every request and answer: identity, log, last resort, inflating, and problems written out.
//!
//! Handlers return a [`Problem`]; axum's own refusals return a bare status. Both leave here as
//! `application/problem+json` with the request's id.

use std::any::Any;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ALLOW, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::LatencyUnit;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use super::kinds;
use super::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps the routes as a whole, so that the layers see what axum adds; read upwards, from the outermost in.
pub(super) fn wrap(routes: Router) -> Router {
    Router::new()
        .fallback_service(routes)
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(CatchPanicLayer::custom(crashed))
        .layer(from_fn(write_problem))
        .layer(SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO).latency_unit(LatencyUnit::Micros))
                // A failed answer is logged once, by the line above.
                .on_failure(()),
        )
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get(REQUEST_ID).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn span<B>(request: &axum::http::Request<B>) -> Span {
    tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        id = request_id(request.headers()),
    )
}

/// A handler's panic is a bug of ours: logged with what it said, told without.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn crashed(cause: Box<dyn Any + Send>) -> Response {
    let said = cause.downcast_ref::<&str>().copied();
    let said = said.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!("a handler panicked: {}", said.unwrap_or("(no message)"));
    Problem::internal().into_response()
}

async fn write_problem(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let allow = response.headers_mut().remove(ALLOW);
    let problem = response.extensions_mut().remove::<Problem>().unwrap_or_else(|| {
        if status != StatusCode::METHOD_NOT_ALLOWED {
            return Problem::internal();
        }
        let allowed = allow.as_ref().and_then(|v| v.to_str().ok()).unwrap_or("other methods");
        let detail = format!("{path} answers {}, not {method}.", allowed.replace(',', ", "));
        Problem::new(&kinds::METHOD_NOT_ALLOWED, detail)
    });
    let mut written = problem.write(id.as_deref());
    if let Some(allow) = allow {
        written.headers_mut().insert(ALLOW, allow);
    }
    written
}
