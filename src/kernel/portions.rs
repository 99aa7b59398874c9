//! Passes over long slices that look at the cancel flag between portions. What is left of a pass that was given up
//! stays as it is: nobody reads it.

use std::sync::atomic::{AtomicBool, Ordering};

/// Elements between two looks at the flag: well below a millisecond.
pub(super) const PORTION: usize = 1 << 18;

/// Whether the work is to go on.
pub(super) fn wanted(cancel: &AtomicBool) -> bool {
    !cancel.load(Ordering::Relaxed)
}

/// Copies `from` to `to`, which is as long.
pub fn copy(from: &[f64], to: &mut [f64], cancel: &AtomicBool) {
    let parts = to.chunks_mut(PORTION).zip(from.chunks(PORTION));
    parts.take_while(|_| wanted(cancel)).for_each(|(to, from)| transfer(from, to));
}

/// Elements that are copied at once, unless they are very many.
const PIECE: usize = 128;
const MANY: usize = 1 << 15;

/// Copies `from` to `to`, which is as long, as fast whatever their places in memory are: the instruction that copies of
/// some kilobytes are made by takes ten times as long on some processors where the target lies little after the source
/// but for whole pages.
pub(super) fn transfer(from: &[f64], to: &mut [f64]) {
    if to.len() > MANY {
        to.copy_from_slice(from);
    } else {
        to.chunks_mut(PIECE).zip(from.chunks(PIECE)).for_each(|(to, from)| to.copy_from_slice(from));
    }
}

/// Fills `out` with one value.
pub fn fill(out: &mut [f64], value: f64, cancel: &AtomicBool) {
    out.chunks_mut(PORTION).take_while(|_| wanted(cancel)).for_each(|part| part.fill(value));
}

/// Counts from zero, and from zero again after each `length`.
pub fn count(out: &mut [f64], length: usize, cancel: &AtomicBool) {
    for (i, part) in out.chunks_mut(PORTION).enumerate().take_while(|_| wanted(cancel)) {
        part.iter_mut().enumerate().for_each(|(k, x)| *x = ((i * PORTION + k) % length) as f64);
    }
}

/// Adds `from` to `to`, which is as long, element by element.
pub fn add(from: &[f64], to: &mut [f64], cancel: &AtomicBool) {
    let parts = to.chunks_mut(PORTION).zip(from.chunks(PORTION)).take_while(|_| wanted(cancel));
    parts.for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(o, x)| *o += x));
}

/// The position of the first element that is not zero; none is found after `cancel` is set.
pub fn first_nonzero(a: &[f64], cancel: &AtomicBool) -> Option<usize> {
    for (i, part) in a.chunks(PORTION).enumerate().take_while(|_| wanted(cancel)) {
        let found = part.iter().position(|x| *x != 0.0);
        super::tally::done(found.map_or(part.len(), |p| p + 1));
        if let Some(p) = found {
            return Some(i * PORTION + p);
        }
    }
    None
}

/// Whether all elements are finite; no, if that is not wanted any more.
pub(super) fn all_finite(a: &[f64], cancel: &AtomicBool) -> bool {
    a.chunks(PORTION).all(|part| wanted(cancel) && part.iter().all(|x| x.is_finite()))
}
