//! The incomplete gamma function P(a, x) = γ(a, x)/Γ(a), its complement Q, and all their derivatives by a and by x.
//!
//! No elementary form exists for the derivative by a. Here every order comes from one integral: with B₀, B₁, … the
//! complete Bell polynomials of u = ln t - ψ(a + 1), -ψ′(a + 1), -ψ″(a + 1), …,
//!
//! ```text
//! ∂ⁿ/∂aⁿ t^a/Γ(a) = t^a/Γ(a + 1) · (a Bₙ + n Bₙ₋₁)
//! ```
//!
//! which stands under DLMF 8.2.4 for P (over t < x) and for Q (over t > x). The side is taken on which the first
//! derivative's integrand has one sign, so that nothing cancels, and P + Q = 1 gives the other. The variable is ln t,
//! in which the integrand is analytic with one hump, whatever the size of a.

use super::polygamma;
use super::quadrature::{half_line, interval};
use super::special::digamma;

/// The highest derivative by a; beyond it the answer is NaN.
const MAX_ORDER: usize = 16;

/// From here on Γ(a + 1) leaves the range of doubles, and Stirling's series is exact to the last digit.
const LARGE: f64 = 170.0;

/// From here on ln a - ψ(a + 1) is taken from its asymptotic series.
const ASYMPTOTIC: f64 = 16.0;

/// ∂ⁿP/∂aⁿ for a ≥ 0, x ≥ 0. P(0, x) is 1; NaN at (0, 0), for negative arguments, and for n > 16.
pub fn gamma_p(n: u32, a: f64, x: f64) -> f64 {
    match Tail::new(n, a, x) {
        Tail::Lower(value) => value,
        Tail::Upper(value) if n == 0 => 1.0 - value,
        Tail::Upper(value) => -value,
    }
}

/// Q(a, x) = 1 - P(a, x), to full relative precision where it is small.
pub fn gamma_q(a: f64, x: f64) -> f64 {
    match Tail::new(0, a, x) {
        Tail::Lower(value) => 1.0 - value,
        Tail::Upper(value) => value,
    }
}

/// ∂ⁿ/∂aⁿ of ∂P/∂x = x^(a-1) e^(-x)/Γ(a) (DLMF 8.8.13).
pub fn gamma_density(n: u32, a: f64, x: f64) -> f64 {
    let order = n as usize;
    if !(a >= 0.0 && x >= 0.0) || order > MAX_ORDER {
        return f64::NAN;
    }
    if x == 0.0 {
        return match (a, n) {
            (a, _) if a > 1.0 => 0.0,
            (1.0, 0) => 1.0,
            (_, 0) => f64::INFINITY,
            _ => f64::NAN,
        };
    }
    if x == f64::INFINITY || a == f64::INFINITY {
        return 0.0;
    }
    // Of a small a, a - 1 would lose digits; of a large one, x^a could underflow before x^(a - 1) does.
    let leading = if (0.5..LARGE).contains(&a) { product(a, a - 1.0, x) } else { weight(a, x) / x };
    if leading == 0.0 { 0.0 } else { leading * Bell::new(order, a).at(log_excess(a, x)) }
}

/// One of the two tails, and the derivative of its mass by a.
enum Tail {
    Lower(f64),
    Upper(f64),
}

impl Tail {
    fn new(n: u32, a: f64, x: f64) -> Self {
        let order = n as usize;
        if !(a >= 0.0 && x >= 0.0) || a + x == 0.0 || order > MAX_ORDER || a.min(x) == f64::INFINITY {
            return Self::Lower(f64::NAN);
        }
        if x == 0.0 || a == f64::INFINITY {
            return Self::Lower(0.0);
        }
        if x == f64::INFINITY {
            return Self::Upper(0.0);
        }
        let bell = Bell::new(order, a);
        let u = log_excess(a, x);
        if a * u + 1.0 < 0.0 {
            // t = x e^(-v).
            let fall = |v: f64| (a - x) * v + x * exp_excess(-v);
            let part = half_line(length(a - x, x), |v| (-fall(v)).exp() * bell.at(u - v));
            Self::Lower(weight(a, x) * part)
        } else if x < 1.0 {
            // From x to 1 the integrand is nearly flat in ln t, and so far that it is a part of its own.
            let flat = interval(-x.ln(), |w| (-a * w - (-w).exp()).exp() * bell.at(bell.log(-w)));
            Self::Upper(flat / gamma_above(a) + Self::above(a, 1.0, &bell))
        } else {
            Self::Upper(Self::above(a, x, &bell))
        }
    }

