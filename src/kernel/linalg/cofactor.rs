//! The cofactor matrix, which is the derivative of the determinant.

use std::sync::atomic::AtomicBool;

use faer::{Accum, Mat, MatMut, MatRef};

use super::super::portions::{all_finite, fill, wanted};
use super::blocks::product;
use super::det::det;
use super::lu::inverse;
use super::scaled::Scaled;

/// Condition number (in the 1-norm) up to which cofactors are taken from the inverse.
const WELL_CONDITIONED: f64 = 1e6;

/// The cofactor matrix C of `a` (n×n) in `out`: ∂det A / ∂Aᵢⱼ = Cᵢⱼ, right for singular matrices too.
///
/// Up to n = 3 it is the closed form; beyond, det(A) A⁻ᵀ for a well-conditioned matrix, and otherwise, from the singular
/// value decomposition A = U Σ Vᵀ, det(U) det(V) U adj(Σ) Vᵀ (Stewart, "On the adjugate matrix", 1998).
pub fn cofactor(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) {
    match *a {
        [] => {}
        [_] => out[0] = 1.0,
        [a, b, c, d] => out.copy_from_slice(&[d, -c, -b, a]),
        [a, b, c, d, e, f, g, h, i] => out.copy_from_slice(&[
            e * i - f * h,
            f * g - d * i,
            d * h - e * g,
            c * h - b * i,
            a * i - c * g,
            b * g - a * h,
            b * f - c * e,
            c * d - a * f,
            a * e - b * d,
        ]),
        _ if !by_inverse(a, n, out, cancel) && !by_svd(a, n, out, cancel) => fill(out, f64::NAN, cancel),
        _ => {}
    }
}

/// Cofactors as det(A) A⁻ᵀ, if the matrix is conditioned well enough.
fn by_inverse(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    let mut inverted = vec![0.0; n * n];
    let det = det(a, n, cancel);
    if !det.is_normal() || !inverse(a, n, &mut inverted, cancel) || norm(a, n) * norm(&inverted, n) > WELL_CONDITIONED {
        return false;
    }
    for (i, row) in out.chunks_exact_mut(n).enumerate().take_while(|_| wanted(cancel)) {
        for (j, c) in row.iter_mut().enumerate() {
            *c = det * inverted[j * n + i];
        }
    }
    true
}

/// The 1-norm: the greatest sum of sizes down a column.
fn norm(a: &[f64], n: usize) -> f64 {
    (0..n).map(|j| a[j..].iter().step_by(n).map(|x| x.abs()).sum()).fold(0.0, f64::max)
}

/// Cofactors from the singular value decomposition; fails on infinities and NaN.
fn by_svd(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) -> bool {
    if !all_finite(a, cancel) {
        return false;
    }
    let Ok(svd) = MatRef::from_row_major_slice(a, n, n).svd() else {
        return false;
    };
    let (u, v) = (svd.U(), svd.V());
    let sigma: Vec<f64> = svd.S().column_vector().iter().copied().collect();
    let sign = rotation_sign(u) * rotation_sign(v);
    let adjugate: Vec<f64> = (0..n)
        .map(|left_out| {
            let others = (0..n).filter(|&i| i != left_out).map(|i| sigma[i]);
            sign * Scaled::product(others).value()
        })
        .collect();
    let scaled = Mat::from_fn(n, n, |i, j| u[(i, j)] * adjugate[j]);
    let into = MatMut::from_row_major_slice_mut(out, n, n);
    product(into, Accum::Replace, (scaled.as_ref(), v.transpose()), 1.0, cancel).is_some()
}

/// The determinant of an orthogonal matrix, 1 or -1.
fn rotation_sign(q: MatRef<f64>) -> f64 {
    q.determinant().signum()
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::{WANTED, distance, product, transpose};
    use super::*;

    /// Each cofactor from its minor.
    fn naive(a: &[f64], n: usize) -> Vec<f64> {
        let minor = |i: usize, j: usize| -> Vec<f64> {
            (0..n * n).filter(|p| p / n != i && p % n != j).map(|p| a[p]).collect()
        };
        let sign = |k: usize| if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..n * n).map(|p| sign(p / n + p % n) * det(&minor(p / n, p % n), n - 1, &WANTED)).collect()
    }

    /// A random matrix of the given rank.
    fn of_rank(random: &mut Random, n: usize, rank: usize) -> Vec<f64> {
        if rank == 0 {
            return vec![0.0; n * n];
        }
        product(&random.numbers(n * rank), &random.numbers(rank * n), rank)
    }

    #[test]
    fn cofactors_match_minors_whatever_the_rank() {
        let mut random = Random::new(9);
        for n in 1..8 {
            for rank in 0..=n {
                for _ in 0..5 {
                    let a = of_rank(&mut random, n, rank);
                    let mut out = vec![f64::NAN; n * n];
                    cofactor(&a, n, &mut out, &WANTED);
                    let expected = naive(&a, n);
                    let scale = 1.0 + expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                    assert!(distance(&out, &expected) < 1e-12 * scale, "n {n} rank {rank}");
                }
            }
        }
    }

    #[test]
    fn cofactors_of_a_large_matrix_undo_it_up_to_the_determinant() {
        let mut random = Random::new(10);
        let a = random.numbers(400);
        let mut c = vec![0.0; 400];
        cofactor(&a, 20, &mut c, &WANTED);
        let d = det(&a, 20, &WANTED);
        let expected: Vec<f64> = (0..400).map(|p| if p % 21 == 0 { d } else { 0.0 }).collect();
        assert!(distance(&product(&a, &transpose(&c, 20), 20), &expected) < 1e-11 * d.abs());
    }

    #[test]
    fn non_finite_matrices_have_no_cofactors() {
        let mut a = Random::new(11).numbers(16);
        a[3] = f64::INFINITY;
        let mut out = [0.0; 16];
        cofactor(&a, 4, &mut out, &WANTED);
        assert!(out.iter().all(|c| c.is_nan()));
        cofactor(&[], 0, &mut [], &WANTED);
    }
}
