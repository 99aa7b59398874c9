//! Threads that compute. Nothing that takes long runs on the threads that serve connections.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

/// Room for the deepest nesting the engine's limits admit, in unoptimised builds too.
const STACK_BYTES: usize = 16 << 20;

/// A fixed number of threads.
#[derive(Debug)]
pub(super) struct Threads(ThreadPool);

/// The work panicked; the message is in the log.
#[derive(Debug)]
pub(super) struct Panicked;

impl Threads {
    /// Starts `count` threads (0: one for each core), which give way to others as far as `niceness` says.
    ///
    /// # Errors
    /// A sentence, when they cannot be started.
    pub(super) fn new(name: &'static str, count: usize, niceness: i32) -> Result<Self, String> {
        ThreadPoolBuilder::new()
            .num_threads(count)
            .stack_size(STACK_BYTES)
            .thread_name(move |i| format!("{name}-{i}"))
            .start_handler(move |_| give_way(niceness))
            .build()
            .map(Self)
            .map_err(|e| format!("the compute threads did not start: {e}"))
    }

    pub(super) fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Does work on one of the threads. It goes on when the future is dropped: whoever drops it says so to
    /// the work by other means.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let (send, receive) = oneshot::channel();
        let span = tracing::Span::current();
        self.0.spawn(move || {
            let _entered = span.entered();
            // A panic is told to the client as a problem; it must not end the thread. Nobody listening means
            // nobody wants the result.
            let _ = send.send(catch_unwind(AssertUnwindSafe(work)));
        });
        match receive.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(Panicked),
        }
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
