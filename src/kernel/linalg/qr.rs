//! The QR factorisation and, by it, least squares.

use std::sync::atomic::AtomicBool;

use faer::{Mat, MatMut, MatRef};

use super::super::portions::{all_finite, fill, wanted};
use super::householder::Qr;
use super::{columns, fail};

/// Pivots of a triangular factor below this many units of rounding, times the longer side of the matrix and its largest
/// column or pivot, are none: the rank is lost.
const SMALLEST_PIVOT: f64 = f64::EPSILON;

/// The thin factorisation A = Q R of `a` (m×n): with k = min(m, n), Q (m×k) with orthonormal columns, then the upper
/// triangular R (k×n) with a positive diagonal.
///
/// Returns `false`, with NaN throughout, where the first k columns are linearly dependent to working precision or the
/// matrix holds infinities or NaN; and, whatever `out` then holds, once `cancel` is set.
pub fn qr(a: &[f64], m: usize, n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    let k = m.min(n);
    if k == 0 {
        return true;
    }
    let matrix = MatRef::from_row_major_slice(a, m, n);
    let factors = all_finite(a, cancel).then(|| Qr::new(matrix, cancel)).flatten();
    let sizes = matrix.col_iter().take_while(|_| wanted(cancel)).map(|column| column.norm_l2());
    let least = SMALLEST_PIVOT * m.max(n) as f64 * sizes.fold(0.0, f64::max);
    let independent = |f: &Qr| (0..k).all(|i| f.triangle()[(i, i)].abs() > least);
    let Some(factors) = factors.filter(independent) else {
        fill(out, f64::NAN, cancel);
        return false;
    };
    let Some(basis) = factors.basis(cancel) else { return false };
    let triangle = factors.triangle();
    let (q, r) = out.split_at_mut(m * k);
    for i in (0..k).take_while(|_| wanted(cancel)) {
        let turn = triangle[(i, i)].signum();
        (0..m).for_each(|row| q[row * k + i] = turn * basis[(row, i)]);
        (0..n).for_each(|j| r[i * n + j] = if j < i { 0.0 } else { turn * triangle[(i, j)] });
    }
    true
}

/// The shortest X that brings A X nearest to B, for `a` (m×n) of full rank and `b` (m×c); `out` is n×c.
///
/// Returns `false`, with NaN throughout, where A lacks full rank to working precision or holds infinities or NaN. With
/// `absorb`, a column of `b` that is exactly zero gives a zero column whatever A is.
pub fn lstsq(a: &[f64], (m, n): (usize, usize), b: &[f64], absorb: bool, out: &mut [f64], cancel: &AtomicBool) -> bool {
    if m == 0 || n == 0 || b.is_empty() {
        out.fill(0.0);
        return true;
    }
    let c = columns(b, m);
    let (matrix, rhs) = (MatRef::from_row_major_slice(a, m, n), MatRef::from_row_major_slice(b, m, c));
    let finite = all_finite(a, cancel);
    let Some(solution) = finite.then(|| shortest_nearest(matrix, rhs)).flatten() else {
        fail(b, c, absorb, out, cancel);
        return false;
    };
    MatMut::from_row_major_slice_mut(&mut *out, n, c).copy_from(&solution);
    if absorb {
        super::absorb_zero_columns(b, c, out, cancel);
    }
    true
}

