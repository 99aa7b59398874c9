//! What a request's span tells a collector beside what the log says: whose child it is, and how it was answered, by the
//! names of OpenTelemetry's conventions.

use axum::http::{HeaderMap, Method, StatusCode};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, Key, Value};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the span a child of the caller's, if the headers name one, and tells its trace: 32 hexadecimal digits.
pub(super) fn join(span: &Span, headers: &HeaderMap) -> String {
    let caller = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    // A span that the log's filter and the collector both leave out has no parent to be given.
    let _ = span.set_parent(caller);
    span.context().span().span_context().trace_id().to_string()
}

/// How it was answered; `problem` is the code of what went wrong.
pub(super) fn answered(
    span: &Span,
    method: &Method,
    route: &'static str,
    status: StatusCode,
    problem: Option<&'static str>,
) {
    let set = |key: &'static str, value: Value| span.set_attribute(Key::from_static_str(key), value);
    set("http.request.method", method.to_string().into());
    set("http.route", route.into());
    set("http.response.status_code", i64::from(status.as_u16()).into());
    if let Some(code) = problem {
        set("error.type", code.into());
    }
    if status.is_server_error() {
        span.set_status(Status::error(problem.unwrap_or_default()));
    }
}
