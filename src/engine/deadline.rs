//! A request's own deadline: raises the cancel flag when its time is up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::exec::Cancel;

/// Does the work, and raises `cancel` if it takes longer than `milliseconds`; without a deadline it
/// only does the work.
pub(super) fn within<T>(milliseconds: Option<u64>, cancel: &Cancel, work: impl FnOnce() -> T) -> T {
    let Some(limit) = milliseconds.map(Duration::from_millis) else { return work() };
    let start = Instant::now();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = || {
            while !done.load(Ordering::Acquire) {
                match limit.checked_sub(start.elapsed()) {
                    Some(left) if !left.is_zero() => std::thread::park_timeout(left),
                    _ => return cancel.store(true, Ordering::Relaxed),
                }
            }
        };
        // Without a thread to watch the time, the server's own deadline still holds.
        let timer = std::thread::Builder::new().spawn_scoped(scope, watch).ok();
        let _released = Release { done: &done, timer: timer.as_ref().map(|t| t.thread().clone()) };
        work()
    })
}

/// Lets the timer go when the work ends, however it ends.
struct Release<'a> {
    done: &'a AtomicBool,
    timer: Option<std::thread::Thread>,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(timer) = &self.timer {
            timer.unpark();
        }
    }
}
