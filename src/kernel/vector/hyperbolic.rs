//! The hyperbolic tangent and its slope.

use super::exponential::{clamped, exp, expm1_below_zero};

/// The hyperbolic tangent: -y/(2 + y) with y = e⁻²ˣ - 1, and what was lost of y and of the sum made up for.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let (high, low) = expm1_below_zero(-2.0 * clamped(x.abs(), 0.0, 20.0));
    let below = 2.0 + high;
    let below_low = (2.0 - below) + high + low;
    let quotient = -high / below;
    // 1/below to some percent is enough for a correction in the last place.
    let inverse = below.mul_add(-0.5, 1.457);
    quotient.mul_add(below_low, low).mul_add(-inverse, quotient).copysign(x)
}

/// 1/cosh² x as 4e/(1 + e)² with e = e⁻²|ˣ| ≤ 1: below three units in the last place everywhere.
#[inline(always)]
pub fn sech2(x: f64) -> f64 {
    let e = exp(-2.0 * x.abs());
    4.0 * e / ((1.0 + e) * (1.0 + e))
}
