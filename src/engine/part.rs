//! A derivative of one output by one input: a matrix, or its elements at the places of a pattern.

use std::ops::Range;
use std::sync::Arc;

use crate::diff::sparse::{Block, Pattern};
use crate::ir::{Builder, NodeId};

/// One block of a derivative.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// All elements, m × n.
    Whole(NodeId),
    /// Those that may differ from zero.
    Sparse(Block),
}

/// `parts[i][j]`: the derivative of output `i` by input `j`.
pub(super) type Parts = Vec<Vec<Part>>;

impl Part {
    /// The node that is computed.
    pub(super) fn node(&self) -> NodeId {
        match self {
            Self::Whole(node) => *node,
            Self::Sparse(block) => block.values,
        }
    }

    /// Where the elements are, if not everywhere.
    pub(super) fn pattern(&self) -> Option<&Arc<Pattern>> {
        match self {
            Self::Whole(_) => None,
            Self::Sparse(block) => Some(&block.pattern),
        }
    }

    /// As a matrix.
    pub(super) fn whole(&self, b: &mut Builder) -> NodeId {
        match self {
            Self::Whole(node) => *node,
            Self::Sparse(block) => block.dense(b),
        }
    }
}

/// Splits a pattern into blocks of so many rows and columns.
pub(super) fn split(pattern: &Pattern, heights: &[usize], widths: &[usize]) -> Vec<Vec<Arc<Pattern>>> {
    let ranges = |sizes: &[usize]| -> Vec<Range<usize>> {
        let mut next = 0;
        let mut ranges = Vec::with_capacity(sizes.len());
        for &n in sizes {
            ranges.push(next..next + n);
            next += n;
        }
        ranges
    };
    let columns = ranges(widths);
    let block =
        |rows: &Range<usize>| columns.iter().map(|c| Arc::new(pattern.block(rows.clone(), c.clone()))).collect();
    ranges(heights).iter().map(block).collect()
}
