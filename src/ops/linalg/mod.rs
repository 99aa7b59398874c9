//! Linear algebra on the last two axes, leading axes being a batch of matrices.
//!
//! The rules hold products of a tangent with a value, and in all of them zero absorbs: a derivative
//! that is exactly zero stays zero whatever the matrix holds. A matrix that has no inverse or factor
//! gives NaN, never a panic.

mod cholesky;
mod determinant;
pub(super) mod factors;
pub(super) mod functions;
mod least_squares;
mod lu;
mod orthogonal;
mod part;
mod singular;
mod solve;
mod symmetric;

use std::sync::atomic::{AtomicBool, Ordering};

pub(in crate::ops) use self::cholesky::CHOLESKY;
pub(in crate::ops) use self::determinant::sign_and_logabsdet;
use self::determinant::{INVERSE, det, slogdet};
use self::part::plane;
pub(in crate::ops) use self::singular::singular_values;
pub(in crate::ops) use self::solve::solve_vector;
use self::solve::{SOLVE, TRIANGULAR, system_of};
use super::Algebra;
use super::bind::Bound;
use super::row::{Meaning, Operation};
use crate::fault::Fault;
use crate::ir::{Attr, Builder, Layout, NodeId, Shape, ShapeError, copies, elements, show};
use crate::kernel::View;

/// Shape of a primitive that maps [..., n, n] to itself.
fn square(_: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    match args[0] {
        [.., m, n] if m == n => Ok(args[0].into()),
        shape => Err(ShapeError::new("the matrix must be square", "[..., n, n]", show(shape))),
    }
}

/// Shape of a primitive that takes matrices [..., m, n].
fn rectangular(_: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    match args[0] {
        [.., _, _] => Ok(args[0].into()),
        shape => Err(ShapeError::new("it takes matrices", "[..., m, n]", show(shape))),
    }
}

/// Shape of a primitive that maps [..., n, n] to one number for each matrix.
fn number(attr: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    let mut shape = square(attr, args)?;
    shape.truncate(shape.len() - 2);
    Ok(shape)
}

/// How many matrices a batch holds, and how long their rows are.
fn batch(shape: &[usize]) -> (usize, usize) {
    match shape {
        [lead @ .., _, n] => (elements(lead), *n),
        _ => (0, 0),
    }
}

/// `halves`/2 · n³ for each matrix of a batch.
fn cubic(halves: u64, shape: &[usize]) -> u64 {
    let (count, n) = batch(shape);
    let n = n as u64;
    let cube = n.saturating_mul(n).saturating_mul(n);
    cube.saturating_mul(count as u64).saturating_mul(halves) / 2
}

/// `factor` · max(m, n) · min(m, n)² for each matrix of a batch.
fn rectangle(factor: u64, shape: &[usize]) -> u64 {
    let (m, n, k) = plane(shape);
    let size = (m.max(n) as u64).saturating_mul(k as u64).saturating_mul(k as u64);
    size.saturating_mul(batch(shape).0 as u64).saturating_mul(factor)
}

/// Elements that a kernel takes for itself, beside copies of its arguments: those for one matrix by its lengths m, n and
/// min(m, n), as the library was seen to take them, and a test holds it to.
fn beside(args: &[&Layout], one: impl Fn(usize, usize, usize) -> usize) -> usize {
    let (m, n, k) = plane(&args[0].shape);
    copies(args).saturating_add(one(m, n, k))
}

/// Calls with each matrix, the length of its rows and its part of the result, until cancelled.
fn each(a: &View<'_>, out: &mut [f64], cancel: &AtomicBool, mut f: impl FnMut(&[f64], usize, &mut [f64])) {
    let (count, n) = batch(a.shape);
    let data = a.contiguous_until(cancel);
    let [size, part] = [data.len(), out.len()].map(|whole| whole.checked_div(count).unwrap_or(0));
    for i in 0..count {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        f(&data[i * size..(i + 1) * size], n, &mut out[i * part..(i + 1) * part]);
    }
}

/// The argument, if it is a square matrix or a batch of them.
fn matrix(b: &mut Builder, args: &Bound<'_>, name: &str) -> Result<NodeId, Fault> {
    let x = args.array(b, name)?;
    square(&Attr::None, &[b.shape(x)]).map_err(|e| args.shape_fault(e))?;
    Ok(x)
}

fn build_inv(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    Ok(lu::apply(b, &INVERSE, x))
}

fn build_det(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    Ok(det(b, x))
}

fn build_slogdet(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    slogdet(b, x).map_err(|e| args.shape_fault(e))
}

fn build_cholesky(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    Ok(b.apply(&CHOLESKY, &[x]))
}

fn build_solve(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (a, rhs) = (matrix(b, args, "a")?, args.array(b, "b")?);
    system_of(b, args, (&SOLVE, Attr::Triangle(false, false, false)), (a, rhs))
}

