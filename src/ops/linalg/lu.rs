//! The factors of a matrix, rows in another order times L U, from which systems, inverses and determinants are computed.
//!
//! They are a node of their own, so that a value and its derivatives factor a matrix once. What is computed from them
//! takes the matrix too, and derivatives pass through that alone.

use super::super::Algebra;
use super::{cubic, each};
use crate::ir::{
    Attr, Batch, Builder, Cost, Depends, Kernel, NodeId, Primitive, Room, Rule, Shape, ShapeError, Single, show,
};
use crate::kernel;

/// [..., n, n] to [..., n, n + 1].
static LU: Primitive = Primitive {
    name: "lu",
    shape,
    kernel: Kernel::Dense(|_, _, args, out, cancel| {
        each(&args[0], out, cancel, |a, n, out| kernel::lu(a, n, out, cancel));
    }),
    rule: Rule::Zero,
    depends: Depends::Trailing(2),
    batch: Batch::Leading,
    cost: Cost::Formula(|_, args, _| cubic(4, args[0]) / 3),
    simplify: None,
    kink: None,
    room: Room::Copies,
    single: Single::Kernel,
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
