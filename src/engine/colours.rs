//! Derivatives by their pattern: which constants decide it, what it is, and sweeps along its colours.

use super::document::Mode;
use super::limits::Limits;
use super::mode::{Built, Task, too_large};
use super::part::{Part, Parts};
use super::settled;
use crate::diff::Given;
use crate::diff::sparse::{Colours, Pattern, Sides, hessian, jacobian, pattern, star, structural, ways};
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
    let ways = ways(b, pattern);
    let least = ways.iter().map(Sides::sweeps).min().filter(|&least| least <= most)?;
    let mut best: Option<(u64, Built)> = None;
    for sides in ways.into_iter().filter(|w| w.sweeps() <= 2 * least) {
        let blocks = jacobian(b, (task.values, task.inputs), &[], pattern, &sides);
        let parts: Parts = blocks.into_iter().map(|row| row.into_iter().map(Part::Sparse).collect()).collect();
        let built = Built::by_colours(parts, [sides.columns.count, sides.rows.count]);
        let cost = b.flops(&built.nodes());
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, built));
        }
    }
    best.map(|(_, built)| built)
}

/// Hessians: for each function the gradients by all inputs, mirrored about the diagonal.
fn symmetric(b: &mut Builder, task: &Task<'_>, pattern: &Pattern, most: usize) -> Option<Built> {
    let (_, columns) = task.size(b);
    let mut parts = Parts::new();
    let mut sweeps = 0;
    for (k, gradients) in task.values.chunks(task.inputs.len().max(1)).enumerate() {
        let mirrored = pattern.block(k * columns..(k + 1) * columns, 0..columns).symmetrised();
        let colours = star(b, &mirrored);
        if colours.count > most || b.is_unwanted() {
            return None;
        }
        sweeps += colours.count;
        let blocks = second(b, (gradients, task.inputs), &mirrored, &colours);
        parts.extend(blocks);
    }
    Some(Built::by_colours(parts, [sweeps, 0]))
}

fn second(b: &mut Builder, of: (&[NodeId], &[NodeId]), pattern: &Pattern, colours: &Colours) -> Parts {
    let blocks = hessian(b, of, pattern, colours);
    blocks.into_iter().map(|row| row.into_iter().map(Part::Sparse).collect()).collect()
}
