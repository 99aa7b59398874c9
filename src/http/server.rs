//! A server from the moment it listens to the moment it has stopped.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::app::{App, Shared};
use super::connection::{self, Listener, Stream, Tls};
use super::guard::cors;
use super::ids::new_id;
use super::kinds;
use super::layers::Service;
use super::log::Peer;
use super::metrics::Rejection;
use super::problem::Problem;
use super::router;
use crate::config::Serve;

/// Time for the last answers to leave once everything was stopped.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Connections to the operators' address, which must be reachable when the other one is full.
const ADMIN_CONNECTIONS: usize = 64;

/// What a client is told that comes when all connections are taken.
const FULL: &str = "All connections are taken; try again in a moment.";

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    app: Shared,
    main: Entrance,
    admin: Option<Entrance>,
}

/// A listener, the routes behind it, and how many connections it may have.
#[derive(Debug)]
struct Entrance {
    listener: Listener,
    tls: Option<Tls>,
    service: Service,
    cap: usize,
    places: Arc<Semaphore>,
}

impl Entrance {
    fn new(listener: Listener, tls: Option<Tls>, service: Service, cap: usize) -> Self {
        let cap = cap.clamp(1, u32::MAX as usize >> 4);
        Self { listener, tls, service, cap, places: Arc::new(Semaphore::new(cap)) }
    }

    fn place(&self) -> String {
        self.listener.place(if self.tls.is_some() { "https" } else { "http" })
    }
}

impl Server {
    /// Listens as the settings say, with everything ready to answer.
    ///
    /// # Errors
    /// A sentence: an address that is taken, a file that cannot be read.
    pub async fn bind(settings: &Serve) -> Result<Self, String> {
        let cors = cors(&settings.cors_origin)?;
        let tls = match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificates), Some(key)) => Some(Tls::read(certificates, key, settings.header_timeout)?),
            _ => None,
        };
        let app = Arc::new(App::new(settings)?);
        let listener = Listener::bind(&settings.listen).await?;
        let main = Entrance::new(listener, tls, router::public(&app, cors), settings.max_connections);
        let admin = match &settings.admin_listen {
            Some(address) => {
                let listener = Listener::bind(address).await?;
                Some(Entrance::new(listener, None, router::admin(&app), ADMIN_CONNECTIONS))
            }
            None => None,
        };
        Ok(Self { app, main, admin })
    }

    /// Says in the log where the server listens, and what is risky about it.
    pub fn announce(&self) {
        tracing::info!("listening on {}", self.main.place());
        if let Some(admin) = &self.admin {
            tracing::info!("health and metrics are at {}", admin.place());
        }
        if self.app.keys.is_none() && !self.main.listener.is_local() {
            tracing::warn!(
                "NO API KEYS: whoever reaches {} may use all of this machine's processors and {} bytes of its memory; \
                 --api-keys-file asks for keys, --listen 127.0.0.1:8080 keeps others out",
                self.main.place(),
                self.app.settings.memory_budget
            );
        }
        if self.app.keys.is_some() && self.main.tls.is_none() && !self.main.listener.is_local() {
            tracing::warn!("API keys travel in the clear: use --tls-cert and --tls-key, or a proxy that speaks TLS");
        }
    }

    /// What reads keys and certificate again, as often as it is called.
    pub fn renewal(&self) -> impl Fn() + Send + 'static {
        let (app, tls) = (Arc::clone(&self.app), self.main.tls.clone());
        move || {
            if let Some(keys) = &app.keys {
                keys.renew();
            }
            if let Some(tls) = &tls {
                tls.renew();
            }
            if app.keys.is_none() && tls.is_none() {
                tracing::info!("there are neither API keys nor a certificate to read again");
            }
        }
    }

    /// Answers until `stop` resolves; then says that it is not ready, after a delay takes no new connections,
    /// lets requests under way finish for a bounded time, and stops what is left.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { app, main, admin } = self;
        let settings = &app.settings;
        let closing = watch::Sender::new(false);
        // Operators may ask to the very end.
        let always = watch::Sender::new(false);
        if let Some(admin) = admin {
            tokio::spawn(accept(admin, Arc::clone(&app), always.subscribe()));
        }
        let (places, cap) = (Arc::clone(&main.places), main.cap as u32);
        let accepting = tokio::spawn(accept(main, Arc::clone(&app), closing.subscribe()));
        stop.await;
        app.drain();
        sleep(settings.drain_delay).await;
        accepting.abort();
        // Only now is the socket gone.
        let _ = accepting.await;
        closing.send_replace(true);
        if timeout(settings.drain_timeout, places.acquire_many(cap)).await.is_ok() {
            return;
        }
        tracing::warn!("requests still under way after {:?} are stopped", settings.drain_timeout);
        app.work.stop();
        // Whoever does not take an answer now is not waited for.
        let _ = timeout(LAST_WORDS, places.acquire_many(cap)).await;
    }
}

/// Takes connections in and serves each on a task of its own.
async fn accept(entrance: Entrance, app: Shared, closing: watch::Receiver<bool>) {
    let Entrance { listener, tls, service, cap, places } = entrance;
    loop {
        let (stream, peer) = listener.accept().await;
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            app.metrics.rejected(Rejection::Connections);
            tracing::warn!(peer = ?peer, "refused a connection: all {cap} are taken");
            tokio::spawn(refuse(stream, tls.is_some()));
            continue;
        };
        let place = Place { app: Arc::clone(&app), places: Arc::clone(&places), cap, _permit: place };
        place.count();
        let (tls, service, app, closing) = (tls.clone(), service.clone(), Arc::clone(&app), closing.clone());
        tokio::spawn(async move {
            let _place = place;
            let stream = match &tls {
                Some(tls) => tls.accept(stream).await,
                None => Some(stream),
            };
            if let Some(stream) = stream {
                connection::serve(stream, Peer(peer), service, app, closing).await;
            }
        });
    }
}

/// Tells a client that all connections are taken, if it can be told in plain.
async fn refuse(mut stream: Stream, is_tls: bool) {
    if !is_tls {
        let full = Problem::new(&kinds::BUSY, FULL).retry_after(1);
        // A client that does not listen is not waited for.
        let _ = timeout(LAST_WORDS, async {
            stream.write_all(&full.last_words(&new_id())).await?;
            stream.shutdown().await
        })
        .await;
    }
}

/// One of the places for connections.
struct Place {
    app: Shared,
    places: Arc<Semaphore>,
    cap: usize,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn count(&self) {
        self.app.metrics.connected(self.cap.saturating_sub(self.places.available_permits()));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The permit is given back right after this.
        self.app.metrics.connected(self.cap.saturating_sub(self.places.available_permits() + 1));
    }
}
