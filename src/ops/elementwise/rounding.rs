//! Absolute value, sign and rounding: piecewise linear, with conventions at the corners.

use std::num::FpCategory;

use super::super::Algebra;
use super::super::row::Operation;
use super::{at_zero, map1, of_argument, primitive, unary};
use crate::ir::{Primitive, Rule};
use crate::kernel;

/// Absolute value; |x|'(0) = 0.
pub(in crate::ops) static ABS: Primitive = Primitive {
    kink: Some(at_zero),
    ..primitive("abs", |a, o| map1(a, o, f64::abs), 1, Rule::Local(|b, n, _| of_argument(b, n, &SIGN)))
};

static SIGN: Primitive =
    Primitive { kink: Some(at_zero), ..primitive("sign", |a, o| map1(a, o, kernel::sign), 1, Rule::Zero) };

static FLOOR: Primitive = Primitive {
    kink: Some(|b, n, _| {
        let x = b.arg(n, 0);
        Some(b.equal(x, n))
    }),
    ..primitive("floor", |a, o| map1(a, o, f64::floor), 1, Rule::Zero)
};

static CEIL: Primitive = Primitive {
    kink: Some(|b, n, _| {
        let x = b.arg(n, 0);
        Some(b.equal(x, n))
    }),
    ..primitive("ceil", |a, o| map1(a, o, f64::ceil), 1, Rule::Zero)
};

/// Rounds to the nearest whole number, halves to the even one, as NumPy does.
static ROUND: Primitive = Primitive {
    kink: Some(|b, n, _| {
        let x = b.arg(n, 0);
        let floor = b.apply(&FLOOR, &[x]);
        let rest = b.sub(x, floor);
        Some(b.is(rest, 0.5))
    }),
    ..primitive("round", |a, o| map1(a, o, f64::round_ties_even), 1, Rule::Zero)
};

/// The number itself, with its corner at 0 reported: for definitions by cases that meet there.
static CORNER: Primitive = Primitive {
    kink: Some(at_zero),
    ..primitive("corner", |a, o| map1(a, o, |x| x), 1, Rule::Linear { fixed: &[], adjoint: |_, _, _, ct| ct })
};

/// The number itself, as if it were a constant.
pub(in crate::ops) static STOP: Primitive = primitive("stop", |a, o| map1(a, o, |x| x), 1, Rule::Zero);

/// A power of two of the size of |x|, by which one can divide without rounding: the largest one not
/// above |x|, the smallest normal one for subnormal numbers, and 1 for zero and what is not finite.
static BINADE: Primitive = primitive(
    "binade",
    |a, o| {
        map1(a, o, |x| {
            let power = f64::from_bits(x.to_bits() & 0x7ff0_0000_0000_0000);
            match x.classify() {
                FpCategory::Normal => power,
                FpCategory::Subnormal => f64::MIN_POSITIVE,
                FpCategory::Zero | FpCategory::Nan | FpCategory::Infinite => 1.0,
            }
        });
    },
    1,
    Rule::Zero,
);

const fn row(
    name: &'static str,
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
    kinks: &'static str,
) -> Operation {
    Operation { kinks, ..unary(name, signature, op, summary, derivative) }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation { aliases: &["absolute", "fabs"], ..row("abs", "abs(x)", &ABS, "Absolute value.", "sign(x)", "0 at 0") },
    row("sign", "sign(x)", &SIGN, "-1, 0 or 1 as the number is negative, zero or positive.", "0", "0 at the jump"),
    row("floor", "floor(x)", &FLOOR, "The largest whole number not above x.", "0", "0 at the jumps"),
    row("ceil", "ceil(x)", &CEIL, "The smallest whole number not below x.", "0", "0 at the jumps"),
    Operation {
        aliases: &["rint"],
        ..row("round", "round(x)", &ROUND, "The nearest whole number, halves to even.", "0", "0 at the jumps")
    },
    row("_corner", "_corner(x)", &CORNER, "The number itself; its corner at 0 is reported.", "1", "1 at 0"),
    row("_stop", "_stop(x)", &STOP, "The number itself, differentiated as a constant.", "0", ""),
    row("_binade", "_binade(x)", &BINADE, "The largest power of two not above |x|.", "0", ""),
];
