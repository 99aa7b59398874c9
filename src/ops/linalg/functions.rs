//! Functions of matrices: the exponential, whole powers, the Kronecker product.

use smallvec::SmallVec;

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::row::{Meaning, Operation};
use super::super::structure::{concatenate, slice};
use super::determinant::INVERSE;
use super::part::plane;
use super::{beside, cubic, each, lu, matrix, square};
use crate::fault::Fault;
use crate::ir::{
    Absorb, Batch, Builder, Cost, Depends, Kernel, NodeId, Primitive, Room, Rule, Shape, ShapeError, Single,
};
use crate::kernel;

/// Matrix products that the exponential is predicted to take: eight for the approximant, the division, and as many
/// squarings as a matrix of size 100 asks for.
const PRODUCTS: u64 = 15;

/// exp(A), with the tangent [`FRECHET`].
static EXPM: Primitive = Primitive {
    name: "expm",
    shape: square,
    kernel: Kernel::Dense(|_, _, args, out, cancel| {
        each(&args[0], out, cancel, |a, n, out| kernel::expm(a, n, out, cancel));
    }),
    rule: Rule::Jvp {
        tangent: |b, n, tangents| {
            let a = b.arg(n, 0);
            Some(b.apply(&FRECHET, &[a, tangents[0]?]))
        },
        adjoint: None,
    },
    depends: Depends::Trailing(2),
    batch: Batch::Leading,
    cost: Cost::Formula(|_, args, _| cubic(4 * PRODUCTS, args[0])),
    simplify: None,
    kink: None,
    room: Room::Formula(|_, args| beside(args, |_, n, _| 16 * n * n)),
    single: Single::Kernel,
};

/// The derivative L(A, E) of exp at A along E, linear in E, with the adjoint L(Aᵀ, ·). It is the upper right block of
/// `exp [[A, E], [0, A]]`, and so its own tangent along (A', E') is the same block of the derivative at that matrix along
/// `[[A', E'], [0, A']]`, which nests to every order (Higham & Relton, "Higher order Fréchet derivatives of matrix
/// functions and the level-2 condition number", 2014).
static FRECHET: Primitive = Primitive {
    name: "expm_frechet",
    shape: |attr, args| {
        square(attr, args)?;
        if args[0] == args[1] {
            return Ok(args[0].into());
        }
        Err(ShapeError::new("a direction is shaped as the matrix", format!("{:?}", args[0]), format!("{:?}", args[1])))
    },
    kernel: Kernel::Dense(|_, _, args, out, cancel| {
        let along = args[1].contiguous_until(cancel);
        let mut start = 0;
        each(&args[0], out, cancel, |a, n, out| {
            kernel::expm_frechet(a, n, &along[start..start + n * n], out, cancel);
            start += n * n;
        });
    }),
    rule: Rule::Jvp {
        tangent: |b, n, tangents| {
            let (a, e) = (b.arg(n, 0), b.arg(n, 1));
            let Some(change) = tangents[0] else { return Some(b.apply(&FRECHET, &[a, tangents[1]?])) };
            let turning = tangents[1].unwrap_or_else(|| b.fill_like(0.0, e));
            let (point, along) = (block(b, a, e)?, block(b, change, turning)?);
            let both = b.apply(&FRECHET, &[point, along]);
            Some(corner(b, both))
        },
        adjoint: Some(|b, n, _, ct| {
            let a = b.arg(n, 0);
            let turned = b.transposed(a);
            b.apply(&FRECHET, &[turned, ct])
        }),
    },
    depends: Depends::Trailing(2),
    batch: Batch::Leading,
    cost: Cost::Formula(|_, args, _| cubic(12 * PRODUCTS, args[0])),
    simplify: Some(|b, args, _| (b.fill_value(args[1]) == Some(0.0)).then_some(args[1])),
    kink: None,
    room: Room::Formula(|_, args| beside(args, |_, n, _| 30 * n * n)),
    single: Single::Kernel,
};

/// `[[A, E], [0, A]]`.
fn block(b: &mut Builder, a: NodeId, e: NodeId) -> Option<NodeId> {
    let axis = b.shape(a).len() - 1;
    let zero = b.fill_like(0.0, a);
    let above = concatenate(b, &[a, e], axis).ok()?;
    let below = concatenate(b, &[zero, a], axis).ok()?;
    concatenate(b, &[above, below], axis - 1).ok()
}

