//! sin(πx)/(πx) and its derivatives of every order, without a hole at zero.

use std::f64::consts::PI;

/// The n-th derivative of sin(πx)/(πx), the function `numpy.sinc`; 1 at 0 for n = 0.
///
/// With y = πx and s = sin(y)/y: the power series for |y| ≤ max(n, 1), and beyond it y·s⁽ⁿ⁾ + n·s⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾(y), the
/// n-th derivative of y·s = sin y, which loses no digits there.
pub fn sinc(n: u32, x: f64) -> f64 {
    if n == 0 {
        return if x.is_infinite() { 0.0 } else { pxfm::f_sincpi(x) };
    }
    let y = PI * x;
    let value = if y.abs() <= f64::from(n) { series(n, y) } else { recurrence(n, x, y) };
    value * PI.powi(n as i32)
}

fn recurrence(n: u32, x: f64, y: f64) -> f64 {
    if y.is_infinite() {
        return 0.0;
    }
    let (sine, cosine) = (pxfm::f_sinpi(x), pxfm::f_cospi(x));
    let mut value = sine / y;
    for m in 1..=n {
        let numerator = [sine, cosine, -sine, -cosine][m as usize % 4];
        value = (numerator - f64::from(m) * value) / y;
    }
    value
}

/// Σ (-1)ᵏ y^(2k-n) / ((2k - n)! (2k + 1)) over 2k ≥ n.
fn series(n: u32, y: f64) -> f64 {
    let first = n.div_ceil(2);
    let mut power = if n.is_multiple_of(2) { 1.0 } else { y };
    let mut sum = 0.0;
    for k in first.. {
        let term = power / f64::from(2 * k + 1);
        sum += if k.is_multiple_of(2) { term } else { -term };
        if term.abs() <= 1e-18 * sum.abs() {
            break;
        }
        let degree = f64::from(2 * k - n);
        power *= y * y / ((degree + 1.0) * (degree + 2.0));
    }
    sum
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, clippy::approx_constant, reason = "reference numbers stand as they were printed")]
mod tests {
    use super::*;

    #[test]
    fn derivatives_match_mpmath_on_both_sides_of_every_seam() {
        // mpmath 1.4.1, 80 digits.
        let known: [(u32, f64, f64); 12] = [
            (1, 1e-09, -3.289868133696453e-09),
            (1, 0.318, -0.9454176664477184),
            (1, 0.319, -0.9477767760236736),
            (1, -40.3, -0.014426680516465664),
            (2, 0.636, -0.19455293024622156),
            (2, 0.637, -0.18720577617585046),
            (3, 1e-05, 0.00019481818204511466),
            (3, 0.95, 4.616035823434416),
            (3, 0.96, 4.471460105666951),
            (4, 1.27, -16.328379039641064),
            (4, 1.28, -16.186946596737346),
            (6, 0.5, -26.241224954875882),
        ];
        for (n, x, expected) in known {
            let found = sinc(n, x);
            assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{n} at {x}: {found:e} for {expected:e}");
        }
    }

    #[test]
    fn zero_whole_numbers_and_infinity_are_exact() {
        assert_eq!([0.0, 1.0, -3.0, 1e300, f64::INFINITY].map(|x| sinc(0, x)), [1.0, 0.0, -0.0, 0.0, 0.0]);
        assert_eq!([1, 3, 5].map(|n| sinc(n, 0.0)), [0.0; 3]);
        assert!((sinc(2, 0.0) + PI * PI / 3.0).abs() <= 1e-15);
        assert_eq!([sinc(1, f64::INFINITY), sinc(2, f64::NEG_INFINITY)], [0.0; 2]);
        assert!(sinc(0, f64::NAN).is_nan() && sinc(1, f64::NAN).is_nan());
    }
}
