//! One flag for one request: raised once, for one reason, and seen by every loop that computes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::engine::Cancel;
use crate::http::metrics::Metrics;

/// Why a computation was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::http) enum Reason {
    /// The client closed its connection.
    HungUp,
    /// The time of the request was up.
    Deadline,
    /// The server was told to stop, and the time to finish was up.
    Shutdown,
}

impl Reason {
    /// As a label of a metric.
    pub(in crate::http) fn label(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Deadline => "deadline",
            Self::Shutdown => "shutdown",
        }
    }
}

/// A request's flag.
#[derive(Debug, Default)]
pub(super) struct Job {
    flag: Cancel,
    /// Raised with the flag, or alone when reading takes too long for where it is done.
    reading: Cancel,
    done: AtomicBool,
    reason: OnceLock<Reason>,
}

impl Job {
    pub(super) fn flag(&self) -> &Cancel {
        &self.flag
    }

    /// The flag that reading and planning look at.
    pub(super) fn reading(&self) -> &Cancel {
        &self.reading
    }

    /// Whether reading was given up, but the answer is still wanted; then it may begin anew.
    pub(super) fn begins_anew(&self) -> bool {
        !self.flag.load(Ordering::Relaxed) && self.reading.swap(false, Ordering::Relaxed)
    }
}

/// The one who waits for a job. When it goes away without having been answered, the job is stopped.
#[derive(Debug)]
pub(super) struct Watch {
    job: Arc<Job>,
    metrics: Arc<Metrics>,
}

impl Watch {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { job: Arc::default(), metrics }
    }

    pub(super) fn job(&self) -> Arc<Job> {
        Arc::clone(&self.job)
    }

    /// Stops the job; the first reason is the one that counts.
    pub(super) fn stop(&self, reason: Reason) {
        if !self.job.done.load(Ordering::Relaxed) && self.job.reason.set(reason).is_ok() {
            self.job.flag.store(true, Ordering::Relaxed);
            self.stop_reading();
            self.metrics.cancelled(reason);
            tracing::info!(reason = reason.label(), "stopped");
        }
    }

    /// Stops reading and planning alone.
    pub(super) fn stop_reading(&self) {
        self.job.reading.store(true, Ordering::Relaxed);
    }

    /// The job was answered, one way or another.
    pub(super) fn answered(&self) {
        self.job.done.store(true, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop(Reason::HungUp);
    }
}