/// The upper right quarter.
fn corner(b: &mut Builder, x: NodeId) -> NodeId {
    let shape: Shape = b.shape(x).clone();
    let (rank, n) = (shape.len(), plane(&shape).1 / 2);
    let mut parts: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
    (parts[rank - 2], parts[rank - 1]) = ((0, n, 1), (n, 2 * n, 1));
    slice(b, x, &parts)
}

fn build_expm(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    Ok(b.apply(&EXPM, &[x]))
}

/// By repeated squaring, of the inverse for a negative exponent.
fn build_matrix_power(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = matrix(b, args, "x")?;
    let exponent = args.integer(b, "n")?;
    let mut square = if exponent < 0 { lu::apply(b, &INVERSE, x) } else { x };
    let mut left = exponent.unsigned_abs();
    let mut power = None;
    while left > 0 {
        if left % 2 == 1 {
            power = Some(match power {
                Some(power) => b.matmul(power, square, Absorb::Neither),
                None => square,
            });
        }
        left /= 2;
        if left > 0 {
            square = b.matmul(square, square, Absorb::Neither);
        }
    }
    if let Some(power) = power {
        return Ok(power);
    }
    let shape: Shape = b.shape(x).clone();
    let eye = b.eye(plane(&shape).1);
    Ok(b.broadcast_to(eye, &shape))
}

/// NumPy's kron: along every axis of arrays of one rank, which missing leading axes are put in for.
fn build_kron(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, y) = (args.array(b, "x")?, args.array(b, "y")?);
    let rank = b.shape(x).len().max(b.shape(y).len());
    let whole = |shape: &[usize]| -> SmallVec<[usize; 4]> {
        std::iter::repeat_n(1, rank - shape.len()).chain(shape.iter().copied()).collect()
    };
    let (left, right) = (whole(b.shape(x)), whole(b.shape(y)));
    let (x, y) = (b.reshape(x, &left), b.reshape(y, &right));
    let products = b.product(x, y, 0, 0, Absorb::Neither);
    let order: SmallVec<[usize; 4]> = (0..rank).flat_map(|i| [i, rank + i]).collect();
    let woven = b.permute(products, &order);
    let lengths: Shape = left.iter().zip(&right).map(|(m, n)| m.saturating_mul(*n)).collect();
    Ok(b.reshape(woven, &lengths))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Exponential of a square matrix, 1 + x + x @ x/2 + ...; `exp` is that of each element.",
        shape: "as x: [..., n, n]",
        derivative: "the upper right block of expm([[x, dx], [0, x]])",
        undefined: "an exponential that overflows",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("expm(x)", &[&[3, 3]]),
            ("expm(3*x - x.T)", &[&[2, 2]]),
            ("expm(x) @ y", &[&[2, 3, 3], &[3]]),
            ("expm(y*x)", &[&[2, 2], &[]]),
            ("expm(x)", &[&[1, 1]]),
            ("expm(x)", &[&[0, 0]]),
        ],
        ..Operation::new("expm", "expm(x)", Meaning::Build(build_expm))
    },
    Operation {
        summary: "Product of n copies of a square matrix, n being a whole number known in advance; of its inverse if n is negative, the identity if n is 0.",
        shape: "as x: [..., n, n]",
        derivative: "the sum of all products with one factor x replaced by dx",
        undefined: "a singular matrix, for a negative exponent",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("matrix_power(x, 3)", &[&[3, 3]]),
            ("matrix_power(x, 6)", &[&[2, 2, 2]]),
            ("matrix_power(x + 3*eye(2), -2)", &[&[2, 2]]),
            ("matrix_power(x, 0)", &[&[2, 2]]),
            ("matrix_power(x, 1)", &[&[2, 2]]),
            ("matrix_power(x, 4)", &[&[0, 0]]),
        ],
        ..Operation::new("matrix_power", "matrix_power(x, n)", Meaning::Build(build_matrix_power))
    },
    Operation {
        summary: "Kronecker product: each element of x times the whole of y, in blocks; a missing leading axis counts as one of length 1.",
        shape: "the lengths of x times those of y, axis by axis",
        derivative: "kron(dx, y) + kron(x, dy)",
        cases: &[
            ("kron(x, y)", &[&[2, 2], &[3, 2]]),
            ("kron(x, y)", &[&[2], &[3]]),
            ("kron(x, y)", &[&[2], &[2, 3]]),
            ("kron(x, y)", &[&[2, 2, 1], &[3, 2]]),
            ("kron(x, x)", &[&[2, 2]]),
            ("kron(x, y)", &[&[], &[2]]),
            ("kron(x, y)", &[&[0, 2], &[2, 2]]),
        ],
        ..Operation::new("kron", "kron(x, y)", Meaning::Build(build_kron))
    },
];
