//! Special functions: the error function and the gamma family.

use std::f64::consts::{FRAC_2_SQRT_PI, PI};

use super::super::Algebra;
use super::super::row::Operation;
use super::exponential::EXP;
use super::{SPECIAL, map1, map2, of_argument, primitive, unary};
use crate::ir::{Builder, NodeId, Primitive, Rule};
use crate::kernel;

static ERF: Primitive =
    primitive("erf", |a, o| map1(a, o, kernel::erf), SPECIAL, Rule::Local(|b, n, _| Some(gauss(b, n, FRAC_2_SQRT_PI))));

static ERFC: Primitive = primitive(
    "erfc",
    |a, o| map1(a, o, kernel::erfc),
    SPECIAL,
    Rule::Local(|b, n, _| Some(gauss(b, n, -FRAC_2_SQRT_PI))),
);

static ERFINV: Primitive = primitive(
    "erfinv",
    |a, o| map1(a, o, kernel::erfinv),
    SPECIAL,
    Rule::Local(|b, n, _| {
        let square = b.mul(n, n);
        let grown = b.apply(&EXP, &[square]);
        Some(b.times(PI.sqrt() / 2.0, grown))
    }),
);

static LGAMMA: Primitive =
    primitive("lgamma", |a, o| map1(a, o, kernel::lgamma), SPECIAL, Rule::Local(|b, n, _| of_argument(b, n, &DIGAMMA)));

static DIGAMMA: Primitive = primitive(
    "digamma",
    |a, o| map1(a, o, kernel::digamma),
    SPECIAL,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let first = b.fill_like(1.0, x);
        Some(b.apply(&POLYGAMMA, &[first, x]))
    }),
);

/// The n-th derivative of digamma; the order n is a constant of the rules that use it.
static POLYGAMMA: Primitive = primitive(
    "polygamma",
    |a, o| map2(a, o, |n, x| kernel::polygamma(n as u32, x)),
    SPECIAL,
    Rule::Local(|b, n, i| {
        if i == 0 {
            return None;
        }
        let (order, x) = (b.arg(n, 0), b.arg(n, 1));
        let next = b.plus(1.0, order);
        Some(b.apply(&POLYGAMMA, &[next, x]))
    }),
);

/// `factor · exp(-x²)` for the argument of `n`.
fn gauss(b: &mut Builder, n: NodeId, factor: f64) -> NodeId {
    let x = b.arg(n, 0);
    let square = b.mul(x, x);
    let exponent = b.neg(square);
    let bell = b.apply(&EXP, &[exponent]);
    b.times(factor, bell)
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    unary("erf", "erf(x)", &ERF, "Error function.", "2/sqrt(pi)*exp(-x^2)"),
    unary("erfc", "erfc(x)", &ERFC, "Complementary error function, 1 - erf(x).", "-2/sqrt(pi)*exp(-x^2)"),
    Operation {
        undefined: "the inverse error function outside (-1, 1)",
        domain: &[(-0.9, 0.9)],
        ..unary("erfinv", "erfinv(x)", &ERFINV, "Inverse of the error function.", "sqrt(pi)/2*exp(erfinv(x)^2)")
    },
    Operation {
        aliases: &["gammaln"],
        undefined: "the gamma function at zero or at a negative whole number",
        domain: &[(0.3, 4.0)],
        ..unary("lgamma", "lgamma(x)", &LGAMMA, "Logarithm of |Γ(x)|.", "digamma(x)")
    },
    Operation {
        aliases: &["psi"],
        undefined: "the digamma function at zero or at a negative whole number",
        domain: &[(0.3, 4.0)],
        ..unary("digamma", "digamma(x)", &DIGAMMA, "Logarithmic derivative of Γ.", "the trigamma function of x")
    },
];
