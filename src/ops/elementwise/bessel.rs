//! Bessel functions of orders 0 and 1. J and I stay smooth through zero, so their quotients by powers of x are
//! primitives of their own; Y has its pole there.

use super::super::Algebra;
use super::super::row::Operation;
use super::{SPECIAL, map1, map2, of_argument, of_next_order, primitive, unary};
use crate::ir::{Builder, NodeId, Primitive, Rule};
use crate::kernel;

/// J₀′ = -J₁ (DLMF 10.6.3).
static J0: Primitive = primitive(
    "bessel_j0",
    |a, o| map1(a, o, kernel::bessel_j0),
    SPECIAL,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let after = b.apply(&J1, &[x]);
        Some(b.neg(after))
    }),
);

/// J₁′ = J₀ - J₁/x (DLMF 10.6.2), 1/2 at 0.
static J1: Primitive = primitive(
    "bessel_j1",
    |a, o| map1(a, o, kernel::bessel_j1),
    SPECIAL,
    Rule::Local(|b, n, _| Some(less_quotient(b, n, &J0, &J_QUOTIENT))),
);

/// Jₙ(x)/xⁿ, whose derivative is -x Jₙ₊₁(x)/xⁿ⁺¹ (DLMF 10.6.6); the order n is a constant of the rules that use it.
static J_QUOTIENT: Primitive = primitive(
    "bessel_j_quotient",
    |a, o| map2(a, o, |n, x| kernel::bessel_j_quotient(n as u32, x)),
    SPECIAL,
    Rule::Local(|b, n, i| {
        (i == 1).then(|| {
            let slope = next_quotient(b, n, &J_QUOTIENT);
            b.neg(slope)
        })
    }),
);

/// Y₀′ = -Y₁ (DLMF 10.6.3).
static Y0: Primitive = primitive(
    "bessel_y0",
    |a, o| map1(a, o, kernel::bessel_y0),
    SPECIAL,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let after = b.apply(&Y1, &[x]);
        Some(b.neg(after))
    }),
);

/// Y₁′ = Y₀ - Y₁/x (DLMF 10.6.2).
static Y1: Primitive = primitive(
    "bessel_y1",
    |a, o| map1(a, o, kernel::bessel_y1),
    SPECIAL,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let (before, quotient) = (b.apply(&Y0, &[x]), b.div(n, x));
        Some(b.sub(before, quotient))
    }),
);

/// I₀′ = I₁ (DLMF 10.29.3).
static I0: Primitive = primitive(
    "bessel_i0",
    |a, o| map1(a, o, kernel::bessel_i0),
    SPECIAL,
    Rule::Local(|b, n, _| of_argument(b, n, &I1)),
);

/// I₁′ = I₀ - I₁/x (DLMF 10.29.2), 1/2 at 0.
static I1: Primitive = primitive(
    "bessel_i1",
    |a, o| map1(a, o, kernel::bessel_i1),
    SPECIAL,
    Rule::Local(|b, n, _| Some(less_quotient(b, n, &I0, &I_QUOTIENT))),
);

/// Iₙ(x)/xⁿ, whose derivative is x Iₙ₊₁(x)/xⁿ⁺¹ (DLMF 10.29.4); the order n is a constant of the rules that use it.
static I_QUOTIENT: Primitive = primitive(
    "bessel_i_quotient",
    |a, o| map2(a, o, |n, x| kernel::bessel_i_quotient(n as u32, x)),
    4 * SPECIAL,
    Rule::Local(|b, n, i| (i == 1).then(|| next_quotient(b, n, &I_QUOTIENT))),
);

/// The function of order 0 less the first quotient, at the argument of `n`.
fn less_quotient(b: &mut Builder, n: NodeId, zeroth: &'static Primitive, quotient: &'static Primitive) -> NodeId {
    let before = b.arg(n, 0);
    let before = b.apply(zeroth, &[before]);
    let quotient = super::first_of(b, n, quotient);
    b.sub(before, quotient)
}

/// x times the next quotient.
fn next_quotient(b: &mut Builder, n: NodeId, quotient: &'static Primitive) -> NodeId {
    let (x, next) = (b.arg(n, 1), of_next_order(b, n, quotient));
    b.mul(x, next)
}

/// A row of the first kind; the others override what differs.
const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation { aliases, domain: &[(-6.0, 6.0)], ..unary(name, signature, op, summary, derivative) }
}

const NOT_POSITIVE: &str = "a Bessel function of the second kind at zero or at a negative number";
const TOO_LARGE: &str = "beyond |x| = 713.98 the value is too large";

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    row("bessel_j0", &["j0"], "bessel_j0(x)", &J0, "Bessel function J₀.", "-bessel_j1(x)"),
    row("bessel_j1", &["j1"], "bessel_j1(x)", &J1, "Bessel function J₁.", "bessel_j0(x) - bessel_j1(x)/x"),
    Operation {
        undefined: NOT_POSITIVE,
        domain: &[(0.5, 8.0)],
        ..row("bessel_y0", &["y0"], "bessel_y0(x)", &Y0, "Bessel function Y₀, for x > 0.", "-bessel_y1(x)")
    },
    Operation {
        undefined: NOT_POSITIVE,
        domain: &[(0.5, 8.0)],
        ..row(
            "bessel_y1",
            &["y1"],
            "bessel_y1(x)",
            &Y1,
            "Bessel function Y₁, for x > 0.",
            "bessel_y0(x) - bessel_y1(x)/x",
        )
    },
    Operation {
        undefined: TOO_LARGE,
        domain: &[(-3.0, 3.0)],
        ..row("bessel_i0", &["i0"], "bessel_i0(x)", &I0, "Modified Bessel function I₀.", "bessel_i1(x)")
    },
    Operation {
        undefined: TOO_LARGE,
        domain: &[(-3.0, 3.0)],
        ..row(
            "bessel_i1",
            &["i1"],
            "bessel_i1(x)",
            &I1,
            "Modified Bessel function I₁.",
            "bessel_i0(x) - bessel_i1(x)/x",
        )
    },
];
