//! Sweeps along colours, and the elements of the derivative picked out of them.

use std::sync::Arc;

use smallvec::SmallVec;

use super::colour::{Colours, NONE};
use super::pattern::Pattern;
use super::{Block, Blocks};
use crate::diff::batch::batch;
use crate::diff::jvp::{Seed, jvp};
use crate::diff::transpose::transpose;
use crate::ir::{Builder, NodeId, Shape, elements};
use crate::ops::{Algebra, whole_numbers};

/// What sweeps gave: for each output or input `[colours · elements]`, `None` where that is zero.
type Swept = Vec<Option<NodeId>>;

/// What a position is picked from: forward sweeps of its output, or what else there is.
pub(super) struct Sweeps<'a> {
    pub(super) first: Swept,
    pub(super) second: Second<'a>,
}

/// Reverse sweeps of the position's input; for a Hessian the forward sweeps of its mirror image.
pub(super) struct Second<'a> {
    pub(super) swept: Swept,
    /// Colours of the rows.
    pub(super) colours: &'a Colours,
}

/// Forward sweeps of the outputs, each along the sum of the columns of one colour.
pub(super) fn forward(
    b: &mut Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    held: &[Seed],
    colours: &Colours,
) -> Swept {
    if colours.count == 0 {
        return vec![None; outputs.len()];
    }
    let (marks, replaced) = marks(b, inputs, colours);
    let seeds: Vec<Seed> = held.iter().copied().chain(inputs.iter().copied().zip(marks)).collect();
    let swept = jvp(b, outputs, &seeds);
    batched(b, swept, &replaced, colours.count)
}

/// Reverse sweeps to the inputs, each from the sum of the rows of one colour.
pub(super) fn reverse(
    b: &mut Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    held: &[Seed],
    colours: &Colours,
) -> Swept {
    if colours.count == 0 {
        return vec![None; inputs.len()];
    }
    let tangents: Vec<NodeId> = inputs.iter().map(|&x| b.input_like(x)).collect();
    let moving = inputs.iter().zip(&tangents).map(|(&x, &t)| (x, Some(t)));
    let seeds: Vec<Seed> = held.iter().copied().chain(moving).collect();
    let linear = jvp(b, outputs, &seeds);
    let (marks, replaced) = marks(b, outputs, colours);
    let ends: Vec<(NodeId, NodeId)> = linear.into_iter().zip(marks).filter_map(|(l, m)| Some((l?, m?))).collect();
    let swept = transpose(b, &ends, &tangents);
    batched(b, swept, &replaced, colours.count)
}

/// For each node what moves it, `None` if none of its elements has a colour; and what the batch over the
/// colours puts in the place of that. A single colour needs no batch.
fn marks(b: &mut Builder, nodes: &[NodeId], colours: &Colours) -> (Vec<Option<NodeId>>, Vec<(NodeId, NodeId)>) {
    let mut marks = Vec::with_capacity(nodes.len());
    let mut replaced = Vec::new();
    let mut start = 0;
    for &node in nodes {
        let shape: Shape = b.shape(node).clone();
        let of = &colours.of[start..start + elements(&shape)];
        start += of.len();
        if of.iter().all(|&c| c == NONE) {
            marks.push(None);
        } else if colours.count == 1 {
            marks.push(Some(one_colour(b, of, &shape)));
        } else {
            let mark = b.input_like(node);
            let seed = indicator(b, of, &shape, colours.count);
            replaced.push((mark, seed));
            marks.push(Some(mark));
        }
    }
    (marks, replaced)
}

/// Ones where there is a colour.
fn one_colour(b: &mut Builder, of: &[u32], shape: &[usize]) -> NodeId {
    if of.iter().all(|&c| c != NONE) {
        return b.fill(1.0, shape);
    }
    let ones = whole_numbers(b, of.iter().map(|&c| usize::from(c != NONE)));
    b.reshape(ones, shape)
}

/// Ones where an element has the colour of the leading axis, zeros elsewhere.
fn indicator(b: &mut Builder, of: &[u32], shape: &[usize], count: usize) -> NodeId {
    // What has no colour gets a number that no colour has.
    let colours = whole_numbers(b, of.iter().map(|&c| if c == NONE { count } else { c as usize }));
    let colours = b.reshape(colours, shape);
    let colours = b.lead(colours, count);
    let wide: Shape = b.shape(colours).clone();
    let counting = whole_numbers(b, 0..count);
    let counting = b.broadcast(counting, &wide, &[0]);
    b.equal(colours, counting)
}

