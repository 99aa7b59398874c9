//! From a document to an answer: admitted by what it is predicted to cost, computed away from the
//! connections, and stopped when nobody waits for it.
//!
//! Two lanes with threads and a share of the memory each: a small request is never queued behind a large
//! one, and the operating system shares the cores between them. A body is read in the lane of its size;
//! then the plan tells what running it costs, and one that turns out to be large changes lanes.

mod admission;
mod job;
mod lane;
mod threads;
mod timings;

#[cfg(test)]
mod tests;

pub(super) use admission::most_bytes;
pub(super) use job::Reason;
pub(super) use lane::Load;
pub(super) use timings::{PHASES, Timings};

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::body::Document;
use super::kinds;
use super::metrics::Metrics;
use super::problem::Problem;
use crate::config::Serve;
use crate::engine::{Endpoint, Engine, Prepared, Text};
use admission::Crew;
use job::{Job, Watch};
use lane::Grant;

/// A body of at most so many bytes is read in a millisecond or two.
const SMALL_BODY: usize = 256 << 10;

/// The longest document that is looked up where the connection is served, beside constants that were known as they came,
/// and the most bytes of it that are not known from earlier ones: to compare those that are takes a tenth of a nanosecond
/// each.
const LOOKED_UP: (usize, usize) = (1 << 20, 16 << 10);

/// The most operations and the most numbers of an answer that are dealt with there, too: some tens of microseconds, which
/// is about what handing work to another thread and waiting for it takes.
const AT_ONCE: (u64, u64) = (50_000, 1000);

/// So many operations are dealt with there where they took so long before: products of matrices do not take the time of
/// others.
const QUICK: (u64, Duration) = (1_000_000, Duration::from_micros(100));

/// What takes longer to read and plan is no small request.
const SMALL_READING: Duration = Duration::from_millis(100);

/// Bytes that reading a document takes for each of its own: `0,` becomes eight.
const READ_FACTOR: u64 = 4;

/// Everything that computes.
#[derive(Debug)]
pub(super) struct Work {
    engine: Arc<Engine>,
    small: Crew,
    large: Crew,
    patience: Duration,
    metrics: Arc<Metrics>,
    /// Whether everything must stop.
    stopped: watch::Sender<bool>,
}

/// An answer whose bytes are counted until they are sent.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) body: Bytes,
    pub(super) timings: Timings,
    pub(super) flops: u64,
}

impl Work {
    /// Starts the threads.
    ///
    /// # Errors
    /// A sentence, when they cannot be started.
    pub(super) fn new(engine: Arc<Engine>, settings: &Serve, metrics: Arc<Metrics>) -> Result<Self, String> {
        let (small, large) = admission::crews(settings)?;
        let patience = settings.request_timeout;
        Ok(Self { engine, small, large, patience, metrics, stopped: watch::Sender::new(false) })
    }

    /// How many large requests compute at one time.
    pub(super) fn threads(&self) -> usize {
        self.large.threads.count()
    }

