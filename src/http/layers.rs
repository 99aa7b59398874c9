//! What happens to every request and answer: identity, log, browsers' questions, compression, last resort,
//! keys, inflating, and problems written out.
//!
//! Handlers return a [`Problem`]; axum's own refusals return a bare status. Both leave here as
//! `application/problem+json` with the request's id.

use std::any::Any;
use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, HeaderValue, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use smallvec::SmallVec;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::cors::CorsLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tracing::Instrument;

use super::app::{App, Shared};
use super::guard::admit;
use super::ids::{REQUEST_ID, name};
use super::kinds;
use super::log::Entry;
use super::problem::Problem;

/// Answers of fewer bytes are sent as they are.
const WORTH_COMPRESSING: u64 = 1024;

/// Answers requests, on any number of connections.
#[derive(Clone)]
pub(super) struct Service(Arc<dyn Fn(Request) -> Answer + Send + Sync>);

/// An answer on its way.
type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

impl Service {
    pub(super) fn answer(&self, request: Request) -> Answer {
        (self.0)(request)
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

/// Puts the routes as a whole behind all else, so that what axum adds is seen, too. Outermost are a name for the request
/// and its line in the log; then browsers' questions; then [`Inner`] with the rest. One after the other where that is
/// possible, since every layer around a router costs each request allocations and copies.
pub(super) fn wrap(routes: Router, app: &Shared, guarded: bool, cors: Option<CorsLayer>) -> Service {
    let inflating = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    let inner = Arc::new(Inner {
        app: Arc::clone(app),
        guarded,
        inflating: Router::new().fallback_service(routes.clone()).layer(inflating),
        routes,
    });
    let answer = service_fn(move |request| {
        let inner = Arc::clone(&inner);
        async move { Ok::<_, Infallible>(inner.answer(request).await) }
    });
    let visible = ServiceBuilder::new().option_layer(cors).service(answer);
    let app = Arc::clone(app);
    Service(Arc::new(move |mut request| {
        let (app, visible) = (Arc::clone(&app), visible.clone());
        Box::pin(async move {
            let id = name(&mut request);
            if let Some(key) = request.headers_mut().get_mut(AUTHORIZATION) {
                key.set_sensitive(true);
            }
            let entry = Entry::begin(&app, &request);
            let Ok(mut response) = visible.oneshot(request).instrument(entry.span()).await;
            entry.end(&app, &response);
            let headers = response.headers_mut();
            headers.insert(REQUEST_ID, id);
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        })
    }))
}

/// The routes, and what stands right before them.
struct Inner {
    app: Shared,
    /// Whether keys are asked for, if the server has any.
    guarded: bool,
    routes: Router,
    /// The same, behind what inflates a body.
    inflating: Router,
}

impl Inner {
    /// Answers a request; a problem is written out, and so is a panic, and what is long is compressed.
    async fn answer(&self, request: Request) -> Response {
        let asked = Asked::of(&request);
        let response = caught(self.routed(request)).await;
        compressed(&asked, write_problem(&self.app, &asked, response)).await
    }

    /// Asks for a key, inflates the body, and leaves the rest to the routes.
    async fn routed(&self, request: Request) -> Response {
        let keys = self.app.keys.as_ref().filter(|_| self.guarded);
        let (key, refusal) = keys.map_or((None, None), |keys| admit(keys, &self.app.metrics, &request));
        let mut response = if let Some(refusal) = refusal {
            refusal
        } else {
            let routes = if request.headers().contains_key(CONTENT_ENCODING) { &self.inflating } else { &self.routes };
            let Ok(response) = routes.clone().oneshot(request).await;
            response
        };
        if let Some(name) = key {
            response.extensions_mut().insert(name);
        }
        response
    }
}

/// What is answered, or that it panicked.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    // Every future around it would copy this one if it were a part of that.
    let mut answer = Box::pin(answer);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)))
            .unwrap_or_else(|cause| Poll::Ready(crashed(&*cause)))
    })
    .await
}

/// A handler's panic is a bug of ours: logged with what it said, told without.
fn crashed(cause: &(dyn Any + Send)) -> Response {
    let said = cause.downcast_ref::<&str>().copied();
    let said = said.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!("a handler panicked: {}", said.unwrap_or("(no message)"));
    Problem::internal().into_response()
}

/// What problems say of the request, and how its answer may be compressed, copied in a form that costs nothing.
struct Asked {
    id: Option<HeaderValue>,
    encodings: SmallVec<[HeaderValue; 1]>,
    method: Method,
    uri: Uri,
    version: Version,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            id: request.headers().get(REQUEST_ID).cloned(),
            encodings: request.headers().get_all(ACCEPT_ENCODING).into_iter().cloned().collect(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
        }
    }
}

/// Writes out what [`Problem`] an answer bears, and those that axum tells by a bare status.
fn write_problem(app: &App, asked: &Asked, mut response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>().unwrap_or_else(|| {
        if status != StatusCode::METHOD_NOT_ALLOWED {
            return Problem::internal();
        }
        let allowed = response.headers().get(ALLOW).and_then(|v| v.to_str().ok()).unwrap_or("other methods");
        let detail = format!("{} answers {}, not {}.", asked.uri.path(), allowed.replace(',', ", "), asked.method);
        Problem::new(&kinds::METHOD_NOT_ALLOWED, detail)
    });
    app.metrics.problem(problem.code());
    let id = asked.id.as_ref().map(|id| String::from_utf8_lossy(id.as_bytes()));
    let mut written = problem.write(id.as_deref());
    let unread = [StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE].contains(&status);
    if unread && asked.version != Version::HTTP_2 {
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

/// Compresses an answer that is long enough, as the client accepts it. All others are kept from the layer that does so,
/// whose answers have some 6 KB of state.
async fn compressed(asked: &Asked, response: Response) -> Response {
    let long = SizeAbove::new(WORTH_COMPRESSING);
    if !long.should_compress(&response) {
        return response;
    }
    // Digits of random numbers shrink by half at any level; the fastest keeps up with the network.
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(long);
    // The layer looks at the headers of what it passes on, and here that is the answer itself.
    let mut request = axum::http::Request::new(response);
    for encoding in &asked.encodings {
        request.headers_mut().append(ACCEPT_ENCODING, encoding.clone());
    }
    let made = service_fn(|request: axum::http::Request<_>| ready(Ok::<_, Infallible>(request.into_body())));
    let Ok(response) = compression.layer(made).oneshot(request).await;
    response.map(Body::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_as_a_problem_of_ours_without_what_it_said() {
        let answer = caught(async { panic!("what it said") }).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = answer.extensions().get::<Problem>().expect("a problem");
        assert_eq!(problem.code(), "internal");
        assert!(!problem.detail().contains("what it said"));
        let answer = caught(async { StatusCode::NO_CONTENT.into_response() }).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
}
