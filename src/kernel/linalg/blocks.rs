//! Large products, substitutions and factorisations in parts, between which the cancel flag is looked at.
//!
//! Each is cut in halves (Golub & Van Loan, Matrix Computations, 4th ed., §3.2.11 and §4.2.9) until a part is small,
//! and a part is the library's. Where it is cut follows from the sizes alone, so that equal input gives equal bits. What
//! comes back as `None` was given up, and left half done.

use std::sync::atomic::AtomicBool;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor as llt;
use faer::linalg::lu::partial_pivoting::factor as plu;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_solve as solve;
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};

use super::super::portions::wanted;
use super::super::tally;

/// Multiplications of a part: some ten milliseconds.
pub(super) const PART: usize = 1 << 25;

/// Shorter sides are not cut.
const SHORT: usize = 32;

/// Columns copied or reordered between two looks at the flag.
pub(super) const COLUMNS: usize = 16;

/// Goes on, unless the work is not wanted any more.
pub(super) fn go_on(cancel: &AtomicBool) -> Option<()> {
    wanted(cancel).then_some(())
}

/// Where a side is cut.
fn half(n: usize) -> usize {
    (n / 2).next_multiple_of(SHORT / 2)
}

/// A copy, its columns dense.
pub(super) fn copied(matrix: MatRef<f64>, cancel: &AtomicBool) -> Option<Mat<f64>> {
    let (m, n) = (matrix.nrows(), matrix.ncols());
    let mut copy = Mat::with_capacity(m, n);
    for end in (COLUMNS..n).step_by(COLUMNS).chain([n]) {
        go_on(cancel)?;
        copy.resize_with(m, end, |i, j| matrix[(i, j)]);
    }
    Some(copy)
}

/// `into = factor·a·b`, or `into + factor·a·b`.
pub(super) fn product(
    into: MatMut<f64>,
    accum: Accum,
    (a, b): (MatRef<f64>, MatRef<f64>),
    factor: f64,
    cancel: &AtomicBool,
) -> Option<()> {
    go_on(cancel)?;
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    // Reading an element takes as long as a few multiplications.
    let work = m * n * k + 4 * (m * k + k * n);
    let longest = m.max(n).max(k);
    if work <= PART || longest <= SHORT {
        tally::done(2 * m * n * k);
        matmul(into, accum, a, b, factor, Par::Seq);
    } else if longest == m {
        let (upper, lower) = into.split_at_row_mut(half(m));
        let (first, second) = a.split_at_row(half(m));
        product(upper, accum, (first, b), factor, cancel)?;
        product(lower, accum, (second, b), factor, cancel)?;
    } else if longest == n {
        let (left, right) = into.split_at_col_mut(half(n));
        let (first, second) = b.split_at_col(half(n));
        product(left, accum, (a, first), factor, cancel)?;
        product(right, accum, (a, second), factor, cancel)?;
    } else {
        let mut into = into;
        let ((left, right), (upper, lower)) = (a.split_at_col(half(k)), b.split_at_row(half(k)));
        product(into.as_mut(), accum, (left, upper), factor, cancel)?;
        product(into, Accum::Add, (right, lower), factor, cancel)?;
    }
    Some(())
}

/// A triangle of a matrix; a unit one counts its diagonal as ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Triangle {
    Lower,
    UnitLower,
    Upper,
    UnitUpper,
}

/// Replaces the columns of `x` by the solutions for a triangle of `t`.
pub(super) fn substitute(t: MatRef<f64>, kind: Triangle, x: MatMut<f64>, cancel: &AtomicBool) -> Option<()> {
    go_on(cancel)?;
    let (n, k) = (x.nrows(), x.ncols());
    if n * n * k + 4 * n * n <= PART || n.max(k) <= SHORT {
        tally::done(n * n * k);
        match kind {
            Triangle::Lower => solve::solve_lower_triangular_in_place(t, x, Par::Seq),
            Triangle::UnitLower => solve::solve_unit_lower_triangular_in_place(t, x, Par::Seq),
            Triangle::Upper => solve::solve_upper_triangular_in_place(t, x, Par::Seq),
            Triangle::UnitUpper => solve::solve_unit_upper_triangular_in_place(t, x, Par::Seq),
        }
        return Some(());
    }
    if k > n {
        let (left, right) = x.split_at_col_mut(half(k));
        substitute(t, kind, left, cancel)?;
        return substitute(t, kind, right, cancel);
    }
    let (first, above, below, last) = t.split_at(half(n), half(n));
    let (mut top, mut bottom) = x.split_at_row_mut(half(n));
    if matches!(kind, Triangle::Lower | Triangle::UnitLower) {
        substitute(first, kind, top.as_mut(), cancel)?;
        product(bottom.as_mut(), Accum::Add, (below, top.as_ref()), -1.0, cancel)?;
        substitute(last, kind, bottom, cancel)
    } else {
        substitute(last, kind, bottom.as_mut(), cancel)?;
        product(top.as_mut(), Accum::Add, (above, bottom.as_ref()), -1.0, cancel)?;
        substitute(first, kind, top, cancel)
    }
}

