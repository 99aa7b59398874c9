//! The Cholesky factorisation.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor;
use faer::{MatMut, Par, Spec};

use super::super::tally;

/// The lower triangular L, zero above its diagonal, with L Lᵀ = (A + Aᵀ)/2 for `a` (n×n).
///
/// Returns `false`, with NaN throughout, if that matrix is not positive definite or not finite.
pub fn cholesky(a: &[f64], n: usize, out: &mut [f64]) -> bool {
    for i in 0..n {
        for j in 0..n {
            out[i * n + j] = f64::midpoint(a[i * n + j], a[j * n + i]);
        }
    }
    let finite = out.iter().all(|x| x.is_finite());
    if !finite || !factor_in_place(n, out) {
        out.fill(f64::NAN);
        return false;
    }
    for i in 0..n {
        for j in 0..i {
            out[i * n + j] = std::mem::take(&mut out[j * n + i]);
        }
    }
    true
}

/// Replaces a symmetric matrix by its factor, column-major, which suits the library best; leaves what is above the
/// diagonal.
fn factor_in_place(n: usize, matrix: &mut [f64]) -> bool {
    tally::done(n * n * n / 3);
    let need = factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default());
    let factored = factor::cholesky_in_place(
        MatMut::from_column_major_slice_mut(&mut *matrix, n, n),
        factor::LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(need)),
        Spec::default(),
    );
    factored.is_ok() && matrix.iter().step_by(n + 1).all(|x| x.is_finite() && *x > 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{distance, product, transpose};
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
            assert!(cholesky(&a, n, &mut l));
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
            assert!(!cholesky(&a, 2, &mut out));
            assert!(out.iter().all(|x| x.is_nan()));
        }
        assert!(cholesky(&[], 0, &mut []));
    }
}
