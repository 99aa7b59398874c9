//! Counts floating-point operations where they are carried out, for the tests that compare them with
//! what was predicted. Outside tests nothing is counted.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// So many operations are done now, by this thread.
#[inline]
pub fn done(operations: usize) {
    #[cfg(test)]
    DONE.with(|done| done.set(done.get() + operations as u64));
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
