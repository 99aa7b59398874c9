//! The hyperbolic tangent and its slope.

use super::exponential::exp_and_expm1_below_zero;

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

/// The hyperbolic tangent as -y/(2 + y) with y = e - 1 and e = e⁻²|ˣ| ≤ 1, what was lost of y and of the sum made up for;
/// and its slope, as 4e/(1 + e)².
#[inline(always)]
pub fn tanh_and_sech2(x: f64) -> [f64; 2] {
    let (e, [high, low]) = exp_and_expm1_below_zero(-2.0 * x.abs());
    let below = 2.0 + high;
    let below_low = (2.0 - below) + high + low;
    let quotient = -high / below;
    // 1/below to some percent is enough for a correction in the last place.
    let inverse = below.mul_add(-0.5, 1.457);
    let tanh = quotient.mul_add(below_low, low).mul_add(-inverse, quotient).copysign(x);
    [tanh, 4.0 * e / ((1.0 + e) * (1.0 + e))]
}
