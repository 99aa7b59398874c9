//! The polar coordinates of a point in the plane: its angle, and its distance from the origin.

use super::{exact_product, exact_sum, polynomial};

/// π/2, π and atan(1/2), each in two parts.
const HALF_PI: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17];
const PI: [f64; 2] = [std::f64::consts::PI, 1.224_646_799_147_353_2e-16];
const ATAN_HALF: [f64; 2] = [0.463_647_609_000_806_1, 2.269_877_745_296_168_7e-17];

/// Coordinates of this size have squares that neither overflow nor vanish, and neither have parts of them.
const LEAST: f64 = 1e-140;
const MOST: f64 = 1e140;

/// Whether [`hypot`] and [`atan2`] hold for a point: neither coordinate is huge, tiny, infinite or NaN, though one may
/// be zero.
#[inline(always)]
pub fn is_moderate(x: f64, y: f64) -> bool {
    let (x, y) = (x.abs(), y.abs());
    let fits = |x: f64| x == 0.0 || x > LEAST;
    x < MOST && y < MOST && fits(x) && fits(y) && x + y > 0.0
}

/// The distance of a point that [`is_moderate`] from the origin: the root of a sum of squares, and what was lost of
/// them and of the root made up for.
#[inline(always)]
pub fn hypot(x: f64, y: f64) -> f64 {
    let (x, y) = (x.abs(), y.abs());
    let ((x, x_low), (y, y_low)) = (exact_product(x, x), exact_product(y, y));
    let (sum, lost) = exact_sum(x, y);
    let root = sum.sqrt();
    let (square, square_low) = exact_product(root, root);
    let rest = (sum - square) + (lost + x_low + y_low - square_low);
    root + 0.5 * rest / root
}

/// The angle of a point that [`is_moderate`], in the order y, x.
///
/// The tangent of the angle from the nearer axis, at most 1, is brought near zero by one of atan(t) = atan(c) +
/// atan((t - c)/(1 + ct)) for c = 0, 1/2 or 1. All of it is done on fractions, so that subtractions are exact.
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    let (across, along) = (y.abs(), x.abs());
    let steep = across > along;
    let (less, more) = if steep { (along, across) } else { (across, along) };

    let middle = 4.0 * less > more;
    let upper = 10.0 * less > 7.0 * more;
    let c = if upper { 1.0 } else { 0.5 };
    let c = if middle { c } else { 0.0 };
    let above = less - c * more;
    let (below, below_low) = exact_sum(more, c * less);
    let q = above / below;
    let (product, product_low) = exact_product(q, below);
    let q_low = ((above - product) - product_low - q * below_low) / below;
    let square = q * q;
    let series = polynomial(square, ATAN);
    let small = q_low + q * square * series;

    // The angle is `axis` + side·(atan(c) + q + small).
    let [corner, corner_low] = if upper { [0.5 * HALF_PI[0], 0.5 * HALF_PI[1]] } else { ATAN_HALF };
    let [corner, corner_low] = if middle { [corner, corner_low] } else { [0.0; 2] };
    let back = x.is_sign_negative();
    let [axis, axis_low] = if back { PI } else { [0.0; 2] };
    let [axis, axis_low] = if steep { HALF_PI } else { [axis, axis_low] };
    let side = if steep == back { 1.0 } else { -1.0 };
    let (high, low) = exact_sum(axis, side * corner);
    let (high, lower) = exact_sum(high, side * q);
    (high + (low + lower + axis_low + side * (corner_low + small))).copysign(y)
}

/// The series of (atan(q) - q)/q³ in q².
const ATAN: [f64; 13] = {
    let mut series = [0.0; 13];
    let mut n = 0;
    while n < 13 {
        let term = 1.0 / (2 * n + 3) as f64;
        series[n] = if n % 2 == 0 { -term } else { term };
        n += 1;
    }
    series
};
