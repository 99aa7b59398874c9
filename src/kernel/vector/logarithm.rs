//! ln x and ln(1 + x).

use super::exponential::LN_2;
use super::polynomial;

/// 2/3, 2/5, 2/7, …: (ln((1 + s)/(1 - s)) - 2s)/s³ = Σ c·s²ⁱ.
const C: [f64; 10] = {
    let mut c = [0.0; 10];
    let mut i = 0;
    while i < 10 {
        c[i] = 2.0 / (2 * i + 3) as f64;
        i += 1;
    }
    c
};

/// The bits of √½.
const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;

/// A positive normal number as 2ᵏ·m with m between √½ and √2: k and m.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let bits = x.to_bits();
    // k + 1024, by the distance from √½.
    let k = bits.wrapping_add((1024 << 52) - ROOT_HALF) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(k.wrapping_sub(1024) << 52));
    (f64::from_bits(k | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1024.0), m)
}

/// k·ln 2 + ln(1 + f) + c for a small correction c. What rounding takes from the leading sum is put back.
#[inline(always)]
fn assembled(k: f64, f: f64, c: f64) -> f64 {
    let s = f / (2.0 + f);
    let square = s * s;
    let half = 0.5 * f * f;
    let rest = s * square.mul_add(polynomial(square, C), half);
    let powers = k * LN_2[0];
    let leading = powers + f;
    let lost = f - (leading - powers);
    leading + (lost + (k.mul_add(LN_2[1], c) + (rest - half)))
}

/// ln x.
#[inline(always)]
pub fn log(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let (k, m) = split(if subnormal { x * 18_014_398_509_481_984.0 } else { x });
    let y = assembled(if subnormal { k - 54.0 } else { k }, m - 1.0, 0.0);
    at_the_ends(x, y, 0.0)
}

/// ln(1 + x), accurate near 0.
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    let one_more = 1.0 + x;
    // What rounding took from 1 + x.
    let lost = if x > 1.0 { 1.0 - (one_more - x) } else { x - (one_more - 1.0) };
    let (k, m) = split(one_more);
    let y = assembled(k, m - 1.0, lost / one_more);
    let y = at_the_ends(x, y, -1.0);
    if x == 0.0 { x } else { y }
}

/// The values where the argument is at its lowest, below it, infinite or no number.
#[inline(always)]
fn at_the_ends(x: f64, y: f64, lowest: f64) -> f64 {
    let y = if x == lowest { f64::NEG_INFINITY } else { y };
    let y = if x == f64::INFINITY { x } else { y };
    // Also where x is NaN.
    if x >= lowest { y } else { f64::NAN }
}
