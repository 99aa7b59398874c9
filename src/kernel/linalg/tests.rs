//! Factorisations large enough to be cut in parts: they are as good as small ones, and end soon after they are given up.

use std::sync::atomic::AtomicBool;

use faer::MatRef;

use super::super::random::Random;
use super::super::tally::{counted, given_up};
use super::blocks::PART;
use super::testing::{WANTED, distance};
use super::{cholesky, det, expm, inverse, qr, solve, triangular_solve};

/// Rows of a matrix that is cut.
const SIZE: usize = 640;

/// A matrix that is easily divided by, and whose largest elements are not on its diagonal.
fn shuffled(n: usize, random: &mut Random) -> Vec<f64> {
    let mut a = random.numbers(n * n);
    (0..n).for_each(|i| a[i * n + (7 * i + 3) % n] += 20.0);
    a
}

/// A positive definite one.
fn definite(n: usize, random: &mut Random) -> Vec<f64> {
    let half = random.numbers(n * n);
    let mut a: Vec<f64> = (0..n * n).map(|p| half[p] + half[p % n * n + p / n]).collect();
    a.iter_mut().step_by(n + 1).for_each(|x| *x += 4.0 * n as f64);
    a
}

/// The product of row-major matrices.
fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let (m, n) = (a.len() / k, b.len() / k);
    let whole = MatRef::from_row_major_slice(a, m, k) * MatRef::from_row_major_slice(b, k, n);
    (0..m * n).map(|p| whole[(p / n, p % n)]).collect()
}

fn transposed(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|p| a[p % n * n + p / n]).collect()
}

#[test]
fn large_systems_are_solved_both_ways() {
    let mut random = Random::new(31);
    let a = shuffled(SIZE, &mut random);
    for k in [1, 3, SIZE + 40] {
        let b = random.numbers(SIZE * k);
        let mut x = vec![f64::NAN; b.len()];
        assert!(solve(&a, SIZE, &b, (false, false), &mut x, &WANTED));
        assert!(distance(&product(&a, &x, SIZE), &b) < 1e-10);
        assert!(solve(&a, SIZE, &b, (true, false), &mut x, &WANTED));
        assert!(distance(&product(&transposed(&a, SIZE), &x, SIZE), &b) < 1e-10);
    }
}

#[test]
fn the_sign_of_a_large_determinant_counts_all_exchanges() {
    // A permutation of a triangular matrix: its determinant is known.
    let (n, mut random) = (SIZE, Random::new(32));
    let upper: Vec<f64> = random.numbers(n * n);
    for shift in [1, 2, 5] {
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            let row = (i + shift) % n;
            (i + 1..n).for_each(|j| a[row * n + j] = 1e-3 * upper[i * n + j]);
            a[row * n + i] = 1.0;
        }
        // Moving the rows of an even number by one place is an odd permutation.
        let expected = if shift % 2 == 1 { -1.0 } else { 1.0 };
        assert!((det(&a, n, &WANTED) - expected).abs() < 1e-9, "{shift}");
    }
}

#[test]
fn large_factors_give_back_their_matrix() {
    let mut random = Random::new(33);
    let a = definite(SIZE, &mut random);
    let mut l = vec![f64::NAN; SIZE * SIZE];
    assert!(cholesky(&a, SIZE, &mut l, &WANTED));
    assert!(distance(&product(&l, &transposed(&l, SIZE), SIZE), &a) < 1e-10);
    let mut bad = a.clone();
    bad[(SIZE - 2) * (SIZE + 1)] = -1e5;
    assert!(!cholesky(&bad, SIZE, &mut l, &WANTED) && l.iter().all(|x| x.is_nan()));

    for (m, n) in [(SIZE, SIZE), (900, 300), (300, 900), (SIZE, 500)] {
        let (k, a) = (m.min(n), random.numbers(m * n));
        let mut out = vec![f64::NAN; k * (m + n)];
        assert!(qr(&a, m, n, &mut out, &WANTED));
        let (q, r) = out.split_at(m * k);
        assert!(distance(&product(q, r, k), &a) < 1e-11);
        let turned: Vec<f64> = (0..m * k).map(|p| q[p % m * k + p / m]).collect();
        let mut identity = vec![0.0; k * k];
        identity.iter_mut().step_by(k + 1).for_each(|x| *x = 1.0);
        assert!(distance(&product(&turned, q, m), &identity) < 1e-12);
    }
}

/// Gives `work` up at several moments; it takes so many operations when it is not, and otherwise few more than are done
/// when the flag is set.
fn ends_soon(name: &str, work: impl Fn(&AtomicBool)) {
    let whole = counted(|| work(&WANTED));
    let most = 8 * PART as u64;
    assert!(whole > 2 * most, "{name} is too short to be given up: {whole}");
    for eighths in [0, 3, 6] {
        let after = whole * eighths / 8;
        let done = given_up(after, &work);
        assert!(done <= after + most, "{name} given up after {after} of {whole} operations did {done}");
    }
}

#[test]
fn what_is_given_up_ends_within_a_part() {
    let (n, mut random) = (1100, Random::new(34));
    let (a, b) = (shuffled(n, &mut random), random.numbers(n * n));
    let mut out = vec![0.0; 2 * n * n];
    let out = std::cell::RefCell::new(&mut out);
    let square = |f: &dyn Fn(&mut [f64])| f(&mut out.borrow_mut()[..n * n]);
    ends_soon("solve", |c| {
        square(&|x| {
            solve(&a, n, &b, (false, false), x, c);
        });
    });
    ends_soon("inverse", |c| {
        square(&|x| {
            inverse(&a, n, x, c);
        });
    });
    let small = &b[..400 * 400];
    ends_soon("expm", |c| square(&|x| expm(small, 400, &mut x[..400 * 400], c)));
    ends_soon("triangular", |c| {
        square(&|x| {
            triangular_solve(&a, n, &b, (true, false), false, x, c);
        });
    });
    ends_soon("qr", |c| {
        qr(&b, n, n, &mut out.borrow_mut(), c);
    });
    ends_soon("det", |c| {
        det(&a, n, c);
    });
}

#[test]
fn a_large_cholesky_factorisation_ends_within_a_part() {
    let (n, mut random) = (1500, Random::new(35));
    let a = definite(n, &mut random);
    let out = std::cell::RefCell::new(vec![0.0; n * n]);
    ends_soon("cholesky", |c| {
        cholesky(&a, n, &mut out.borrow_mut(), c);
    });
}
