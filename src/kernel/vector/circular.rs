//! Sine and cosine.

use super::{INVERSE_FACTORIAL as C, ROUNDER, exact_product, exact_sum, polynomial};

/// π/2 in three parts.
const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// Sizes of arguments up to here are reduced exactly enough.
const MOST: f64 = 1e6;

/// Whether [`sin`] and [`cos`] hold for an argument: it is not large, nor infinite or NaN.
#[inline(always)]
pub fn is_near(x: f64) -> bool {
    x.abs() < MOST
}

/// An angle less the nearest multiple of a right angle: its sine and cosine, and the multiple in the lowest bits.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64, u64) {
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, ROUNDER);
    let k = shifted - ROUNDER;
    // What is left of the first subtraction has no more digits than a double holds: it is exact.
    let (product, product_low) = exact_product(k, HALF_PI[1]);
    let (r, low) = exact_sum(k.mul_add(-HALF_PI[0], x), -product);
    let low = k.mul_add(-HALF_PI[2], low - product_low);
    let square = r * r;

    let cubic = polynomial(square, [-C[3], C[5], -C[7], C[9], -C[11], C[13], -C[15], C[17]]);
    let half = 0.5 * square;
    let most = 1.0 - half;
    let sine = r + (r * square).mul_add(cubic, low * most);

    let quartic = polynomial(square, [C[4], -C[6], C[8], -C[10], C[12], -C[14], C[16]]);
    let lost = (1.0 - most) - half;
    let cosine = most + (square * square).mul_add(quartic, r.mul_add(-low, lost));

    (sine, cosine, shifted.to_bits())
}

/// The sine so many quarter turns on.
#[inline(always)]
fn turned((sine, cosine, quarters): (f64, f64, u64), more: u64) -> f64 {
    let quarters = quarters.wrapping_add(more);
    let y = if quarters & 1 == 0 { sine } else { cosine };
    f64::from_bits(y.to_bits() ^ ((quarters & 2) << 62))
}

/// The sine of an angle that [`is_near`] says it holds for.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    sin_and_cos(x)[0]
}

/// The cosine of an angle that [`is_near`] says it holds for.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    sin_and_cos(x)[1]
}

/// The sine and the cosine of an angle that [`is_near`] says they hold for.
#[inline(always)]
pub fn sin_and_cos(x: f64) -> [f64; 2] {
    let reduced = reduced(x);
    let sine = turned(reduced, 0);
    [if x == 0.0 { x } else { sine }, turned(reduced, 1)]
}

/// The sine of any angle, as close as a double can be: for those that [`sin`] does not hold for.
pub fn sin_of_any(x: f64) -> f64 {
    pxfm::f_sin(x)
}

/// The cosine of any angle, as close as a double can be: for those that [`cos`] does not hold for.
pub fn cos_of_any(x: f64) -> f64 {
    pxfm::f_cos(x)
}