/// Reorders the rows: row `order[i]` comes to row `i`.
pub(super) fn reorder(mut a: MatMut<f64>, order: &[usize], cancel: &AtomicBool) -> Option<()> {
    let mut column = vec![0.0; order.len()];
    for j in 0..a.ncols() {
        if j % COLUMNS == 0 {
            go_on(cancel)?;
        }
        column.iter_mut().zip(order).for_each(|(x, &i)| *x = a[(i, j)]);
        column.iter().enumerate().for_each(|(i, x)| a[(i, j)] = *x);
    }
    Some(())
}

/// Replaces a matrix with at least as many rows as columns by its factors L (below the diagonal, which is one) and U,
/// with rows exchanged for the largest pivots; `order` takes the row that came to each row. Returns how many exchanges
/// there were.
pub(super) fn lu(a: MatMut<f64>, order: &mut [usize], cancel: &AtomicBool) -> Option<usize> {
    go_on(cancel)?;
    let (m, n) = (a.nrows(), a.ncols());
    if m * n * n <= 2 * PART || n <= SHORT {
        tally::done(n * n * (m - n) + 2 * n * n * n / 3);
        let need = plu::lu_in_place_scratch::<usize, f64>(m, n, Par::Seq, Spec::default());
        let mut buffer = MemBuffer::new(need);
        let mut back = vec![0; m];
        let (info, _) = plu::lu_in_place(a, order, &mut back, Par::Seq, MemStack::new(&mut buffer), Spec::default());
        return Some(info.transposition_count);
    }
    let cut = half(n);
    let (mut left, mut right) = a.split_at_col_mut(cut);
    let first = lu(left.as_mut(), order, cancel)?;
    reorder(right.as_mut(), order, cancel)?;
    let (top, bottom) = left.as_ref().split_at_row(cut);
    let (mut above, mut below) = right.split_at_row_mut(cut);
    substitute(top, Triangle::UnitLower, above.as_mut(), cancel)?;
    product(below.as_mut(), Accum::Add, (bottom, above.as_ref()), -1.0, cancel)?;
    let mut inner = vec![0; m - cut];
    let second = lu(below, &mut inner, cancel)?;
    reorder(left.subrows_mut(cut, m - cut), &inner, cancel)?;
    let moved: Vec<usize> = inner.iter().map(|&i| order[cut + i]).collect();
    order[cut..].copy_from_slice(&moved);
    Some(first + second)
}

/// Replaces the lower triangle of a symmetric matrix by that of its factor; whether it is positive definite.
pub(super) fn cholesky(a: MatMut<f64>, cancel: &AtomicBool) -> Option<bool> {
    go_on(cancel)?;
    let n = a.nrows();
    if n * n * n / 3 <= PART || n <= SHORT {
        tally::done(n * n * n / 3);
        let need = llt::cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default());
        let mut buffer = MemBuffer::new(need);
        let stack = MemStack::new(&mut buffer);
        let regular = llt::LltRegularization::default();
        return Some(llt::cholesky_in_place(a, regular, Par::Seq, stack, Spec::default()).is_ok());
    }
    let (mut first, _, mut below, mut last) = a.split_at_mut(half(n), half(n));
    if !cholesky(first.as_mut(), cancel)? {
        return Some(false);
    }
    substitute(first.as_ref(), Triangle::Lower, below.as_mut().transpose_mut(), cancel)?;
    subtract_square(last.as_mut(), below.as_ref(), cancel)?;
    cholesky(last, cancel)
}

/// `c - a aᵀ` in the lower triangle of `c`.
fn subtract_square(c: MatMut<f64>, a: MatRef<f64>, cancel: &AtomicBool) -> Option<()> {
    go_on(cancel)?;
    let (n, k) = (a.nrows(), a.ncols());
    if n * n * k / 2 <= PART || n <= SHORT {
        tally::done(n * n * k);
        let whole = BlockStructure::Rectangular;
        let lower = BlockStructure::TriangularLower;
        triangular::matmul(c, lower, Accum::Add, a, whole, a.transpose(), whole, -1.0, Par::Seq);
        return Some(());
    }
    let (first, _, below, last) = c.split_at_mut(half(n), half(n));
    let (upper, lower) = a.split_at_row(half(n));
    subtract_square(first, upper, cancel)?;
    product(below, Accum::Add, (lower, upper.transpose()), -1.0, cancel)?;
    subtract_square(last, lower, cancel)
}
