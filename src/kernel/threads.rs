//! Threads that help: work that falls apart into pieces is shared with them, and they take nothing else on.

use std::cell::RefCell;
use std::sync::Arc;

use rayon::ThreadPool;

thread_local! {
    static HELPERS: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// From now on this thread shares its work with these. They are others than the threads that are handed whole requests:
/// one that waits for a piece of its own takes up whatever its pool has to do, and that must not be somebody else's
/// request, whose end the first would then wait for.
pub fn helped_by(helpers: Arc<ThreadPool>) {
    HELPERS.set(Some(helpers));
}

/// Does work that knows how many threads may share it, where they are at hand: on the helpers of this thread, or where it
/// is, if that is one of a pool.
pub fn share<R: Send>(work: impl FnOnce(usize) -> R + Send) -> R {
    let helpers = if rayon::current_thread_index().is_some() { None } else { HELPERS.with_borrow(Clone::clone) };
    match helpers.map(|pool| (pool.current_num_threads(), pool)) {
        Some((1, _)) => work(1),
        Some((count, pool)) => pool.install(|| work(count)),
        None => work(rayon::current_num_threads()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_done_by_helpers_alone_and_by_oneself_where_there_is_one() {
        let pool = |count| Arc::new(rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads"));
        let place = || (std::thread::current().id(), rayon::current_thread_index().is_some());
        for count in [1, 3] {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    helped_by(pool(count));
                    let (threads, (thread, in_pool)) = share(|threads| (threads, place()));
                    let here = std::thread::current().id();
                    assert_eq!((threads, thread == here, in_pool), (count, count == 1, count > 1));
                    // Pieces of pieces stay with the helpers.
                    let inner = share(|_| share(|threads| (threads, place().1)));
                    assert_eq!(inner, (count, count > 1));
                });
            });
        }
    }
}
