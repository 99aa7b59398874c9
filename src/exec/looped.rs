//! A loop: runs the plan of its body over and over in memory of its own, which the steps share.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use smallvec::SmallVec;

use super::plan::{Operand, Plan};
use super::run::{Cancel, Cancelled, Memory, Workspace, check, fill};
use crate::ir::{Extent, Loop, elements};
use crate::kernel::{View, share};

/// Floating-point operations of a loop whose steps are shared between threads, at least: some tenth of a millisecond.
const WORTH: u64 = 1 << 20;

/// Bytes that a step of such a loop takes, at most: every thread has as much for itself, which nobody predicts.
const PRIVATE: u64 = 1 << 22;

/// Pieces for each thread, so that one that is held up leaves its share to others.
const PIECES: usize = 4;

/// A step that runs a body.
#[derive(Debug)]
pub(super) struct Looped {
    body: Plan,
    args: SmallVec<[Operand; 8]>,
    /// For each argument, its elements in one step of the body.
    sizes: SmallVec<[usize; 8]>,
    /// For each argument, whether its elements must be brought together before the body reads them.
    staged: SmallVec<[bool; 8]>,
    /// For each value carried, the slot that the body leaves the next one in, if it can be lent memory for that.
    lent: SmallVec<[Option<usize>; 8]>,
    /// Length of each part of the result; they lie one behind the other.
    parts: SmallVec<[usize; 8]>,
    steps: usize,
    carries: usize,
    items: usize,
    made: usize,
    extent: Extent,
    backwards: bool,
    /// No step needs another, and there is enough to do for several threads.
    shared: bool,
    pub(super) slot: usize,
    /// Elements of the whole result.
    pub(super) length: usize,
    /// Which of the workspace's inner memories is this loop's.
    pub(super) inner: usize,
}

/// Steps in a row, and where their results go: of what is carried its whole part, of what each step makes as much as
/// these steps make.
struct Piece<'a> {
    steps: Range<usize>,
    parts: SmallVec<[&'a mut [f64]; 8]>,
}

/// Memory of one loop, kept between runs.
#[derive(Debug, Default)]
pub(super) struct Inner {
    workspace: Workspace,
    carry: Vec<Vec<f64>>,
    next: Vec<Vec<f64>>,
    staged: Vec<Vec<f64>>,
}

impl Looped {
    pub(super) fn new(looped: &Loop, args: SmallVec<[Operand; 8]>, slot: usize, inner: usize) -> Self {
        let count = looped.body.inputs.len();
        let (first, last) = (looped.carries, looped.carries + looped.items);
        let staged = |(i, operand): (usize, &Operand)| match i {
            _ if i < first => false,
            _ if i < last => !operand.layout.item(0).is_dense(),
            _ => !operand.dense,
        };
        let mut body = Plan::of_body(&looped.body.graph);
        let mut made = Self {
            lent: (0..looped.carries).map(|k| body.lend(k)).collect(),
            body,
            sizes: (0..count).map(|i| elements(looped.input_shape(i))).collect(),
            staged: args.iter().take(count).enumerate().map(staged).collect(),
            parts: (0..looped.count()).map(|k| elements(looped.part(k).1)).collect(),
            args,
            steps: looped.steps,
            carries: looped.carries,
            items: looped.items,
            made: looped.made(),
            extent: looped.extent,
            backwards: looped.backwards,
            shared: false,
            slot,
            length: looped.length(),
            inner,
        };
        let apart = made.carries == 0 && made.extent == Extent::All;
        made.shared = apart && looped.flops >= WORTH && made.bytes() <= PRIVATE;
        made
    }

    /// Bytes of the memory that the steps share.
    pub(super) fn bytes(&self) -> u64 {
        let carried: usize = self.sizes[..self.carries].iter().fold(0, |sum: usize, n| sum.saturating_add(2 * n));
        let staged = self.sizes.iter().zip(&self.staged).filter(|(_, staged)| **staged);
        let doubles = staged.fold(carried, |sum, (n, _)| sum.saturating_add(*n));
        self.body.bytes().saturating_add(doubles as u64 * 8)
    }

    /// Runs all steps; `out` takes the result.
    pub(super) fn run(
        &self,
        memory: &Memory<'_>,
        inner: &mut Inner,
        out: &mut [f64],
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let views: SmallVec<[View<'_>; 8]> = self.args.iter().map(|a| memory.view(a)).collect();
        let count = self.count(&views);
        if self.extent != Extent::All {
            crate::kernel::fill(out, 0.0, cancel);
        }
        let parts = self.apart(out);
        if self.shared {
            return share(|threads| self.share(&views, inner, parts, threads, cancel));
        }
        let mut piece = Piece { steps: 0..count, parts };
        let taken = self.piece(&views, inner, &mut piece, cancel)?;
        for (part, carry) in piece.parts.iter_mut().zip(&inner.carry) {
            crate::kernel::copy(carry, part, cancel);
        }
        if let (Extent::Until, Some(part)) = (self.extent, piece.parts.last_mut()) {
            part[0] = taken as f64;
        }
        Ok(())
    }

    /// The parts of the result.
    fn apart<'a>(&self, mut out: &'a mut [f64]) -> SmallVec<[&'a mut [f64]; 8]> {
        let mut parts = SmallVec::new();
        for &length in &self.parts {
            let (part, rest) = out.split_at_mut(length);
            parts.push(part);
            out = rest;
        }
        parts
    }

