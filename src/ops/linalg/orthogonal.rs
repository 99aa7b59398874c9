//! The QR factorisation, thin.

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::manipulation::diagonal::{beyond, upper};
use super::super::structure::slice;
use super::part::{packed, part, pick, plane, with_plane};
use super::solve::TRIANGULAR;
use super::{beside, each, rectangle, rectangular};
use crate::fault::Fault;
use crate::ir::{Absorb, Attr, Builder, NodeId, Primitive, Shape};
use crate::kernel;

/// Q and R, [..., m k + k n] with k = min(m, n).
static QR: Primitive = packed(
    "qr",
    |attr, args| {
        let (m, n, k) = plane(&rectangular(attr, args)?);
        Ok(with_plane(args[0], &[k.saturating_mul(m.saturating_add(n))]))
    },
    |_, _, args, out, cancel| {
        let (m, n, _) = plane(args[0].shape);
        each(&args[0], out, cancel, |a, _, out| {
            kernel::qr(a, m, n, out, cancel);
        });
    },
    |_, args, _| rectangle(6, args[0]),
    |_, args| beside(args, |m, n, k| m * n + m * k + 32 * (m + n)),
);

/// Q, [..., m, k], with the tangent `(I - Q Qᵀ) A' R⁻¹ + Q K`, K being as in [`turning`]; where Q is square, `Q K`. For
/// wide matrices A and R stand for their first k columns.
static Q: Primitive = part(
    "q",
    |_, args| {
        let (m, _, k) = plane(args[0]);
        Ok(with_plane(args[0], &[m, k]))
    },
    |_, _, args, out, cancel| pick(&args[1], 0, out, cancel),
    |b, n, tangents| {
        let change = tangents[0]?;
        let (divided, within, turning) = turning(b, n, change);
        let (rows, columns, _) = plane(b.shape(n));
        if rows == columns {
            return Some(b.matmul(n, turning, Absorb::Right));
        }
        let left = b.sub(turning, within);
        let inside = b.matmul(n, left, Absorb::Right);
        Some(b.add(divided, inside))
    },
    None,
);

/// R, [..., k, n], with the tangent `Qᵀ A' - K R`, K being as in [`turning`].
static R: Primitive = part(
    "r",
    |_, args| {
        let (_, n, k) = plane(args[0]);
        Ok(with_plane(args[0], &[k, n]))
    },
    |_, _, args, out, cancel| {
        let (m, _, k) = plane(args[0].shape);
        pick(&args[1], m * k, out, cancel);
    },
    |b, n, tangents| {
        let change = tangents[0]?;
        let (a, all) = (b.arg(n, 0), b.arg(n, 1));
        let q = b.apply(&Q, &[a, all]);
        let (_, _, turning) = turning(b, n, change);
        let turned = b.transposed(q);
        let seen = b.matmul(turned, change, Absorb::Right);
        let moved = b.matmul(turning, n, Absorb::Left);
        let tangent = b.sub(seen, moved);
        // What is below the diagonal is zero but for rounding.
        Some(upper(b, tangent))
    },
    None,
);

/// `A' R⁻¹`, `M = Qᵀ A' R⁻¹`, and the skew matrix `K = Qᵀ Q'`, which has the part of M below the diagonal (Walter &
/// Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental design",
/// 2012, algorithm 4; Townsend, "Differentiating the QR decomposition", 2018).
fn turning(b: &mut Builder, part: NodeId, change: NodeId) -> (NodeId, NodeId, NodeId) {
    let (a, all) = (b.arg(part, 0), b.arg(part, 1));
    let (q, r) = (b.apply(&Q, &[a, all]), b.apply(&R, &[a, all]));
    let (square, first) = (first_columns(b, r), first_columns(b, change));
    // X R = A' is Rᵀ Xᵀ = A'ᵀ.
    let turned = b.transposed(first);
    let divided = b.make(&TRIANGULAR, &[square, turned], Attr::Triangle(false, true, true));
    let divided = b.transposed(divided);
    let turned = b.transposed(q);
    let within = b.matmul(turned, divided, Absorb::Right);
    let (above, zero) = (beyond(b, within, -1), b.fill_like(0.0, within));
    let below = b.select(above, zero, within);
    let mirrored = b.transposed(below);
    (divided, within, b.sub(below, mirrored))
}

/// The first k columns of a matrix that has k = min(m, n) columns or more.
fn first_columns(b: &mut Builder, x: NodeId) -> NodeId {
    let shape: Shape = b.shape(x).clone();
    let mut parts: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
    parts[shape.len() - 1].1 = plane(&shape).2;
    slice(b, x, &parts)
}

/// Q and R of a matrix.
pub(super) fn build_qr(b: &mut Builder, args: &Bound<'_>) -> Result<Vec<NodeId>, Fault> {
    let x = args.array(b, "x")?;
    let all = b.try_make(&QR, &[x], Attr::None).map_err(|e| args.shape_fault(e))?;
    Ok([&Q, &R].map(|op| b.apply(op, &[x, all])).into())
}