    /// The integral over t = x e^v.
    fn above(a: f64, x: f64, bell: &Bell) -> f64 {
        let u = log_excess(a, x);
        let fall = |v: f64| (x - a) * v + x * exp_excess(v);
        let part = half_line(length(x - a, x), |v| match (-fall(v)).exp() {
            0.0 => 0.0,
            height => height * bell.at(u + v),
        });
        weight(a, x) * part
    }
}

/// a Bₙ + n Bₙ₋₁ as a function of its first cumulant.
struct Bell {
    order: usize,
    a: f64,
    /// -ψ⁽ʲ⁾(a + 1) for j = 0, 1, …
    cumulants: [f64; MAX_ORDER],
}

impl Bell {
    fn new(order: usize, a: f64) -> Self {
        let mut cumulants = [0.0; MAX_ORDER];
        for (j, cumulant) in cumulants.iter_mut().enumerate().take(order.max(1)) {
            *cumulant = -polygamma(j as u32, a + 1.0);
        }
        Self { order, a, cumulants }
    }

    /// The first cumulant for a logarithm of t, where a is small.
    fn log(&self, log: f64) -> f64 {
        log + self.cumulants[0]
    }

    fn at(&self, u: f64) -> f64 {
        let mut values = [1.0; MAX_ORDER + 1];
        for m in 0..self.order {
            let mut binomial = 1.0;
            let mut next = 0.0;
            for i in 0..=m {
                next += binomial * values[m - i] * if i == 0 { u } else { self.cumulants[i] };
                binomial *= (m - i) as f64 / (i + 1) as f64;
            }
            values[m + 1] = next;
        }
        match self.order {
            0 => self.a,
            n => self.a * values[n] + n as f64 * values[n - 1],
        }
    }
}

/// ln x - ψ(a + 1), which for large a is ln(x/a) and DLMF 5.11.2, so that it keeps its digits where it is small.
fn log_excess(a: f64, x: f64) -> f64 {
    if a < ASYMPTOTIC {
        return x.ln() - digamma(a + 1.0);
    }
    let r = 1.0 / (a * a);
    let series = r * (1.0 / 12.0 - r * (1.0 / 120.0 - r * (1.0 / 252.0 - r * (1.0 / 240.0 - r / 132.0))));
    let ratio = if (x - a).abs() < 0.5 * a { ((x - a) / a).ln_1p() } else { x.ln() - a.ln() };
    ratio - 0.5 / a + series
}

/// Where slope·v + curvature·v²/2 is 1.
fn length(slope: f64, curvature: f64) -> f64 {
    2.0 / (slope + slope.hypot((2.0 * curvature).sqrt()))
}

/// x^a e^(-x)/Γ(a + 1).
fn weight(a: f64, x: f64) -> f64 {
    if a < LARGE { product(a, a, x) } else { stirling(a, x) }
}

/// x^power e^(-x)/Γ(a + 1), multiplied in an order that neither overflows nor underflows early.
fn product(a: f64, power: f64, x: f64) -> f64 {
    let root = x.powf(power / 2.0) * (-x / 4.0).exp() * (-x / 4.0).exp();
    root / gamma_above(a) * root
}

/// Γ(a + 1), without the rounding of a + 1 where that would count.
fn gamma_above(a: f64) -> f64 {
    if a < 1.0 { pxfm::f_tgamma(a + 1.0) } else { a * pxfm::f_tgamma(a) }
}

/// x^a e^(-x)/Γ(a + 1) by Stirling's series (DLMF 5.11.1): e^(-a(μ - ln(1 + μ)))/√(2πa) with μ = x/a - 1.
fn stirling(a: f64, x: f64) -> f64 {
    let r = 1.0 / (a * a);
    let correction = (1.0 / 12.0 - r * (1.0 / 360.0 - r / 1260.0)) / a;
    let mu = (x - a) / a;
    (-a * log_defect(mu) - correction).exp() / (2.0 * std::f64::consts::PI * a).sqrt()
}

/// μ - ln(1 + μ), by the series of 2 artanh(μ/(2 + μ)) where it is small.
fn log_defect(mu: f64) -> f64 {
    if !(-0.4..0.6).contains(&mu) {
        return mu - mu.ln_1p();
    }
    let r = mu / (2.0 + mu);
    let square = r * r;
    let series = (0..14).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 3));
    mu * r - 2.0 * r * square * series
}

