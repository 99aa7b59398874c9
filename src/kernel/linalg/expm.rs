//! The exponential of a matrix and its derivative along a direction.

use std::sync::atomic::AtomicBool;

use faer::{Accum, Mat, MatRef};

use super::blocks::{self, go_on};
use super::lu::Lu;

/// Coefficients of the numerator of the diagonal Padé approximant of order 13 of the exponential.
const PADE: [f64; 14] = [
    64_764_752_532_480_000.0,
    32_382_376_266_240_000.0,
    7_771_770_303_897_600.0,
    1_187_353_796_428_800.0,
    129_060_195_264_000.0,
    10_559_470_521_600.0,
    670_442_572_800.0,
    33_522_128_640.0,
    1_323_241_920.0,
    40_840_800.0,
    960_960.0,
    16_380.0,
    182.0,
    1.0,
];

/// Size up to which the approximant and its derivative are exact to rounding.
const REACH: f64 = 4.74;

/// Size of the first coefficient of the backward error series, as its reciprocal.
const ERROR_COEFFICIENT: f64 = 1.132_507_756_060_211_1e35;

/// exp(A) of `a` (n×n) in `out`; all NaN if the matrix holds infinities or NaN.
///
/// Scaling and squaring with the Padé approximant of order 13, scaled by the sizes of the powers of A rather than of A,
/// so that matrices far from normal keep their digits (Al-Mohy & Higham, "A new scaling and squaring algorithm for the
/// matrix exponential", 2009).
pub fn expm(a: &[f64], n: usize, out: &mut [f64], cancel: &AtomicBool) {
    if n > 0 {
        let matrix = MatRef::from_row_major_slice(a, n, n);
        write(exponential(matrix, None, cancel).map(|(value, _)| value), out);
    }
}

/// The derivative of exp at `a` (n×n) along `direction` (n×n), in which it is linear, in `out`; zero along zero whatever
/// A is, else all NaN where A holds infinities or NaN.
///
/// The algorithm of [`expm`], differentiated (Al-Mohy & Higham, "Computing the Fréchet derivative of the matrix
/// exponential", 2009).
pub fn expm_frechet(a: &[f64], n: usize, direction: &[f64], out: &mut [f64], cancel: &AtomicBool) {
    if direction.iter().all(|x| *x == 0.0) {
        out.fill(0.0);
        return;
    }
    let (matrix, along) = (MatRef::from_row_major_slice(a, n, n), MatRef::from_row_major_slice(direction, n, n));
    write(exponential(matrix, Some(along), cancel).and_then(|(_, slope)| slope), out);
}

fn write(matrix: Option<Mat<f64>>, out: &mut [f64]) {
    let Some(matrix) = matrix else { return out.fill(f64::NAN) };
    for (i, row) in out.chunks_exact_mut(matrix.ncols()).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, x)| *x = matrix[(i, j)]);
    }
}

/// A matrix with its derivative along a direction, where that is wanted.
type Moving = (Mat<f64>, Option<Mat<f64>>);

fn product((x, dx): &Moving, (y, dy): &Moving, cancel: &AtomicBool) -> Option<Moving> {
    let slope = match (dx, dy) {
        (Some(dx), Some(dy)) => Some(times(x, dy, cancel)? + times(dx, y, cancel)?),
        _ => None,
    };
    Some((times(x, y, cancel)?, slope))
}

fn times(x: &Mat<f64>, y: &Mat<f64>, cancel: &AtomicBool) -> Option<Mat<f64>> {
    let mut out = Mat::zeros(x.nrows(), y.ncols());
    blocks::product(out.as_mut(), Accum::Replace, (x.as_ref(), y.as_ref()), 1.0, cancel)?;
    Some(out)
}

/// The X with L U X = B, for the factors of a matrix.
fn divided(factors: &Lu<'_>, mut b: Mat<f64>, cancel: &AtomicBool) -> Option<Mat<f64>> {
    let order: Vec<usize> = factors.order().collect();
    blocks::reorder(b.as_mut(), &order, cancel)?;
    factors.substitute(b.as_mut(), false, cancel)?;
    Some(b)
}

/// `Σ cᵢ Xᵢ` of weights and matrices.
fn combination(terms: &[(f64, &Moving)]) -> Moving {
    let n = terms[0].1.0.nrows();
    let sum = |part: fn(&Moving) -> Option<&Mat<f64>>| {
        let zero = Some(Mat::zeros(n, n));
        terms.iter().fold(zero, |sum, (c, x)| Some(sum? + faer::Scale(*c) * part(x)?))
    };
    (sum(|x| Some(&x.0)).unwrap_or_else(|| Mat::zeros(n, n)), sum(|x| x.1.as_ref()))
}