    /// Runs the steps on so many threads, some steps in a row on each; every step has the same bits wherever it is taken.
    fn share(
        &self,
        views: &[View<'_>],
        inner: &mut Inner,
        mut parts: SmallVec<[&mut [f64]; 8]>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let each = self.steps.div_ceil(if threads == 1 { 1 } else { threads * PIECES });
        let piece = |start: usize| {
            let steps = start..self.steps.min(start + each);
            let parts = parts.iter_mut().zip(&self.parts).map(|(part, length)| {
                let (taken, rest) = std::mem::take(part).split_at_mut(length / self.steps * steps.len());
                *part = rest;
                taken
            });
            Piece { parts: parts.collect(), steps }
        };
        let pieces: Vec<Piece<'_>> = (0..self.steps).step_by(each).map(piece).collect();
        let spare = Mutex::new(vec![std::mem::take(inner)]);
        let lock = || spare.lock().unwrap_or_else(PoisonError::into_inner);
        let run = |mut piece: Piece<'_>| {
            let mut inner = lock().pop().unwrap_or_default();
            let done = self.piece(views, &mut inner, &mut piece, cancel);
            lock().push(inner);
            done.map(|_| ())
        };
        let done = match threads {
            1 => pieces.into_iter().try_for_each(run),
            _ => pieces.into_par_iter().try_for_each(run),
        };
        *inner = lock().pop().unwrap_or_default();
        done
    }

    /// Runs some steps; how many counted.
    fn piece(
        &self,
        views: &[View<'_>],
        inner: &mut Inner,
        piece: &mut Piece<'_>,
        cancel: &Cancel,
    ) -> Result<usize, Cancelled> {
        self.body.prepare(&mut inner.workspace, cancel)?;
        self.prepare(views, inner, cancel)?;
        let (first, count) = (piece.steps.start, piece.steps.len());
        for taken in 0..count {
            check(cancel)?;
            let place = if self.backwards { count - 1 - taken } else { taken };
            if !self.step(views, inner, (first + place, place), &mut piece.parts, cancel)? {
                return Ok(taken);
            }
        }
        Ok(count)
    }

    /// Brings the first carry, and what is the same in every step, to where the body reads it.
    fn prepare(&self, views: &[View<'_>], inner: &mut Inner, cancel: &Cancel) -> Result<(), Cancelled> {
        inner.carry.resize_with(self.carries, Vec::new);
        inner.next.resize_with(self.carries, Vec::new);
        inner.staged.resize_with(self.sizes.len(), Vec::new);
        for (i, &size) in self.sizes.iter().enumerate() {
            if i < self.carries {
                fill(&mut inner.carry[i], size, cancel)?;
                fill(&mut inner.next[i], size, cancel)?;
                views[i].copy_until(&mut inner.carry[i], cancel);
            } else if self.staged[i] {
                fill(&mut inner.staged[i], size, cancel)?;
                if i >= self.carries + self.items {
                    views[i].copy_until(&mut inner.staged[i], cancel);
                }
            }
        }
        Ok(())
    }

    /// How many steps are to be taken.
    fn count(&self, views: &[View<'_>]) -> usize {
        match (self.extent, views.last()) {
            (Extent::Counted, Some(count)) => (count.data[count.offset].max(0.0) as usize).min(self.steps),
            _ => self.steps,
        }
    }

    /// Runs one step, given by its number and its place in the parts; whether it counts.
    fn step(
        &self,
        views: &[View<'_>],
        inner: &mut Inner,
        (step, place): (usize, usize),
        parts: &mut [&mut [f64]],
        cancel: &Cancel,
    ) -> Result<bool, Cancelled> {
        let Inner { workspace, carry, next, staged } = inner;
        let last = self.carries + self.items;
        for i in (self.carries..last).filter(|&i| self.staged[i]) {
            views[i].copy_range(step * self.sizes[i], &mut staged[i]);
        }
        let inputs: SmallVec<[&[f64]; 16]> = (0..self.sizes.len())
            .map(|i| {
                let (size, view) = (self.sizes[i], &views[i]);
                if i < self.carries {
                    return carry[i].as_slice();
                }
                if self.staged[i] {
                    return staged[i].as_slice();
                }
                // A view of nothing may begin anywhere.
                if size == 0 {
                    return &[];
                }
                let moved = if i < last { view.strides[0] * step as isize } else { 0 };
                let start = view.offset.saturating_add_signed(moved);
                &view.data[start..start + size]
            })
            .collect();
        self.exchange(next, workspace);
        self.body.run_prepared(&inputs, workspace, cancel)?;
        let write = |k: usize, out: &mut [f64]| self.body.write(k, &inputs, workspace, out, cancel);
        if self.extent == Extent::Until {
            let mut go = [0.0];
            write(self.carries + self.made, &mut go);
            if go == [0.0] {
                return Ok(false);
            }
        }
        for (k, next) in next.iter_mut().enumerate().filter(|(k, _)| self.lent[*k].is_none()) {
            write(k, next);
        }
        for (k, part) in parts.iter_mut().enumerate().skip(self.carries).take(self.made) {
            let size = self.parts[k] / self.steps;
            write(k, &mut part[place * size..(place + 1) * size]);
        }
        drop(inputs);
        self.exchange(next, workspace);
        std::mem::swap(carry, next);
        Ok(true)
    }

    /// Lends the body the memory for what is carried next, or takes it back. A step that does not count, or is given up,
    /// leaves it there: it was the last, and the next run gives both their sizes again.
    fn exchange(&self, next: &mut [Vec<f64>], workspace: &mut Workspace) {
        for (next, slot) in next.iter_mut().zip(&self.lent) {
            if let Some(slot) = slot {
                std::mem::swap(next, &mut workspace.slots[*slot]);
            }
        }
    }
}
