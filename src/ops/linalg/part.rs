//! Factorisations with several results: one primitive computes all of them, packed for each matrix one
//! after the other; others, one for each result, pick it out and carry its derivative.
//!
//! So a factorisation runs once whichever of its results are used, and a result that is not used is never
//! differentiated.

use std::sync::atomic::AtomicBool;

use super::super::Algebra;
use crate::ir::{
    Attr, Batch, Builder, Cost, DenseKernel, Depends, Kernel, Kink, Layout, NodeId, Primitive, Room, Rule, Shape,
    ShapeError, Single,
};
use crate::kernel::{self, View};

/// Shape of a primitive of a node.
pub(super) type ShapeRule = fn(&Attr, &[&[usize]]) -> Result<Shape, ShapeError>;

/// All results of a factorisation. It is read by [`part`]s alone, which are differentiated by the matrix.
pub(super) const fn packed(
    name: &'static str,
    shape: ShapeRule,
    kernel: DenseKernel,
    cost: fn(&Attr, &[&[usize]], &[usize]) -> u64,
    room: fn(&Attr, &[&Layout]) -> usize,
) -> Primitive {
    Primitive {
        name,
        shape,
        kernel: Kernel::Dense(kernel),
        rule: Rule::Zero,
        depends: Depends::Trailing(2),
        batch: Batch::Leading,
        cost: Cost::Formula(cost),
        simplify: None,
        kink: None,
        room: Room::Formula(room),
        single: Single::Kernel,
    }
}

/// One result of a factorisation, from the matrix and the [`packed`] results; the tangent is one of the matrix.
pub(super) const fn part(
    name: &'static str,
    shape: ShapeRule,
    kernel: DenseKernel,
    tangent: fn(&mut Builder, NodeId, &[Option<NodeId>]) -> Option<NodeId>,
    kink: Option<Kink>,
) -> Primitive {
    Primitive {
        name,
        shape,
        kernel: Kernel::Dense(kernel),
        rule: Rule::Jvp { tangent, adjoint: None },
        depends: Depends::Trailing(2),
        batch: Batch::Leading,
        cost: Cost::Free,
        simplify: None,
        kink,
        room: Room::None,
        single: Single::Kernel,
    }
}

/// Copies for each matrix what lies after `start` others in the packed results.
pub(super) fn pick(packed: &View<'_>, start: usize, out: &mut [f64], cancel: &AtomicBool) {
    let data = packed.contiguous_until(cancel);
    let whole = packed.shape.last().copied().unwrap_or(0);
    let count = data.len().checked_div(whole).unwrap_or(0);
    let size = out.len().checked_div(count).unwrap_or(0);
    for i in 0..count {
        let first = i * whole + start;
        kernel::copy(&data[first..first + size], &mut out[i * size..(i + 1) * size], cancel);
    }
}

/// The shape [..., `tail`...] for matrices of shape [..., m, n].
pub(super) fn with_plane(matrix: &[usize], tail: &[usize]) -> Shape {
    matrix[..matrix.len() - 2].iter().chain(tail).copied().collect()
}

/// The lengths m, n and min(m, n) of matrices of shape [..., m, n].
pub(super) fn plane(matrix: &[usize]) -> (usize, usize, usize) {
    match *matrix {
        [.., m, n] => (m, n, m.min(n)),
        _ => (0, 0, 0),
    }
}

/// For vectors w of shape [..., n] the matrices of `w[i]` and of `w[j]` at `[i, j]`.
pub(super) fn by_row_and_column(b: &mut Builder, w: NodeId) -> (NodeId, NodeId) {
    let mut shape: Shape = b.shape(w).clone();
    let n = shape[shape.len() - 1];
    shape.push(n);
    let axis = shape.len() - 2;
    (b.expand(w, &[axis + 1], &shape), b.expand(w, &[axis], &shape))
}

/// Reciprocals off the diagonal, zero on it.
pub(super) fn reciprocal_off_diagonal(b: &mut Builder, x: NodeId) -> NodeId {
    let shape: Shape = b.shape(x).clone();
    let eye = b.eye(shape[shape.len() - 1]);
    let diagonal = b.broadcast_to(eye, &shape);
    let (one, zero) = (b.fill(1.0, &shape), b.fill(0.0, &shape));
    let over = b.div(one, x);
    b.select(diagonal, zero, over)
}
