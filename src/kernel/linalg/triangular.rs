//! Triangular systems, by substitution.

use std::sync::atomic::AtomicBool;

use faer::{MatMut, MatRef};

use super::super::portions::copy;
use super::blocks::{Triangle, substitute};
use super::{absorb_zero_columns, columns, fail};

/// Solves T X = B, or Tᵀ X = B if `transposed`, for the `lower` or else the upper triangle of `t` (n×n), and `b` (n×k);
/// `out` is n×k. The other triangle of `t` is not read.
///
/// Returns `false`, with NaN throughout, where the diagonal holds a number that cannot be divided by: zero,
/// or so close to it (below 6e-309) that its reciprocal overflows. With `absorb`, a column of `b` that is
/// exactly zero gives a zero column whatever T is. Once `cancel` is set, it returns `false` whatever `out` then holds.
pub fn triangular_solve(
    t: &[f64],
    n: usize,
    b: &[f64],
    (lower, transposed): (bool, bool),
    absorb: bool,
    out: &mut [f64],
    cancel: &AtomicBool,
) -> bool {
    let k = columns(b, n);
    if t.iter().step_by(n + 1).any(|pivot| pivot.recip().is_infinite()) {
        fail(b, k, absorb, out, cancel);
        return false;
    }
    copy(b, out, cancel);
    if k == 0 {
        return true;
    }
    let matrix = MatRef::from_row_major_slice(t, n, n);
    let matrix = if transposed { matrix.transpose() } else { matrix };
    let kind = if lower == transposed { Triangle::Upper } else { Triangle::Lower };
    if substitute(matrix, kind, MatMut::from_row_major_slice_mut(&mut *out, n, k), cancel).is_none() {
        return false;
    }
    if absorb {
        absorb_zero_columns(b, k, out, cancel);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{WANTED, distance, product, transpose};
    use super::*;

    #[test]
    fn solutions_satisfy_their_equations_and_the_other_triangle_is_not_read() {
        let mut random = Random::new(13);
        for n in [1, 2, 3, 4, 5, 7, 9, 33, 70] {
            for (lower, transposed, k) in [(true, false, 1), (true, true, 5), (false, false, n), (false, true, 2)] {
                let mut t = random.numbers(n * n);
                for x in &mut t {
                    *x /= n as f64;
                }
                t.iter_mut().step_by(n + 1).for_each(|x| *x += 2.0);
                let mut spoilt = t.clone();
                for p in 0..n * n {
                    let outside = if lower { p % n > p / n } else { p % n < p / n };
                    if outside {
                        (t[p], spoilt[p]) = (0.0, f64::NAN);
                    }
                }
                let b = random.numbers(n * k);
                let mut x = vec![f64::NAN; n * k];
                assert!(triangular_solve(&spoilt, n, &b, (lower, transposed), false, &mut x, &WANTED));
                let t = if transposed { transpose(&t, n) } else { t };
                assert!(distance(&product(&t, &x, n), &b) < 1e-13);
            }
        }
    }

    #[test]
    fn a_zero_on_the_diagonal_fails_with_nan_outside_absorbed_columns() {
        let (t, b) = ([0.0, 0.0, 1.0, 2.0], [1.0, 0.0, 3.0, 0.0]);
        for lower in [true, false] {
            let mut x = [0.0; 4];
            assert!(!triangular_solve(&t, 2, &b, (lower, false), false, &mut x, &WANTED));
            assert!(x.iter().all(|x| x.is_nan()));
            assert!(!triangular_solve(&t, 2, &b, (lower, false), true, &mut x, &WANTED));
            assert!(x[0].is_nan() && x[1] == 0.0 && x[2].is_nan() && x[3] == 0.0);
        }
        let t = [1.0, 0.0, f64::INFINITY, 1.0];
        let mut x = [0.0; 4];
        let zero = [0.0, 1.0, 0.0, 1.0];
        assert!(triangular_solve(&t, 2, &zero, (true, false), true, &mut x, &WANTED));
        assert!(x[0] == 0.0 && x[2] == 0.0);
        assert!(triangular_solve(&[], 0, &[], (true, false), true, &mut [], &WANTED));
        assert!(triangular_solve(&t, 2, &[], (true, false), true, &mut [], &WANTED));
    }
}
