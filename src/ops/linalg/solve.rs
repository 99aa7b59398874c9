//! Systems of equations: with a square matrix, and with one of its triangles.
//!
//! Both are linear in the right-hand side, and their transposes are systems with the matrix transposed.

use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::manipulation::diagonal::{lower, upper};
use super::super::shaping::broadcast_shapes;
use super::super::structure::batched;
use super::lu::factors;
use super::part::{plane, with_plane};
use super::{batch, beside, each};
use crate::fault::{Code, Fault};
use crate::ir::{
    Absorb, Attr, Batch, BatchArg, Builder, Cost, Depends, Kernel, Node, NodeId, Primitive, Room, Rule, Shape,
    ShapeError, Single, elements, show,
};
use crate::kernel::{self, View};

/// `A X = B`, or `Aᵀ X = B`, for A of shape [..., n, n], B of shape [..., n, k] and the factors of A.
pub(super) static SOLVE: Primitive = Primitive {
    cost: Cost::Formula(|_, args, _| substitutions(args, 2)),
    room: Room::Formula(|attr, args| {
        let columns = plane(&args[1].shape).1;
        beside(args, |_, n, _| if matches!(attr, Attr::Triangle(_, true, _)) { n * columns } else { 0 })
    }),
    ..system("solve", |attr, _, args, out, cancel| {
        let Attr::Triangle(_, transposed, absorb) = *attr else { return };
        each_system([args[2], args[1]], out, cancel, |factors, n, b, out| {
            kernel::solve_factored(factors, n - 1, b, (transposed, absorb), out, cancel)
        });
    })
};

/// As [`SOLVE`], with the lower or upper triangle of A in place of A.
pub(super) static TRIANGULAR: Primitive = Primitive {
    cost: Cost::Formula(|_, args, _| substitutions(args, 1)),
    ..system("triangular_solve", |attr, _, args, out, cancel| {
        let Attr::Triangle(lower, transposed, absorb) = *attr else { return };
        each_system([args[0], args[1]], out, cancel, |a, n, b, out| {
            kernel::triangular_solve(a, n, b, (lower, transposed), absorb, out, cancel)
        });
    })
};

const fn system(name: &'static str, kernel: crate::ir::DenseKernel) -> Primitive {
    Primitive {
        name,
        shape,
        kernel: Kernel::Dense(kernel),
        rule: Rule::Jvp {
            tangent,
            adjoint: Some(|b, n, _, ct| {
                let (op, attr) = (b.node(n).op, b.node(n).attr.clone());
                let Attr::Triangle(lower, transposed, _) = attr else { return ct };
                let a = b.arg(n, 0);
                of(b, op, (a, ct), Attr::Triangle(lower, !transposed, true))
            }),
        },
        depends: Depends::Trailing(2),
        batch: Batch::Custom(batch_rule),
        cost: Cost::Free,
        simplify: Some(|b, a, attr| {
            let absorbs = matches!(attr, Attr::Triangle(_, _, true));
            (absorbs && b.fill_value(a[1]) == Some(0.0)).then_some(a[1])
        }),
        kink: None,
        room: Room::Copies,
        single: Single::Kernel,
    }
}

fn shape(_: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    match (args[0], args[1]) {
        ([a_lead @ .., m, n], [b_lead @ .., rows, _]) if m == n && n == rows && a_lead == b_lead => Ok(args[1].into()),
        (a, b) => {
            let got = format!("{} and {}", show(a), show(b));
            Err(ShapeError::new("a system has a square matrix and as many rows", "[..., n, n] and [..., n, k]", got))
        }
    }
}

/// A system with a matrix and a right-hand side.
fn of(b: &mut Builder, op: &'static Primitive, (a, rhs): (NodeId, NodeId), attr: Attr) -> NodeId {
    if std::ptr::eq(op, &raw const SOLVE) {
        let factors = factors(b, a);
        b.make(op, &[a, rhs, factors], attr)
    } else {
        b.make(op, &[a, rhs], attr)
    }
}

/// `passes` · n² · k multiplications and as many additions for each system.
fn substitutions(args: &[&[usize]], passes: u64) -> u64 {
    (elements(args[1]) as u64).saturating_mul(batch(args[0]).1 as u64).saturating_mul(passes)
}

