//! Threads that compute. Nothing that takes long runs on the threads that serve connections.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

use crate::engine::helped_by;

/// Room for the deepest nesting the engine's limits admit, in unoptimised builds too.
const STACK_BYTES: usize = 16 << 20;

/// A request's computation.
type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take requests in order of arrival, and as many that help them with large ones.
#[derive(Debug)]
pub(super) struct Threads {
    jobs: Sender<Job>,
    count: usize,
}

/// The work panicked; the message is in the log.
#[derive(Debug)]
pub(super) struct Panicked;

impl Threads {
    /// Starts `count` threads (0: one for each core), which give way to others as far as `niceness` says.
    ///
    /// # Errors
    /// A sentence, when they cannot be started.
    pub(super) fn new(name: &'static str, count: usize, niceness: i32) -> Result<Self, String> {
        let unstarted = |e: &dyn std::fmt::Display| format!("the compute threads did not start: {e}");
        let helpers = ThreadPoolBuilder::new()
            .num_threads(count)
            .stack_size(STACK_BYTES)
            .thread_name(move |i| format!("{name}-help-{i}"))
            .start_handler(move |_| give_way(niceness))
            .build()
            .map_err(|e| unstarted(&e))?;
        let (count, helpers) = (helpers.current_num_threads(), Arc::new(helpers));
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for i in 0..count {
            let (waiting, helpers) = (Arc::clone(&waiting), Arc::clone(&helpers));
            std::thread::Builder::new()
                .name(format!("{name}-{i}"))
                .stack_size(STACK_BYTES)
                .spawn(move || work(&waiting, helpers, niceness))
                .map_err(|e| unstarted(&e))?;
        }
        Ok(Self { jobs, count })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Does work on one of the threads. It goes on when the future is dropped: whoever drops it says so to
    /// the work by other means.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let (send, receive) = oneshot::channel();
        let span = tracing::Span::current();
        let job = move || {
            // A panic is told to the client as a problem; it must not end the thread.
            let done = span.in_scope(|| catch_unwind(AssertUnwindSafe(work)));
            // The span ends with the answer, and not when this thread has its turn again: that may be after the server
            // has told its last spans.
            drop(span);
            // Nobody listening means nobody wants the result.
            let _ = send.send(done);
        };
        // The threads end after the last of these.
        let _ = self.jobs.send(Box::new(job));
        match receive.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(Panicked),
        }
    }
}

/// Takes one job after the other, until there will be no more.
fn work(waiting: &Mutex<Receiver<Job>>, helpers: Arc<ThreadPool>, niceness: i32) {
    give_way(niceness);
    helped_by(helpers);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(job) = next() {
        job();
    }
}

/// Lets other threads have the processor first. Only Linux does that for one thread alone; elsewhere, and where it is
/// not allowed, all are alike.
fn give_way(niceness: i32) {
    #[cfg(target_os = "linux")]
    if niceness > 0
        && let Err(e) = rustix::process::nice(niceness)
    {
        tracing::debug!("a compute thread keeps its priority: {e}");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = niceness;
}
