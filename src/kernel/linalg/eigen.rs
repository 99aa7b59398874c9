//! Eigenvalues and eigenvectors of symmetric matrices, and which sorted values are one value repeated.

use std::sync::atomic::AtomicBool;

use faer::{Mat, Side};

use super::super::portions::{fill, wanted};
use super::sign::is_turned;

/// Sorted values closer than this many units of rounding, times their number and the largest size, are one value.
const CLOSENESS: f64 = 8.0 * f64::EPSILON;

/// The eigenvalues of (A + Aᵀ)/2 for `a` (n×n), smallest first, then its orthonormal eigenvectors as the columns of an
/// n×n matrix. The largest component of each vector is positive; of several, the first.
///
/// Returns `false`, with NaN throughout, if the matrix holds infinities or NaN.
pub fn eigh(a: &[f64], n: usize, out: &mut [f64]) -> bool {
    if n == 0 {
        return true;
    }
    let symmetric = Mat::from_fn(n, n, |i, j| f64::midpoint(a[i * n + j], a[j * n + i]));
    let finite = a.iter().all(|x| x.is_finite());
    let Some(found) = finite.then(|| symmetric.self_adjoint_eigen(Side::Lower).ok()).flatten() else {
        out.fill(f64::NAN);
        return false;
    };
    let (values, vectors) = out.split_at_mut(n);
    values.iter_mut().zip(found.S().column_vector().iter()).for_each(|(x, value)| *x = *value);
    let basis = found.U();
    for j in 0..n {
        let turn = if is_turned(basis.col(j)) { -1.0 } else { 1.0 };
        for i in 0..n {
            vectors[i * n + j] = turn * basis[(i, j)];
        }
    }
    true
}

/// Which of the sorted `values` are one to working precision, directly or through values between them: an n×n matrix of
/// ones and zeros in `out`.
pub fn cluster(values: &[f64], out: &mut [f64], cancel: &AtomicBool) {
    let n = values.len();
    let largest = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let close = CLOSENESS * n as f64 * largest;
    fill(out, 0.0, cancel);
    let mut start = 0;
    for end in 1..=n {
        if end < n && (values[end] - values[end - 1]).abs() <= close {
            continue;
        }
        for i in (start..end).take_while(|_| wanted(cancel)) {
            out[i * n + start..i * n + end].fill(1.0);
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{WANTED, distance, product, transpose};
    use super::*;

    #[test]
    fn vectors_are_orthonormal_and_give_back_the_symmetric_part() {
        let mut random = Random::new(21);
        for n in [1, 2, 3, 5, 8, 30, 70] {
            let a = random.numbers(n * n);
            let mut out = vec![f64::NAN; n + n * n];
            assert!(eigh(&a, n, &mut out));
            let (values, v) = out.split_at(n);
            assert!(values.is_sorted());
            let symmetric: Vec<f64> = a.iter().zip(transpose(&a, n)).map(|(x, y)| f64::midpoint(*x, y)).collect();
            let scaled: Vec<f64> = v.iter().enumerate().map(|(p, x)| x * values[p % n]).collect();
            assert!(distance(&product(&symmetric, v, n), &scaled) < 1e-13 * n as f64);
            let mut identity = vec![0.0; n * n];
            identity.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
            assert!(distance(&product(&transpose(v, n), v, n), &identity) < 1e-13);
            for j in 0..n {
                let column = || v[j..].iter().step_by(n);
                let largest = column().fold(0.0, |m: f64, x| m.max(x.abs()));
                assert!(column().any(|x| *x >= largest * (1.0 - 1e-9)));
            }
        }
    }

    #[test]
    fn the_first_of_equally_large_components_is_positive() {
        let mut out = [0.0; 6];
        assert!(eigh(&[0.0, 1.0, 1.0, 0.0], 2, &mut out));
        let half = 0.5_f64.sqrt();
        assert!(distance(&out, &[-1.0, 1.0, half, half, -half, half]) < 1e-15);
    }

    #[test]
    fn what_is_not_finite_fails_with_nan() {
        let mut out = [0.0; 6];
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(!eigh(&[1.0, 0.0, bad, 1.0], 2, &mut out));
            assert!(out.iter().all(|x| x.is_nan()));
        }
        assert!(eigh(&[], 0, &mut []));
    }

    #[test]
    fn values_within_rounding_are_one() {
        let mut out = [f64::NAN; 9];
        cluster(&[-2.0, 1.0, 1.0 + 4e-15], &mut out, &WANTED);
        assert_eq!(out, [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        cluster(&[1.0, 2e-15, -2e-15], &mut out, &WANTED);
        assert_eq!(out, [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        cluster(&[0.0; 3], &mut out, &WANTED);
        assert_eq!(out, [1.0; 9]);
        cluster(&[], &mut [], &WANTED);
    }
}