/// Runs over the systems of a batch. What could not be solved is NaN in the result and needs no word here.
fn each_system(
    [matrix, rhs]: [View<'_>; 2],
    out: &mut [f64],
    cancel: &AtomicBool,
    solve: impl Fn(&[f64], usize, &[f64], &mut [f64]) -> bool,
) {
    let rhs = rhs.contiguous_until(cancel);
    let mut start = 0;
    each(&matrix, out, cancel, |a, n, part| {
        solve(a, n, &rhs[start..start + part.len()], part);
        start += part.len();
    });
}

/// `A' X + A X' = B'`, so X' solves the same system for `B' - A' X`.
fn tangent(b: &mut Builder, n: NodeId, tangents: &[Option<NodeId>]) -> Option<NodeId> {
    let (op, attr) = (b.node(n).op, b.node(n).attr.clone());
    let Attr::Triangle(is_lower, transposed, _) = attr else { return None };
    let mut rhs = tangents[1];
    if let Some(mut change) = tangents[0] {
        if std::ptr::eq(op, &raw const TRIANGULAR) {
            change = if is_lower { lower(b, change) } else { upper(b, change) };
        }
        if transposed {
            change = b.transposed(change);
        }
        let moved = b.matmul(change, n, Absorb::Left);
        rhs = Some(match rhs {
            Some(t) => b.sub(t, moved),
            None => b.neg(moved),
        });
    }
    let a = b.arg(n, 0);
    Some(of(b, op, (a, rhs?), Attr::Triangle(is_lower, transposed, true)))
}

pub(super) fn batch_rule(b: &mut Builder, node: &Node, args: &[BatchArg], size: usize) -> NodeId {
    let ((a, a_batched), (rhs, rhs_batched)) = (args[0], args[1]);
    if !a_batched {
        return with_columns(b, node.op, &node.attr, a, rhs);
    }
    let rhs = if rhs_batched {
        rhs
    } else {
        let shape = batched(size, b.shape(rhs));
        b.broadcast_to(rhs, &shape)
    };
    of(b, node.op, (a, rhs), node.attr.clone())
}

/// Solves for right-hand sides that have more leading axes than the matrix: those become columns, so
/// that each matrix is factored once.
fn with_columns(b: &mut Builder, op: &'static Primitive, attr: &Attr, a: NodeId, rhs: NodeId) -> NodeId {
    let rank = b.shape(rhs).len();
    let extra = rank - b.shape(a).len();
    if extra == 0 {
        return of(b, op, (a, rhs), attr.clone());
    }
    let kept = rank - 1 - extra;
    let order: SmallVec<[usize; 4]> = (extra..rank - 1).chain(0..extra).chain([rank - 1]).collect();
    let moved = b.permute(rhs, &order);
    let mut wide: Shape = b.shape(moved).clone();
    let mut flat: Shape = wide[..kept].into();
    flat.push(elements(&wide[kept..]));
    let columns = b.reshape(moved, &flat);
    let solved = of(b, op, (a, columns), attr.clone());
    // Nearest solutions have as many rows as the matrix has columns.
    wide[kept - 1] = b.shape(solved)[kept - 1];
    let solved = b.reshape(solved, &wide);
    let order: SmallVec<[usize; 4]> = (kept..rank - 1).chain(0..kept).chain([rank - 1]).collect();
    b.permute(solved, &order)
}

/// `A x = y` for one matrix and one vector.
pub(in crate::ops) fn solve_vector(b: &mut Builder, a: NodeId, y: NodeId) -> NodeId {
    let n = b.shape(y)[0];
    let column = b.reshape(y, &[n, 1]);
    let solved = of(b, &SOLVE, (a, column), Attr::Triangle(false, false, false));
    b.reshape(solved, &[n])
}

/// `A X = B` by one of the primitives of systems, B being a vector or of shape [..., m, k]; leading axes broadcast.
pub(super) fn system_of(
    b: &mut Builder,
    args: &Bound<'_>,
    (op, attr): (&'static Primitive, Attr),
    (a, rhs): (NodeId, NodeId),
) -> Result<NodeId, Fault> {
    let (matrix, right): (Shape, Shape) = (b.shape(a).clone(), b.shape(rhs).clone());
    let (m, n, _) = plane(&matrix);
    let rows = match *right.as_slice() {
        [rows] | [.., rows, _] => Some(rows),
        [] => None,
    };
    if rows != Some(m) {
        let detail = format!("a matrix of shape {} needs a right-hand side with {m} rows", show(&matrix));
        return Err(args.fault(Code::Shape, detail).expected(format!("[{m}] or [..., {m}, k]"), show(&right)));
    }
    if right.len() > 1 {
        return of_matrices(b, op, &attr, a, rhs).map_err(|e| args.shape_fault(e));
    }
    let column = b.reshape(rhs, &[m, 1]);
    let solution = of_matrices(b, op, &attr, a, column).map_err(|e| args.shape_fault(e))?;
    Ok(b.reshape(solution, &with_plane(&matrix, &[n])))
}

fn of_matrices(
    b: &mut Builder,
    op: &'static Primitive,
    attr: &Attr,
    a: NodeId,
    rhs: NodeId,
) -> Result<NodeId, ShapeError> {
    let (matrix, right): (Shape, Shape) = (b.shape(a).clone(), b.shape(rhs).clone());
    let (a_lead, a_plane) = matrix.split_at(matrix.len() - 2);
    let (b_lead, b_plane) = right.split_at(right.len() - 2);
    if b_lead.ends_with(a_lead) {
        return Ok(with_columns(b, op, attr, a, rhs));
    }
    let lead = broadcast_shapes(&[a_lead, b_lead])?;
    let whole = |plane: &[usize]| -> Shape { lead.iter().chain(plane).copied().collect() };
    let (a, rhs) = (b.broadcast_to(a, &whole(a_plane)), b.broadcast_to(rhs, &whole(b_plane)));
    Ok(of(b, op, (a, rhs), attr.clone()))
}
