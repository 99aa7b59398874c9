//! Systems of equations, by the LU factorisation with partial pivoting.

use std::sync::atomic::AtomicBool;

use faer::{Mat, MatMut, MatRef};
use smallvec::{SmallVec, smallvec};

use super::super::portions::all_finite;
use super::blocks::{self, Triangle, copied, substitute};
use super::{absorb_zero_columns, columns, fail};

/// The factors of a square matrix: rows in another order, times L U.
pub(super) struct Lu {
    /// L below the diagonal (its own diagonal is one), U on and above it.
    factors: Mat<f64>,
    /// The row of the matrix that came to each row.
    order: SmallVec<[usize; 8]>,
    exchanges: usize,
}

impl Lu {
    /// The factors, unless they are not wanted any more.
    pub(super) fn new(matrix: MatRef<f64>, cancel: &AtomicBool) -> Option<Self> {
        let mut factors = copied(matrix, cancel)?;
        let mut order: SmallVec<[usize; 8]> = smallvec![0; matrix.nrows()];
        let exchanges = blocks::lu(factors.as_mut(), &mut order, cancel)?;
        Some(Self { factors, order, exchanges })
    }

    /// The diagonal of U, on which the product depends for its determinant.
    pub(super) fn pivots(&self) -> impl Iterator<Item = f64> {
        (0..self.factors.nrows()).map(|i| self.factors[(i, i)])
    }

    /// Whether the rows were reordered by an odd permutation, which turns the sign of the determinant.
    pub(super) fn is_odd(&self) -> bool {
        self.exchanges % 2 == 1
    }

    /// The row of the matrix that came to each row.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Whether the matrix can be divided by: all pivots and their reciprocals, by which the library multiplies, are
    /// finite.
    fn is_regular(&self) -> bool {
        self.pivots().all(|pivot| pivot.is_finite() && pivot.recip().is_finite())
    }

    /// Replaces right-hand sides, the columns of `x`, whose rows are in the order of the factors, by the solutions for
    /// L U; for its transpose solutions are left in that order.
    pub(super) fn substitute(&self, mut x: MatMut<f64>, transposed: bool, cancel: &AtomicBool) -> Option<()> {
        let lu = self.factors.as_ref();
        if transposed {
            substitute(lu.transpose(), Triangle::Lower, x.as_mut(), cancel)?;
            substitute(lu.transpose(), Triangle::UnitUpper, x, cancel)
        } else {
            substitute(lu, Triangle::UnitLower, x.as_mut(), cancel)?;
            substitute(lu, Triangle::Upper, x, cancel)
        }
    }

    /// Solves for the right-hand sides `b` (n×k, row-major), `out` being as large.
    fn solve(&self, b: &[f64], k: usize, transposed: bool, out: &mut [f64], cancel: &AtomicBool) -> Option<()> {
        let n = self.order.len();
        if !transposed {
            for (row, &from) in out.chunks_exact_mut(k).zip(&self.order) {
                blocks::go_on(cancel)?;
                row.copy_from_slice(&b[from * k..(from + 1) * k]);
            }
            return self.substitute(MatMut::from_row_major_slice_mut(out, n, k), false, cancel);
        }
        let mut solution = b.to_vec();
        self.substitute(MatMut::from_row_major_slice_mut(&mut solution, n, k), true, cancel)?;
        for (row, &to) in solution.chunks_exact(k).zip(&self.order) {
            blocks::go_on(cancel)?;
            out[to * k..(to + 1) * k].copy_from_slice(row);
        }
        Some(())
    }
}

