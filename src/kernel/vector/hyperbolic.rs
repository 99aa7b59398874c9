//! The hyperbolic tangent and its slope.

use super::exponential::{clamped, exp, expm1_in_parts, scaled};

/// The hyperbolic tangent: -y/(2 + y) with y = e⁻²ˣ - 1, and what was lost of y and of the sum made up for.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let (sum, error, shifted) = expm1_in_parts(-2.0 * clamped(x.abs(), 0.0, 20.0));
    let high = sum + error;
    let low = scaled(error - (high - sum), shifted);
    let high = scaled(high, shifted);
    let below = 2.0 + high;
    let below_low = (2.0 - below) + high + low;
    let quotient = -high / below;
    // 1/below to some percent is enough for a correction in the last place.
    let inverse = 1.457 - 0.5 * below;
    (quotient - (low + quotient * below_low) * inverse).copysign(x)
}

/// 1/cosh² x as 4e/(1 + e)² with e = e⁻²|ˣ| ≤ 1: below three units in the last place everywhere.
#[inline(always)]
pub fn sech2(x: f64) -> f64 {
    let e = exp(-2.0 * x.abs());
    4.0 * e / ((1.0 + e) * (1.0 + e))
}