/// Adds the axis of colours and flattens.
fn batched(b: &mut Builder, swept: Swept, replaced: &[(NodeId, NodeId)], count: usize) -> Swept {
    let moving: SmallVec<[NodeId; 4]> = swept.iter().copied().flatten().collect();
    let wide = if replaced.is_empty() { moving.to_vec() } else { batch(b, &moving, replaced, count) };
    let mut wide = wide.into_iter();
    let mut flatten = |_| {
        let node = wide.next()?;
        let size = elements(b.shape(node));
        Some(b.reshape(node, &[size]))
    };
    swept.into_iter().map(|s| s.and_then(&mut flatten)).collect()
}

/// Picks every position of the pattern out of the sweeps. Rows are those of all outputs one after
/// another, `heights` their numbers; columns likewise.
pub(super) fn recover(
    b: &mut Builder,
    heights: &[usize],
    widths: &[usize],
    pattern: &Pattern,
    columns: &Colours,
    sweeps: &Sweeps<'_>,
) -> Blocks {
    // Nothing is picked any more either.
    let direct = if b.is_unwanted() { Vec::new() } else { direct(pattern, columns) };
    let mut blocks = Blocks::with_capacity(heights.len());
    let mut top = 0;
    for (o, &height) in heights.iter().enumerate() {
        let mut row = Vec::with_capacity(widths.len());
        let mut left = 0;
        for (j, &width) in widths.iter().enumerate() {
            let offset = columns.count * height;
            let mut positions = Vec::new();
            for i in (top..top + height).take_while(|_| !b.is_unwanted()) {
                for k in pattern.within(i, &(left..left + width)) {
                    let column = pattern.indices[k] as usize;
                    positions.push(if direct[k] {
                        columns.of[column] as usize * height + (i - top)
                    } else {
                        offset + sweeps.second.colours.of[i] as usize * width + (column - left)
                    });
                }
            }
            let sources = [sweeps.first[o], sweeps.second.swept[j]];
            let lengths = [offset, sweeps.second.colours.count * width];
            let pattern = pattern.block(top..top + height, left..left + width);
            let values =
                if b.is_unwanted() { b.fill(0.0, &[pattern.nnz()]) } else { picked(b, sources, lengths, positions) };
            row.push(Block { pattern: Arc::new(pattern), values });
            left += width;
        }
        blocks.push(row);
        top += height;
    }
    blocks
}

/// The positions whose column is the only one of its colour in its row.
fn direct(pattern: &Pattern, columns: &Colours) -> Vec<bool> {
    let mut direct = Vec::with_capacity(pattern.nnz());
    let mut counts = vec![0u32; columns.count];
    for i in 0..pattern.rows {
        let colours = || pattern.row(i).iter().filter_map(|&j| columns.get(j as usize));
        colours().for_each(|c| counts[c] += 1);
        direct.extend(pattern.row(i).iter().map(|&j| columns.get(j as usize).is_some_and(|c| counts[c] == 1)));
        colours().for_each(|c| counts[c] = 0);
    }
    direct
}

/// Elements at positions of the first array followed by the second.
fn picked(b: &mut Builder, sources: [Option<NodeId>; 2], lengths: [usize; 2], mut positions: Vec<usize>) -> NodeId {
    let count = positions.len();
    let (low, high) = (positions.iter().any(|&p| p < lengths[0]), positions.iter().any(|&p| p >= lengths[0]));
    let mut side = |i: usize| sources[i].unwrap_or_else(|| b.fill(0.0, &[lengths[i]]));
    let source = match (low, high) {
        (true, true) => {
            let (first, second) = (side(0), side(1));
            b.join(&[first, second], 0)
        }
        (true, false) => side(0),
        (false, true) => {
            for p in &mut positions {
                *p -= lengths[0];
            }
            side(1)
        }
        (false, false) => return b.fill(0.0, &[0]),
    };
    if let Some(value) = b.fill_value(source) {
        return b.fill(value, &[count]);
    }
    b.at(source, positions.into_iter())
}
