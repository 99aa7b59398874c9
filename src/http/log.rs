//! One span and one line for each request, which says why when it was refused or slow; and its counts.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::Request;
#[cfg(feature = "otel")]
use axum::http::Method;
use axum::response::Response;
use tracing::Span;

use super::app::App;
#[cfg(feature = "otel")]
use super::export;
use super::guard::KeyName;
use super::ids::{new_id, request_id};
use super::kinds;
use super::problem::Problem;
use super::router::route_of;
use super::trace::Parent;
use super::work::Timings;

/// Whom a connection is with, where it has an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) Option<SocketAddr>);

/// A request that is being answered.
pub(super) struct Entry {
    start: Instant,
    route: &'static str,
    span: Span,
    #[cfg(feature = "otel")]
    method: Method,
}

impl Entry {
    pub(super) fn begin(app: &App, request: &Request) -> Self {
        let route = route_of(request.uri().path());
        Self {
            start: Instant::now(),
            route,
            span: span(app, request, route),
            #[cfg(feature = "otel")]
            method: request.method().clone(),
        }
    }

    /// What everything belongs to that is done for the request.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Notes what was answered.
    pub(super) fn end(self, app: &App, response: &Response) {
        let (status, took) = (response.status().as_u16(), self.start.elapsed());
        app.metrics.answered(self.route, status, took);
        let said = response.extensions();
        let key = said.get::<KeyName>().map(|key| key.0.as_str());
        let timings = said.get::<Timings>().filter(|_| took >= app.settings.slow_request);
        let why = match said.get::<Problem>() {
            Some(problem) => Some(format!("{}: {}", problem.code(), problem.detail())),
            None => timings.map(|timings| format!("slow: {}", timings.words())),
        };
        let milliseconds = took.as_secs_f64() * 1e3;
        #[cfg(feature = "otel")]
        if app.settings.otlp_endpoint.is_some() {
            let code = said.get::<Problem>().map(Problem::code);
            export::answered(&self.span, &self.method, self.route, response.status(), code);
        }
        self.span.in_scope(|| tracing::info!(status, milliseconds, key, why, "answered"));
    }
}

/// What to say in place of an answer that hyper gave by itself, since what came was no request; noted like any other.
pub(super) fn refused(app: &App, peer: Peer, status: u16) -> Bytes {
    let problem = if status == 400 {
        Problem::new(
            &kinds::MALFORMED_HEAD,
            "What came is no HTTP request: its first line, the name or value of a header, or its content-length \
             or transfer-encoding is malformed.",
        )
    } else {
        Problem::new(
            &kinds::HEAD_TOO_LARGE,
            "The first line and the headers of a request may have 64 KiB in all, and there may be 100 headers.",
        )
    };
    let id = new_id();
    let status = problem.status().as_u16();
    app.metrics.refused(status, problem.code());
    let why = format!("{}: {}", problem.code(), problem.detail());
    tracing::info!(status, id, peer = peer.0.map(tracing::field::display), why, "refused");
    problem.last_words(&id).into()
}

fn span(app: &App, request: &Request, route: &'static str) -> Span {
    let parent = Parent::of(request.headers());
    let peer = request.extensions().get::<Peer>().and_then(|peer| peer.0);
    // What a collector calls it; the log knows it by method and path.
    let traced = app.settings.otlp_endpoint.is_some();
    let span = tracing::info_span!(
        "request",
        otel.name = traced.then(|| format!("{} {route}", request.method())),
        otel.kind = traced.then_some("server"),
        method = %request.method(),
        path = request.uri().path(),
        id = request_id(request.headers()),
        peer = peer.map(tracing::field::display),
        trace_id = parent.as_ref().map(|parent| parent.trace.as_str()),
        parent_id = parent.as_ref().map(|parent| parent.span.as_str()),
    );
    #[cfg(feature = "otel")]
    if traced {
        let trace = export::join(&span, request.headers());
        if parent.is_none() {
            span.record("trace_id", trace);
        }
    }
    span
}
