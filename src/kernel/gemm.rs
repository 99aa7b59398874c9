//! One product of two matrices with any strides, on `faer`, and the repair that lets exact zeros absorb infinities.

use std::sync::atomic::{AtomicBool, Ordering};

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::contract::Absorb;
use super::lanes::best;
use super::tally;

/// Products of at most this many multiplications are cheaper in a plain loop than through the library.
pub(super) const TINY: usize = 16;

/// A matrix laid over a slice with any strides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix<'a> {
    pub(super) data: &'a [f64],
    /// Position of the first element.
    pub(super) first: isize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: isize,
    pub(super) column_stride: isize,
}

/// Whether the library takes such a matrix as it lies: without gaps along its rows or its columns.
pub(super) fn is_direct(rows: usize, columns: usize, row: isize, column: isize) -> bool {
    lies_in_lines(rows, columns, row, column) || lies_in_lines(columns, rows, column, row)
}

/// Whether each of the `lines` is dense and lies wholly before or after any other.
fn lies_in_lines(lines: usize, length: usize, line_stride: isize, stride: isize) -> bool {
    (stride == 1 || length == 1) && (lines == 1 || line_stride >= length as isize)
        // A single column (or row) takes the library's matrix-vector kernels only if it is itself dense.
        && (length > 1 || lines == 1 || line_stride == 1)
}

impl<'a> Matrix<'a> {
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    #[inline]
    fn at(&self, i: usize, j: usize) -> f64 {
        let place = self.first + i as isize * self.row_stride + j as isize * self.column_stride;
        self.data[place as usize]
    }

    /// The same matrix for the library; [`is_direct`] must hold.
    fn lend(&self) -> MatRef<'a, f64> {
        let data = &self.data[self.first as usize..];
        let (m, n) = (self.rows, self.columns);
        if lies_in_lines(m, n, self.row_stride, self.column_stride) {
            let stride = if m == 1 { n } else { self.row_stride as usize };
            MatRef::from_row_major_slice_with_stride(data, m, n, stride)
        } else {
            let stride = if n == 1 { m } else { self.column_stride as usize };
            MatRef::from_column_major_slice_with_stride(data, m, n, stride)
        }
    }
}

/// Multiplications between two looks at the cancel flag: some ten milliseconds.
const TILE: usize = 1 << 26;

/// A tile has at least so many rows and columns, so that what is read for it is used often enough.
const LEAST: usize = 16;

/// Multiplications that are worth a thread's while, and rows for which it is worth reading all of the other matrix: if
/// that fits in a second-level cache, and if it does not.
const SHARE: usize = 1 << 20;
const ROWS: usize = 128;
const MORE_ROWS: usize = 384;

/// Elements of a matrix that fits in a second-level cache beside others.
const CACHED: usize = 1 << 16;

/// Where sums are so many times longer than there are rows and columns, they are cut into this many parts at most, of so
/// many multiplications at least: what is read for each part is its own.
const DEPTH: usize = 8;
const CUTS: usize = 8;
const CUT: usize = 1 << 22;

/// Rows that are worth a share of their own in a product of (m×k) and (k×n); `None` if there are too few for two.
fn share_of_rows(m: usize, k: usize, n: usize) -> Option<usize> {
    let share = (SHARE / k / n).max(if k * n <= CACHED { ROWS } else { MORE_ROWS });
    (m >= 2 * share).then_some(share)
}

/// Parts that the sums of a product of (m×k) and (k×n) are cut into, where rows are not shared.
fn cuts(m: usize, k: usize, n: usize) -> usize {
    let is_deep = k / DEPTH >= m.max(n);
    if is_deep { (m * n).saturating_mul(k).div_euclid(CUT).clamp(1, CUTS) } else { 1 }
}

/// Numbers that the product of (m×k) and (k×n) takes beside its result; no extent is zero.
pub(super) fn product_room(m: usize, k: usize, n: usize) -> usize {
    if share_of_rows(m, k, n).is_some() { 0 } else { (cuts(m, k, n) - 1) * m * n }
}

/// Writes the product of `a` (m×k) and `b` (k×n) to `out`, row-major; no extent is zero, and unless the product is
/// tiny both matrices are direct. Many rows are made some at a time, long sums in parts, by whatever threads there are, and
/// much of anything by tiles: the same on every run, until `cancel` is set.
pub(super) fn product(a: &Matrix, b: &Matrix, absorb: Absorb, out: &mut [f64], cancel: &AtomicBool) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let Some(share) = share_of_rows(m, k, n) else {
        return match cuts(m, k, n) {
            1 => tiles(a, b, absorb, out, cancel),
            cuts => summed(a, b, absorb, out, cuts, cancel),
        };
    };
    let rows = m.div_ceil(m / share);
    let make = |(i, out): (usize, &mut [f64])| {
        let a = Matrix { first: a.first + (i * rows) as isize * a.row_stride, rows: out.len() / n, ..*a };
        tiles(&a, b, absorb, out, cancel);
    };
    super::share(|threads| match threads {
        1 => out[..m * n].chunks_mut(rows * n).enumerate().for_each(make),
        _ => out[..m * n].par_chunks_mut(rows * n).enumerate().for_each(make),
    });
}

