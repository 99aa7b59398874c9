//! Sparse derivatives: the pattern is found in the graph, its columns and rows are coloured, a sweep for
//! each colour gives many of them at once, and the elements are picked out of what the sweeps give. Where sweeps can
//! carry their columns with them, no colours are needed.
//!
//! All of it is graph again, so it is batched, costed and nested like everything else.

mod arena;
mod colour;
mod compress;
mod passage;
mod pattern;
mod propagate;
mod sides;
mod star;
mod strands;

#[cfg(test)]
mod check;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use colour::Colours;
pub use pattern::Pattern;
pub use propagate::{pattern, structural};
pub use sides::Sides;

use compress::{Second, Sweeps};

use super::jvp::Seed;
use super::known::Given;
use crate::ir::{Builder, NodeId, elements};
use crate::ops::{Algebra, whole_numbers};

/// The derivative of one output by one input.
#[derive(Debug, Clone)]
pub struct Block {
    /// Where its elements are, m × n.
    pub pattern: Arc<Pattern>,
    /// The elements in the order of the pattern.
    pub values: NodeId,
}

impl Block {
    /// The elements of a matrix at the places of a pattern.
    pub fn of_matrix(b: &mut Builder, matrix: NodeId, pattern: Arc<Pattern>) -> Self {
        let count = pattern.nnz();
        let size = pattern.rows * pattern.columns;
        let values = match b.fill_value(matrix) {
            Some(value) => b.fill(value, &[count]),
            None => b.reshape(matrix, &[size]),
        };
        if count == size || b.shape(values).as_slice() == [count] {
            return Self { pattern, values };
        }
        let values = b.at(values, pattern.entries().map(|(i, j)| i * pattern.columns + j));
        Self { pattern, values }
    }

    /// The block as a matrix, m × n.
    pub fn dense(&self, b: &mut Builder) -> NodeId {
        let (m, n) = (self.pattern.rows, self.pattern.columns);
        if self.pattern.nnz() == 0 {
            return b.fill(0.0, &[m, n]);
        }
        let places = whole_numbers(b, self.pattern.entries().map(|(i, j)| i * n + j));
        let flat = b.put(self.values, places, 0, m * n);
        b.reshape(flat, &[m, n])
    }
}

/// `blocks[i][j]`: the derivative of output `i` by input `j`.
pub type Blocks = Vec<Vec<Block>>;

/// The ways of sweeping that are worth weighing: by columns, by rows, by both. Empty if the pattern is
/// too dense for any, or nobody wants the graph any more.
pub fn ways(b: &Builder, pattern: &Pattern) -> Vec<Sides> {
    sides::sides(pattern, b.unwanted())
}

/// The Jacobian by sweeps along colours. Values in `held` count as constants.
pub fn jacobian(
    b: &mut Builder,
    (outputs, inputs): (&[NodeId], &[NodeId]),
    held: &[NodeId],
    pattern: &Pattern,
    sides: &Sides,
) -> Blocks {
    let held: Vec<Seed> = held.iter().filter(|h| !inputs.contains(h)).map(|&h| (h, None)).collect();
    let first = compress::forward(b, outputs, inputs, &held, &sides.columns);
    let second = compress::reverse(b, outputs, inputs, &held, &sides.rows);
    let sweeps = Sweeps { first, second: Second { swept: second, colours: &sides.rows } };
    compress::recover(b, &sizes(b, outputs), &sizes(b, inputs), pattern, &sides.columns, &sweeps)
}

/// Star colours of a Hessian's pattern, which must be symmetric.
pub fn star(b: &Builder, pattern: &Pattern) -> Colours {
    star::star(pattern, b.unwanted())
}

/// The Hessian by forward sweeps over the gradients, one for each input and in its shape.
pub fn hessian(
    b: &mut Builder,
    (gradients, inputs): (&[NodeId], &[NodeId]),
    pattern: &Pattern,
    colours: &Colours,
) -> Blocks {
    let first = compress::forward(b, gradients, inputs, &[], colours);
    // What one sweep mixes up in a row, its mirror image shows in another.
    let second = Second { swept: first.clone(), colours };
    let sizes = sizes(b, inputs);
    compress::recover(b, &sizes, &sizes, pattern, colours, &Sweeps { first, second })
}

/// A derivative by sweeps that carry their columns with them.
#[derive(Debug)]
pub struct Carried {
    /// The blocks.
    pub blocks: Blocks,
    /// Most sweeps that an output takes.
    pub sweeps: usize,
    /// The outputs, as they are computed on the way.
    pub values: Vec<NodeId>,
}

/// Derivatives by sweeps that carry their columns with them, at the positions of the pattern; of a Hessian (`mirrored`)
/// only half of them is computed. `given` are inputs whose elements are known.
///
/// Up to two: straight through the graph, and through items that are computed alike. None where something mixes more
/// than sweeps can carry, or takes more than `most` elements.
pub fn carried(
    b: &mut Builder,
    (outputs, inputs): (&[NodeId], &[NodeId]),
    given: &[Given],
    pattern: &Pattern,
    mirrored: bool,
    most: usize,
) -> Vec<Carried> {
    let straight = strands::strands(b, outputs, inputs, given, most).map(|found| (found, outputs.to_vec()));
    let through = strands::itemised(b, outputs, inputs, given, most).map(|found| (found.strands, found.values));
    let (heights, widths) = (sizes(b, outputs), sizes(b, inputs));
    let mut recovered = |(found, values): (Vec<Vec<strands::Strand>>, Vec<NodeId>)| {
        let sweeps = found.iter().map(Vec::len).max().unwrap_or(0);
        Carried { blocks: strands::recover(b, &found, &heights, &widths, pattern, mirrored), sweeps, values }
    };
    straight.into_iter().chain(through).map(&mut recovered).collect()
}

fn sizes(b: &Builder, nodes: &[NodeId]) -> Vec<usize> {
    nodes.iter().map(|&n| elements(b.shape(n))).collect()
}