/// The exponential and its derivative; nothing where something is not finite, or once `cancel` is set.
fn exponential(a: MatRef<f64>, direction: Option<MatRef<f64>>, cancel: &AtomicBool) -> Option<Moving> {
    if !a.is_all_finite() || direction.is_some_and(|d| !d.is_all_finite()) {
        return None;
    }
    let n = a.nrows();
    // Powers are taken of a matrix of size 1 or less, so that they stay in range.
    let reduction = binary_exponent(one_norm(a)).max(0);
    let shrink = faer::Scale(0.5_f64.powi(reduction));
    let reduced = (shrink * a, direction.map(|d| shrink * d));
    let square = product(&reduced, &reduced, cancel)?;
    let fourth = product(&square, &square, cancel)?;
    let sixth = product(&fourth, &square, cancel)?;
    let squarings = squarings([&reduced.0, &fourth.0, &sixth.0], reduction, cancel)?;
    let scaled = |x: &Moving, power: i32| {
        let factor = faer::Scale(2.0_f64.powi(power * (reduction - squarings)));
        (factor * &x.0, x.1.as_ref().map(|slope| factor * slope))
    };
    let (one, two, four, six) = (scaled(&reduced, 1), scaled(&square, 2), scaled(&fourth, 4), scaled(&sixth, 6));
    let identity = (Mat::identity(n, n), direction.map(|_| Mat::zeros(n, n)));
    let half = |odd: usize| {
        let c = |i: usize| PADE[i + odd];
        let high = combination(&[(c(12), &six), (c(10), &four), (c(8), &two)]);
        let low = combination(&[(c(6), &six), (c(4), &four), (c(2), &two), (c(0), &identity)]);
        Some(combination(&[(1.0, &product(&six, &high, cancel)?), (1.0, &low)]))
    };
    let (even, odd) = (half(0)?, product(&one, &half(1)?, cancel)?);
    let above = combination(&[(1.0, &even), (1.0, &odd)]);
    let below = combination(&[(1.0, &even), (-1.0, &odd)]);
    // (V - U) R = V + U, and so (V - U) R' = (V + U)' - (V - U)' R.
    let mut room = Vec::new();
    let factors = Lu::new(below.0.as_ref(), &mut room, cancel)?;
    let value = divided(&factors, above.0, cancel)?;
    let slope = match (above.1, below.1) {
        (Some(up), Some(down)) => Some(divided(&factors, up - times(&down, &value, cancel)?, cancel)?),
        _ => None,
    };
    let mut result = (value, slope);
    for _ in 0..squarings {
        result = product(&result, &result, cancel)?;
    }
    let finite = |x: &Mat<f64>| x.as_ref().is_all_finite();
    (finite(&result.0) && result.1.as_ref().is_none_or(finite)).then_some(result)
}

/// How often the approximant is squared: enough halvings for the powers of the matrix to be in its reach, and for the
/// rounding of a matrix far from normal. Takes A, A⁴ and A⁶ of the matrix halved `reduction` times before.
fn squarings([a, fourth, sixth]: [&Mat<f64>; 3], reduction: i32, cancel: &AtomicBool) -> Option<i32> {
    let root = |power: &Mat<f64>, p: f64| one_norm(power.as_ref()).powf(p.recip());
    let (of_sixth, of_eighth) = (root(sixth, 6.0), root(&times(fourth, fourth, cancel)?, 8.0));
    let of_tenth = root(&times(fourth, sixth, cancel)?, 10.0);
    let size = of_sixth.max(of_eighth).min(of_eighth.max(of_tenth));
    let halvings = binary_exponent(size / REACH).saturating_add(reduction).max(0);
    Some(halvings + extra(a, reduction - halvings, cancel)?)
}

