//! The error functions, and small functions that need care at a point: the log-odds, x log y, sinc.

use std::f64::consts::{FRAC_2_SQRT_PI, PI};

use super::super::Algebra;
use super::super::row::{Meaning, Operation};
use super::exponential::{EXP, LOG};
use super::{LIBRARY, QUADRATURE, SPECIAL, first_of, map1, map2, of_next_order, primitive, unary};
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

static ERFCX: Primitive = primitive(
    "erfcx",
    |a, o| map1(a, o, |x| kernel::erfcx(0, x)),
    SPECIAL,
    Rule::Local(|b, n, _| Some(first_of(b, n, &ERFCX_DERIVATIVE))),
);

/// The n-th derivative of erfcx; the order n is a constant of the rules that use it.
pub(super) static ERFCX_DERIVATIVE: Primitive = primitive(
    "erfcx_derivative",
    |a, o| map2(a, o, |n, x| kernel::erfcx(n as u32, x)),
    QUADRATURE,
    Rule::Local(|b, n, i| (i == 1).then(|| of_next_order(b, n, &ERFCX_DERIVATIVE))),
);

static SINC: Primitive = primitive(
    "sinc",
    |a, o| map1(a, o, |x| kernel::sinc(0, x)),
    SPECIAL,
    Rule::Local(|b, n, _| Some(first_of(b, n, &SINC_DERIVATIVE))),
);

/// The n-th derivative of sinc; the order n is a constant of the rules that use it.
static SINC_DERIVATIVE: Primitive = primitive(
    "sinc_derivative",
    |a, o| map2(a, o, |n, x| kernel::sinc(n as u32, x)),
    SPECIAL,
    Rule::Local(|b, n, i| (i == 1).then(|| of_next_order(b, n, &SINC_DERIVATIVE))),
);

static LOGIT: Primitive = primitive(
    "logit",
    |a, o| map1(a, o, kernel::logit),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let one = b.fill_like(1.0, x);
        let rest = b.sub(one, x);
        let product = b.mul(x, rest);
        Some(b.div(one, product))
    }),
);

/// x log y, and 0 where x is 0. d/dy = x/y, and 0 at (0, 0), where x log y is 0 along y.
static XLOGY: Primitive = Primitive {
    kink: Some(|b, n, moves| moves[1].then(|| at_origin(b, n))),
    ..primitive(
        "xlogy",
        |a, o| map2(a, o, kernel::xlogy),
        LIBRARY,
        Rule::Local(|b, n, i| {
            let (x, y) = (b.arg(n, 0), b.arg(n, 1));
            if i == 0 {
                return Some(b.apply(&LOG, &[y]));
            }
            let (slope, zero) = (b.div(x, y), b.fill_like(0.0, y));
            let origin = at_origin(b, n);
            Some(b.select(origin, zero, slope))
        }),
    )
};

/// Where both arguments of `n` are zero.
fn at_origin(b: &mut Builder, n: NodeId) -> NodeId {
    let (x, y) = (b.arg(n, 0), b.arg(n, 1));
    let (left, right) = (b.is(x, 0.0), b.is(y, 0.0));
    b.mul(left, right)
}

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
        undefined: "below x = -26.62 the value is too large",
        domain: &[(-2.0, 4.0)],
        ..unary(
            "erfcx",
            "erfcx(x)",
            &ERFCX,
            "Scaled complementary error function, exp(x^2)*erfc(x), without underflow.",
            "2*x*erfcx(x) - 2/sqrt(pi)",
        )
    },
    Operation {
        undefined: "the log-odds outside (0, 1)",
        domain: &[(0.1, 0.9)],
        ..unary("logit", "logit(x)", &LOGIT, "Logarithm of the odds, log(x/(1 - x)).", "1/(x*(1 - x))")
    },
    Operation {
        summary: "x*log(y), and 0 where x is 0.",
        derivative: "log(y) by x, x/y by y",
        kinks: "d/dy = 0 at (0, 0)",
        undefined: "x*log(y) for negative y, or its derivative by x at y = 0",
        domain: &[(-2.0, 2.0), (0.2, 2.0)],
        ..Operation::new("xlogy", "xlogy(x, y)", Meaning::Elementwise(&XLOGY))
    },
    Operation {
        cases: &[("sinc(0.01 * x)", &[&[3]]), ("sinc(0 * x)", &[&[3]])],
        ..unary(
            "sinc",
            "sinc(x)",
            &SINC,
            "sin(pi*x)/(pi*x), and 1 at 0.",
            "where(x == 0, 0, (cos(pi*x) - sinc(x))/where(x == 0, 1, x))",
        )
    },
];
