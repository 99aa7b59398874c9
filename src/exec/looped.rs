//! A loop: runs the plan of its body over and over in memory of its own, which the steps share.

use smallvec::SmallVec;

use super::plan::{Operand, Plan};
use super::run::{Cancel, Cancelled, Memory, Workspace, check, fill};
use crate::ir::{Extent, Loop, elements};
use crate::kernel::View;

/// A step that runs a body.
#[derive(Debug)]
pub(super) struct Looped {
    body: Plan,
    args: SmallVec<[Operand; 8]>,
    /// For each argument, its elements in one step of the body.
    sizes: SmallVec<[usize; 8]>,
    /// For each argument, whether its elements must be brought together before the body reads them.
    staged: SmallVec<[bool; 8]>,
    /// First place and length of each part of the result.
    parts: SmallVec<[(usize, usize); 8]>,
    steps: usize,
    carries: usize,
    items: usize,
    made: usize,
    extent: Extent,
    backwards: bool,
    pub(super) slot: usize,
    /// Elements of the whole result.
    pub(super) length: usize,
    /// Which of the workspace's inner memories is this loop's.
    pub(super) inner: usize,
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
        Self {
            body: Plan::of_body(&looped.body.graph),
            sizes: (0..count).map(|i| elements(looped.input_shape(i))).collect(),
            staged: args.iter().take(count).enumerate().map(staged).collect(),
            parts: (0..looped.count()).map(|k| (looped.part(k).0, elements(looped.part(k).1))).collect(),
            args,
            steps: looped.steps,
            carries: looped.carries,
            items: looped.items,
            made: looped.made(),
            extent: looped.extent,
            backwards: looped.backwards,
            slot,
            length: looped.length(),
            inner,
        }
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
        self.body.prepare(&mut inner.workspace, cancel)?;
        self.prepare(&views, inner, cancel)?;
        let count = self.count(&views);
        if self.extent != Extent::All {
            crate::kernel::fill(out, 0.0, cancel);
        }
        let mut taken = 0;
        while taken < count {
            check(cancel)?;
            let step = if self.backwards { count - 1 - taken } else { taken };
            if !self.step(&views, inner, out, step, cancel)? {
                break;
            }
            taken += 1;
        }
        for (&(start, length), carry) in self.parts.iter().zip(&inner.carry) {
            crate::kernel::copy(carry, &mut out[start..start + length], cancel);
        }
        if let (Extent::Until, Some(&(start, _))) = (self.extent, self.parts.last()) {
            out[start] = taken as f64;
        }
        Ok(())
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

    /// Runs one step; whether it counts.
    fn step(
        &self,
        views: &[View<'_>],
        inner: &mut Inner,
        out: &mut [f64],
        step: usize,
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
        self.body.run_prepared(&inputs, workspace, cancel)?;
        let output = |k: usize| self.body.result(k, &inputs, workspace);
        if self.extent == Extent::Until {
            let go = output(self.carries + self.made);
            if go.data[go.offset] == 0.0 {
                return Ok(false);
            }
        }
        for (k, next) in next.iter_mut().enumerate() {
            output(k).copy_until(next, cancel);
        }
        for (k, &(start, length)) in self.parts.iter().enumerate().skip(self.carries).take(self.made) {
            let size = length / self.steps.max(1);
            output(k).copy_until(&mut out[start + step * size..start + (step + 1) * size], cancel);
        }
        drop(inputs);
        std::mem::swap(carry, next);
        Ok(true)
    }
}
