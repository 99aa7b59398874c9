//! Least squares and the pseudoinverse, for matrices of full rank.

use super::super::Algebra;
use super::super::bind::Bound;
use super::part::{plane, with_plane};
use super::solve::{batch_rule, system_of};
use super::{beside, each, rectangle, rectangular};
use crate::fault::Fault;
use crate::ir::{
    Absorb, Attr, Batch, Builder, Cost, Depends, Kernel, NodeId, Primitive, Room, Rule, Shape, ShapeError, Single,
    elements, show,
};
use crate::kernel;

/// `X = A⁺ B` for A of shape [..., m, n] and B of shape [..., m, c]: the shortest X that brings `A X` nearest to B. The
/// flag of the attribute says that zero columns of B absorb. Its transpose by B is itself, with A transposed.
static LSTSQ: Primitive = Primitive {
    name: "lstsq",
    shape,
    kernel: Kernel::Dense(|attr, _, args, out, cancel| {
        let absorb = matches!(attr, Attr::Triangle(_, _, true));
        let (m, n, _) = plane(args[0].shape);
        let rhs = args[1].contiguous_until(cancel);
        let size = m * plane(args[1].shape).1;
        let mut start = 0;
        each(&args[0], out, cancel, |a, _, part| {
            kernel::lstsq(a, (m, n), &rhs[start..start + size], absorb, part, cancel);
            start += size;
        });
    }),
    rule: Rule::Jvp {
        tangent,
        adjoint: Some(|b, n, _, ct| {
            let a = b.arg(n, 0);
            let turned = b.transposed(a);
            nearest(b, turned, ct)
        }),
    },
    depends: Depends::Trailing(2),
    batch: Batch::Custom(batch_rule),
    cost: Cost::Formula(|_, args, out| {
        let applied = (elements(out).saturating_add(elements(args[1])) as u64).saturating_mul(plane(args[0]).2 as u64);
        rectangle(4, args[0]).saturating_add(applied.saturating_mul(2))
    }),
    simplify: None,
    kink: None,
    room: Room::Formula(|_, args| {
        let columns = args[1].shape.last().copied().unwrap_or(0);
        beside(args, |m, n, k| 2 * m * n + k * k + k * k / 4 + 2 * k * columns)
    }),
    single: Single::Kernel,
};

const PLAIN: Attr = Attr::Triangle(false, false, false);

fn shape(_: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    match (args[0], args[1]) {
        ([a_lead @ .., m, n], [b_lead @ .., rows, c]) if m == rows && a_lead == b_lead => {
            Ok(with_plane(args[0], &[*n, *c]))
        }
        (a, b) => {
            let got = format!("{} and {}", show(a), show(b));
            Err(ShapeError::new("both sides of a system have as many rows", "[..., m, n] and [..., m, c]", got))
        }
    }
}

/// `A⁺ T`, zero where a column of T is.
fn nearest(b: &mut Builder, a: NodeId, t: NodeId) -> NodeId {
    b.make(&LSTSQ, &[a, t], Attr::Triangle(false, false, true))
}

/// `A⁺ (B' - A' X) + A⁺ A⁺ᵀ A'ᵀ (B - A X) + (I - A⁺ A) A'ᵀ A⁺ᵀ X` (Golub & Pereyra, "The differentiation of
/// pseudo-inverses and nonlinear least squares problems whose variables separate", 1973). For tall matrices the last
/// term vanishes, for wide ones the one before it.
fn tangent(b: &mut Builder, n: NodeId, tangents: &[Option<NodeId>]) -> Option<NodeId> {
    let (a, rhs) = (b.arg(n, 0), b.arg(n, 1));
    let Some(change) = tangents[0] else { return Some(nearest(b, a, tangents[1]?)) };
    let (rows, columns, _) = plane(b.shape(a));
    let moved = b.matmul(change, n, Absorb::Left);
    let mut side = match tangents[1] {
        Some(t) => b.sub(t, moved),
        None => b.neg(moved),
    };
    let (turned, change) = (b.transposed(a), b.transposed(change));
    if rows > columns {
        let reached = b.matmul(a, n, Absorb::Neither);
        let residual = b.sub(rhs, reached);
        let seen = b.matmul(change, residual, Absorb::Left);
        let seen = nearest(b, turned, seen);
        side = b.add(side, seen);
    }
    if rows >= columns {
        return Some(nearest(b, a, side));
    }
    let weights = b.make(&LSTSQ, &[turned, n], PLAIN);
    let shift = b.matmul(change, weights, Absorb::Left);
    let reached = b.matmul(a, shift, Absorb::Right);
    let side = b.sub(side, reached);
    let across = nearest(b, a, side);
    Some(b.add(across, shift))
}

pub(super) fn build_lstsq(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let a = any_matrix(b, args, "a")?;
    let rhs = args.array(b, "b")?;
    system_of(b, args, (&LSTSQ, PLAIN), (a, rhs))
}

pub(super) fn build_pinv(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = any_matrix(b, args, "x")?;
    let shape: Shape = b.shape(x).clone();
    let (m, _, _) = plane(&shape);
    let eye = b.eye(m);
    let identities = b.broadcast_to(eye, &with_plane(&shape, &[m, m]));
    Ok(b.make(&LSTSQ, &[x, identities], PLAIN))
}

/// The argument, if it is a matrix or a batch of them.
fn any_matrix(b: &mut Builder, args: &Bound<'_>, name: &str) -> Result<NodeId, Fault> {
    let x = args.array(b, name)?;
    rectangular(&Attr::None, &[b.shape(x)]).map_err(|e| args.shape_fault(e))?;
    Ok(x)
}
