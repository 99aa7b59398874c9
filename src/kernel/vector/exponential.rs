//! eˣ and eˣ - 1.

use super::{INVERSE_FACTORIAL as C, ROUNDER, exact_ordered_sum, exact_sum, short_chain};

/// ln 2 in two parts; the first has 42 bits, so that its product with an exponent is exact.
pub(super) const LN_2: [f64; 2] = [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14];

/// An argument x as k·ln 2 + r, and e to the remainder.
struct Reduced {
    /// k, added to [`ROUNDER`].
    shifted: f64,
    /// k.
    k: f64,
    /// The remainder r, at most ln 2 / 2 in size, before the second part of k·ln 2 is taken off.
    high: f64,
    /// eʳ - 1 - r, with the second part of the remainder.
    tail: f64,
}

#[inline(always)]
fn reduce(x: f64) -> Reduced {
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUNDER);
    let k = shifted - ROUNDER;
    let high = k.mul_add(-LN_2[0], x);
    let low = k * LN_2[1];
    let r = high - low;
    let quotient = short_chain(r, [C[2], C[3], C[4], C[5], C[6], C[7], C[8], C[9], C[10], C[11], C[12], C[13]]);
    Reduced { shifted, k, high, tail: (r * r).mul_add(quotient, -low) }
}

/// x·2ᵏ, rounded once.
#[inline(always)]
fn scaled(x: f64, shifted: f64) -> f64 {
    // k + 2048, cut into two halves, because 2ᵏ itself may be too large or too small.
    let k = shifted.to_bits().wrapping_sub(ROUNDER.to_bits() - 2048);
    let half = k >> 1;
    let rest = k.wrapping_sub(half);
    let power = |k: u64| f64::from_bits(k.wrapping_sub(1) << 52);
    x * power(half) * power(rest)
}

/// `x`, or the bound it is beyond; NaN stays.
#[inline(always)]
fn clamped(x: f64, least: f64, most: f64) -> f64 {
    let x = if x < least { least } else { x };
    if x > most { most } else { x }
}

/// Below it eˣ is zero.
const LEAST: f64 = -746.0;

/// eˣ.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let Reduced { shifted, tail, high, .. } = reduce(clamped(x, LEAST, 710.0));
    scaled(1.0 + (high + tail), shifted)
}

/// 2ᵏ for a k between -1022 and 1023.
#[inline(always)]
const fn power(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits().wrapping_sub(ROUNDER.to_bits() - 1023) << 52)
}

/// Below it 4eˣ is zero, too.
const LEAST_OF_FOUR: f64 = -748.0;

/// By so many powers of two [`exp_and_expm1_below_zero`] gives eˣ too large.
const RAISED: f64 = 64.0;

/// Takes off what [`exp_and_expm1_below_zero`] adds.
pub(super) const LOWERED: f64 = power(ROUNDER - RAISED);

/// 2⁶⁴·eˣ, which is not subnormal where eˣ is, and eˣ - 1 in two parts, of which the second is below the last place of
/// the first; `x` must not be above 0.
#[inline(always)]
pub(super) fn exp_and_expm1_below_zero(x: f64) -> (f64, [f64; 2]) {
    let Reduced { shifted, tail, high, .. } = reduce(if x < LEAST_OF_FOUR { LEAST_OF_FOUR } else { x });
    let whole = (1.0 + (high + tail)) * power(shifted + RAISED);
    // From there on it is -1.
    let power = power(if shifted < ROUNDER - 60.0 { ROUNDER - 60.0 } else { shifted });
    let (sum, error) = exact_ordered_sum(power - 1.0, power * high);
    let (sum, error) = exact_ordered_sum(sum, power.mul_add(tail, error));
    (whole, [sum, error])
}

/// eˣ - 1, accurate near 0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let Reduced { shifted, k, tail, high, .. } = reduce(clamped(x, -40.0, 710.0));
    // 2⁻ᵏ is lost in the sum with 1 from k = 60 on.
    let inverse = if k > 60.0 { 0.0 } else { power(2.0 * ROUNDER - shifted) };
    let (sum, error) = exact_sum(1.0 - inverse, high);
    let y = scaled(sum + (error + tail), shifted);
    if x == 0.0 { x } else { y }
}
