//! One connection from its first byte to its last: HTTP/1.1 or HTTP/2 by hyper, with patience for a head, for
//! idleness and for a slow reader.

mod activity;
mod listener;
mod patient;
mod portions;
mod refusals;
mod tls;

pub(super) use listener::{Listener, Stream};
pub(super) use tls::Tls;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::watch;

use super::app::Shared;
use super::layers::Service;
use super::log::{self, Peer};
use activity::Activity;
use patient::Patient;
use portions::Portions;
use refusals::Refusals;

/// Most bytes of the head of a request.
const HEAD_BYTES: usize = 64 << 10;

/// So much of an answer must be taken within the patience.
const PORTION: usize = 64 << 10;

/// Requests that one HTTP/2 connection may have under way.
const STREAMS: u32 = 64;

/// Serves one connection until it ends, by itself or because it took too long; once `closing`, it ends with
/// the requests that are under way.
pub(super) async fn serve(
    stream: Stream,
    peer: Peer,
    service: Service,
    app: Shared,
    mut closing: watch::Receiver<bool>,
) {
    let settings = &app.settings;
    let activity = Arc::new(Activity::new(settings.header_timeout, settings.idle_timeout, settings.write_timeout));
    let patient = Patient::new(stream, settings.write_timeout, Arc::clone(&activity));
    let io = TokioIo::new(Refusals::new(patient, move |status| log::refused(&app, peer, status)));
    let seen = Arc::clone(&activity);
    let answering = service_fn(move |mut request: Request<Incoming>| {
        let under_way = seen.begin(request.version());
        request.extensions_mut().insert(peer);
        let answer = service.answer(request.map(Body::new));
        let seen = Arc::clone(&seen);
        async move {
            let answer = answer.await;
            drop(under_way);
            Ok::<_, Infallible>(answer.map(|body| Portions::new(body, seen)))
        }
    });
    let builder = builder();
    let connection = builder.serve_connection(io, answering);
    tokio::pin!(connection);
    let mut told = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(peer = ?peer.0, "a connection failed: {error}");
                }
                return;
            }
            why = activity.overdue() => {
                tracing::debug!(peer = ?peer.0, "a connection was closed: {why}");
                return;
            }
            _ = closing.wait_for(|closing| *closing), if !told => {
                connection.as_mut().graceful_shutdown();
                told = true;
            }
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Heads are timed by their activity, which also sees a connection that never says which version it speaks.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HEAD_BYTES);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS).max_header_list_size(HEAD_BYTES as u32);
    builder
}
