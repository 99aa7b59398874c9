//! The QR factorisation in panels, between which the cancel flag is looked at.

use std::sync::atomic::AtomicBool;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder as reflections;
use faer::linalg::qr::no_pivoting::factor;
use faer::{Conj, Mat, MatMut, MatRef, Par, Spec};

use super::super::tally;
use super::blocks::{PART, copied, go_on};

/// The factors of a matrix (m×n): reflections below the diagonal, R on and above it.
pub(super) struct Qr {
    factors: Mat<f64>,
    /// For each panel the coefficients of its reflections, block by block.
    coefficients: Mat<f64>,
    /// Columns of a panel.
    width: usize,
}

impl Qr {
    pub(super) fn new(matrix: MatRef<f64>, cancel: &AtomicBool) -> Option<Self> {
        let (m, n) = (matrix.nrows(), matrix.ncols());
        let k = m.min(n);
        let block = factor::recommended_block_size::<f64>(m, n);
        let whole = m.saturating_mul(n).saturating_mul(k) <= 2 * PART;
        let width = if whole { k } else { (PART / m).isqrt().clamp(1, k) };
        let block = block.min(width);
        let mut qr = Self { factors: copied(matrix, cancel)?, coefficients: Mat::zeros(block, k), width };
        for start in (0..k).step_by(width) {
            go_on(cancel)?;
            let width = width.min(k - start);
            let columns = if whole { n } else { start + width };
            tally::done(2 * (m - start) * width * width);
            let panel = qr.factors.get_mut(start.., start..columns);
            let need = factor::qr_in_place_scratch::<f64>(m - start, columns - start, block, Par::Seq, Spec::default());
            let mut buffer = MemBuffer::new(need);
            let coefficients = qr.coefficients.get_mut(.., start..start + width);
            factor::qr_in_place(panel, coefficients, Par::Seq, MemStack::new(&mut buffer), Spec::default());
            let (done, mut rest) = qr.factors.as_mut().split_at_col_mut(columns);
            let panel = Panel {
                basis: done.as_ref().get(start.., start..start + width),
                coefficients: qr.coefficients.get(.., start..start + width),
            };
            panel.apply(rest.as_mut().get_mut(start.., ..), true, cancel)?;
        }
        Some(qr)
    }

    /// R, whose part below the diagonal is not to be read.
    pub(super) fn triangle(&self) -> MatRef<'_, f64> {
        self.factors.as_ref()
    }

    /// The orthonormal columns that the columns of the matrix are combinations of (m×k).
    pub(super) fn basis(&self, cancel: &AtomicBool) -> Option<Mat<f64>> {
        let (m, k) = (self.factors.nrows(), self.coefficients.ncols());
        let mut basis = Mat::with_capacity(m, k);
        for end in 1..=k {
            go_on(cancel)?;
            basis.resize_with(m, end, |i, j| if i == j { 1.0 } else { 0.0 });
        }
        let starts: Vec<usize> = (0..k).step_by(self.width.max(1)).collect();
        for &start in starts.iter().rev() {
            let end = (start + self.width).min(k);
            let panel = Panel {
                basis: self.factors.get(start.., start..end),
                coefficients: self.coefficients.get(.., start..end),
            };
            panel.apply(basis.get_mut(start.., start..), false, cancel)?;
        }
        Some(basis)
    }
}

/// Some of the reflections.
struct Panel<'a> {
    basis: MatRef<'a, f64>,
    coefficients: MatRef<'a, f64>,
}

impl Panel<'_> {
    /// Applies the reflections to the columns of `x`, in turn or, `transposed`, the other way round.
    fn apply(&self, mut x: MatMut<f64>, transposed: bool, cancel: &AtomicBool) -> Option<()> {
        let (m, w) = (self.basis.nrows(), self.basis.ncols());
        let size = (PART / (m * w).max(1)).clamp(1, x.ncols().max(1));
        let block = self.coefficients.nrows();
        let need = reflections::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(m, block, size);
        let mut buffer = MemBuffer::new(need);
        for start in (0..x.ncols()).step_by(size) {
            go_on(cancel)?;
            let columns = size.min(x.ncols() - start);
            tally::done(4 * m * w * columns);
            let apply = if transposed {
                reflections::apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj
            } else {
                reflections::apply_block_householder_sequence_on_the_left_in_place_with_conj
            };
            let part = x.as_mut().subcols_mut(start, columns);
            apply(self.basis, self.coefficients, Conj::No, part, Par::Seq, MemStack::new(&mut buffer));
        }
        Some(())
    }
}