/// The product as the sum of so many, each of some columns of `a` and rows of `b`.
fn summed(a: &Matrix, b: &Matrix, absorb: Absorb, out: &mut [f64], cuts: usize, cancel: &AtomicBool) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let out = &mut out[..m * n];
    let mut others = vec![0.0; (cuts - 1) * m * n];
    let make = |(part, out): (usize, &mut [f64])| {
        let [start, end] = [part, part + 1].map(|i| i * k / cuts);
        let a = Matrix { first: a.first + start as isize * a.column_stride, columns: end - start, ..*a };
        let b = Matrix { first: b.first + start as isize * b.row_stride, rows: end - start, ..*b };
        tiles(&a, &b, absorb, out, cancel);
    };
    let parts: Vec<_> = std::iter::once(&mut *out).chain(others.chunks_mut(m * n)).enumerate().collect();
    super::share(|threads| match threads {
        1 => parts.into_iter().for_each(make),
        _ => parts.into_par_iter().for_each(make),
    });
    for other in others.chunks(m * n) {
        out.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
    }
    tally::done(others.len());
}

fn tiles(a: &Matrix, b: &Matrix, absorb: Absorb, out: &mut [f64], cancel: &AtomicBool) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    // What is read for few rows or columns is used too seldom to be reckoned by multiplications.
    let most = if m.min(n) < LEAST { TILE / LEAST } else { TILE };
    if m.saturating_mul(n).saturating_mul(k) <= 2 * most {
        return tile(a, b, absorb, out, n);
    }
    let side = (most / k).isqrt();
    let rows = if n < side { most / k / n } else { side };
    let columns = if m < side { most / k / m } else { side };
    for (top, rows) in parts(m, rows) {
        for (left, columns) in parts(n, columns) {
            if cancel.load(Ordering::Relaxed) {
                return;
            }
            let a = Matrix { first: a.first + top as isize * a.row_stride, rows, ..*a };
            let b = Matrix { first: b.first + left as isize * b.column_stride, columns, ..*b };
            tile(&a, &b, absorb, &mut out[top * n + left..], n);
        }
    }
}

/// Cuts a length into parts of about `size`: start and length of each. None is short: to the library a single row or
/// column is something else than a matrix.
fn parts(length: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    let size = size.max(LEAST);
    let count = (length / size).max(1);
    (0..count).map(move |i| (i * size, if i + 1 == count { length - i * size } else { size }))
}

/// A product of which row `i` begins at `out[i * stride]`.
fn tile(a: &Matrix, b: &Matrix, absorb: Absorb, out: &mut [f64], stride: usize) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    tally::done(2 * m * n * k);
    if m * n * k <= TINY {
        for (i, row) in out.chunks_mut(stride).take(m).enumerate() {
            for (j, o) in row.iter_mut().take(n).enumerate() {
                *o = (1..k).fold(a.at(i, 0) * b.at(0, j), |sum, l| sum + a.at(i, l) * b.at(l, j));
            }
        }
    } else {
        // Columns, turned: faer 0.24.4's own constructor of strided mutable rows takes the stride for that of columns,
        // and writes beyond the slice.
        let product = MatMut::from_column_major_slice_with_stride_mut(&mut *out, n, m, stride).transpose_mut();
        matmul(product, Accum::Replace, a.lend(), b.lend(), 1.0, Par::Seq);
    }
    if absorb != Absorb::None {
        for (i, row) in out.chunks_mut(stride).take(m).enumerate() {
            let row = &mut row[..n];
            if !any_nan(row) {
                continue;
            }
            for (j, o) in row.iter_mut().enumerate().filter(|(_, o)| o.is_nan()) {
                *o = absorbing_dot(a, b, absorb, i, j);
            }
        }
    }
}

fn any_nan(row: &[f64]) -> bool {
    best(
        row,
        #[inline(always)]
        |row| row.iter().fold(false, |any, x| any | x.is_nan()),
    )
}

/// One element of the product in which a zero of the absorbing side contributes zero. It stops at the first NaN, after
/// which nothing can change.
fn absorbing_dot(a: &Matrix, b: &Matrix, absorb: Absorb, i: usize, j: usize) -> f64 {
    let mut sum = 0.0_f64;
    tally::done(2 * a.columns);
    for l in 0..a.columns {
        let (x, y) = (a.at(i, l), b.at(l, j));
        let absorbed = match absorb {
            Absorb::None => false,
            Absorb::Left => x == 0.0,
            Absorb::Right => y == 0.0,
            Absorb::Both => x == 0.0 || y == 0.0,
        };
        if !absorbed {
            sum += x * y;
            if sum.is_nan() {
                break;
            }
        }
    }
    sum
}
