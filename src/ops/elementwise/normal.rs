//! The normal distribution: its distribution function, and logarithms that stay finite in the tails.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::super::Algebra;
use super::super::row::{Meaning, Operation};
use super::special::ERFCX_DERIVATIVE;
use super::{LIBRARY, SPECIAL, map1, of_argument, primitive, unary};
use crate::ir::{Primitive, Rule};
use crate::kernel;

static CDF: Primitive = primitive(
    "normal_cdf",
    |a, o| map1(a, o, kernel::normal_cdf),
    SPECIAL + LIBRARY,
    Rule::Local(|b, n, _| of_argument(b, n, &PDF)),
);

/// φ(x), with φ′ = -xφ.
static PDF: Primitive = primitive(
    "normal_pdf",
    |a, o| map1(a, o, kernel::normal_pdf),
    2 * LIBRARY,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let product = b.mul(x, n);
        Some(b.neg(product))
    }),
);

static LOGCDF: Primitive = primitive(
    "normal_logcdf",
    |a, o| map1(a, o, kernel::normal_logcdf),
    SPECIAL + LIBRARY,
    Rule::Local(|b, n, _| of_argument(b, n, &HAZARD)),
);

/// h = φ/Φ, with h′ = -h(x + h). Where x and h nearly cancel, for negative x, the same is √π/2 h² erfcx′(-x/√2), because
/// h is √(2/π)/erfcx(-x/√2).
static HAZARD: Primitive = primitive(
    "normal_hazard",
    |a, o| map1(a, o, kernel::normal_hazard),
    2 * SPECIAL,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let (sum, zero) = (b.add(x, n), b.fill_like(0.0, x));
        let product = b.mul(n, sum);
        let above = b.neg(product);
        let (first, t) = (b.fill_like(1.0, x), b.times(-FRAC_1_SQRT_2, x));
        let slope = b.apply(&ERFCX_DERIVATIVE, &[first, t]);
        let square = b.mul(n, n);
        let product = b.mul(square, slope);
        let below = b.times(PI.sqrt() / 2.0, product);
        let negative = b.greater(zero, x);
        Some(b.select(negative, below, above))
    }),
);

/// A scale as it is, and NaN for what is none.
static SCALE: Primitive = Primitive {
    simplify: Some(|b, a, _| b.fill_value(a[0]).filter(|&s| s > 0.0).map(|_| a[0])),
    ..primitive(
        "scale_of_normal",
        |a, o| map1(a, o, |s| if s > 0.0 { s } else { f64::NAN }),
        1,
        Rule::Local(|b, n, _| Some(b.fill_like(1.0, n))),
    )
};

const UNDEFINED: &str = "a normal distribution whose scale is not positive";

/// x, location and scale.
const DOMAIN: &[(f64, f64)] = &[(-3.0, 3.0), (-1.0, 1.0), (0.5, 2.0)];

const fn hidden(
    name: &'static str,
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation { domain: &[(-3.0, 3.0)], ..unary(name, signature, op, summary, derivative) }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Normal distribution function, to full precision in the lower tail.",
        derivative: "exp(-((x - loc)/scale)^2/2)/(scale*sqrt(2*pi))",
        undefined: UNDEFINED,
        domain: DOMAIN,
        cases: &[("normal_cdf(x)", &[&[5]]), ("normal_cdf(x, y, scale=z)", &[&[2, 1], &[3], &[]])],
        ..Operation::new(
            "normal_cdf",
            "normal_cdf(x, loc=0, scale=1)",
            Meaning::Expand(&["_normal_cdf((x - loc) / _scale(scale))"]),
        )
    },
    Operation {
        summary: "Logarithm of the normal density.",
        derivative: "-(x - loc)/scale^2",
        undefined: UNDEFINED,
        domain: DOMAIN,
        cases: &[("normal_logpdf(x)", &[&[5]]), ("normal_logpdf(x, y, scale=z)", &[&[2, 1], &[3], &[]])],
        ..Operation::new(
            "normal_logpdf",
            "normal_logpdf(x, loc=0, scale=1)",
            Meaning::Expand(&["s = _scale(scale)", "z = (x - loc) / s", "-z * z / 2 - log(s) - log(2 * pi) / 2"]),
        )
    },
    Operation {
        summary: "Logarithm of the normal distribution function, finite where that underflows.",
        derivative: "exp(normal_logpdf(x, loc, scale) - normal_logcdf(x, loc, scale))",
        undefined: UNDEFINED,
        domain: DOMAIN,
        cases: &[("normal_logcdf(x)", &[&[5]]), ("normal_logcdf(x, y, scale=z)", &[&[2, 1], &[3], &[]])],
        ..Operation::new(
            "normal_logcdf",
            "normal_logcdf(x, loc=0, scale=1)",
            Meaning::Expand(&["_normal_logcdf((x - loc) / _scale(scale))"]),
        )
    },
    hidden("_normal_cdf", "_normal_cdf(x)", &CDF, "Standard normal distribution function.", "exp(-x^2/2)/sqrt(2*pi)"),
    hidden(
        "_normal_logcdf",
        "_normal_logcdf(x)",
        &LOGCDF,
        "Logarithm of the standard normal distribution function.",
        "exp(-x^2/2)/sqrt(2*pi)/_normal_cdf(x)",
    ),
    Operation {
        undefined: UNDEFINED,
        domain: &[(0.5, 2.0)],
        ..hidden("_scale", "_scale(x)", &SCALE, "A positive number as it is, NaN for any other.", "1")
    },
];
