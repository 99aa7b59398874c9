//! The singular value decomposition, thin.

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::structure::{pad, slice};
use super::part::{by_row_and_column, packed, part, pick, plane, reciprocal_off_diagonal, with_plane};
use super::symmetric::{clusters, gaps, repeated, shared};
use super::{beside, each, rectangle, rectangular};
use crate::fault::Fault;
use crate::ir::{Absorb, Attr, Builder, NodeId, Primitive, Shape};
use crate::kernel;

/// Singular values, U and V, [..., k + m k + n k] with k = min(m, n).
static SVD: Primitive = packed(
    "svd",
    |attr, args| {
        let (m, n, k) = plane(&rectangular(attr, args)?);
        let sides = m.saturating_add(n).saturating_add(1);
        Ok(with_plane(args[0], &[k.saturating_mul(sides)]))
    },
    |_, _, args, out, cancel| {
        let (m, n, _) = plane(args[0].shape);
        each(&args[0], out, cancel, |a, _, out| {
            kernel::svd(a, m, n, out);
        });
    },
    |_, args, _| rectangle(22, args[0]),
    |_, args| {
        // A tall matrix is factored into Q and R first, a wide one as its transpose.
        let squares = |m: usize, n: usize| if m.max(n) >= 2 * m.min(n) { 19 } else { 14 };
        beside(args, |m, n, k| 2 * m * n + squares(m, n) * k * k / 2)
    },
);

/// The singular values s, greatest first, with the tangents `uᵢᵀ A' vᵢ` (Giles, "Collected matrix derivative
/// results", 2008, 3.2). Those of a repeated value share their sum equally; that of zero is zero by convention.
static SINGULAR_VALUES: Primitive = part(
    "singular_values",
    |_, args| Ok(with_plane(args[0], &[plane(args[0]).2])),
    |_, _, args, out, cancel| pick(&args[1], 0, out, cancel),
    |b, n, tangents| {
        let change = tangents[0]?;
        let (a, all) = (b.arg(n, 0), b.arg(n, 1));
        let (u, v) = (b.apply(&LEFT, &[a, all]), b.apply(&RIGHT, &[a, all]));
        let moved = b.matmul(change, v, Absorb::Left);
        let parts = b.scale(u, moved);
        let rows = b.shape(parts).len() - 2;
        let each = b.sum(parts, &[rows]);
        let mean = shared(b, n, each);
        let (none, zero) = (vanishing(b, n), b.fill_like(0.0, mean));
        Some(b.select(none, zero, mean))
    },
    Some(|b, n, _| {
        let (none, twice) = (vanishing(b, n), repeated(b, n));
        let either = b.add(none, twice);
        let zero = b.fill_like(0.0, either);
        Some(b.greater(either, zero))
    }),
);

/// The left singular vectors U, columns, [..., m, k].
static LEFT: Primitive = part(
    "left_singular_vectors",
    |_, args| {
        let (m, _, k) = plane(args[0]);
        Ok(with_plane(args[0], &[m, k]))
    },
    |_, _, args, out, cancel| pick(&args[1], plane(args[0].shape).2, out, cancel),
    |b, n, tangents| {
        let change = tangents[0]?;
        let (a, all) = (b.arg(n, 0), b.arg(n, 1));
        let v = b.apply(&RIGHT, &[a, all]);
        let turning = turning(b, n, change, false);
        let inside = b.matmul(n, turning, Absorb::Right);
        Some(outside(b, n, inside, (change, v)))
    },
    None,
);

/// The right singular vectors V, columns, [..., n, k].
static RIGHT: Primitive = part(
    "right_singular_vectors",
    |_, args| {
        let (_, n, k) = plane(args[0]);
        Ok(with_plane(args[0], &[n, k]))
    },
    |_, _, args, out, cancel| {
        let (m, _, k) = plane(args[0].shape);
        pick(&args[1], k + m * k, out, cancel);
    },
    |b, n, tangents| {
        let change = tangents[0]?;
        let (a, all) = (b.arg(n, 0), b.arg(n, 1));
        let u = b.apply(&LEFT, &[a, all]);
        let turning = turning(b, n, change, true);
        let inside = b.matmul(n, turning, Absorb::Right);
        let turned = b.transposed(change);
        Some(outside(b, n, inside, (turned, u)))
    },
    None,
);

