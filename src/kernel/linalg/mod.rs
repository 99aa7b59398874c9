//! Dense linear algebra on `faer`, one matrix at a time: factor, check the pivots, solve.
//!
//! Matrices are contiguous, row-major slices. A function that can fail fills its output with NaN and returns `false`;
//! it never panics over the values of a matrix. One that was given up, because the cancel flag is set, leaves its output
//! half done. Matrices without rows and right-hand sides without columns are fine.

mod blocks;
mod cholesky;
mod cofactor;
mod det;
mod eigen;
mod expm;
mod householder;
mod lu;
mod qr;
mod scaled;
mod sign;
mod svd;
mod triangular;

pub use cholesky::cholesky;
pub use cofactor::cofactor;
pub use det::{det, logabsdet_factored};
pub use eigen::{cluster, eigh};
pub use expm::{expm, expm_frechet};
#[cfg(test)]
use lu::{inverse, solve};
pub use lu::{inverse_factored, lu, solve_factored};
pub use qr::{lstsq, qr};
pub use svd::{singular_values, svd};
pub use triangular::triangular_solve;

use std::sync::atomic::AtomicBool;

use super::portions::{fill, wanted};

/// Number of columns of a row-major matrix with `rows` rows.
fn columns(matrix: &[f64], rows: usize) -> usize {
    matrix.len().checked_div(rows).unwrap_or(0)
}

/// Fills the solution with NaN; with `absorb` only the columns whose right-hand side is not exactly zero, and zero in
/// the others.
fn fail(rhs: &[f64], columns: usize, absorb: bool, solution: &mut [f64], cancel: &AtomicBool) {
    fill(solution, f64::NAN, cancel);
    if absorb {
        absorb_zero_columns(rhs, columns, solution, cancel);
    }
}

/// Sets the columns of the solution whose right-hand side is exactly zero to zero.
fn absorb_zero_columns(rhs: &[f64], columns: usize, solution: &mut [f64], cancel: &AtomicBool) {
    for column in (0..columns).take_while(|_| wanted(cancel)) {
        if rhs[column..].iter().step_by(columns).all(|&x| x == 0.0) {
            solution[column..].iter_mut().step_by(columns).for_each(|x| *x = 0.0);
        }
    }
}

#[cfg(test)]
mod tests;

/// What the tests of the factorisations share.
#[cfg(test)]
mod testing {
    use std::sync::atomic::AtomicBool;

    /// The cancel flag of work that nobody gives up.
    pub(super) static WANTED: AtomicBool = AtomicBool::new(false);

    /// The product of the row-major matrices `a` (m×k) and `b`, whose `b.len() / k` columns may not be zero in number.
    pub(super) fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
        let n = b.len() / k;
        let element = |row: &[f64], j: usize| (0..k).map(|l| row[l] * b[l * n + j]).sum();
        a.chunks(k).flat_map(|row| (0..n).map(move |j| element(row, j))).collect()
    }

    pub(super) fn transpose(a: &[f64], rows: usize) -> Vec<f64> {
        let columns = a.len() / rows;
        (0..a.len()).map(|p| a[(p % rows) * columns + p / rows]).collect()
    }

    /// The greatest difference of two equally long slices; NaN counts as infinitely far.
    pub(super) fn distance(x: &[f64], y: &[f64]) -> f64 {
        assert_eq!(x.len(), y.len());
        let gap = |(x, y): (&f64, &f64)| {
            let gap = (x - y).abs();
            if gap.is_nan() { f64::INFINITY } else { gap }
        };
        x.iter().zip(y).map(gap).fold(0.0, f64::max)
    }
}
