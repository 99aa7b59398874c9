//! Determinants, and their logarithms.

use std::sync::atomic::AtomicBool;

use faer::MatRef;

use super::lu::Lu;
use super::scaled::Scaled;

/// The determinant of `a` (n×n); 1 for n = 0.
///
/// Up to n = 3 it is the closed form, exact on small whole numbers; beyond, the product of the pivots of an LU
/// factorisation, which overflows only if the determinant does. NaN once `cancel` is set.
pub fn det(a: &[f64], n: usize, cancel: &AtomicBool) -> f64 {
    match *a {
        [] => 1.0,
        [a] => a,
        [a, b, c, d] => a * d - b * c,
        [a, b, c, d, e, f, g, h, i] => a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g),
        _ if a.iter().any(|x| x.is_nan()) => f64::NAN,
        _ => {
            let mut room = Vec::new();
            let Some(lu) = Lu::new(MatRef::from_row_major_slice(a, n, n), &mut room, cancel) else { return f64::NAN };
            let sign = if lu.is_odd() { -1.0 } else { 1.0 };
            // The pivots after an exact zero are not numbers.
            let first = lu.pivots().find(|&pivot| pivot == 0.0 || pivot.is_nan());
            first.map_or_else(|| sign * Scaled::product(lu.pivots()).value(), f64::abs)
        }
    }
}

/// The sign of the determinant (-1, 0 or 1) and the logarithm of its size, of the matrix (n×n) with these factors:
/// (0, -∞) for a singular matrix, NaN for one that holds NaN.
pub fn logabsdet_factored(factors: &[f64], n: usize) -> (f64, f64) {
    let lu = Lu::of(factors, n);
    if factors.first().is_some_and(|x| x.is_nan()) {
        return (f64::NAN, f64::NAN);
    }
    let (mut sign, mut log) = (if lu.is_odd() { -1.0 } else { 1.0 }, 0.0);
    for pivot in lu.pivots() {
        if pivot == 0.0 {
            return (0.0, f64::NEG_INFINITY);
        }
        sign *= pivot.signum();
        log += pivot.abs().ln();
    }
    (sign, log)
}

/// Factors, and looks at the pivots.
#[cfg(test)]
fn logabsdet(a: &[f64], n: usize, cancel: &AtomicBool) -> (f64, f64) {
    let mut factors = vec![0.0; n * (n + 1)];
    super::lu(a, n, &mut factors, cancel);
    logabsdet_factored(&factors, n)
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::WANTED;
    use super::*;

    /// Expansion along the first row.
    fn laplace(a: &[f64], n: usize) -> f64 {
        if n == 0 {
            return 1.0;
        }
        let minor = |j: usize| -> Vec<f64> { (n..n * n).filter(|p| p % n != j).map(|p| a[p]).collect() };
        let sign = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..n).map(|j| sign(j) * a[j] * laplace(&minor(j), n - 1)).sum()
    }

    #[test]
    fn determinants_match_the_expansion_by_minors() {
        let mut random = Random::new(7);
        for n in 0..7 {
            for _ in 0..20 {
                let a = random.numbers(n * n);
                let expected = laplace(&a, n);
                assert!((det(&a, n, &WANTED) - expected).abs() < 1e-13);
                let (sign, log) = logabsdet(&a, n, &WANTED);
                assert!((sign * log.exp() - expected).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn singular_matrices_have_determinant_zero() {
        assert_eq!(det(&[1.0, 2.0, 2.0, 4.0], 2, &WANTED), 0.0);
        let mut a = Random::new(8).numbers(36);
        a.copy_within(0..6, 12);
        a[30..].fill(0.0);
        assert_eq!(det(&a, 6, &WANTED), 0.0);
        assert_eq!(logabsdet(&a, 6, &WANTED), (0.0, f64::NEG_INFINITY));
        assert_eq!(logabsdet(&[0.0], 1, &WANTED), (0.0, f64::NEG_INFINITY));
    }

    #[test]
    fn huge_and_tiny_determinants_are_told_apart() {
        let diagonal = |entries: [f64; 4]| -> Vec<f64> {
            (0..16).map(|p| if p % 5 == 0 { entries[p / 5] } else { 0.0 }).collect()
        };
        assert_eq!(det(&diagonal([1e200, 1e200, 1e-200, -1e-200]), 4, &WANTED), -1.0);
        let (sign, log) = logabsdet(&diagonal([1e-200; 4]), 4, &WANTED);
        assert!(sign == 1.0 && (log + 800.0 * std::f64::consts::LN_10).abs() < 1e-9);
    }

    #[test]
    fn nan_stays_nan() {
        let mut a = vec![1.0; 16];
        a[9] = f64::NAN;
        assert!(det(&a, 4, &WANTED).is_nan() && logabsdet(&a, 4, &WANTED).1.is_nan());
        assert!(det(&[f64::NAN], 1, &WANTED).is_nan() && logabsdet(&[f64::NAN], 1, &WANTED).0.is_nan());
    }
}
