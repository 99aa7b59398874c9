//! eˣ and eˣ - 1.

use super::{INVERSE_FACTORIAL as C, ROUNDER, exact_sum, polynomial};

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
    let shifted = x * std::f64::consts::LOG2_E + ROUNDER;
    let k = shifted - ROUNDER;
    let high = x - k * LN_2[0];
    let low = k * LN_2[1];
    let r = high - low;
    let quotient = polynomial(r, [C[2], C[3], C[4], C[5], C[6], C[7], C[8], C[9], C[10], C[11], C[12], C[13]]);
    Reduced { shifted, k, high, tail: r * r * quotient - low }
}

/// x·2ᵏ, rounded once.
#[inline(always)]
pub(super) fn scaled(x: f64, shifted: f64) -> f64 {
    // k + 2048, cut into two halves, because 2ᵏ itself may be too large or too small.
    let k = shifted.to_bits().wrapping_sub(ROUNDER.to_bits() - 2048);
    let half = k >> 1;
    let rest = k.wrapping_sub(half);
    let power = |k: u64| f64::from_bits(k.wrapping_sub(1) << 52);
    x * power(half) * power(rest)
}

/// `x`, or the bound it is beyond; NaN stays.
#[inline(always)]
pub(super) fn clamped(x: f64, least: f64, most: f64) -> f64 {
    let x = if x < least { least } else { x };
    if x > most { most } else { x }
}

/// eˣ.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let Reduced { shifted, tail, high, .. } = reduce(clamped(x, -746.0, 710.0));
    scaled(1.0 + (high + tail), shifted)
}

/// eˣ - 1 = 2ᵏ·(sum + error) before it is scaled, and k added to [`ROUNDER`]; `x` must be between -40 and 710.
#[inline(always)]
pub(super) fn expm1_in_parts(x: f64) -> (f64, f64, f64) {
    let Reduced { shifted, k, tail, high, .. } = reduce(x);
    // 2⁻ᵏ is lost in the sum with 1 from k = 60 on.
    let inverse = f64::from_bits((3071 + ROUNDER.to_bits() - 2048).wrapping_sub(shifted.to_bits()) << 52);
    let inverse = if k > 60.0 { 0.0 } else { inverse };
    let (sum, error) = exact_sum(1.0 - inverse, high);
    (sum, error + tail, shifted)
}

/// eˣ - 1, accurate near 0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let (sum, error, shifted) = expm1_in_parts(clamped(x, -40.0, 710.0));
    let y = scaled(sum + error, shifted);
    if x == 0.0 { x } else { y }
}