/// e^w - 1 - w, by its series where it is small.
fn exp_excess(w: f64) -> f64 {
    if w.abs() > 0.5 {
        return w.exp_m1() - w;
    }
    w * w * (2..16).rev().fold(0.0, |sum, k| (sum * w + 1.0) / f64::from(k))
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "reference numbers stand as they were printed")]
mod tests {
    use super::*;

    fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found:e} for {expected:e}");
    }

    #[test]
    fn whole_shapes_have_closed_forms() {
        for x in [1e-9, 0.2, 1.0, 4.0, 40.0, 600.0_f64] {
            close("Q(1, x)", gamma_q(1.0, x), (-x).exp(), 2e-15);
            close("Q(3, x)", gamma_q(3.0, x), (-x).exp() * (1.0 + x + 0.5 * x * x), 2e-15);
        }
    }

    #[test]
    fn half_a_shape_is_an_error_function() {
        // DLMF 7.11.1 and 7.11.2; the squares are exact.
        for root in [3.051_757_812_5e-5, 0.25, 1.0, 2.5, 6.5, 24.5_f64] {
            let x = root * root;
            close("P(1/2, x)", gamma_p(0, 0.5, x), pxfm::f_erf(root), 2e-15);
            close("Q(1/2, x)", gamma_q(0.5, x), pxfm::f_erfc(root), 2e-15);
        }
    }

    #[test]
    fn shapes_are_joined_by_their_recurrence() {
        // P(a + 1, x) = P(a, x) - x^a e^(-x)/Γ(a + 1) (DLMF 8.8.5), and so are the derivatives by a. Across all
        // seams between the ways to compute.
        for n in 0..5 {
            for a in [0.05_f64, 0.4, 15.2, 15.9, 169.3, 4e3] {
                for t in [-2.0, -0.3, 0.1, 2.0] {
                    let x = a * (t / a.sqrt().max(1.0)).exp();
                    let step = gamma_density(n, a + 1.0, x);
                    let difference = gamma_p(n, a, x) - gamma_p(n, a + 1.0, x);
                    let scale = gamma_p(n, a, x).abs().max(step.abs());
                    assert!((difference - step).abs() <= 4e-14 * scale, "{n} at ({a}, {x}): {difference:e}, {step:e}");
                }
            }
        }
    }

    #[test]
    fn second_and_third_derivatives_by_the_shape_match_mpmath() {
        // mpmath 1.4.1, 120 digits.
        let known: [(u32, f64, f64, f64); 8] = [
            (2, 0.01, 0.001, 36.30008774742207),
            (2, 0.3, 2.0, -0.17897351352819282),
            (2, 2.5, 1.0, 0.17286396981617788),
            (2, 40.0, 50.0, -0.0043079650925241025),
            (2, 1000.0, 950.0, 0.00018216448743631368),
            (3, 0.3, 0.2, 1.0254513704691413),
            (3, 2.5, 6.0, -0.016713530589173103),
            (3, 200.0, 230.0, -4.935977040834992e-05),
        ];
        for (n, a, x, expected) in known {
            close(&format!("{n} at ({a}, {x})"), gamma_p(n, a, x), expected, 1e-13);
        }
    }

    #[test]
    fn edges_are_as_documented() {
        let inf = f64::INFINITY;
        assert_eq!(
            [gamma_p(0, 2.0, 0.0), gamma_p(0, 2.0, inf), gamma_p(0, inf, 2.0), gamma_p(0, 0.0, 2.0)],
            [0.0, 1.0, 0.0, 1.0]
        );
        assert_eq!(
            [gamma_q(2.0, 0.0), gamma_q(2.0, inf), gamma_p(1, 2.0, 0.0), gamma_p(1, 2.0, inf)],
            [1.0, 0.0, 0.0, 0.0]
        );
        assert_eq!([3.0, 1.0, 0.5].map(|a| gamma_density(0, a, 0.0)), [0.0, 1.0, inf]);
        for (a, x) in [(-1.0, 1.0), (1.0, -1.0), (0.0, 0.0), (inf, inf), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert!(gamma_p(0, a, x).is_nan() && gamma_q(a, x).is_nan(), "({a}, {x})");
        }
        assert!(gamma_p(17, 1.0, 1.0).is_nan() && gamma_density(1, 0.5, 0.0).is_nan());
        // Near the largest and smallest doubles nothing overflows on the way.
        assert_eq!([gamma_p(0, 1e300, 1e299), gamma_q(1e300, 1e301), gamma_q(1e-300, 800.0)], [0.0; 3]);
        assert!((gamma_p(0, 1e300, 1e300) - 0.5).abs() < 1e-15);
    }
}
