//! The compute pool: threads of its own, a bounded queue, a deadline, and a flag that stops work nobody waits for.
//!
//! Nothing that takes long runs on the threads that serve connections.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{Semaphore, oneshot};

use super::kinds;
use super::problem::Problem;
use crate::engine::Cancel;

/// Room for the deepest nesting the engine's limits admit, in unoptimised builds too.
const STACK_BYTES: usize = 16 << 20;

pub(super) struct Pool {
    threads: ThreadPool,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Pool {
    /// A pool of `threads` (0: one for each core) with `queue` places to wait in.
    pub(super) fn new(threads: usize, queue: usize, patience: Duration) -> Result<Self, String> {
        let threads = ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(STACK_BYTES)
            .thread_name(|i| format!("compute-{i}"))
            .build()
            .map_err(|e| format!("the compute threads did not start: {e}"))?;
        let places = threads.current_num_threads().saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Ok(Self { threads, places: Arc::new(Semaphore::new(places)), patience })
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `job` on a compute thread. Dropping the returned future (the client hung up) or the deadline
    /// sets the job's cancel flag.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cancel) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let detail = "All computing threads are taken and the queue is full; try again in a moment.";
            return Err(Problem::new(&kinds::BUSY, detail).retry_after(1));
        };
        let flag = CancelOnDrop(Arc::new(Cancel::new(false)));
        let (send, receive) = oneshot::channel();
        let seen = Arc::clone(&flag.0);
        self.threads.spawn(move || {
            if !seen.load(Ordering::Relaxed) {
                // A panic is told to the client as a problem; it must not end the thread.
                let result = catch_unwind(AssertUnwindSafe(|| job(&seen)));
                // Nobody listening means nobody wants the result.
                let _ = send.send(result);
            }
            drop(place);
        });
        match tokio::time::timeout(self.patience, receive).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(_)) | Err(_)) => Err(Problem::internal()),
            Err(_) => {
                let detail = format!(
                    "The answer was not ready within {} s. POST /check predicts the cost of a document; a smaller one, \
                     or a server with a longer --request-timeout, will do.",
                    self.patience.as_secs_f64()
                );
                Err(Problem::new(&kinds::DEADLINE, detail).retry_after(1))
            }
        }
    }
}

/// Sets the flag when the one who waits goes away, for whatever reason.
struct CancelOnDrop(Arc<Cancel>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    /// Works until told to stop; says whether it was.
    fn until_cancelled(cancel: &Cancel) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if cancel.load(Ordering::Relaxed) {
                return true;
            }
            std::thread::yield_now();
        }
        false
    }

    #[tokio::test]
    async fn the_deadline_answers_and_stops_the_work() {
        let pool = Pool::new(1, 1, Duration::from_millis(50)).expect("a pool starts");
        let (send, receive) = mpsc::channel();
        let late = pool.run(move |cancel| send.send(until_cancelled(cancel))).await;
        assert_eq!(late.err().map(|p| p.code()), Some("deadline"));
        assert_eq!(receive.recv_timeout(Duration::from_secs(5)), Ok(true));
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_stops_the_work() {
        let pool = Pool::new(1, 1, Duration::from_mins(1)).expect("a pool starts");
        let (send, receive) = mpsc::channel();
        let job = pool.run(move |cancel| send.send(until_cancelled(cancel)));
        assert!(tokio::time::timeout(Duration::from_millis(50), job).await.is_err());
        assert_eq!(receive.recv_timeout(Duration::from_secs(5)), Ok(true));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_a_panic_is_a_problem() {
        let pool = Pool::new(1, 0, Duration::from_mins(1)).expect("a pool starts");
        let (open, gate) = mpsc::channel::<()>();
        let slow = pool.run(move |_| gate.recv().is_ok());
        let refused = async {
            tokio::task::yield_now().await;
            let refused = pool.run(|_| ()).await;
            open.send(()).expect("the slow job waits");
            refused
        };
        let (slow, refused) = tokio::join!(slow, refused);
        assert_eq!(slow.ok(), Some(true));
        assert_eq!(refused.err().map(|p| p.code()), Some("busy"));
        let broken: Result<(), Problem> = loop {
            // The first place is given back just after its answer.
            match pool.run(|_| panic!("on purpose")).await {
                Err(problem) if problem.code() == "busy" => tokio::task::yield_now().await,
                done => break done,
            }
        };
        assert_eq!(broken.err().map(|p| p.code()), Some("internal"));
    }
}
