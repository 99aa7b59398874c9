//! Double-exponential quadrature: the trapezoidal rule after a change of variable that makes the integrand fall off
//! doubly exponentially (H. Takahasi and M. Mori, Publ. RIMS Kyoto 9, 1974, 721–741).
//!
//! The number of nodes is fixed, so is the order in which they are added, and analytic integrands are found to the last
//! digits.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// Step of the trapezoidal rule.
const STEP: f64 = 1.0 / 24.0;

/// A node and its weight, both relative to the length of the integral.
type Node = (f64, f64);

/// v = exp(τ - e^(-τ)), for -3.75 ≤ τ ≤ 5: from 10⁻²⁰ to 147.
static HALF_LINE: LazyLock<Vec<Node>> = LazyLock::new(|| {
    let node = |k: i32| {
        let tau = f64::from(k) * STEP;
        let fall = (-tau).exp();
        let v = (tau - fall).exp();
        (v, STEP * (1.0 + fall) * v)
    };
    (-90..=120).map(node).collect()
});

/// q = 1/(1 + e^(π sinh τ)), for |τ| ≤ 3.25: both ends of (0, 1) are approached to 10⁻¹⁷.
static INTERVAL: LazyLock<Vec<Node>> = LazyLock::new(|| {
    let node = |k: i32| {
        let tau = f64::from(k) * STEP;
        let (near, far) = [1.0, -1.0].map(|sign: f64| 1.0 / (1.0 + (sign * PI * tau.sinh()).exp())).into();
        (near, STEP * PI * tau.cosh() * near * far)
    };
    (-78..=78).map(node).collect()
});

/// ∫₀^∞ f(v) dv for an analytic f that falls off at least exponentially, to 1/e at about `length`.
pub(super) fn half_line(length: f64, f: impl Fn(f64) -> f64) -> f64 {
    length * HALF_LINE.iter().map(|&(v, weight)| weight * f(length * v)).sum::<f64>()
}

/// ∫₀^length f(v) dv for an analytic f. The ends may have steep slopes; nodes near 0 are exact relative to 0.
pub(super) fn interval(length: f64, f: impl Fn(f64) -> f64) -> f64 {
    length * INTERVAL.iter().map(|&(q, weight)| weight * f(length * q)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 2e-15 * expected, "{found} for {expected}");
    }

    #[test]
    fn exponentials_and_bells_are_integrated_to_the_last_digits() {
        close(half_line(1.0, |v| (-v).exp()), 1.0);
        close(half_line(3e-9, |v| (-v / 1e-9).exp()), 1e-9);
        close(half_line(0.5, |v| (-v * v).exp()), PI.sqrt() / 2.0);
        close(half_line(1.0, |v| v.powi(4) * (-v).exp()), 24.0);
    }

    #[test]
    fn steep_ends_do_no_harm() {
        close(interval(2.0, |v| v * v), 8.0 / 3.0);
        close(interval(700.0, |v| (-v).exp()), 1.0);
        close(interval(1.0, f64::sqrt), 2.0 / 3.0);
    }
}