/// Further halvings of a matrix that was doubled `doublings` times: so many that the first term of the backward error,
/// bounded by the matrix of sizes, is rounding.
fn extra(a: &Mat<f64>, doublings: i32, cancel: &AtomicBool) -> Option<i32> {
    let n = a.nrows();
    let norm = one_norm(a.as_ref());
    if norm == 0.0 {
        return Some(0);
    }
    // ‖ |A|²⁷ ‖ by its logarithm: row sums of ones times the matrix, made of size 1 at each step.
    let (mut row, mut logarithm) = (vec![1.0; n], 0.0);
    for _ in 0..27 {
        go_on(cancel)?;
        row = (0..n).map(|j| (0..n).map(|i| row[i] * a[(i, j)].abs()).sum()).collect();
        let largest = row.iter().fold(0.0, |most: f64, x| most.max(*x));
        if largest == 0.0 {
            return Some(0);
        }
        for x in &mut row {
            *x /= largest;
        }
        logarithm += largest.log2();
    }
    let error = logarithm - norm.log2() + 26.0 * f64::from(doublings) - ERROR_COEFFICIENT.log2();
    Some((((error - f64::EPSILON.log2() + 1.0) / 26.0).ceil()).max(0.0) as i32)
}

/// The greatest sum of sizes down a column.
fn one_norm(a: MatRef<f64>) -> f64 {
    a.col_iter().map(|column| column.iter().map(|x| x.abs()).sum()).fold(0.0, f64::max)
}

/// The least e with `x ≤ 2^e`.
fn binary_exponent(x: f64) -> i32 {
    x.log2().ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::super::testing::distance;
    use super::*;

    fn exp(a: &[f64], n: usize) -> Vec<f64> {
        let mut out = vec![f64::NAN; n * n];
        expm(a, n, &mut out, &AtomicBool::new(false));
        out
    }

    fn slope(a: &[f64], n: usize, direction: &[f64]) -> Vec<f64> {
        let mut out = vec![f64::NAN; n * n];
        expm_frechet(a, n, direction, &mut out, &AtomicBool::new(false));
        out
    }

    #[test]
    fn closed_forms_are_met() {
        let t = 2.5_f64;
        let rotation = exp(&[0.0, -t, t, 0.0], 2);
        assert!(distance(&rotation, &[t.cos(), -t.sin(), t.sin(), t.cos()]) < 1e-15);
        assert!(distance(&exp(&[0.0, 3.0, 0.0, 0.0], 2), &[1.0, 3.0, 0.0, 1.0]) < 1e-15);
        for x in [-700.0, -1.0, 1e-9, 0.0, 20.0, 700.0_f64] {
            let found = exp(&[x], 1)[0];
            assert!((found - x.exp()).abs() <= 2e-13 * x.exp(), "{x}: {found}");
        }
        assert_eq!(exp(&[-1e300], 1), [0.0]);
        assert!(exp(&[], 0).is_empty());
    }

    #[test]
    fn a_matrix_far_from_normal_keeps_its_digits() {
        // exp [[1, b], [0, -1]] has b·sinh 1 above its diagonal.
        let b = 1e8;
        let found = exp(&[1.0, b, 0.0, -1.0], 2);
        let expected = [1.0_f64.exp(), b * 1.0_f64.sinh(), 0.0, (-1.0_f64).exp()];
        for (x, y) in found.iter().zip(&expected) {
            assert!((x - y).abs() <= 1e-14 * y.abs(), "{found:?}");
        }
    }

    #[test]
    fn the_derivative_is_the_corner_of_a_block_matrix() {
        let mut random = Random::new(25);
        for n in [1, 2, 3, 8] {
            for size in [0.1, 1.0, 12.0] {
                let a: Vec<f64> = random.numbers(n * n).iter().map(|x| size * x).collect();
                let e = random.numbers(n * n);
                let mut block = vec![0.0; 4 * n * n];
                for i in 0..n {
                    for j in 0..n {
                        block[i * 2 * n + j] = a[i * n + j];
                        block[i * 2 * n + n + j] = e[i * n + j];
                        block[(n + i) * 2 * n + n + j] = a[i * n + j];
                    }
                }
                let whole = exp(&block, 2 * n);
                let corner: Vec<f64> = (0..n * n).map(|p| whole[p / n * 2 * n + n + p % n]).collect();
                let scale = corner.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                assert!(distance(&slope(&a, n, &e), &corner) <= 1e-13 * scale);
            }
        }
    }

    #[test]
    fn zero_absorbs_and_what_is_not_finite_is_nan() {
        assert_eq!(slope(&[f64::NAN; 4], 2, &[0.0; 4]), [0.0; 4]);
        assert!(slope(&[f64::NAN; 4], 2, &[1.0; 4]).iter().all(|x| x.is_nan()));
        assert!(exp(&[f64::INFINITY, 0.0, 0.0, 0.0], 2).iter().all(|x| x.is_nan()));
        assert!(exp(&[1e300], 1)[0].is_nan());
    }
}
