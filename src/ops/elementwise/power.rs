//! Powers and roots.

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::row::{Meaning, Operation};
use super::super::shaping::broadcast_pair;
use super::exponential::LOG;
use super::{LIBRARY, at_zero, map1, map2, of_point, primitive};
use crate::fault::Fault;
use crate::ir::{Builder, NodeId, Primitive, Rule};
use crate::kernel;

/// `x ^ y`. d/dx = y·x^(y-1), and 0 where y = 0; d/dy = x^y·log x, and 0 at (0, y > 0).
pub(in crate::ops) static POWER: Primitive = Primitive {
    // The exponent's derivative, x^y·log x, has no limit of its own where x = 0.
    kink: Some(|b, n, moves| {
        let (x, y) = (b.arg(n, 0), b.arg(n, 1));
        moves[1].then(|| at_zero_base(b, x, y))
    }),
    ..primitive(
        "power",
        |a, o| map2(a, o, f64::powf),
        2 * LIBRARY,
        Rule::Local(|b, n, i| {
            let (x, y) = (b.arg(n, 0), b.arg(n, 1));
            if i == 0 {
                let lower = b.plus(-1.0, y);
                let lowered = power(b, x, lower);
                let slope = b.mul(y, lowered);
                let flat = b.is(y, 0.0);
                let zero = b.fill_like(0.0, y);
                return Some(if b.fill_value(flat) == Some(0.0) { slope } else { b.select(flat, zero, slope) });
            }
            let log = b.apply(&LOG, &[x]);
            let slope = b.mul(n, log);
            let zero = b.fill_like(0.0, x);
            let convention = at_zero_base(b, x, y);
            Some(b.select(convention, zero, slope))
        }),
    )
};

/// Where x = 0 and y > 0.
fn at_zero_base(b: &mut Builder, x: NodeId, y: NodeId) -> NodeId {
    let zero = b.fill_like(0.0, y);
    let (at_zero, positive) = (b.is(x, 0.0), b.greater(y, zero));
    b.mul(at_zero, positive)
}

/// Square root; infinitely steep at 0.
pub(in crate::ops) static SQRT: Primitive = primitive(
    "sqrt",
    |a, o| map1(a, o, f64::sqrt),
    4,
    Rule::Local(|b, n, _| {
        let half = b.fill_like(0.5, n);
        Some(b.div(half, n))
    }),
);

/// Square root of a sum of squares: as `sqrt`, but flat at 0 by the convention norm'(0) = 0.
pub(in crate::ops) static ROOT: Primitive = Primitive {
    kink: Some(at_zero),
    ..primitive(
        "root",
        |a, o| map1(a, o, f64::sqrt),
        4,
        Rule::Local(|b, n, _| {
            let half = b.fill_like(0.5, n);
            let (slope, flat) = (b.div(half, n), b.is(n, 0.0));
            let zero = b.fill_like(0.0, n);
            Some(b.select(flat, zero, slope))
        }),
    )
};

/// Cube root.
static CBRT: Primitive = primitive(
    "cbrt",
    |a, o| map1(a, o, f64::cbrt),
    LIBRARY,
    Rule::Local(|b, n, _| {
        let square = b.mul(n, n);
        let third = b.fill_like(1.0 / 3.0, n);
        Some(b.div(third, square))
    }),
);

/// `sqrt(x² + y²)` without overflow; flat at the origin by convention.
pub(in crate::ops) static HYPOT: Primitive = Primitive {
    kink: Some(|b, n, _| Some(b.is(n, 0.0))),
    ..primitive(
        "hypot",
        |a, o| of_point!(a, o, kernel::hypot, f64::hypot),
        LIBRARY,
        Rule::Local(|b, n, i| {
            let (x, flat) = (b.arg(n, i), b.is(n, 0.0));
            let (slope, zero) = (b.div(x, n), b.fill_like(0.0, n));
            Some(b.select(flat, zero, slope))
        }),
    )
};

/// `x ^ y` for arrays of one shape; small whole exponents known in advance become products.
pub(in crate::ops) fn power(b: &mut Builder, x: NodeId, y: NodeId) -> NodeId {
    let exponent = b.fill_value(y);
    if exponent == Some(0.0) {
        b.fill_like(1.0, x)
    } else if exponent == Some(1.0) {
        x
    } else if exponent == Some(2.0) {
        b.mul(x, x)
    } else if exponent == Some(-1.0) {
        let one = b.fill_like(1.0, x);
        b.div(one, x)
    } else {
        b.apply(&POWER, &[x, y])
    }
}

fn build_power(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, y) = (args.array(b, "x")?, args.array(b, "y")?);
    let (x, y) = broadcast_pair(b, x, y).map_err(|e| args.shape_fault(e))?;
    Ok(power(b, x, y))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        aliases: &["pow", "float_power"],
        summary: "Power element by element, `x ^ y` or `x ** y`.",
        derivative: "y*x^(y - 1) by x, x^y*log(x) by y",
        kinks: "d/dx = 0 where y = 0; d/dy = 0 at x = 0, y > 0",
        undefined: "a negative number to a fractional power, or zero to a negative one",
        domain: &[(0.2, 2.0), (-2.0, 2.0)],
        cases: &[("x^2", &[&[3]]), ("x^3", &[&[2, 2]]), ("x**-1", &[&[3]]), ("2^x", &[&[3]]), ("x^0", &[&[3]])],
        ..Operation::new("power", "power(x, y)", Meaning::Build(build_power))
    },
    Operation {
        summary: "Square, `x * x`.",
        derivative: "2*x",
        shape: "as x",
        cases: &[("square(x)", &[&[2, 3]])],
        ..Operation::new("square", "square(x)", Meaning::Expand(&["x * x"]))
    },
    Operation {
        summary: "Reciprocal, `1 / x`.",
        derivative: "-1/x^2",
        shape: "as x",
        undefined: "division by zero",
        domain: &[(0.5, 2.0)],
        cases: &[("reciprocal(x)", &[&[2, 3]])],
        ..Operation::new("reciprocal", "reciprocal(x)", Meaning::Expand(&["1 / x"]))
    },
    Operation {
        summary: "Square root.",
        derivative: "1/(2*sqrt(x))",
        shape: "as x",
        undefined: "the square root of a negative number, or its derivative at zero",
        domain: &[(0.1, 3.0)],
        ..Operation::new("sqrt", "sqrt(x)", Meaning::Elementwise(&SQRT))
    },
    Operation {
        summary: "Cube root, of negative numbers too.",
        derivative: "1/(3*cbrt(x)^2)",
        shape: "as x",
        undefined: "the derivative of the cube root at zero",
        domain: &[(0.1, 3.0)],
        ..Operation::new("cbrt", "cbrt(x)", Meaning::Elementwise(&CBRT))
    },
    Operation {
        summary: "`sqrt(x^2 + y^2)` without overflow.",
        derivative: "x/hypot(x, y) by x, y/hypot(x, y) by y",
        kinks: "0 at (0, 0)",
        ..Operation::new("hypot", "hypot(x, y)", Meaning::Elementwise(&HYPOT))
    },
    Operation {
        summary: "Square root, flat at zero: the last step of a norm.",
        derivative: "1/(2*sqrt(x))",
        shape: "as x",
        kinks: "0 at 0",
        domain: &[(0.1, 3.0)],
        undefined: "the square root of a negative number",
        ..Operation::new("_root", "_root(x)", Meaning::Elementwise(&ROOT))
    },
];
