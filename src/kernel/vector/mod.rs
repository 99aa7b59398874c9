//! Elementary functions that compilers turn into vector code: polynomials without branches or tables.
//!
//! Each is a function of one number; a loop over it takes as many elements at a time as the processor holds (see
//! `lanes`), and gives the same bits one at a time. Errors are below one unit in the last place where nothing else is
//! said. Where a multiplication and an addition are rounded as one, the code says so (`mul_add`), so that bits are the
//! same on every processor; those that lack the instruction take longer. The methods are those of the field: reduction of the argument in two or three parts (Cody and Waite, *Software
//! Manual for the Elementary Functions*, 1980), Taylor polynomials on what is left, and the correction of sums by their
//! rounding errors (Muller, *Elementary Functions*, 3rd ed., 2016).

#![allow(clippy::inline_always, reason = "the functions must be compiled inside the loop to become vector code")]

mod circular;
mod exponential;
mod hyperbolic;
mod logarithm;
mod plane;
#[cfg(test)]
mod tests;

pub use circular::{cos, cos_of_any, is_near, sin, sin_and_cos, sin_of_any};
pub use exponential::{exp, expm1};
pub use hyperbolic::{sech2, tanh, tanh_and_sech2};
pub use logarithm::{log, log1p};
pub use plane::{atan2, hypot, is_moderate};

/// Adding this to a number below 2⁵¹ rounds it to a whole one, which then stands in the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// 1/n! for n from 0 on; the factorials are exact.
const INVERSE_FACTORIAL: [f64; 19] = {
    let mut inverse = [1.0; 19];
    let (mut factorial, mut n) = (1u64, 1);
    while n < 19 {
        factorial *= n as u64;
        inverse[n] = 1.0 / factorial as f64;
        n += 1;
    }
    inverse
};

/// c₀ + c₁x + c₂x² + …, of two terms at least: even and odd ones apart, as processors do two chains of operations at a
/// time, each of them half as long.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let square = x * x;
    let (mut sum, mut other) = (coefficients[N - 2], coefficients[N - 1]);
    for i in (0..N - 2).rev() {
        (sum, other) = (other.mul_add(square, coefficients[i]), sum);
    }
    x.mul_add(other, sum)
}

/// The same of twelve terms, with the shortest chain of operations that wait for each other (Estrin's scheme): where much
/// else is to be done for an element, processors see no other to go on with.
#[inline(always)]
fn short_chain(x: f64, c: [f64; 12]) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let pair = |i: usize| c[i + 1].mul_add(x, c[i]);
    let four = |i: usize| pair(i + 2).mul_add(square, pair(i));
    four(8).mul_add(fourth * fourth, four(4).mul_add(fourth, four(0)))
}

/// The product of two numbers, and its rounding error.
#[inline(always)]
fn exact_product(x: f64, y: f64) -> (f64, f64) {
    let product = x * y;
    (product, x.mul_add(y, -product))
}

/// The sum of two numbers, and its rounding error.
#[inline(always)]
fn exact_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let of_y = sum - x;
    (sum, (x - (sum - of_y)) + (y - of_y))
}

/// The same where the first is not smaller than the second in size, or is zero.
#[inline(always)]
fn exact_ordered_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    (sum, y - (sum - x))
}