/// The skew matrices by which U and V turn among their own columns. With P = Uᵀ A' V they are
/// `½ (P + Pᵀ)ᵢⱼ/(sⱼ - sᵢ) ± ½ (P - Pᵀ)ᵢⱼ/(sⱼ + sᵢ)`, + for U and - for V: the terms of Giles (2008, 3.2) and
/// Townsend ("Differentiating the singular value decomposition", 2016), but over sums and differences in place
/// of differences of squares, so that close values cancel once only. Infinite where values are repeated or zero.
fn turning(b: &mut Builder, part: NodeId, change: NodeId, right: bool) -> NodeId {
    let (a, all) = (b.arg(part, 0), b.arg(part, 1));
    let [s, u, v] = [&SINGULAR_VALUES, &LEFT, &RIGHT].map(|op| b.apply(op, &[a, all]));
    let rows = b.transposed(u);
    let half = b.matmul(rows, change, Absorb::Right);
    let p = b.matmul(half, v, Absorb::Left);
    let turned = b.transposed(p);
    let (together, apart) = (b.add(p, turned), b.sub(p, turned));
    let gap = gaps(b, s);
    let (row, column) = by_row_and_column(b, s);
    let (sum, none, zero) = (b.add(row, column), vanishing(b, s), b.fill_like(0.0, gap));
    let (row, column) = by_row_and_column(b, none);
    let either = b.add(row, column);
    let sum = b.select(either, zero, sum);
    let [first, second] = [(gap, together), (sum, apart)].map(|(below, above)| {
        let over = reciprocal_off_diagonal(b, below);
        let over = b.times(0.5, over);
        b.scale(over, above)
    });
    if right { b.sub(first, second) } else { b.add(first, second) }
}

/// Adds to the tangent of U what leaves the span of its columns, `(I - U Uᵀ) A' V / s`; for square matrices nothing.
fn outside(b: &mut Builder, u: NodeId, inside: NodeId, (change, v): (NodeId, NodeId)) -> NodeId {
    let shape: Shape = b.shape(u).clone();
    let (rows, columns, _) = plane(&shape);
    if rows == columns {
        return inside;
    }
    let (a, all) = (b.arg(u, 0), b.arg(u, 1));
    let s = b.apply(&SINGULAR_VALUES, &[a, all]);
    let (none, zero, one) = (vanishing(b, s), b.fill_like(0.0, s), b.fill_like(1.0, s));
    let below = b.select(none, zero, s);
    let over = b.div(one, below);
    let over = b.expand(over, &[shape.len() - 2], &shape);
    let moved = b.matmul(change, v, Absorb::Left);
    let turned = b.transposed(u);
    let within = b.matmul(turned, moved, Absorb::Right);
    let within = b.matmul(u, within, Absorb::Right);
    let beyond = b.sub(moved, within);
    let beyond = b.scale(over, beyond);
    b.add(inside, beyond)
}

/// Where singular values are zero to working precision: in one cluster with a zero put after them.
fn vanishing(b: &mut Builder, s: NodeId) -> NodeId {
    let shape: Shape = b.shape(s).clone();
    let (lead, k) = (shape.len() - 1, shape[shape.len() - 1]);
    let mut widths = vec![(0, 0, 0); lead];
    widths.push((0, 1, 0));
    let longer = pad(b, s, &widths);
    let (same, _) = clusters(b, longer);
    let mut parts: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
    parts.push((k, k + 1, 1));
    let last = slice(b, same, &parts);
    b.reshape(last, &shape)
}

/// A matrix and all its factors.
fn factors(b: &mut Builder, args: &Bound<'_>) -> Result<[NodeId; 2], Fault> {
    let x = args.array(b, "x")?;
    let all = b.try_make(&SVD, &[x], Attr::None).map_err(|e| args.shape_fault(e))?;
    Ok([x, all])
}

/// U, s and Vᵀ of a matrix.
pub(super) fn build_svd(b: &mut Builder, args: &Bound<'_>) -> Result<Vec<NodeId>, Fault> {
    let found = factors(b, args)?;
    let [u, s, v] = [&LEFT, &SINGULAR_VALUES, &RIGHT].map(|op| b.apply(op, &found));
    Ok(vec![u, s, b.transposed(v)])
}

/// s alone, of matrices.
pub(in crate::ops) fn singular_values(b: &mut Builder, x: NodeId) -> NodeId {
    let all = b.apply(&SVD, &[x]);
    b.apply(&SINGULAR_VALUES, &[x, all])
}

/// s alone.
pub(super) fn build_svdvals(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let found = factors(b, args)?;
    Ok(b.apply(&SINGULAR_VALUES, &found))
}
