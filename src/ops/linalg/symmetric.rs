//! Eigenvalues and eigenvectors of the symmetric part of a matrix.

use super::super::Algebra;
use super::super::bind::Bound;
use super::part::{by_row_and_column, packed, part, pick, plane, reciprocal_off_diagonal, with_plane};
use super::{beside, cubic, each, matrix, square};
use crate::fault::Fault;
use crate::ir::{Absorb, Batch, Builder, Cost, Depends, Kernel, NodeId, Primitive, Room, Rule, Single};
use crate::kernel;

/// Eigenvalues and eigenvectors, [..., n + n²].
static EIGH: Primitive = packed(
    "eigh",
    |attr, args| {
        let n = plane(&square(attr, args)?).1;
        Ok(with_plane(args[0], &[n.saturating_mul(n).saturating_add(n)]))
    },
    |_, _, args, out, cancel| {
        each(&args[0], out, cancel, |a, n, out| {
            kernel::eigh(a, n, out);
        });
    },
    |_, args, _| cubic(18, args[0]),
    |_, args| beside(args, |_, n, _| 5 * n * n),
);

/// The eigenvalues w, smallest first, with the tangents `vᵢᵀ A' vᵢ` (Magnus, "On differentiating eigenvalues
/// and eigenvectors", 1985). Those of a repeated eigenvalue share their sum equally, which is the derivative
/// of their mean, whatever basis the eigenvectors happen to be.
static EIGENVALUES: Primitive = part(
    "eigenvalues",
    |_, args| Ok(with_plane(args[0], &[plane(args[0]).1])),
    |_, _, args, out, cancel| pick(&args[1], 0, out, cancel),
    |b, n, tangents| {
        let change = tangents[0]?;
        let v = vectors(b, n);
        let moved = b.matmul(change, v, Absorb::Left);
        let parts = b.scale(v, moved);
        let rows = b.shape(parts).len() - 2;
        let each = b.sum(parts, &[rows]);
        Some(shared(b, n, each))
    },
    Some(|b, n, _| Some(repeated(b, n))),
);

/// The eigenvectors V, columns, with the tangent `V (F ∘ Vᵀ S' V)`, S' being the symmetric part of A' and F
/// `1/(wⱼ - wᵢ)` off the diagonal (Giles, "Collected matrix derivative results", 2008, 3.1). F is infinite
/// where eigenvalues are equal to working precision: no derivative exists there.
static EIGENVECTORS: Primitive = part(
    "eigenvectors",
    |_, args| Ok(args[0].into()),
    |_, _, args, out, cancel| pick(&args[1], plane(args[0].shape).1, out, cancel),
    |b, n, tangents| {
        let change = tangents[0]?;
        let turned = b.transposed(change);
        let twice = b.add(change, turned);
        let symmetric = b.times(0.5, twice);
        let (a, all) = (b.arg(n, 0), b.arg(n, 1));
        let w = b.apply(&EIGENVALUES, &[a, all]);
        let gap = gaps(b, w);
        let over = reciprocal_off_diagonal(b, gap);
        let rows = b.transposed(n);
        let half = b.matmul(rows, symmetric, Absorb::Right);
        let inner = b.matmul(half, n, Absorb::Left);
        let turning = b.scale(over, inner);
        Some(b.matmul(n, turning, Absorb::Right))
    },
    None,
);

/// For sorted values [..., n]: which of them are one to working precision, [..., n, n].
static CLUSTER: Primitive = Primitive {
    name: "cluster",
    shape: |_, args| {
        let n = args[0].last().copied();
        Ok(args[0].iter().copied().chain(n).collect())
    },
    kernel: Kernel::Dense(|_, _, args, out, cancel| {
        let values = args[0].contiguous_until(cancel);
        let n = args[0].shape.last().copied().unwrap_or(0);
        if n > 0 {
            values
                .chunks_exact(n)
                .zip(out.chunks_exact_mut(n * n))
                .for_each(|(w, out)| kernel::cluster(w, out, cancel));
        }
    }),
    rule: Rule::Zero,
    depends: Depends::Trailing(1),
    batch: Batch::Leading,
    cost: Cost::Each(1),
    simplify: None,
    kink: None,
    room: Room::Copies,
    single: Single::Kernel,
};

fn vectors(b: &mut Builder, values: NodeId) -> NodeId {
    let (a, all) = (b.arg(values, 0), b.arg(values, 1));
    b.apply(&EIGENVECTORS, &[a, all])
}

/// Ones where two of the sorted values are equal to working precision, and how many are.
pub(super) fn clusters(b: &mut Builder, sorted: NodeId) -> (NodeId, NodeId) {
    let same = b.apply(&CLUSTER, &[sorted]);
    let last = b.shape(same).len() - 1;
    let count = b.sum(same, &[last]);
    (same, count)
}

/// `wⱼ - wᵢ` at `[i, j]`, exactly zero where the two are equal to working precision.
pub(super) fn gaps(b: &mut Builder, sorted: NodeId) -> NodeId {
    let (same, _) = clusters(b, sorted);
    let (row, column) = by_row_and_column(b, sorted);
    let (gap, zero) = (b.sub(column, row), b.fill_like(0.0, same));
    b.select(same, zero, gap)
}

/// Tangents of sorted values, the mean among those of a repeated one.
pub(super) fn shared(b: &mut Builder, sorted: NodeId, each: NodeId) -> NodeId {
    let (same, count) = clusters(b, sorted);
    let lead = b.shape(sorted).len() - 1;
    let total = b.product(same, each, lead, 1, Absorb::Right);
    let one = b.fill_like(1.0, count);
    let share = b.div(one, count);
    b.scale(share, total)
}

/// Where sorted values are repeated.
pub(super) fn repeated(b: &mut Builder, sorted: NodeId) -> NodeId {
    let (_, count) = clusters(b, sorted);
    let one = b.fill_like(1.0, count);
    b.greater(count, one)
}

/// Eigenvalues and eigenvectors of a matrix.
pub(super) fn build_eigh(b: &mut Builder, args: &Bound<'_>) -> Result<Vec<NodeId>, Fault> {
    let x = matrix(b, args, "x")?;
    let all = b.apply(&EIGH, &[x]);
    Ok([&EIGENVALUES, &EIGENVECTORS].map(|op| b.apply(op, &[x, all])).into())
}

/// Eigenvalues alone.
pub(super) fn build_eigvalsh(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    let all = b.apply(&EIGH, &[x]);
    Ok(b.apply(&EIGENVALUES, &[x, all]))
}
