//! Systems of equations, by the LU factorisation with partial pivoting.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::{factor, solve as substitute};
use faer::perm::PermRef;
use faer::{Mat, MatMut, MatRef, Par, Spec};
use smallvec::{SmallVec, smallvec};

use super::super::tally;
use super::{absorb_zero_columns, columns, fail};

/// The factors of a square matrix: rows in another order, times L U.
pub(super) struct Lu {
    /// L below the diagonal (its own diagonal is one), U on and above it.
    factors: Mat<f64>,
    forward: SmallVec<[usize; 8]>,
    backward: SmallVec<[usize; 8]>,
    exchanges: usize,
}

impl Lu {
    pub(super) fn new(matrix: MatRef<f64>) -> Self {
        let n = matrix.nrows();
        tally::done(2 * n * n * n / 3);
        let mut factors = matrix.to_owned();
        let (mut forward, mut backward) = (smallvec![0; n], smallvec![0; n]);
        let need = factor::lu_in_place_scratch::<usize, f64>(n, n, Par::Seq, Spec::default());
        let (info, _) = factor::lu_in_place(
            factors.as_mut(),
            &mut forward,
            &mut backward,
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(need)),
            Spec::default(),
        );
        Self { factors, forward, backward, exchanges: info.transposition_count }
    }

    /// The diagonal of U, on which the product depends for its determinant.
    pub(super) fn pivots(&self) -> impl Iterator<Item = f64> {
        (0..self.factors.nrows()).map(|i| self.factors[(i, i)])
    }

    /// Whether the rows were reordered by an odd permutation, which turns the sign of the determinant.
    pub(super) fn is_odd(&self) -> bool {
        self.exchanges % 2 == 1
    }

    /// Whether the matrix can be divided by: all pivots and their reciprocals, by which the library multiplies, are
    /// finite.
    fn is_regular(&self) -> bool {
        self.pivots().all(|pivot| pivot.is_finite() && pivot.recip().is_finite())
    }

    /// Replaces the right-hand sides, the columns of `rhs`, by the solutions for the matrix or its transpose.
    fn solve_in_place(&self, rhs: MatMut<f64>, transposed: bool) {
        let (n, k) = (rhs.nrows(), rhs.ncols());
        tally::done(2 * n * n * k);
        let need = substitute::solve_in_place_scratch::<usize, f64>(n, k, Par::Seq);
        let mut buffer = MemBuffer::new(need);
        let stack = MemStack::new(&mut buffer);
        let order = PermRef::new_checked(&self.forward, &self.backward, n);
        let lu = self.factors.as_ref();
        if transposed {
            substitute::solve_transpose_in_place(lu, lu, order, rhs, Par::Seq, stack);
        } else {
            substitute::solve_in_place(lu, lu, order, rhs, Par::Seq, stack);
        }
    }
}

/// Solves A X = B, or Aᵀ X = B if `transposed`, for `a` (n×n) and `b` (n×k); `out` is n×k.
///
/// Returns `false`, with NaN throughout, where A is singular to working precision (a pivot is zero, or so small that its
/// reciprocal overflows) or holds infinities or NaN. With `absorb`, a column of `b` that is exactly zero gives a zero column whatever A is.
pub fn solve(a: &[f64], n: usize, b: &[f64], transposed: bool, absorb: bool, out: &mut [f64]) -> bool {
    let k = columns(b, n);
    if n == 1 && a[0] != 0.0 && a[0].is_finite() {
        out.iter_mut().zip(b).for_each(|(x, b)| *x = b / a[0]);
        return true;
    }
    let lu = a.iter().all(|x| x.is_finite()).then(|| Lu::new(MatRef::from_row_major_slice(a, n, n)));
    let Some(lu) = lu.filter(Lu::is_regular) else {
        fail(b, k, absorb, out);
        return false;
    };
    out.copy_from_slice(b);
    if k > 0 {
        lu.solve_in_place(MatMut::from_row_major_slice_mut(out, n, k), transposed);
        if absorb {
            absorb_zero_columns(b, k, out);
        }
    }
    true
}

/// The inverse of `a` (n×n) in `out`; fails as [`solve`] does.
pub fn inverse(a: &[f64], n: usize, out: &mut [f64]) -> bool {
    let mut identity = vec![0.0; a.len()];
    identity.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    solve(a, n, &identity, false, false, out)
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{distance, product, transpose};
    use super::*;

    #[test]
    fn solutions_satisfy_their_equations() {
        let mut random = Random::new(5);
        for n in [1, 2, 3, 4, 5, 8, 17, 40] {
            for k in [1, 3, n] {
                let (a, b) = (random.numbers(n * n), random.numbers(n * k));
                let mut x = vec![f64::NAN; n * k];
                assert!(solve(&a, n, &b, false, false, &mut x));
                let scale = 1.0 + x.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                assert!(distance(&product(&a, &x, n), &b) < 1e-13 * scale);
                assert!(solve(&a, n, &b, true, false, &mut x));
                let scale = 1.0 + x.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                assert!(distance(&product(&transpose(&a, n), &x, n), &b) < 1e-13 * scale);
            }
        }
    }

    #[test]
    fn the_inverse_undoes_the_matrix() {
        let mut out = [0.0; 4];
        assert!(inverse(&[4.0, 7.0, 2.0, 6.0], 2, &mut out));
        assert!(distance(&out, &[0.6, -0.7, -0.2, 0.4]) < 1e-15);
        assert!(inverse(&[], 0, &mut []));
        assert!(inverse(&[4.0], 1, &mut out[..1]) && out[0] == 0.25);
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
            assert!(!solve(&a, 2, &[1.0, 0.0, 1.0, -0.0], false, false, &mut x));
            assert!(x.iter().all(|x| x.is_nan()));
            assert!(!solve(&a, 2, &[1.0, 0.0, 1.0, -0.0], true, true, &mut x));
            assert!(x[0].is_nan() && x[1] == 0.0 && x[2].is_nan() && x[3] == 0.0);
        }
        let mut x = [0.0];
        assert!(!solve(&[0.0], 1, &[1.0], false, false, &mut x) && x[0].is_nan());
    }

    #[test]
    fn nothing_to_solve_is_solved() {
        assert!(solve(&[], 0, &[], false, true, &mut []));
        assert!(solve(&[2.0, 1.0, 1.0, 3.0], 2, &[], true, true, &mut []));
        assert!(!solve(&[0.0; 4], 2, &[], false, true, &mut []));
    }

    #[test]
    fn the_same_system_gives_the_same_bits() {
        let mut random = Random::new(6);
        let (a, b) = (random.numbers(900), random.numbers(60));
        let [mut x, mut y] = [vec![0.0; 60], vec![1.0; 60]];
        solve(&a, 30, &b, false, false, &mut x);
        solve(&a, 30, &b, false, false, &mut y);
        assert!(x.iter().zip(&y).all(|(x, y)| x.to_bits() == y.to_bits()));
    }
}
