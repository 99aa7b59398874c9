//! What may be relied on: work that nobody waits for stops, once and for one reason.

use std::time::Duration;

use super::threads::Threads;
use super::*;

/// A job that works until it is stopped.
async fn until_stopped(watch: &Watch) {
    let threads = Threads::new("test", 1, 0).expect("a thread starts");
    let job = watch.job();
    let work = move || {
        while !job.flag().load(std::sync::atomic::Ordering::Relaxed) {
            std::thread::yield_now();
        }
    };
    threads.run(work).await.expect("no panic");
}

#[tokio::test]
async fn a_job_is_stopped_by_whoever_drops_it_and_that_is_counted_once() {
    let metrics = Arc::new(Metrics::new(0));
    let watch = Watch::new(Arc::clone(&metrics));
    let job = watch.job();
    let waiting = async {
        until_stopped(&watch).await;
    };
    assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
    watch.stop(Reason::Deadline);
    drop(watch);
    assert!(job.flag().load(std::sync::atomic::Ordering::Relaxed));
    let told = metrics.tell(Default::default(), 0);
    assert!(told.contains("jacobi_cancelled_total{reason=\"deadline\"} 1"), "{told}");
    assert!(told.contains("jacobi_cancelled_total{reason=\"hung_up\"} 0"), "{told}");
}

#[tokio::test]
async fn a_job_that_was_answered_is_not_stopped() {
    let metrics = Arc::new(Metrics::new(0));
    let watch = Watch::new(Arc::clone(&metrics));
    watch.answered();
    let job = watch.job();
    drop(watch);
    assert!(!job.flag().load(std::sync::atomic::Ordering::Relaxed));
}

#[tokio::test]
async fn a_panic_is_told_and_ends_no_thread() {
    let threads = Threads::new("test", 1, 0).expect("a thread starts");
    assert!(threads.run(|| panic!("on purpose")).await.is_err());
    assert_eq!(threads.run(|| 7).await.expect("no panic"), 7);
}

#[tokio::test]
async fn no_request_begins_in_the_middle_of_another() {
    // A thread of a pool that waits for a piece of its work would take up what else the pool has to do.
    let threads = Threads::new("test", 2, 0).expect("a thread starts");
    assert_eq!(threads.run(rayon::current_thread_index).await.expect("no panic"), None);
}
