//! Exponentials and logarithms.

use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

use super::super::Algebra;
use super::super::row::Operation;
use super::{LIBRARY, map1, of_argument, primitive, unary, vector};
use crate::ir::{Builder, NodeId, Primitive, Rule};
use crate::kernel;

/// e^x.
pub(in crate::ops) static EXP: Primitive =
    primitive("exp", |a, o| vector!(a, o, kernel::exp), LIBRARY, Rule::Local(|_, n, _| Some(n)));

static EXP2: Primitive =
    primitive("exp2", |a, o| map1(a, o, f64::exp2), LIBRARY, Rule::Local(|b, n, _| Some(b.times(LN_2, n))));

static EXPM1: Primitive =
    primitive("expm1", |a, o| vector!(a, o, kernel::expm1), LIBRARY, Rule::Local(|b, n, _| of_argument(b, n, &EXP)));

/// Natural logarithm.
pub(in crate::ops) static LOG: Primitive =
    primitive("log", |a, o| vector!(a, o, kernel::log), LIBRARY, Rule::Local(|b, n, _| Some(over(b, 1.0, n))));

static LOG2: Primitive =
    primitive("log2", |a, o| map1(a, o, f64::log2), LIBRARY, Rule::Local(|b, n, _| Some(over(b, LOG2_E, n))));

static LOG10: Primitive =
    primitive("log10", |a, o| map1(a, o, f64::log10), LIBRARY, Rule::Local(|b, n, _| Some(over(b, LOG10_E, n))));

static LOG1P: Primitive = primitive(
    "log1p",
    |a, o| vector!(a, o, kernel::log1p),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let (one, shifted) = (b.fill_like(1.0, x), b.plus(1.0, x));
        Some(b.div(one, shifted))
    }),
);

/// `value / x` for the argument `x` of `n`.
fn over(b: &mut Builder, value: f64, n: NodeId) -> NodeId {
    let x = b.arg(n, 0);
    let numerator = b.fill_like(value, x);
    b.div(numerator, x)
}

const fn logarithm(
    name: &'static str,
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation {
        undefined: "the logarithm of zero or of a negative number",
        domain: &[(0.1, 3.0)],
        ..unary(name, signature, op, summary, derivative)
    }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    unary("exp", "exp(x)", &EXP, "Exponential, e^x.", "exp(x)"),
    unary("exp2", "exp2(x)", &EXP2, "Power of two, 2^x.", "log(2)*exp2(x)"),
    unary("expm1", "expm1(x)", &EXPM1, "e^x - 1, accurate near 0.", "exp(x)"),
    logarithm("log", "log(x)", &LOG, "Natural logarithm.", "1/x"),
    logarithm("log2", "log2(x)", &LOG2, "Logarithm to base 2.", "1/(x*log(2))"),
    logarithm("log10", "log10(x)", &LOG10, "Logarithm to base 10.", "1/(x*log(10))"),
    Operation {
        domain: &[(-0.5, 3.0)],
        ..logarithm("log1p", "log1p(x)", &LOG1P, "log(1 + x), accurate near 0.", "1/(1 + x)")
    },
];
