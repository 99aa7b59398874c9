//! The Cholesky factor of the symmetric part of a matrix.

use super::super::Algebra;
use super::super::manipulation::diagonal::{beyond, lower};
use super::solve::TRIANGULAR;
use super::{cubic, each, square};
use crate::ir::{Absorb, Attr, Batch, Builder, Cost, Depends, Kernel, NodeId, Primitive, Room, Rule, Single};
use crate::kernel;

/// The lower triangular L with `L Lᵀ = S = (A + Aᵀ)/2`, and its tangent `L Φ(L⁻¹ S' L⁻ᵀ)`, where Φ takes
/// the lower triangle and half of the diagonal (Murray, "Differentiation of the Cholesky
/// decomposition", 2016).
pub(in crate::ops) static CHOLESKY: Primitive = Primitive {
    name: "cholesky",
    shape: square,
    kernel: Kernel::Dense(|_, _, args, out, cancel| {
        each(&args[0], out, cancel, |a, n, out| {
            kernel::cholesky(a, n, out, cancel);
        });
    }),
    rule: Rule::Jvp {
        tangent: |b, n, tangents| {
            let change = tangents[0]?;
            let turned = b.transposed(change);
            let twice = b.add(change, turned);
            let symmetric = b.times(0.5, twice);
            let once = divide(b, n, symmetric);
            let once = b.transposed(once);
            let both = divide(b, n, once);
            let factor = half_triangle(b, both);
            Some(b.matmul(n, factor, Absorb::Right))
        },
        adjoint: None,
    },
    depends: Depends::Trailing(2),
    batch: Batch::Leading,
    cost: Cost::Formula(|_, args, _| cubic(2, args[0]) / 3),
    simplify: None,
    kink: None,
    room: Room::Copies,
    single: Single::Kernel,
};

/// `L⁻¹ T`, zero where a column of T is.
fn divide(b: &mut Builder, l: NodeId, t: NodeId) -> NodeId {
    b.make(&TRIANGULAR, &[l, t], Attr::Triangle(true, false, true))
}

/// The lower triangle with half of the diagonal.
fn half_triangle(b: &mut Builder, t: NodeId) -> NodeId {
    let half = b.times(0.5, t);
    let diagonal = lower(b, half);
    let on_or_above = beyond(b, t, -1);
    b.select(on_or_above, diagonal, t)
}
