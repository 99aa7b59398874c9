//! Loops over slices, compiled for each generation of processors and chosen while running.
//!
//! The generations differ in how many elements they take at a time, never in the bits of a result: an element is
//! computed by the same IEEE operations in the same order wherever it stands, and a multiplication and an addition are
//! rounded as one only where the code says so.

#![allow(clippy::inline_always, reason = "a loop must be compiled inside the form for its processor")]

use pulp::{Arch, Simd, WithSimd};

/// Elements of a stand-in for an argument that is the same for all.
const CHUNK: usize = 64;

/// A loop and what it works on.
struct Work<T, F>(T, F);

impl<T, R, F: Fn(T) -> R> WithSimd for Work<T, F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> R {
        (self.1)(self.0)
    }
}

/// Runs a loop, which must be `#[inline(always)]`, in the form for this processor.
#[inline(always)]
pub fn best<T, R>(on: T, work: impl Fn(T) -> R) -> R {
    Arch::new().dispatch(Work(on, work))
}

/// Applies a function of one number along a slice; an argument of one element stands for that element everywhere.
#[inline(always)]
pub fn map1([x]: [&[f64]; 1], out: &mut [f64], f: impl Fn(f64) -> f64) {
    best(
        (x, out),
        #[inline(always)]
        |(x, out)| {
            if let &[x] = x {
                out.fill(f(x));
            } else {
                for (o, x) in out.iter_mut().zip(x) {
                    *o = f(*x);
                }
            }
        },
    );
}

/// Applies a function of one number that holds where `fits` says so, and `otherwise` elsewhere.
#[inline(always)]
pub fn map1_unless(
    [x]: [&[f64]; 1],
    out: &mut [f64],
    f: impl Fn(f64) -> f64,
    fits: impl Fn(f64) -> bool,
    otherwise: impl Fn(f64) -> f64,
) {
    map1([x], &mut *out, f);
    let all = best(
        x,
        #[inline(always)]
        |x| x.iter().fold(true, |all, x| all & fits(*x)),
    );
    if all {
        return;
    }
    if let &[x] = x {
        out.fill(otherwise(x));
    } else {
        for (o, x) in out.iter_mut().zip(x).filter(|(_, x)| !fits(**x)) {
            *o = otherwise(*x);
        }
    }
}

/// Applies two functions of one number, computed together.
#[inline(always)]
pub fn pair(x: &[f64], out: [&mut [f64]; 2], f: impl Fn(f64) -> [f64; 2]) {
    best(
        (x, out),
        #[inline(always)]
        |(x, [first, second])| {
            for ((y, z), x) in first.iter_mut().zip(second).zip(x) {
                [*y, *z] = f(*x);
            }
        },
    );
}

/// Applies two functions of one number, computed together, that hold where `fits` says so, and `otherwise` elsewhere.
#[inline(always)]
pub fn pair_unless(
    x: &[f64],
    [first, second]: [&mut [f64]; 2],
    f: impl Fn(f64) -> [f64; 2],
    fits: impl Fn(f64) -> bool,
    otherwise: impl Fn(f64) -> [f64; 2],
) {
    let all = best(
        (x, &mut *first, &mut *second),
        #[inline(always)]
        |(x, first, second)| {
            for ((y, z), x) in first.iter_mut().zip(second).zip(x) {
                [*y, *z] = f(*x);
            }
            x.iter().fold(true, |all, x| all & fits(*x))
        },
    );
    if !all {
        for ((y, z), x) in first.iter_mut().zip(second).zip(x).filter(|(_, x)| !fits(**x)) {
            [*y, *z] = otherwise(*x);
        }
    }
}

/// Applies a function of two numbers along slices; an argument of one element stands for that element everywhere.
#[inline(always)]
pub fn map2([x, y]: [&[f64]; 2], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    best(
        (x, y, out),
        #[inline(always)]
        |(x, y, out)| match (x, y) {
            (&[x], &[y]) => out.fill(f(x, y)),
            (&[x], y) => {
                for (o, y) in out.iter_mut().zip(y) {
                    *o = f(x, *y);
                }
            }
            (x, &[y]) => {
                for (o, x) in out.iter_mut().zip(x) {
                    *o = f(*x, y);
                }
            }
            (x, y) => {
                for ((o, x), y) in out.iter_mut().zip(x).zip(y) {
                    *o = f(*x, *y);
                }
            }
        },
    );
}

/// Applies a function of two numbers that holds where `fits` says so, and `otherwise` elsewhere.
#[inline(always)]
pub fn map2_unless(
    [x, y]: [&[f64]; 2],
    out: &mut [f64],
    f: impl Fn(f64, f64) -> f64,
    fits: impl Fn(f64, f64) -> bool,
    otherwise: impl Fn(f64, f64) -> f64,
) {
    map2([x, y], &mut *out, f);
    let all = best(
        (x, y),
        #[inline(always)]
        |(x, y): (&[f64], &[f64])| match (x, y) {
            (&[x], y) => y.iter().fold(true, |all, y| all & fits(x, *y)),
            (x, &[y]) => x.iter().fold(true, |all, x| all & fits(*x, y)),
            (x, y) => x.iter().zip(y).fold(true, |all, (x, y)| all & fits(*x, *y)),
        },
    );
    if all {
        return;
    }
    let (x, y) = (x.iter().cycle(), y.iter().cycle());
    for (o, (x, y)) in out.iter_mut().zip(x.zip(y)).filter(|(_, (x, y))| !fits(**x, **y)) {
        *o = otherwise(*x, *y);
    }
}

/// Applies a function of three numbers along slices; an argument of one element stands for that element everywhere.
#[inline(always)]
pub fn map3(args: [&[f64]; 3], out: &mut [f64], f: impl Fn(f64, f64, f64) -> f64) {
    let same = args.map(|x| [x.first().copied().unwrap_or(0.0); CHUNK]);
    best(
        (args, out),
        #[inline(always)]
        |(args, out)| {
            for (k, out) in out.chunks_mut(CHUNK).enumerate() {
                let (start, length) = (k * CHUNK, out.len());
                let part = |i: usize| match args[i] {
                    [_] => &same[i][..length],
                    x => &x[start..start + length],
                };
                for (((o, x), y), z) in out.iter_mut().zip(part(0)).zip(part(1)).zip(part(2)) {
                    *o = f(*x, *y, *z);
                }
            }
        },
    );
}
