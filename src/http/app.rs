//! What every handler shares: the lanes that compute, the counts, the keys, the settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use tokio::sync::Semaphore;

use super::guard::Keys;
use super::metrics::Metrics;
use super::work::{Work, most_bytes};
use crate::config::Serve;
use crate::engine::{Engine, Limits};

/// The state of one server.
pub(super) struct App {
    pub(super) limits: Limits,
    pub(super) operations: Bytes,
    pub(super) work: Work,
    pub(super) metrics: Arc<Metrics>,
    pub(super) keys: Option<Keys>,
    pub(super) held: Arc<Semaphore>,
    pub(super) settings: Serve,
    draining: AtomicBool,
}

/// The state as handlers receive it.
pub(super) type Shared = Arc<App>;

impl App {
    /// Makes the engine and starts the threads that compute.
    ///
    /// # Errors
    /// A sentence, when the threads cannot be started or the keys not be read.
    pub(super) fn new(settings: &Serve) -> Result<Self, String> {
        let limits = settings.limits();
        // What no lane could ever grant is refused with the other limits.
        let limits = Limits { max_bytes: limits.max_bytes.min(most_bytes(settings)), ..limits };
        let engine = Arc::new(Engine::new(limits));
        let metrics = Arc::new(Metrics::new(settings.memory_budget));
        Ok(Self {
            operations: Bytes::from(engine.operations()),
            work: Work::new(engine, settings, Arc::clone(&metrics))?,
            limits,
            metrics,
            keys: settings.api_keys_file.as_deref().map(Keys::read).transpose()?,
            held: Arc::new(Semaphore::new(held_bytes(settings))),
            settings: settings.clone(),
            draining: AtomicBool::new(false),
        })
    }

    /// Bytes of bodies that are held.
    pub(super) fn bytes_held(&self) -> u64 {
        held_bytes(&self.settings).saturating_sub(self.held.available_permits()) as u64
    }

    /// From now on the server says that it is not ready.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

fn held_bytes(settings: &Serve) -> usize {
    settings.max_held_bytes.min(Semaphore::MAX_PERMITS)
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