/// Solves A X = B, or Aᵀ X = B if `transposed`, for `a` (n×n) and `b` (n×k); `out` is n×k.
///
/// Returns `false`, with NaN throughout, where A is singular to working precision (a pivot is zero, or so small that its
/// reciprocal overflows) or holds infinities or NaN; and, whatever `out` then holds, once `cancel` is set. With `absorb`,
/// a column of `b` that is exactly zero gives a zero column whatever A is.
pub fn solve(
    a: &[f64],
    n: usize,
    b: &[f64],
    (transposed, absorb): (bool, bool),
    out: &mut [f64],
    cancel: &AtomicBool,
) -> bool {
    let k = columns(b, n);
    if n == 1 && a[0] != 0.0 && a[0].is_finite() {
        out.iter_mut().zip(b).for_each(|(x, b)| *x = b / a[0]);
        return true;
    }
    let lu = all_finite(a, cancel).then(|| Lu::new(MatRef::from_row_major_slice(a, n, n), cancel)).flatten();
    let Some(lu) = lu.filter(Lu::is_regular) else {
        fail(b, k, absorb, out, cancel);
        return false;
    };
    if k > 0 {
        if lu.solve(b, k, transposed, out, cancel).is_none() {
            return false;
        }
        if absorb {
            absorb_zero_columns(b, k, out, cancel);
        }
    }
    true
}

/// The inverse of `a` (n×n) in `out`; fails as [`solve`] does.
pub fn inverse(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    let mut identity = vec![0.0; a.len()];
    identity.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    solve(a, n, &identity, (false, false), out, cancel)
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{WANTED, distance, product, transpose};
    use super::*;

    #[test]
    fn solutions_satisfy_their_equations() {
        let mut random = Random::new(5);
        for n in [1, 2, 3, 4, 5, 8, 17, 40] {
            for k in [1, 3, n] {
                let (a, b) = (random.numbers(n * n), random.numbers(n * k));
                let mut x = vec![f64::NAN; n * k];
                assert!(solve(&a, n, &b, (false, false), &mut x, &WANTED));
                let scale = 1.0 + x.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                assert!(distance(&product(&a, &x, n), &b) < 1e-13 * scale);
                assert!(solve(&a, n, &b, (true, false), &mut x, &WANTED));
                let scale = 1.0 + x.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                assert!(distance(&product(&transpose(&a, n), &x, n), &b) < 1e-13 * scale);
            }
        }
    }

    #[test]
    fn the_inverse_undoes_the_matrix() {
        let mut out = [0.0; 4];
        assert!(inverse(&[4.0, 7.0, 2.0, 6.0], 2, &mut out, &WANTED));
        assert!(distance(&out, &[0.6, -0.7, -0.2, 0.4]) < 1e-15);
        assert!(inverse(&[], 0, &mut [], &WANTED));
        assert!(inverse(&[4.0], 1, &mut out[..1], &WANTED) && out[0] == 0.25);
    }

    #[test]
    fn singular_and_non_finite_matrices_fail_with_nan() {
        for a in [
            [1.0, 2.0, 2.0, 4.0],
            [0.0; 4],
            [1e-310, 0.0, 0.0, 1.0],
            [f64::NAN, 0.0, 0.0, 1.0],
            [1.0, f64::INFINITY, 0.0, 1.0],
        ] {
            let mut x = [0.0; 4];
            assert!(!solve(&a, 2, &[1.0, 0.0, 1.0, -0.0], (false, false), &mut x, &WANTED));
            assert!(x.iter().all(|x| x.is_nan()));
            assert!(!solve(&a, 2, &[1.0, 0.0, 1.0, -0.0], (true, true), &mut x, &WANTED));
            assert!(x[0].is_nan() && x[1] == 0.0 && x[2].is_nan() && x[3] == 0.0);
        }
        let mut x = [0.0];
        assert!(!solve(&[0.0], 1, &[1.0], (false, false), &mut x, &WANTED) && x[0].is_nan());
    }

    #[test]
    fn nothing_to_solve_is_solved() {
        assert!(solve(&[], 0, &[], (false, true), &mut [], &WANTED));
        assert!(solve(&[2.0, 1.0, 1.0, 3.0], 2, &[], (true, true), &mut [], &WANTED));
        assert!(!solve(&[0.0; 4], 2, &[], (false, true), &mut [], &WANTED));
    }

    #[test]
    fn the_same_system_gives_the_same_bits() {
        let mut random = Random::new(6);
        let (a, b) = (random.numbers(900), random.numbers(60));
        let [mut x, mut y] = [vec![0.0; 60], vec![1.0; 60]];
        solve(&a, 30, &b, (false, false), &mut x, &WANTED);
        solve(&a, 30, &b, (false, false), &mut y, &WANTED);
        assert!(x.iter().zip(&y).all(|(x, y)| x.to_bits() == y.to_bits()));
    }
}