/// By the QR factorisation with column pivoting of the matrix or, where it is wide, of its transpose; its pivots fall,
/// so the last one tells the rank (Golub & Van Loan, Matrix Computations, 4th ed., §5.5-5.6).
fn shortest_nearest(matrix: MatRef<f64>, rhs: MatRef<f64>) -> Option<Mat<f64>> {
    let wide = matrix.nrows() < matrix.ncols();
    let factors = if wide { matrix.transpose().col_piv_qr() } else { matrix.col_piv_qr() };
    let (rows, k) = (matrix.nrows().max(matrix.ncols()), matrix.nrows().min(matrix.ncols()));
    let (triangle, order) = (factors.thin_R(), factors.P());
    let least = SMALLEST_PIVOT * rows as f64 * triangle[(0, 0)].abs();
    let pivot = triangle[(k - 1, k - 1)].abs();
    let is_full_rank = pivot > least && pivot.recip().is_finite();
    if !is_full_rank {
        return None;
    }
    let basis = factors.compute_thin_Q();
    Some(if wide {
        // A = P Rᵀ Qᵀ, the permutation acting on rows.
        let mut inner = order * rhs;
        triangle.transpose().solve_lower_triangular_in_place(inner.as_mut());
        basis * inner
    } else {
        let mut inner = basis.transpose() * rhs;
        triangle.solve_upper_triangular_in_place(inner.as_mut());
        order.inverse() * inner
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{WANTED, distance, product, transpose};
    use super::*;

    #[test]
    fn the_factors_give_back_the_matrix() {
        let mut random = Random::new(23);
        for (m, n) in [(1, 1), (3, 3), (5, 2), (2, 5), (60, 40), (9, 70)] {
            let k = m.min(n);
            let a = random.numbers(m * n);
            let mut out = vec![f64::NAN; k * (m + n)];
            assert!(qr(&a, m, n, &mut out, &WANTED));
            let (q, r) = out.split_at(m * k);
            assert!(distance(&product(q, r, k), &a) < 1e-13);
            let mut identity = vec![0.0; k * k];
            identity.iter_mut().step_by(k + 1).for_each(|x| *x = 1.0);
            assert!(distance(&product(&transpose(q, m), q, m), &identity) < 1e-13);
            assert!((0..k).all(|i| r[i * n + i] > 0.0 && (0..i).all(|j| r[i * n + j] == 0.0)));
        }
    }

    #[test]
    fn least_squares_leave_a_residual_across_the_columns_and_the_shortest_solution() {
        let mut random = Random::new(24);
        for (m, n, c) in [(1, 1, 1), (3, 3, 2), (6, 2, 1), (2, 6, 3), (50, 30, 4), (20, 60, 2)] {
            let (a, b) = (random.numbers(m * n), random.numbers(m * c));
            let mut x = vec![f64::NAN; n * c];
            assert!(lstsq(&a, (m, n), &b, false, &mut x, &WANTED));
            let residual: Vec<f64> = product(&a, &x, n).iter().zip(&b).map(|(y, b)| b - y).collect();
            let scale = 1.0 + x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            if m > n {
                assert!(distance(&product(&transpose(&a, m), &residual, m), &vec![0.0; n * c]) < 1e-12 * scale);
                continue;
            }
            assert!(distance(&residual, &vec![0.0; m * c]) < 1e-12 * scale);
            // The shortest solution lies in the span of the rows: it is its own image under A⁺A.
            let mut again = vec![f64::NAN; n * c];
            assert!(lstsq(&a, (m, n), &product(&a, &x, n), false, &mut again, &WANTED));
            assert!(distance(&again, &x) < 1e-11 * scale);
            let mut weights = vec![f64::NAN; m * c];
            assert!(lstsq(&transpose(&a, m), (n, m), &x, false, &mut weights, &WANTED));
            assert!(distance(&product(&transpose(&a, m), &weights, m), &x) < 1e-11 * scale);
        }
    }

    #[test]
    fn a_lost_rank_fails_with_nan_outside_absorbed_columns() {
        let (tall, wide) = ([1.0, 2.0, 2.0, 4.0, 3.0, 6.0], [1.0, 2.0, 3.0, 2.0, 4.0, 6.0]);
        let mut out = [0.0; 10];
        assert!(!qr(&tall, 3, 2, &mut out, &WANTED) && out.iter().all(|x| x.is_nan()));
        assert!(!qr(&wide, 2, 3, &mut out, &WANTED) && out.iter().all(|x| x.is_nan()));
        assert!(!qr(&[0.0, 1.0, 0.0, 1.0], 2, 2, &mut out[..8], &WANTED));
        let mut x = [1.0; 4];
        assert!(!lstsq(&tall, (3, 2), &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], true, &mut x, &WANTED));
        assert!(x[0].is_nan() && x[1] == 0.0 && x[2].is_nan() && x[3] == 0.0);
        let mut x = [1.0; 3];
        assert!(!lstsq(&wide, (2, 3), &[1.0, 1.0], false, &mut x, &WANTED) && x.iter().all(|x| x.is_nan()));
        assert!(!lstsq(&[0.0], (1, 1), &[1.0], false, &mut x[..1], &WANTED));
        assert!(!lstsq(&[f64::NAN, 1.0], (2, 1), &[1.0, 1.0], false, &mut x[..1], &WANTED));
    }

    #[test]
    fn nothing_has_a_factorisation_and_a_solution() {
        assert!(qr(&[], 0, 3, &mut [], &WANTED) && qr(&[], 3, 0, &mut [], &WANTED));
        let mut x = [1.0; 3];
        assert!(lstsq(&[], (0, 3), &[], false, &mut x, &WANTED) && x == [0.0; 3]);
        assert!(lstsq(&[], (3, 0), &[1.0; 3], false, &mut [], &WANTED));
    }
}
