//! Derivatives by their pattern: which constants decide it, what it is, and sweeps along its colours.

use super::document::Mode;
use super::limits::Limits;
use super::mode::{Built, Task, too_large};
use super::part::{Part, Parts};
use super::settled;
use crate::diff::Given;
use crate::diff::sparse::{Blocks, Pattern, Sides, carried, hessian, jacobian, pattern, star, structural, ways};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, elements};
use crate::tensor::Tensor;

/// Most positions of a pattern; more are a dense matrix by any other name.
const MOST: usize = 1 << 24;

/// Bytes of what a request may take for each position of its pattern: finding it takes some forty, beside what runs.
const BYTES_OF_A_POSITION: u64 = 128;

/// Most positions of a pattern of a request within these limits.
fn most(limits: &Limits) -> usize {
    usize::try_from(limits.max_bytes / BYTES_OF_A_POSITION).map_or(MOST, |bound| bound.min(MOST))
}

/// Sweeps by colours are weighed only where they are at most one in so many of those element by element.
const GAIN: usize = 2;

/// Most pairs of an output and an input that are swept along colours: each is a block with nodes of its own.
/// So many times as many may have their patterns told.
const MOST_BLOCKS: usize = 4096;

/// The constants, by node, that decide where elements go, and their elements.
pub(super) fn given(
    b: &Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    constants: &[(String, NodeId)],
    arrays: &[(String, Tensor)],
) -> Vec<(String, Given)> {
    let mut named = settled::constants(arrays, inputs, constants);
    let nodes: Vec<NodeId> = named.iter().map(|(_, (node, _))| *node).collect();
    let decisive = structural(b, outputs, inputs, &nodes);
    named.retain(|(_, (node, _))| decisive.contains(node));
    named
}

/// Where the derivative of outputs by inputs may differ from zero.
///
/// # Errors
/// If that is in more places than can be kept, or in too many blocks.
pub(super) fn find(
    b: &Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    known: &[(String, Given)],
    limits: &Limits,
) -> Result<Pattern, Fault> {
    let most = most(limits);
    if outputs.len().saturating_mul(inputs.len()) > 16 * MOST_BLOCKS {
        let detail = "there are too many pairs of an output and an input; gather scalars into arrays";
        return Err(Fault::new(Code::Limit, detail).expected(format!("at most {} pairs", 16 * MOST_BLOCKS), "more"));
    }
    if let Some(found) = pattern(b, outputs, inputs, &settled::given(known), most) {
        return Ok(found);
    }
    let size = |nodes: &[NodeId]| nodes.iter().fold(0usize, |sum, &n| sum.saturating_add(elements(b.shape(n))));
    let (rows, columns) = (size(outputs), size(inputs));
    if rows.saturating_mul(columns) <= most {
        return Ok(Pattern::full(rows, columns));
    }
    let detail = format!(
        "the derivative, {rows} × {columns}, has too many elements that may differ from zero to keep account of them; \
         leave `format` and `mode` out, or ask for products (`jvp`, `vjp`, `hvp`)"
    );
    Err(Fault::new(Code::OverBudget, detail).expected(format!("at most {most} elements"), "more"))
}

/// Sweeps along colours, from whichever side is cheapest.
pub(super) fn by_colours(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    let (rows, columns) = task.size(b);
    let nothing = || Fault::new(Code::Limit, "sweeps along colours take no less than others");
    let forced = task.mode == Mode::Sparse;
    if !forced && (task.mode != Mode::Auto || rows.min(columns) < 2 * GAIN) {
        return Err(nothing());
    }
    if task.values.len().saturating_mul(task.inputs.len()) > MOST_BLOCKS {
        return Err(too_large(b, task));
    }
    let found = task.pattern(b)?;
    let most = if forced { usize::MAX } else { rows.min(columns) / GAIN };
    if task.symmetric { symmetric(b, task, found, most) } else { general(b, task, found, most) }.ok_or_else(nothing)
}

/// The cheapest of the ways that take few sweeps.
fn general(b: &mut Builder, task: &Task<'_>, pattern: &Pattern, most: usize) -> Option<Built> {
    let mut best = Best::default();
    if !best.carried(b, task, task.values, pattern, most) {
        let ways = ways(b, pattern);
        let fewest = ways.iter().map(Sides::sweeps).min().filter(|&fewest| fewest <= most).unwrap_or(0);
        for sides in ways.into_iter().filter(|w| w.sweeps() <= 2 * fewest) {
            let blocks = jacobian(b, (task.values, task.inputs), &[], pattern, &sides);
            best.weigh(b, blocks, task.values.to_vec(), [sides.columns.count, sides.rows.count]);
        }
    }
    best.0.map(|swept| Built::by_colours(parts(swept.blocks), swept.values, swept.sweeps))
}

/// Hessians: for each function the gradients by all inputs, mirrored about the diagonal.
fn symmetric(b: &mut Builder, task: &Task<'_>, pattern: &Pattern, most: usize) -> Option<Built> {
    let (_, columns) = task.size(b);
    let (mut rows, mut values) = (Parts::new(), Vec::new());
    let mut sweeps = 0;
    for (k, gradients) in task.values.chunks(task.inputs.len().max(1)).enumerate() {
        let mirrored = pattern.block(k * columns..(k + 1) * columns, 0..columns).symmetrised();
        let mut best = Best::default();
        if !best.carried(b, task, gradients, &mirrored, most) {
            let colours = star(b, &mirrored);
            if colours.count <= most && !b.is_unwanted() {
                let blocks = hessian(b, (gradients, task.inputs), &mirrored, &colours);
                best.weigh(b, blocks, gradients.to_vec(), [colours.count, 0]);
            }
        }
        let swept = best.0?;
        sweeps += swept.sweeps[0];
        rows.extend(parts(swept.blocks));
        values.extend(swept.values);
    }
    Some(Built::by_colours(rows, values, [sweeps, 0]))
}

fn parts(blocks: Blocks) -> Parts {
    blocks.into_iter().map(|row| row.into_iter().map(Part::Sparse).collect()).collect()
}

/// A derivative by sweeps.
struct Swept {
    blocks: Blocks,
    /// What is differentiated, as it is computed on the way.
    values: Vec<NodeId>,
    /// Forward and reverse.
    sweeps: [usize; 2],
    flops: u64,
}

/// The cheapest so far.
#[derive(Default)]
struct Best(Option<Swept>);

impl Best {
    fn weigh(&mut self, b: &Builder, blocks: Blocks, values: Vec<NodeId>, sweeps: [usize; 2]) {
        let computed: Vec<NodeId> = blocks.iter().flatten().map(|block| block.values).chain(values.clone()).collect();
        let flops = b.flops(&computed);
        if self.0.as_ref().is_none_or(|best| flops < best.flops) {
            self.0 = Some(Swept { blocks, values, sweeps, flops });
        }
    }

    /// Weighs sweeps that carry their columns, if there are any; whether no colours can do better than these, because
    /// there are no more of them than elements in the longest row.
    fn carried(&mut self, b: &mut Builder, task: &Task<'_>, of: &[NodeId], pattern: &Pattern, sweeps: usize) -> bool {
        // An element has a sweep for each of its columns.
        if pattern.longest_row() > sweeps {
            return false;
        }
        let given = settled::given(task.known);
        let mut least = usize::MAX;
        for found in carried(b, (of, task.inputs), &given, pattern, task.symmetric, most(task.limits)) {
            if found.sweeps <= sweeps {
                least = least.min(found.sweeps);
                self.weigh(b, found.blocks, found.values, [found.sweeps, 0]);
            }
        }
        least <= pattern.longest_row()
    }
}
