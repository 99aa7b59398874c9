//! Derivatives of the digamma function of any order, which no well-kept library offers beyond the first.
//!
//! ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n+1, x), with the Hurwitz zeta function summed directly until the argument is large and then
//! by its Euler–Maclaurin expansion (Abramowitz & Stegun 6.4.10 and 6.4.11); negative arguments are reflected (6.4.7).

use super::special::{digamma, is_pole, trigamma};

/// The highest order that is computed. Beyond it the factorials leave the range of doubles.
const MAX_ORDER: u32 = 128;

/// B₂ⱼ / (2j)! for j = 1, 2, …, the coefficients of the Euler–Maclaurin expansion.
const BERNOULLI: [f64; 10] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3617.0 / 10_670_622_842_880_000.0,
    43_867.0 / 5_109_094_217_170_944_000.0,
    -174_611.0 / 802_857_662_698_291_200_000.0,
];

/// ψ⁽ⁿ⁾(x), the derivative of order `n + 1` of ln Γ(x); order 0 is [`digamma`], 1 is [`trigamma`].
///
/// At the poles 0, -1, -2, … it is +∞ for odd orders, where both sides agree, and NaN for even ones. Orders above 128
/// give NaN.
pub fn polygamma(n: u32, x: f64) -> f64 {
    match n {
        0 => digamma(x),
        1 => trigamma(x),
        _ if n > MAX_ORDER || x.is_nan() || x == f64::NEG_INFINITY => f64::NAN,
        _ if is_pole(x) => {
            if n % 2 == 1 {
                f64::INFINITY
            } else {
                f64::NAN
            }
        }
        _ if x < 0.0 => cotangent_part(n, x) + alternate(n, positive(n, 1.0 - x)),
        _ => positive(n, x),
    }
}

/// (-1)ⁿ y.
fn alternate(n: u32, y: f64) -> f64 {
    if n % 2 == 1 { -y } else { y }
}

/// ψ⁽ⁿ⁾(x) for n ≥ 2 and x > 0.
///
/// The sum over (x + k)⁻ⁿ⁻¹ is taken relative to its first term, so that only the leading factor can leave the range of
/// doubles, and does so only when the result does.
fn positive(n: u32, x: f64) -> f64 {
    if x == f64::INFINITY {
        return alternate(n + 1, 0.0);
    }
    let order = f64::from(n);
    let power = order + 1.0;
    let mut sum = 0.0;
    let mut y = x;
    while y < order + 12.0 {
        sum += (x / y).powf(power);
        y += 1.0;
    }
    let mut rising = power / y;
    let mut series = 0.5;
    for (j, coefficient) in BERNOULLI.iter().enumerate() {
        series += coefficient * rising;
        let s = power + 2.0 * j as f64;
        rising *= (s + 1.0) / y * ((s + 2.0) / y);
    }
    sum += (x / y).powf(power) * series;
    let leading = (1..n).fold(1.0 / x, |product, j| product * (f64::from(j) / x));
    alternate(n + 1, leading * (order / x * sum + (x / y).powf(order)))
}

/// -dⁿ/dxⁿ π cot(πx).
///
/// With c = cot(πx) and c′ = -π(1 + c²), each derivative is a polynomial in c whose coefficients share one sign and
/// whose powers share one parity, so nothing cancels.
fn cotangent_part(n: u32, x: f64) -> f64 {
    use std::f64::consts::PI;
    let mut polynomial = vec![0.0, PI];
    for _ in 0..n {
        let mut next = vec![0.0; polynomial.len() + 1];
        for (power, coefficient) in polynomial.iter().enumerate().skip(1) {
            let slope = PI * power as f64 * coefficient;
            next[power - 1] -= slope;
            next[power + 1] -= slope;
        }
        polynomial = next;
    }
    let c = pxfm::f_cotpi(x);
    -polynomial.iter().rev().fold(0.0, |value, coefficient| value * c + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_mpmath() {
        // mpmath 1.4.1, 40 digits.
        let known = [
            (2, 0.001, -2_000_000_002.397_632_1),
            (2, 0.3, -75.272_536_588_726_04),
            (2, 1.0, -2.404_113_806_319_188_5),
            (2, 2.5, -0.236_204_051_641_727_4),
            (2, 10.0, -0.011_049_834_970_802_067),
            (2, 1e6, -1.000_001_000_000_5e-12),
            (2, -0.5, -0.828_796_644_234_32),
            (2, -3.25, 123.955_211_039_422_03),
            (2, -40.7, -68.838_132_750_243_99),
            (3, 0.3, 743.141_764_655_049_8),
            (3, 1.0, 6.493_939_402_266_829),
            (3, 50.0, 1.648_639_872_068_205_2e-5),
            (3, -0.5, 193.409_091_034_002_44),
            (3, -3.25, 1_558.508_802_818_279),
            (4, 0.001, -2.400_000_000_000_002_4e16),
            (4, 2.5, -0.313_755_999_506_731_4),
            (4, -0.5, -3.474_249_826_667_225_3),
            (5, 10.0, 0.000_305_945_162_117_268_2),
            (5, -40.7, 165_660.174_453_173_76),
            (8, 1.0, -40_400.978_398_747_63),
            (8, 50.0, -1.396_553_508_544_327_8e-10),
            (8, -3.25, 10_569_114_259.560_385),
            (20, 0.3, -2.325_831_605_264_529_2e29),
            (20, 1e6, -1.216_463_168_640_936_7e-103),
            (20, -0.5, -487_772_949_462_609.9),
            (60, 2.5, -4.424_195_614_523_948e57),
            (60, 1e6, -1.386_872_790_815_445_5e-280),
            (60, -0.3, 6.543_020_959_480_156e113),
        ];
        for (n, x, expected) in known {
            let value = polygamma(n, x);
            assert!((value - expected).abs() <= 1e-12 * f64::abs(expected), "order {n} at {x}: {value} for {expected}");
        }
    }

    #[test]
    fn low_orders_are_digamma_and_trigamma() {
        for x in [-2.5, 0.1, 3.0] {
            assert_eq!(polygamma(0, x), digamma(x));
            assert_eq!(polygamma(1, x), trigamma(x));
        }
    }

    #[test]
    fn poles_limits_and_huge_orders_are_as_documented() {
        assert_eq!([0.0, -0.0, -3.0].map(|x| polygamma(3, x)), [f64::INFINITY; 3]);
        assert!([0.0, -0.0, -3.0, f64::NEG_INFINITY].iter().all(|&x| polygamma(2, x).is_nan()));
        assert_eq!([polygamma(2, f64::INFINITY), polygamma(3, f64::INFINITY)], [0.0, 0.0]);
        assert!(polygamma(2, f64::NAN).is_nan() && polygamma(u32::MAX, 1.0).is_nan());
        assert_eq!([polygamma(2, 1e-300), polygamma(3, 1e-300)], [f64::NEG_INFINITY, f64::INFINITY]);
        assert!((polygamma(2, 1e110) * 1e220 + 1.0).abs() < 1e-14);
    }
}
