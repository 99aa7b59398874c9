//! What every handler shares: the engine, the compute pool, the settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use tokio::sync::Semaphore;

use super::pool::Pool;
use crate::config::Serve;
use crate::engine::{Engine, Limits};

/// The state of one server.
pub struct App {
    pub(super) engine: Arc<Engine>,
    pub(super) limits: Limits,
    pub(super) operations: Bytes,
    pub(super) pool: Pool,
    pub(super) held: Arc<Semaphore>,
    pub(super) settings: Serve,
    draining: AtomicBool,
}

/// The state as handlers receive it.
pub(super) type Shared = Arc<App>;

impl App {
    /// Makes the engine and starts the compute pool.
    ///
    /// # Errors
    /// A sentence, when the threads cannot be started.
    pub fn new(settings: &Serve) -> Result<Self, String> {
        let engine = Engine::new(settings.budget.limits());
        Ok(Self {
            operations: Bytes::from(engine.operations()),
            engine: Arc::new(engine),
            limits: settings.budget.limits(),
            pool: Pool::new(settings.threads, settings.queue, settings.request_timeout)?,
            held: Arc::new(Semaphore::new(settings.max_held_bytes.min(Semaphore::MAX_PERMITS))),
            settings: settings.clone(),
            draining: AtomicBool::new(false),
        })
    }

    /// From now on the server says that it is not ready.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
