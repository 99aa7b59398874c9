//! Inverses, determinants and cofactors, each of which is in the derivative of another.

use super::super::Algebra;
use super::super::structure::{slice, stack};
use super::{beside, cubic, each, lu, number, square};
use crate::ir::{
    Absorb, Batch, Builder, Cost, DenseKernel, Depends, Kernel, NodeId, Primitive, Room, Rule, Shape, ShapeError,
    Single,
};
use crate::kernel;

/// A⁻¹ from A and its factors, with the tangent `-A⁻¹ A' A⁻¹`.
pub(super) static INVERSE: Primitive = Primitive {
    shape: square,
    cost: Cost::Formula(|_, args, _| cubic(4, args[0])),
    room: Room::Formula(|_, args| beside(args, |_, n, _| n * n)),
    ..of_matrix(
        "inverse",
        |_, _, args, out, cancel| {
            each(&args[1], out, cancel, |factors, n, out| {
                kernel::inverse_factored(factors, n - 1, out, cancel);
            });
        },
        Rule::Jvp {
            tangent: |b, n, tangents| {
                let half = b.matmul(n, tangents[0]?, Absorb::Right);
                let both = b.matmul(half, n, Absorb::Left);
                Some(b.neg(both))
            },
            adjoint: None,
        },
    )
};

/// det A, with the tangent `Σ C∘A'`, C being the cofactors.
static DET: Primitive = of_matrix(
    "det",
    |_, _, args, out, cancel| each(&args[0], out, cancel, |a, n, out| out[0] = kernel::det(a, n, cancel)),
    Rule::Jvp {
        tangent: |b, n, tangents| {
            let a = b.arg(n, 0);
            let cofactors = b.apply(&COFACTOR, &[a]);
            Some(inner(b, cofactors, tangents[0]?))
        },
        adjoint: None,
    },
);

/// The cofactors, right for singular matrices too. Their tangent is not: it is written with the inverse
/// transposed, W, as `tr(Wᵀ A') C - C A'ᵀ W`.
static COFACTOR: Primitive = Primitive {
    shape: square,
    cost: Cost::Formula(|_, args, _| cubic(8, args[0])),
    // What the decomposition takes that a singular matrix needs.
    room: Room::Formula(|_, args| beside(args, |_, n, _| 19 * n * n / 2)),
    ..of_matrix(
        "cofactor",
        |_, _, args, out, cancel| each(&args[0], out, cancel, |a, n, out| kernel::cofactor(a, n, out, cancel)),
        Rule::Jvp {
            tangent: |b, n, tangents| {
                let change = tangents[0]?;
                let shape: Shape = b.shape(n).clone();
                let inverse = inverse_transposed(b, n);
                let trace = inner(b, inverse, change);
                let wide = b.expand(trace, &[shape.len() - 2, shape.len() - 1], &shape);
                let grown = b.scale(n, wide);
                let turned = b.transposed(change);
                let half = b.matmul(n, turned, Absorb::Right);
                let mixed = b.matmul(half, inverse, Absorb::Left);
                Some(b.sub(grown, mixed))
            },
            adjoint: None,
        },
    )
};

/// log|det A| from A and its factors, with the tangent `tr(A⁻¹ A')`.
static LOGABSDET: Primitive = of_matrix(
    "logabsdet",
    |_, _, args, out, cancel| {
        each(&args[1], out, cancel, |factors, n, out| out[0] = kernel::logabsdet_factored(factors, n - 1).1);
    },
    Rule::Jvp {
        tangent: |b, n, tangents| {
            let inverse = inverse_transposed(b, n);
            Some(inner(b, inverse, tangents[0]?))
        },
        adjoint: None,
    },
);

/// The sign of det A from A and its factors: -1, 0 or 1.
static SIGN: Primitive = of_matrix(
    "det_sign",
    |_, _, args, out, cancel| {
        each(&args[1], out, cancel, |factors, n, out| out[0] = kernel::logabsdet_factored(factors, n - 1).0);
    },
    Rule::Zero,
);

