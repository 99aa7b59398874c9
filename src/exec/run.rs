//! Runs a plan on bound inputs.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::block::Scratch;
use super::looped::Inner;
use super::plan::{Home, Operand, Plan, Step};
use crate::kernel::View;

/// Set by whoever no longer wants the answer; every loop looks at it. A copy is the same flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set, or is.
    pub fn new(set: bool) -> Self {
        Self(Arc::new(AtomicBool::new(set)))
    }

    /// The flag itself, for who keeps it.
    pub fn shared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Deref for Cancel {
    type Target = AtomicBool;

    fn deref(&self) -> &AtomicBool {
        &self.0
    }
}

/// The run was given up because the cancel flag was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// Memory that runs of one plan reuse: give it back for the next run, and nothing is allocated.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(super) slots: Vec<Vec<f64>>,
    scratch: Scratch,
    /// Registers of programs.
    registers: Vec<f64>,
    /// Memory of each loop.
    inner: Vec<Inner>,
}

/// What steps read and write.
pub(super) struct Memory<'a> {
    pub(super) slots: &'a mut [Vec<f64>],
    pub(super) scratch: &'a mut Scratch,
    pub(super) registers: &'a mut Vec<f64>,
    inputs: &'a [&'a [f64]],
    constants: &'a [Arc<[f64]>],
}

impl Memory<'_> {
    /// What is stored somewhere.
    pub(super) fn data(&self, home: Home) -> &[f64] {
        home.data(|i| self.inputs[i], self.constants, self.slots)
    }

    /// The elements of an operand, where they lie.
    pub(super) fn view<'b>(&'b self, operand: &'b Operand) -> View<'b> {
        operand.over(self.data(operand.home))
    }
}

pub(super) fn check(cancel: &Cancel) -> Result<(), Cancelled> {
    if cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
}

/// Elements filled between two looks at the cancel flag.
const PORTION: usize = 1 << 20;

/// Makes a slot hold `size` elements: the first touch of much memory takes time.
pub(super) fn fill(slot: &mut Vec<f64>, size: usize, cancel: &Cancel) -> Result<(), Cancelled> {
    slot.reserve_exact(size.saturating_sub(slot.len()));
    while slot.len() < size {
        check(cancel)?;
        slot.resize(size.min(slot.len() + PORTION), 0.0);
    }
    slot.truncate(size);
    Ok(())
}

impl Plan {
    /// Runs the plan. `inputs[i]` are the elements of input `i`, row-major.
    ///
    /// # Errors
    /// [`Cancelled`] once `cancel` is set.
    pub fn run(&self, inputs: &[Arc<[f64]>], workspace: &mut Workspace, cancel: &Cancel) -> Result<(), Cancelled> {
        let inputs: SmallVec<[&[f64]; 8]> = inputs.iter().map(|input| &**input).collect();
        self.prepare(workspace, cancel)?;
        self.run_prepared(&inputs, workspace, cancel)
    }

    /// Gives a workspace the sizes that runs of this plan need.
    pub(super) fn prepare(&self, workspace: &mut Workspace, cancel: &Cancel) -> Result<(), Cancelled> {
        workspace.inner.resize_with(self.loops, Inner::default);
        workspace.slots.resize_with(self.slots.len(), Vec::new);
        for (slot, &size) in workspace.slots.iter_mut().zip(&self.slots) {
            fill(slot, size, cancel)?;
        }
        Ok(())
    }

    /// Runs the plan in a workspace that is prepared, on inputs wherever they lie.
    pub(super) fn run_prepared(
        &self,
        inputs: &[&[f64]],
        workspace: &mut Workspace,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let mut memory = Memory {
            slots: &mut workspace.slots,
            scratch: &mut workspace.scratch,
            registers: &mut workspace.registers,
            inputs,
            constants: &self.constants,
        };
        for step in &self.steps {
            check(cancel)?;
            match step {
                Step::Block(block) => block.run(&mut memory, cancel)?,
                Step::Program(program) => program.run(&mut memory, cancel)?,
                Step::Dense(dense) => {
                    let mut out = std::mem::take(&mut memory.slots[dense.slot]);
                    let views: SmallVec<[View<'_>; 4]> = dense.args.iter().map(|a| memory.view(a)).collect();
                    (dense.kernel)(&dense.attr, &dense.shape, &views, &mut out[..dense.length], cancel);
                    drop(views);
                    memory.slots[dense.slot] = out;
                }
                Step::Loop(looped) => {
                    let mut out = std::mem::take(&mut memory.slots[looped.slot]);
                    let length = looped.length;
                    let result = looped.run(&memory, &mut workspace.inner[looped.inner], &mut out[..length], cancel);
                    memory.slots[looped.slot] = out;
                    result?;
                }
                Step::Copy { from, length, slot } => {
                    let mut out = std::mem::take(&mut memory.slots[*slot]);
                    memory.view(from).copy_until(&mut out[..*length], cancel);
                    memory.slots[*slot] = out;
                }
            }
        }
        check(cancel)
    }

    /// Number of outputs.
    pub fn count(&self) -> usize {
        self.outputs.len()
    }

    /// The elements of output `i` after a run, row-major.
    pub fn output<'a>(&'a self, i: usize, inputs: &'a [Arc<[f64]>], workspace: &'a Workspace) -> View<'a> {
        let operand = &self.outputs[i];
        operand.over(operand.home.data(|k| &inputs[k], &self.constants, &workspace.slots))
    }

    /// Writes output `i` after a run on inputs wherever they lie, row-major, until `cancel` is set.
    pub(super) fn write(&self, i: usize, inputs: &[&[f64]], workspace: &Workspace, out: &mut [f64], cancel: &Cancel) {
        let operand = &self.outputs[i];
        let data = operand.home.data(|k| inputs[k], &self.constants, &workspace.slots);
        // A view of nothing may begin anywhere.
        if operand.dense && !out.is_empty() {
            crate::kernel::copy(&data[operand.layout.offset..][..out.len()], out, cancel);
        } else {
            operand.over(data).copy_until(out, cancel);
        }
    }
}
