//! The singular value decomposition.

use faer::MatRef;

use super::sign::is_turned;

/// The min(m, n) singular values of `a` (m×n), greatest first; all NaN if the matrix holds infinities or NaN.
pub fn singular_values(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    let matrix = MatRef::from_row_major_slice(a, m, n);
    let finite = a.iter().all(|x| x.is_finite());
    let values = finite.then(|| matrix.singular_values().ok()).flatten();
    values.unwrap_or_else(|| vec![f64::NAN; m.min(n)])
}

/// The thin decomposition A = U Σ Vᵀ of `a` (m×n): with k = min(m, n), the k singular values, greatest first, then U
/// (m×k) and V (n×k). The largest component of each column of U is positive; of several, the first.
///
/// Returns `false`, with NaN throughout, if the matrix holds infinities or NaN.
pub fn svd(a: &[f64], m: usize, n: usize, out: &mut [f64]) -> bool {
    let k = m.min(n);
    if k == 0 {
        return true;
    }
    let finite = a.iter().all(|x| x.is_finite());
    let matrix = MatRef::from_row_major_slice(a, m, n);
    let Some(found) = finite.then(|| matrix.thin_svd().ok()).flatten() else {
        out.fill(f64::NAN);
        return false;
    };
    let (values, vectors) = out.split_at_mut(k);
    values.iter_mut().zip(found.S().column_vector().iter()).for_each(|(x, value)| *x = *value);
    let (left, right) = vectors.split_at_mut(m * k);
    for j in 0..k {
        let turn = if is_turned(found.U().col(j)) { -1.0 } else { 1.0 };
        (0..m).for_each(|i| left[i * k + j] = turn * found.U()[(i, j)]);
        (0..n).for_each(|i| right[i * k + j] = turn * found.V()[(i, j)]);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{distance, product, transpose};
    use super::*;

    #[test]
    fn singular_values_come_in_falling_order() {
        let values = singular_values(&[0.0, 3.0, 0.0, -4.0, 0.0, 0.0], 2, 3);
        assert!(values.len() == 2 && (values[0] - 4.0).abs() < 1e-14);
        assert!((values[1] - 3.0).abs() < 1e-14);
        assert!(singular_values(&[], 0, 3).is_empty());
        assert!(singular_values(&[f64::NAN, 1.0, 1.0, 1.0], 2, 2).iter().all(|s| s.is_nan()));
    }

    #[test]
    fn the_factors_give_back_the_matrix_and_their_columns_are_orthonormal() {
        let mut random = Random::new(22);
        for (m, n) in [(1, 1), (3, 3), (2, 5), (5, 2), (1, 4), (40, 30), (30, 70)] {
            let k = m.min(n);
            let a = random.numbers(m * n);
            let mut out = vec![f64::NAN; k * (1 + m + n)];
            assert!(svd(&a, m, n, &mut out));
            let (values, vectors) = out.split_at(k);
            let (u, v) = vectors.split_at(m * k);
            assert!(distance(values, &singular_values(&a, m, n)) < 1e-13 * values[0]);
            let scaled: Vec<f64> = u.iter().enumerate().map(|(p, x)| x * values[p % k]).collect();
            assert!(distance(&product(&scaled, &transpose(v, n), k), &a) < 1e-13 * values[0]);
            let mut identity = vec![0.0; k * k];
            identity.iter_mut().step_by(k + 1).for_each(|x| *x = 1.0);
            assert!(distance(&product(&transpose(u, m), u, m), &identity) < 1e-13);
            assert!(distance(&product(&transpose(v, n), v, n), &identity) < 1e-13);
        }
    }

    #[test]
    fn nothing_and_what_is_not_finite_have_their_answers() {
        let mut out = [0.0; 10];
        assert!(!svd(&[f64::INFINITY, 1.0, 1.0, 1.0], 2, 2, &mut out));
        assert!(out.iter().all(|x| x.is_nan()));
        assert!(svd(&[], 0, 3, &mut []) && svd(&[], 3, 0, &mut []));
    }
}
