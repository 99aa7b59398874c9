//! The hyperbolic tangent and its slope.

use super::exponential::{LOWERED, exp_and_expm1_below_zero};

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    tanh_and_sech2(x)[0]
}

/// 1/cosh² x, below three units in the last place everywhere.
#[inline(always)]
pub fn sech2(x: f64) -> f64 {
    tanh_and_sech2(x)[1]
}

/// The hyperbolic tangent as -y/(2 + y) with y = e - 1 and e = e⁻²|ˣ| ≤ 1, what was lost of y, of the sum and of the
/// quotient made up for; and its slope, as 4e/(1 + e)². One reciprocal serves both.
#[inline(always)]
pub fn tanh_and_sech2(x: f64) -> [f64; 2] {
    let (raised, [high, low]) = exp_and_expm1_below_zero(-2.0 * x.abs());
    let below = 2.0 + high;
    let below_low = (2.0 - below) + high + low;
    let inverse = 1.0 / below;
    let quotient = -high * inverse;
    let rest = quotient.mul_add(-below, -high) - quotient.mul_add(below_low, low);
    let tanh = rest.mul_add(inverse, quotient).copysign(x);
    [tanh, raised * inverse * (4.0 * LOWERED * inverse)]
}