fn build_triangular_solve(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (a, rhs) = (matrix(b, args, "a")?, args.array(b, "b")?);
    let (lower, transposed) = (args.flag("lower")?, args.flag("trans")?);
    system_of(b, args, (&TRIANGULAR, Attr::Triangle(lower, transposed, false)), (a, rhs))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Inverse of a square matrix. To apply it to something, `solve` is cheaper and more accurate.",
        shape: "as x: [..., n, n]",
        derivative: "-inv(x) @ dx @ inv(x)",
        undefined: "a singular matrix",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("inv(x + 4*eye(3))", &[&[3, 3]]),
            ("inv(x + 4*eye(2))", &[&[3, 2, 2]]),
            ("inv(x + 3)", &[&[1, 1]]),
            ("inv(x)", &[&[0, 0]]),
        ],
        ..Operation::new("inv", "inv(x)", Meaning::Build(build_inv))
    },
    Operation {
        summary: "Determinant of a square matrix.",
        shape: "[...] for [..., n, n]",
        derivative: "sum(cofactors(x)*dx), which is det(x)*trace(inv(x) @ dx)",
        undefined: "a singular matrix, for second derivatives beyond 3 x 3",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("det(x)", &[&[1, 1]]),
            ("det(x)", &[&[2, 2]]),
            ("det(x)", &[&[3, 3]]),
            ("det(outer(x, y))", &[&[3], &[3]]),
            ("det(x + 5*eye(4))", &[&[4, 4]]),
            ("det(x)", &[&[2, 3, 3]]),
            ("det(x + 5*eye(4))", &[&[2, 4, 4]]),
            ("det(x)", &[&[0, 0]]),
        ],
        ..Operation::new("det", "det(x)", Meaning::Build(build_det))
    },
    Operation {
        summary: "Sign and logarithm of the size of the determinant, neither of which overflows: `slogdet(x)[1]` is log|det x| of a matrix.",
        shape: "[..., 2] for [..., n, n]",
        derivative: "0 and trace(inv(x) @ dx)",
        undefined: "a singular matrix",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("slogdet(x + 4*eye(3))", &[&[3, 3]]),
            ("slogdet(x - 5*eye(3))[1]", &[&[3, 3]]),
            ("slogdet(x + 3*eye(2))", &[&[2, 2, 2]]),
            ("slogdet(x)", &[&[0, 0]]),
        ],
        ..Operation::new("slogdet", "slogdet(x)", Meaning::Build(build_slogdet))
    },
    Operation {
        summary: "Solution of `a @ x = b`, b being a vector or a matrix of columns; leading axes broadcast.",
        shape: "[n] for b of shape [n], [..., n, k] for [..., n, k]",
        derivative: "solve(a, db - da @ x), x being the solution",
        undefined: "a singular matrix",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("solve(x + 4*eye(3), y)", &[&[3, 3], &[3]]),
            ("solve(x + 4*eye(3), y)", &[&[3, 3], &[3, 2]]),
            ("solve(x + 4*eye(2), y)", &[&[3, 2, 2], &[2]]),
            ("solve(x + 4*eye(2), y)", &[&[2, 2], &[3, 2, 1]]),
            ("solve(x + 4*eye(2), y)", &[&[3, 2, 2], &[2, 1, 2, 2]]),
            ("solve(x + 4*eye(2), y)", &[&[3, 2, 2], &[2, 3, 2, 1]]),
            ("solve(x + 4*eye(3), x)", &[&[3, 3]]),
            ("solve(x + 4*eye(2), y)", &[&[2, 2], &[2, 0]]),
            ("solve(x, y)", &[&[0, 0], &[0]]),
        ],
        ..Operation::new("solve", "solve(a, b)", Meaning::Build(build_solve))
    },
    Operation {
        aliases: &["solve_triangular"],
        summary: "Solution of `T @ x = b`, T being the upper or lower triangle of a, or its transpose if `trans`; the other triangle is not read.",
        shape: "[n] for b of shape [n], [..., n, k] for [..., n, k]",
        derivative: "triangular_solve(a, db - dT @ x), x being the solution",
        undefined: "a zero on the diagonal",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("triangular_solve(x + 4*eye(3), y)", &[&[3, 3], &[3]]),
            ("triangular_solve(x + 4*eye(3), y, lower=True)", &[&[3, 3], &[3, 2]]),
            ("triangular_solve(x + 4*eye(3), y, trans=True)", &[&[3, 3], &[3]]),
            ("triangular_solve(x + 4*eye(2), y, True, 1)", &[&[3, 2, 2], &[2, 1]]),
            ("triangular_solve(x + 4*eye(2), y)", &[&[2, 2], &[3, 2, 1]]),
            ("triangular_solve(x, y)", &[&[0, 0], &[0]]),
        ],
        ..Operation::new(
            "triangular_solve",
            "triangular_solve(a, b, lower=False, trans=False)",
            Meaning::Build(build_triangular_solve),
        )
    },
    Operation {
        summary: "Lower triangular L with `L @ L.T` equal to a symmetric positive definite matrix; of any other, its symmetric part is taken.",
        shape: "as x: [..., n, n]",
        derivative: "L @ phi(inv(L) @ dx @ inv(L).T); phi takes the lower triangle, half of the diagonal",
        undefined: "a matrix that is not positive definite",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("cholesky(x @ x.T + 4*eye(3))", &[&[3, 3]]),
            ("cholesky(x + 5*eye(3))", &[&[3, 3]]),
            ("cholesky(x + 4*eye(2))", &[&[3, 2, 2]]),
            ("cholesky(x + 2)", &[&[1, 1]]),
            ("cholesky(x)", &[&[0, 0]]),
        ],
        ..Operation::new("cholesky", "cholesky(x)", Meaning::Build(build_cholesky))
    },
];
