//! The border: HTTP on one side, [`crate::engine`] on the other.
//!
//! Owns routes, layers, problem types and the pages a server shows. It computes nothing, and nothing
//! inside the program names it.

mod about;
mod app;
mod body;
mod compute;
mod contract;
mod health;
mod kinds;
mod layers;
mod pool;
mod problem;
mod problems;
mod router;

pub use app::App;
pub use kinds::{KINDS, Kind};
pub use problem::Problem;
pub use router::ROUTES;

use std::future::{Future, IntoFuture, pending};
use std::io;
use std::sync::Arc;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Answers on `listener` until `stop` resolves, then lets the requests under way finish, for a bounded time.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let app = Arc::new(app);
    let patience = app.settings.drain_timeout;
    let (told, heard) = oneshot::channel::<()>();
    let listener = listener.tap_io(|stream| {
        // Without it small answers may wait for the client's acknowledgement; with an error they only wait.
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, router::router(Arc::clone(&app)))
        .with_graceful_shutdown(async move {
            stop.await;
            app.drain();
            // The receiver is gone only when the server has ended already.
            let _ = told.send(());
        })
        .into_future();
    let overdue = async move {
        match heard.await {
            Ok(()) => tokio::time::sleep(patience).await,
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        done = server => done,
        () = overdue => {
            tracing::warn!("requests still under way after {patience:?} were cut off");
            Ok(())
        }
    }
}
