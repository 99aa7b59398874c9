//! Who computes what: a crew is a lane with threads of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Instrument, debug_span};

use super::lane::{Grant, Lane, Refused};
use super::threads::Threads;
use super::timings::Timings;
use crate::config::Serve;
use crate::engine::Cost;
use crate::http::kinds;
use crate::http::metrics::{Metrics, Rejection};
use crate::http::problem::Problem;

/// Operations of a small request: some ten milliseconds.
const SMALL_FLOPS: u64 = 20_000_000;

/// Bytes of a small request, where the budget is not small itself.
const SMALL_BYTES: u64 = 8 << 20;

/// The share of the memory that is kept for small requests.
const SMALL_SHARE: u64 = 8;

/// How far computing gives way to serving connections, health probes among them, and large requests to small ones: where
/// both want one core, it goes about three to one for each step of five.
const SMALL_NICENESS: i32 = 5;
const LARGE_NICENESS: i32 = 10;

/// Small requests that may wait for each large one that may: they take little, and large ones begin as such.
const SMALL_QUEUE: usize = 16;

#[derive(Debug)]
pub(super) struct Crew {
    pub(super) lane: Arc<Lane>,
    pub(super) threads: Threads,
    patience: Duration,
}

/// The crew for small requests, and the one for large.
pub(super) fn crews(settings: &Serve) -> Result<(Crew, Crew), String> {
    let crew = |name, count, niceness, bytes, queue| -> Result<Crew, String> {
        let threads = Threads::new(name, count, niceness)?;
        let lane = Lane::new(threads.count(), bytes, queue);
        Ok(Crew { lane, threads, patience: settings.queue_timeout })
    };
    let reserved = settings.memory_budget / SMALL_SHARE;
    let large = crew("large", settings.threads, LARGE_NICENESS, settings.memory_budget - reserved, settings.queue)?;
    // One small request that takes longer than was thought does not keep all others waiting.
    let small = crew(
        "small",
        large.threads.count().max(2),
        SMALL_NICENESS,
        reserved,
        settings.queue.saturating_mul(SMALL_QUEUE),
    )?;
    Ok((small, large))
}

/// The most bytes that one request can be granted.
pub(in crate::http) fn most_bytes(settings: &Serve) -> u64 {
    settings.memory_budget - settings.memory_budget / SMALL_SHARE
}

/// The most that a small request takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceiling {
    bytes: u64,
}

impl Ceiling {
    pub(super) fn admits(self, cost: &Cost) -> bool {
        cost.flops <= SMALL_FLOPS && cost.bytes <= self.bytes
    }
}

impl Crew {
    /// What is small enough for this lane: several must fit in it together.
    pub(super) fn ceiling(&self) -> Ceiling {
        Ceiling { bytes: SMALL_BYTES.min(self.lane.bytes() / 4) }
    }

    /// Waits for a place and for `bytes`.
    pub(super) async fn enter(&self, bytes: u64, timings: &mut Timings, metrics: &Metrics) -> Result<Grant, Problem> {
        let whole = self.lane.bytes();
        if bytes > whole {
            metrics.rejected(Rejection::OverBudget);
            let detail = format!(
                "this request needs {bytes} bytes, more than the {whole} that this server grants; ask for less, \
                 retrying does not help"
            );
            return Err(Problem::new(&kinds::OVER_BUDGET, detail));
        }
        let start = Instant::now();
        let entered = self.lane.enter(bytes, self.patience).instrument(debug_span!("queue")).await;
        timings.queue += start.elapsed();
        entered.map_err(|refused| {
            let seconds = self.lane.retry_after();
            let (rejection, because) = match refused {
                Refused::Full => (Rejection::QueueFull, "the queue for them is full".to_owned()),
                Refused::Waited => {
                    let waited = self.patience.as_secs_f64();
                    (Rejection::QueueTimeout, format!("none became free within {waited} s"))
                }
            };
            metrics.rejected(rejection);
            let detail = format!("All places to compute are taken, and {because}; try again in {seconds} s.");
            Problem::new(&kinds::BUSY, detail).retry_after(seconds)
        })
    }

    /// Does work on this crew's threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.threads.run(work).await.unwrap_or_else(|_| Err(Problem::internal()))
    }
}