/// A function of each matrix alone; one number for each and the cost of a factorisation unless overridden.
pub(super) const fn of_matrix(name: &'static str, kernel: DenseKernel, rule: Rule) -> Primitive {
    Primitive {
        name,
        shape: number,
        kernel: Kernel::Dense(kernel),
        rule,
        depends: Depends::Trailing(2),
        batch: Batch::Leading,
        cost: Cost::Formula(|_, args, _| cubic(4, args[0]) / 3),
        simplify: None,
        kink: None,
        room: Room::Copies,
        single: Single::Kernel,
    }
}

/// `Σ C∘T` over each matrix, zero wherever T is.
fn inner(b: &mut Builder, c: NodeId, t: NodeId) -> NodeId {
    let rank = b.shape(c).len();
    let products = b.scale(c, t);
    b.sum(products, &[rank - 2, rank - 1])
}

/// A⁻ᵀ for the argument A of a node.
fn inverse_transposed(b: &mut Builder, n: NodeId) -> NodeId {
    let a = b.arg(n, 0);
    let inverse = lu::apply(b, &INVERSE, a);
    b.transposed(inverse)
}

/// The determinant of square matrices. Up to 3 × 3 it is written out in products, so that derivatives
/// of every order are right for singular matrices too.
pub(super) fn det(b: &mut Builder, x: NodeId) -> NodeId {
    let shape: Shape = b.shape(x).clone();
    let (lead, n) = (&shape[..shape.len() - 2], shape[shape.len() - 1]);
    let mut at = |b: &mut Builder, i: usize, j: usize| {
        let mut parts: Vec<_> = lead.iter().map(|&n| (0, n, 1)).collect();
        parts.extend([(i, i + 1, 1), (j, j + 1, 1)]);
        let element = slice(b, x, &parts);
        b.reshape(element, lead)
    };
    match n {
        0 => b.fill(1.0, lead),
        1 => at(b, 0, 0),
        2 => minor(b, &mut at, (0, 1), (0, 1)),
        3 => {
            let mut total = None;
            for j in 0..3 {
                let columns = ((j + 1) % 3, (j + 2) % 3);
                let (element, minor) = (at(b, 0, j), minor(b, &mut at, (1, 2), columns));
                let term = b.mul(element, minor);
                total = Some(total.map_or(term, |sum| b.add(sum, term)));
            }
            total.unwrap_or(x)
        }
        _ => b.apply(&DET, &[x]),
    }
}

/// The determinant of two rows and two columns, by a function that picks elements.
fn minor(
    b: &mut Builder,
    at: &mut impl FnMut(&mut Builder, usize, usize) -> NodeId,
    (i, k): (usize, usize),
    (j, l): (usize, usize),
) -> NodeId {
    let (ij, kl, il, kj) = (at(b, i, j), at(b, k, l), at(b, i, l), at(b, k, j));
    let (main, anti) = (b.mul(ij, kl), b.mul(il, kj));
    b.sub(main, anti)
}

/// The sign of the determinant and the logarithm of its size.
pub(in crate::ops) fn sign_and_logabsdet(b: &mut Builder, x: NodeId) -> (NodeId, NodeId) {
    (lu::apply(b, &SIGN, x), lu::apply(b, &LOGABSDET, x))
}

/// The two along a new last axis.
pub(super) fn slogdet(b: &mut Builder, x: NodeId) -> Result<NodeId, ShapeError> {
    let (sign, log) = sign_and_logabsdet(b, x);
    let axis = b.shape(log).len();
    stack(b, &[sign, log], axis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_determinants_are_written_out_and_large_ones_factored() {
        for (n, factored) in [(0, false), (1, false), (2, false), (3, false), (4, true)] {
            let mut b = Builder::default();
            let x = b.input(&[5, n, n]);
            let d = det(&mut b, x);
            assert_eq!(b.shape(d).as_slice(), [5]);
            assert_eq!(b.node(d).is(&DET), factored, "n = {n}");
        }
    }
}
