//! Systems of equations, by the LU factorisation with partial pivoting.

use std::sync::atomic::AtomicBool;

use faer::{MatMut, MatRef};
use smallvec::{SmallVec, smallvec};

use super::super::portions::{all_finite, fill};
use super::blocks::{self, Triangle, substitute};
use super::{absorb_zero_columns, columns, fail};

/// The factors of a square matrix: rows in another order, times L U.
///
/// Column after column, L below the diagonal (its own diagonal is one), U on and above it; after each column the row of
/// the matrix that came to the row of that number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lu<'a> {
    data: &'a [f64],
    n: usize,
}

/// Numbers that the factors of a matrix of `n` rows are made of.
fn room(n: usize) -> usize {
    n * (n + 1)
}

impl<'a> Lu<'a> {
    /// The factors in `room`, unless they are not wanted any more.
    pub(super) fn new(matrix: MatRef<f64>, room: &'a mut Vec<f64>, cancel: &AtomicBool) -> Option<Self> {
        let n = matrix.nrows();
        room.resize(self::room(n), 0.0);
        factor(matrix, room, cancel)?;
        Some(Self { data: room, n })
    }

    /// Factors that [`lu`] has left.
    pub(super) fn of(data: &'a [f64], n: usize) -> Self {
        Self { data, n }
    }

    fn factors(&self) -> MatRef<'a, f64> {
        MatRef::from_column_major_slice_with_stride(self.data, self.n, self.n, self.n + 1)
    }

    /// The diagonal of U, on which the product depends for its determinant.
    pub(super) fn pivots(&self) -> impl Iterator<Item = f64> {
        self.data.iter().step_by(self.n + 2).copied()
    }

    /// The row of the matrix that came to each row.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> {
        self.data.iter().skip(self.n).step_by(self.n + 1).map(|&row| row as usize)
    }

    /// Whether the rows were reordered by an odd permutation, which turns the sign of the determinant.
    pub(super) fn is_odd(&self) -> bool {
        let mut order: SmallVec<[usize; 8]> = self.order().collect();
        let mut odd = false;
        for i in 0..self.n {
            while order[i] != i {
                let to = order[i];
                order.swap(i, to);
                odd = !odd;
            }
        }
        odd
    }

    /// Whether the matrix can be divided by: everything is finite, and the reciprocals of the pivots, by which the
    /// library multiplies, are too.
    fn is_regular(&self, cancel: &AtomicBool) -> bool {
        self.pivots().all(|pivot| pivot.recip().is_finite()) && all_finite(self.data, cancel)
    }

    /// Replaces right-hand sides, the columns of `x`, whose rows are in the order of the factors, by the solutions for
    /// L U; for its transpose solutions are left in that order.
    pub(super) fn substitute(&self, mut x: MatMut<f64>, transposed: bool, cancel: &AtomicBool) -> Option<()> {
        let lu = self.factors();
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
        let n = self.n;
        if !transposed {
            for (row, from) in out.chunks_exact_mut(k).zip(self.order()) {
                blocks::go_on(cancel)?;
                row.copy_from_slice(&b[from * k..(from + 1) * k]);
            }
            return self.substitute(MatMut::from_row_major_slice_mut(out, n, k), false, cancel);
        }
        let mut solution = b.to_vec();
        self.substitute(MatMut::from_row_major_slice_mut(&mut solution, n, k), true, cancel)?;
        for (row, to) in solution.chunks_exact(k).zip(self.order()) {
            blocks::go_on(cancel)?;
            out[to * k..(to + 1) * k].copy_from_slice(row);
        }
        Some(())
    }
}

/// Factors a matrix into `out`.
fn factor(matrix: MatRef<f64>, out: &mut [f64], cancel: &AtomicBool) -> Option<()> {
    let n = matrix.nrows();
    for (j, column) in out.chunks_exact_mut(n + 1).enumerate() {
        if j % blocks::COLUMNS == 0 {
            blocks::go_on(cancel)?;
        }
        column.iter_mut().zip(matrix.col(j).iter()).for_each(|(to, from)| *to = *from);
    }
    let mut order: SmallVec<[usize; 8]> = smallvec![0; n];
    blocks::lu(MatMut::from_column_major_slice_with_stride_mut(out, n, n, n + 1), &mut order, cancel)?;
    out.iter_mut().skip(n).step_by(n + 1).zip(order).for_each(|(to, row)| *to = row as f64);
    Some(())
}

/// The factors of `a` (n×n) in `out`, n·(n + 1) numbers that [`solve_factored`] and others take; NaN throughout if `a`
/// holds NaN, or, whatever they then are, once `cancel` is set.
pub fn lu(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) {
    if a.iter().any(|x| x.is_nan()) || factor(MatRef::from_row_major_slice(a, n, n), out, cancel).is_none() {
        fill(out, f64::NAN, cancel);
    }
}

/// Solves A X = B, or Aᵀ X = B if `transposed`, for the factors of A (n×n) and `b` (n×k); `out` is n×k.
///
/// Returns `false`, with NaN throughout, where A is singular to working precision (a pivot is zero, or so small that its
/// reciprocal overflows) or holds infinities or NaN; and, whatever `out` then holds, once `cancel` is set. With `absorb`,
/// a column of `b` that is exactly zero gives a zero column whatever A is.
pub fn solve_factored(
    factors: &[f64],
    n: usize,
    b: &[f64],
    (transposed, absorb): (bool, bool),
    out: &mut [f64],
    cancel: &AtomicBool,
) -> bool {
    let k = columns(b, n);
    if n == 1 && factors[0] != 0.0 && factors[0].is_finite() {
        out.iter_mut().zip(b).for_each(|(x, b)| *x = b / factors[0]);
        return true;
    }
    let lu = Lu::of(factors, n);
    if !lu.is_regular(cancel) {
        fail(b, k, absorb, out, cancel);
        return false;
    }
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

/// The inverse of the matrix (n×n) with these factors; fails as [`solve_factored`] does.
pub fn inverse_factored(factors: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    let mut identity = vec![0.0; n * n];
    identity.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    solve_factored(factors, n, &identity, (false, false), out, cancel)
}

/// The inverse of `a` (n×n) in `out`; fails as [`solve_factored`] does.
pub(super) fn inverse(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    let mut factors = vec![0.0; room(n)];
    lu(a, n, &mut factors, cancel);
    inverse_factored(&factors, n, out, cancel)
}

/// Factors, and solves.
#[cfg(test)]
pub(super) fn solve(a: &[f64], n: usize, b: &[f64], how: (bool, bool), out: &mut [f64], cancel: &AtomicBool) -> bool {
    let mut factors = vec![0.0; room(n)];
    lu(a, n, &mut factors, cancel);
    solve_factored(&factors, n, b, how, out, cancel)
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
