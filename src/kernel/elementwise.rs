//! Scalar functions that the standard library lacks, written so that they neither overflow nor cancel.

#![allow(clippy::inline_always, reason = "the functions must be compiled inside the loop to become vector code")]

use super::vector::{exp, log1p};

/// The logistic function 1 / (1 + e⁻ˣ), accurate in both tails.
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    sigmoid_of_both(x)[0]
}

/// The logistic function of the opposite.
#[inline(always)]
pub fn sigmoid_of_opposite(x: f64) -> f64 {
    sigmoid_of_both(x)[1]
}

/// The logistic function of a number and of its opposite, which sum up to 1.
#[inline(always)]
pub fn sigmoid_of_both(x: f64) -> [f64; 2] {
    let e = exp(-x.abs());
    let below = 1.0 + e;
    let greater = 1.0 / below;
    // e / below without another division: what the product lacks is made up for.
    let product = e * greater;
    let less = product.mul_add(-below, e).mul_add(greater, product);
    if x < 0.0 { [less, greater] } else { [greater, less] }
}

/// ln(1 + eˣ), accurate in both tails: max(x, 0) + ln(1 + e⁻|ˣ|).
#[inline(always)]
pub fn softplus(x: f64) -> f64 {
    let above = if x < 0.0 { 0.0 } else { x };
    above + log1p(exp(-x.abs()))
}

/// -1, 0 or 1 with the sign of `x`; NaN for NaN, 0 for either zero (as `numpy.sign`).
pub fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_is_accurate_in_both_tails() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(f64::INFINITY), 1.0);
        assert_eq!(sigmoid(f64::NEG_INFINITY), 0.0);
        assert_eq!(sigmoid(-700.0), (-700.0_f64).exp());
        assert_eq!(sigmoid(800.0), 1.0);
        assert!(sigmoid(-745.0) > 0.0);
        assert!(sigmoid(f64::NAN).is_nan());
    }

    #[test]
    fn softplus_is_accurate_in_both_tails() {
        assert_eq!(softplus(0.0), std::f64::consts::LN_2);
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(softplus(-700.0), (-700.0_f64).exp());
        assert_eq!(softplus(f64::INFINITY), f64::INFINITY);
        assert_eq!(softplus(f64::NEG_INFINITY), 0.0);
        assert!(softplus(f64::NAN).is_nan());
    }

    #[test]
    fn sign_follows_numpy() {
        assert_eq!([-3.0, -0.0, 0.0, 1e-320].map(sign), [-1.0, 0.0, 0.0, 1.0]);
        assert!(sign(-0.0).is_sign_positive());
        assert!(sign(f64::NAN).is_nan());
    }
}
