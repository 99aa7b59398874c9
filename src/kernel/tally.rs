//! Counts floating-point operations where they are carried out, for the tests that compare them with
//! what was predicted, and for those that give work up half-way. Outside tests nothing is counted.

#[cfg(test)]
use std::cell::{Cell, RefCell};
#[cfg(test)]
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(test)]
thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
    /// After how many operations in all which flag is set.
    static ALARM: RefCell<Option<(u64, Arc<AtomicBool>)>> = const { RefCell::new(None) };
}

/// So many operations are done now, by this thread.
#[inline]
pub fn done(operations: usize) {
    #[cfg(test)]
    {
        let all = DONE.with(|done| {
            done.set(done.get() + operations as u64);
            done.get()
        });
        ALARM.with_borrow(|alarm| {
            if let Some((_, flag)) = alarm.as_ref().filter(|(after, _)| *after <= all) {
                flag.store(true, Ordering::Relaxed);
            }
        });
    }
    #[cfg(not(test))]
    let _ = operations;
}

/// The operations that `work` does on this thread.
#[cfg(test)]
pub fn counted(work: impl FnOnce()) -> u64 {
    let before = DONE.with(Cell::get);
    work();
    DONE.with(Cell::get) - before
}

/// The operations that `work` does on this thread in all, if the cancel flag it is handed is set after so many.
#[cfg(test)]
pub fn given_up(after: u64, work: impl FnOnce(&AtomicBool)) -> u64 {
    let flag = Arc::new(AtomicBool::new(false));
    ALARM.set(Some((DONE.with(Cell::get) + after, Arc::clone(&flag))));
    let done = counted(|| work(&flag));
    ALARM.set(None);
    done
}
