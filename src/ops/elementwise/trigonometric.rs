//! Sine and its relatives, angles in radians.

use super::super::Algebra;
use super::super::row::Operation;
use super::power::HYPOT;
use super::{LIBRARY, map1, of_argument, of_point, primitive, unary};
use crate::ir::{Builder, NodeId, Pair, Primitive, Rule, Single};
use crate::kernel;

/// Applies a function of an angle along a slice: one form for near angles, another for the rest.
macro_rules! circular {
    ($a:ident, $o:ident, $near:path, $any:path) => {
        kernel::map1_unless(
            [$a[0]],
            $o,
            #[inline(always)]
            |x| $near(x),
            kernel::is_near,
            $any,
        )
    };
}

/// Sine and cosine share the reduction of the angle, and each is made of both.
static SIN_AND_COS: Pair = Pair {
    of: ["sin", "cos"],
    bound: 1.0,
    kernel: |x, out| {
        kernel::pair_unless(
            x,
            out,
            #[inline(always)]
            #[allow(clippy::redundant_closure, reason = "a closure is inlined for sure")]
            |x| kernel::sin_and_cos(x),
            kernel::is_near,
            |x| [kernel::sin_of_any(x), kernel::cos_of_any(x)],
        );
    },
};

static SIN: Primitive = Primitive {
    single: Single::Paired(&SIN_AND_COS),
    ..primitive(
        "sin",
        |a, o| circular!(a, o, kernel::sin, kernel::sin_of_any),
        LIBRARY,
        Rule::Local(|b, n, _| of_argument(b, n, &COS)),
    )
};

static COS: Primitive = Primitive {
    single: Single::Paired(&SIN_AND_COS),
    ..primitive(
        "cos",
        |a, o| circular!(a, o, kernel::cos, kernel::cos_of_any),
        LIBRARY,
        Rule::Local(|b, n, _| {
            let x = b.arg(n, 0);
            let sine = b.apply(&SIN, &[x]);
            Some(b.neg(sine))
        }),
    )
};

static TAN: Primitive = primitive(
    "tan",
    |a, o| map1(a, o, f64::tan),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let square = b.mul(n, n);
        Some(b.plus(1.0, square))
    }),
);

static ASIN: Primitive =
    primitive("asin", |a, o| map1(a, o, f64::asin), LIBRARY, Rule::Local(|b, n, _| Some(arc_slope(b, n))));

static ACOS: Primitive = primitive(
    "acos",
    |a, o| map1(a, o, f64::acos),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let slope = arc_slope(b, n);
        Some(b.neg(slope))
    }),
);

static ATAN: Primitive = primitive(
    "atan",
    |a, o| map1(a, o, f64::atan),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let square = b.mul(x, x);
        let (one, below) = (b.fill_like(1.0, x), b.plus(1.0, square));
        Some(b.div(one, below))
    }),
);

/// The angle of the point (x, y), arguments in the order y, x. Its slopes are x/r² and -y/r²,
/// divided twice by r so that r² cannot overflow.
static ATAN2: Primitive = primitive(
    "atan2",
    |a, o| of_point!(a, o, kernel::atan2, f64::atan2),
    LIBRARY,
    Rule::Local(|b, n, i| {
        let (y, x) = (b.arg(n, 0), b.arg(n, 1));
        let r = b.apply(&HYPOT, &[x, y]);
        let other = if i == 0 { x } else { b.neg(y) };
        let cosine = b.div(other, r);
        Some(b.div(cosine, r))
    }),
);

/// `1 / sqrt((1 - x)(1 + x))`: the factored form keeps its digits near ±1.
fn arc_slope(b: &mut Builder, n: NodeId) -> NodeId {
    let x = b.arg(n, 0);
    let one = b.fill_like(1.0, x);
    let (below, above) = (b.sub(one, x), b.plus(1.0, x));
    let product = b.mul(below, above);
    let root = b.apply(&super::power::SQRT, &[product]);
    b.div(one, root)
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation { aliases, domain: &[(-0.9, 0.9)], ..unary(name, signature, op, summary, derivative) }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    row("sin", &[], "sin(x)", &SIN, "Sine.", "cos(x)"),
    row("cos", &[], "cos(x)", &COS, "Cosine.", "-sin(x)"),
    row("tan", &[], "tan(x)", &TAN, "Tangent.", "1 + tan(x)^2"),
    Operation {
        undefined: "the arcsine of a number outside [-1, 1], or its derivative at ±1",
        ..row("asin", &["arcsin"], "asin(x)", &ASIN, "Arcsine, in [-π/2, π/2].", "1/sqrt(1 - x^2)")
    },
    Operation {
        undefined: "the arccosine of a number outside [-1, 1], or its derivative at ±1",
        ..row("acos", &["arccos"], "acos(x)", &ACOS, "Arccosine, in [0, π].", "-1/sqrt(1 - x^2)")
    },
    row("atan", &["arctan"], "atan(x)", &ATAN, "Arctangent, in (-π/2, π/2).", "1/(1 + x^2)"),
    Operation {
        shape: "the broadcast of the arguments",
        undefined: "the derivative of the angle at the origin",
        domain: &[(-2.0, 2.0), (0.3, 2.0)],
        ..row(
            "atan2",
            &["arctan2"],
            "atan2(y, x)",
            &ATAN2,
            "Angle of the point (x, y), in [-π, π].",
            "x/(x^2 + y^2) by y, -y/(x^2 + y^2) by x",
        )
    },
];