    pub(super) fn loads(&self) -> [(&'static str, Load); 2] {
        [("small", self.small.lane.load()), ("large", self.large.lane.load())]
    }

    /// Takes in the next piece of a document's text.
    pub(super) fn receive(&self, text: &mut Text, piece: &[u8]) {
        self.engine.receive(text, piece);
    }

    /// Stops everything that computes or waits, now and later.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Answers a document. Dropping the future stops its computation.
    pub(super) async fn answer(&self, endpoint: Endpoint, document: Document) -> Result<Done, Problem> {
        let known = self.recall(endpoint, &document);
        let answer = match known.as_ref().and_then(|prepared| self.at_once(prepared)) {
            Some(answer) => answer,
            // Large, and moved with every future around it if it were a part of them.
            None => Box::pin(self.in_lanes(endpoint, document, known)).await,
        };
        if let Ok(done) = &answer {
            self.metrics.computed(&done.timings, done.flops);
        }
        answer
    }

    /// Reads a document whose functions and plan are known, if that takes less time than handing it over.
    fn recall(&self, endpoint: Endpoint, document: &Document) -> Option<Prepared> {
        let (length, fresh) = LOOKED_UP;
        if document.text().kept().len() > length || *self.stopped.borrow() {
            return None;
        }
        self.engine.recall(document.text(), endpoint, fresh)
    }

    /// Answers a document, if that takes less time than handing it over.
    fn at_once(&self, prepared: &Prepared) -> Option<Result<Done, Problem>> {
        let ((flops, elements), (quick_flops, quick)) = (AT_ONCE, QUICK);
        let cost = prepared.cost();
        let is_quick = || cost.flops <= quick_flops && prepared.quickest().is_some_and(|took| took <= quick);
        if cost.elements > elements || (cost.flops > flops && !is_quick()) {
            return None;
        }
        let grant = self.small.lane.enter_now(cost.bytes)?;
        Some(run(&self.engine, prepared, grant, &Job::default(), Timings::prepared(prepared)))
    }

    /// Answers a document, which may be known, on the threads that compute.
    async fn in_lanes(&self, endpoint: Endpoint, document: Document, known: Option<Prepared>) -> Result<Done, Problem> {
        let watch = Watch::new(Arc::clone(&self.metrics));
        let start = Instant::now();
        let mut stopped = self.stopped.subscribe();
        let answer = tokio::select! {
            biased;
            answer = self.steps(&watch, start, endpoint, document, known) => answer,
            () = sleep_until(start + self.patience) => {
                watch.stop(Reason::Deadline);
                Err(late(&format!(
                    "{} s. POST /check predicts the cost of a document; a smaller one, or a server with a longer \
                     --request-timeout, will do", self.patience.as_secs_f64()
                )))
            }
            _ = stopped.wait_for(|stopped| *stopped) => {
                watch.stop(Reason::Shutdown);
                let detail = "The server is stopping and gave up what it had not finished in time.";
                Err(Problem::new(&kinds::DRAINING, detail).retry_after(1))
            }
        };
        watch.answered();
        answer
    }

    /// Reads and plans; then runs at once where that can be, and in the lane of its cost otherwise. What is not
    /// soon read and planned in the lane for small requests begins anew in the other.
    async fn steps(
        &self,
        watch: &Watch,
        start: Instant,
        endpoint: Endpoint,
        document: Document,
        known: Option<Prepared>,
    ) -> Result<Done, Problem> {
        let small = document.text().len() <= SMALL_BODY;
        let mut timings = Timings::default();
        let first = match known {
            Some(prepared) => {
                First::Waits { timings: Timings::prepared(&prepared), prepared: Box::new(prepared), document }
            }
            None => match self.first(watch, small, endpoint, document, &mut timings).await? {
                First::Anew(document) => self.first(watch, false, endpoint, document, &mut timings).await?,
                first => first,
            },
        };
        match first {
            First::Done(done) => Ok(done),
            // Only a small one is told to begin anew.
            First::Anew(_) => Err(Problem::internal()),
            // The text stays counted among the bodies held.
            First::Waits { prepared, document, timings } => {
                let cost = prepared.cost();
                let crew = if self.small.ceiling().admits(&cost) { &self.small } else { &self.large };
                let need = cost.bytes.saturating_add(reading(&document));
                let allowed = prepared.patience();
                let second = self.second(watch, crew, prepared, need, timings);
                let Some(allowed) = allowed else { return second.await };
                timeout_at(start + allowed, second).await.unwrap_or_else(|_| {
                    watch.stop(Reason::Deadline);
                    Err(late(&format!("the {} ms that its document allows", allowed.as_millis())))
                })
            }
        }
    }

    /// The first step, in the lane for small requests or in the other.
    async fn first(
        &self,
        watch: &Watch,
        small: bool,
        endpoint: Endpoint,
        document: Document,
        timings: &mut Timings,
    ) -> Result<First, Problem> {
        let crew = if small { &self.small } else { &self.large };
        let reading = reading(&document);
        let mut grant = crew.enter(reading, timings, &self.metrics).await?;
        let (engine, job, ceiling, mut timings) =
            (Arc::clone(&self.engine), watch.job(), self.small.ceiling(), *timings);
        let work = crew.run(move || {
            let prepared = match engine.prepare(&document.text().whole(), endpoint, job.reading()) {
                Ok(prepared) => prepared,
                Err(_) if small && job.begins_anew() => return Ok(First::Anew(document)),
                Err(faults) => return Err(faults.into()),
            };
            (timings.parse, timings.plan) = (prepared.read, prepared.plan);
            let is_small = ceiling.admits(&prepared.cost());
            let need = prepared.cost().bytes.saturating_add(reading);
            if prepared.patience().is_none() && is_small == small && grant.resize(need) {
                return run(&engine, &prepared, grant, &job, timings).map(First::Done);
            }
            Ok(First::Waits { prepared: Box::new(prepared), document, timings })
        });
        if !small {
            return work.await;
        }
        tokio::pin!(work);
        if let Ok(done) = timeout(SMALL_READING, &mut work).await {
            return done;
        }
        watch.stop_reading();
        work.await
    }

    /// Waits for a place in a lane and runs there.
    async fn second(
        &self,
        watch: &Watch,
        crew: &Crew,
        prepared: Box<Prepared>,
        need: u64,
        mut timings: Timings,
    ) -> Result<Done, Problem> {
        let grant = crew.enter(need, &mut timings, &self.metrics).await?;
        let (engine, job) = (Arc::clone(&self.engine), watch.job());
        crew.run(move || run(&engine, &prepared, grant, &job, timings)).await
    }
}

/// Bytes that reading a document takes.
fn reading(document: &Document) -> u64 {
    (document.text().len() as u64).saturating_mul(READ_FACTOR)
}

/// What came of the first step.
enum First {
    Done(Done),
    /// It takes longer than a small request may; nothing is known of it yet.
    Anew(Document),
    /// Its cost is known, and it runs when there is room.
    Waits {
        prepared: Box<Prepared>,
        document: Document,
        timings: Timings,
    },
}

/// Runs what was prepared; the grant goes with the answer.
fn run(
    engine: &Engine,
    prepared: &Prepared,
    mut grant: Grant,
    job: &Job,
    mut timings: Timings,
) -> Result<Done, Problem> {
    let answer = engine.run(prepared, job.flag())?;
    (timings.run, timings.write) = (answer.run, answer.write);
    grant.ended(answer.body.capacity() as u64);
    let body = Bytes::from_owner(Counted { text: answer.body, _grant: grant });
    Ok(Done { body, timings, flops: prepared.cost().flops })
}

/// An answer's text together with the share of the memory it takes.
struct Counted {
    text: Vec<u8>,
    _grant: Grant,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

fn late(within: &str) -> Problem {
    Problem::new(&kinds::DEADLINE, format!("The answer was not ready within {within}.")).retry_after(1)
}
