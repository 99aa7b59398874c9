//! Hyperbolic functions and their inverses.

use super::super::Algebra;
use super::super::row::Operation;
use super::power::{HYPOT, SQRT};
use super::{LIBRARY, map1, of_argument, pair, primitive, unary, vector};
use crate::ir::{Builder, NodeId, Pair, Primitive, Rule, Single};
use crate::kernel;

static SINH: Primitive =
    primitive("sinh", |a, o| map1(a, o, f64::sinh), LIBRARY, Rule::Local(|b, n, _| of_argument(b, n, &COSH)));

static COSH: Primitive =
    primitive("cosh", |a, o| map1(a, o, f64::cosh), LIBRARY, Rule::Local(|b, n, _| of_argument(b, n, &SINH)));

/// The tangent and its slope share an exponential.
static TANH_AND_SECH2: Pair = Pair { of: ["tanh", "sech2"], bound: 1.0, kernel: pair!(kernel::tanh_and_sech2) };

/// Hyperbolic tangent. Its slope is computed from x, not as 1 - tanh², which loses half its digits
/// by |x| = 9.
static TANH: Primitive = Primitive {
    single: Single::Paired(&TANH_AND_SECH2),
    ..primitive("tanh", |a, o| vector!(a, o, kernel::tanh), LIBRARY, Rule::Local(|b, n, _| of_argument(b, n, &SECH2)))
};

/// 1/cosh², as 4e/(1 + e)² with e = exp(-2|x|) ≤ 1, to full precision everywhere.
static SECH2: Primitive = Primitive {
    single: Single::Paired(&TANH_AND_SECH2),
    ..primitive(
        "sech2",
        |a, o| vector!(a, o, kernel::sech2),
        LIBRARY + 8,
        Rule::Local(|b, n, _| {
            let x = b.arg(n, 0);
            let tanh = b.apply(&TANH, &[x]);
            let product = b.mul(tanh, n);
            Some(b.times(-2.0, product))
        }),
    )
};

static ASINH: Primitive = primitive(
    "asinh",
    |a, o| map1(a, o, f64::asinh),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let one = b.fill_like(1.0, x);
        let root = b.apply(&HYPOT, &[x, one]);
        Some(b.div(one, root))
    }),
);

static ACOSH: Primitive = primitive(
    "acosh",
    |a, o| map1(a, o, f64::acosh),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let (below, above) = around_one(b, n);
        let (low, high) = (b.apply(&SQRT, &[below]), b.apply(&SQRT, &[above]));
        let product = b.mul(low, high);
        let one = b.fill_like(1.0, n);
        Some(b.div(one, product))
    }),
);

static ATANH: Primitive = primitive(
    "atanh",
    |a, o| map1(a, o, f64::atanh),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let (below, above) = around_one(b, n);
        let product = b.mul(below, above);
        let minus = b.fill_like(-1.0, n);
        Some(b.div(minus, product))
    }),
);

/// `x - 1` and `x + 1` for the argument of `n`; their product keeps the digits that x² - 1 loses.
fn around_one(b: &mut Builder, n: NodeId) -> (NodeId, NodeId) {
    let x = b.arg(n, 0);
    (b.plus(-1.0, x), b.plus(1.0, x))
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation { aliases, ..unary(name, signature, op, summary, derivative) }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    row("sinh", &[], "sinh(x)", &SINH, "Hyperbolic sine.", "cosh(x)"),
    row("cosh", &[], "cosh(x)", &COSH, "Hyperbolic cosine.", "sinh(x)"),
    row("tanh", &[], "tanh(x)", &TANH, "Hyperbolic tangent.", "1 - tanh(x)^2"),
    row("asinh", &["arcsinh"], "asinh(x)", &ASINH, "Inverse hyperbolic sine.", "1/sqrt(x^2 + 1)"),
    Operation {
        undefined: "the inverse hyperbolic cosine of a number below 1, or its derivative at 1",
        domain: &[(1.2, 3.0)],
        ..row("acosh", &["arccosh"], "acosh(x)", &ACOSH, "Inverse hyperbolic cosine.", "1/sqrt(x^2 - 1)")
    },
    Operation {
        undefined: "the inverse hyperbolic tangent outside (-1, 1)",
        domain: &[(-0.9, 0.9)],
        ..row("atanh", &["arctanh"], "atanh(x)", &ATANH, "Inverse hyperbolic tangent.", "1/(1 - x^2)")
    },
];
