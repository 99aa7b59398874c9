//! The factors of a matrix, rows in another order times L U, from which systems, inverses and determinants are computed.
//!
//! They are a node of their own, so that a value and its derivatives factor a matrix once. What is computed from them
//! takes the matrix too, and derivatives pass through that alone.

use super::super::Algebra;
use super::determinant::of_matrix;
use super::each;
use crate::ir::{Attr, Builder, NodeId, Primitive, Rule, Shape, ShapeError, show};
use crate::kernel;

/// [..., n, n] to [..., n, n + 1].
static LU: Primitive = Primitive {
    shape,
    ..of_matrix(
        "lu",
        |_, _, args, out, cancel| each(&args[0], out, cancel, |a, n, out| kernel::lu(a, n, out, cancel)),
        Rule::Zero,
    )
};

fn shape(_: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    match args[0] {
        [lead @ .., m, n] if m == n => Ok(lead.iter().copied().chain([*n, n + 1]).collect()),
        shape => Err(ShapeError::new("the matrix must be square", "[..., n, n]", show(shape))),
    }
}

/// The factors of a matrix.
pub(super) fn factors(b: &mut Builder, a: NodeId) -> NodeId {
    b.apply(&LU, &[a])
}

/// Applies an operation to a matrix and its factors.
pub(super) fn apply(b: &mut Builder, op: &'static Primitive, a: NodeId) -> NodeId {
    let factors = factors(b, a);
    b.apply(op, &[a, factors])
}
