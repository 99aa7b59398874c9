//! The Cholesky factorisation.

use std::sync::atomic::AtomicBool;

use faer::MatMut;

use super::super::portions::{all_finite, fill, wanted};
use super::blocks;

/// The lower triangular L, zero above its diagonal, with L Lᵀ = (A + Aᵀ)/2 for `a` (n×n).
///
/// Returns `false`, with NaN throughout, if that matrix is not positive definite or not finite; and, whatever `out` then
/// holds, once `cancel` is set.
pub fn cholesky(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    for i in (0..n).take_while(|_| wanted(cancel)) {
        for j in 0..n {
            out[i * n + j] = f64::midpoint(a[i * n + j], a[j * n + i]);
        }
    }
    // Column-major, which suits the library best; what is above the diagonal is left.
    let factor = |out: &mut [f64]| blocks::cholesky(MatMut::from_column_major_slice_mut(out, n, n), cancel);
    let factored = all_finite(out, cancel) && factor(out) == Some(true);
    if !factored || !out.iter().step_by(n + 1).all(|x| x.is_finite() && *x > 0.0) {
        fill(out, f64::NAN, cancel);
        return false;
    }
    for i in (0..n).take_while(|_| wanted(cancel)) {
        for j in 0..i {
            out[i * n + j] = std::mem::take(&mut out[j * n + i]);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{WANTED, distance, product, transpose};
    use super::*;

    #[test]
    fn the_factor_gives_back_the_symmetric_part() {
        let mut random = Random::new(12);
        for n in [1, 2, 3, 5, 8, 30, 70] {
            let half = random.numbers(n * n);
            let mut symmetric = product(&half, &transpose(&half, n), n);
            symmetric.iter_mut().step_by(n + 1).for_each(|x| *x += 0.1);
            let mut a = symmetric.clone();
            for (p, x) in a.iter_mut().enumerate() {
                *x += (p / n) as f64 - (p % n) as f64;
            }
            let mut l = vec![f64::NAN; n * n];
            assert!(cholesky(&a, n, &mut l, &WANTED));
            assert!((0..n * n).all(|p| p % n <= p / n || l[p] == 0.0));
            assert!(distance(&product(&l, &transpose(&l, n), n), &symmetric) < 1e-11);
        }
    }

    #[test]
    fn matrices_that_are_not_positive_definite_fail_with_nan() {
        for a in [
            [1.0, 2.0, 2.0, 1.0],
            [0.0; 4],
            [1.0, 0.0, 0.0, f64::NAN],
            [f64::INFINITY, 0.0, 0.0, 1.0],
            [1.0, 1.0, 1.0, 1.0],
        ] {
            let mut out = [0.0; 4];
            assert!(!cholesky(&a, 2, &mut out, &WANTED));
            assert!(out.iter().all(|x| x.is_nan()));
        }
        assert!(cholesky(&[], 0, &mut [], &WANTED));
    }
}
