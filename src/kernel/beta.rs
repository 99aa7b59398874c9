//! The logarithm of the beta function and its slope, for positive arguments.

use super::special::{digamma, lgamma};

/// From here on Stirling's series is exact to the last digit.
const LARGE: f64 = 16.0;

/// ln B(a, b) = ln Γ(a) + ln Γ(b) - ln Γ(a + b) (DLMF 5.12.1): +∞ at zero, NaN for negative arguments.
///
/// Large arguments are taken apart by Stirling's series first, so that the large terms cancel on paper.
pub fn betaln(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small.is_nan() || large.is_nan() || small < 0.0 {
        return f64::NAN;
    }
    if small == 0.0 || large == f64::INFINITY {
        return match (small == 0.0, large == f64::INFINITY) {
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
    }
    let sum = small + large;
    if large < LARGE {
        // What the sum was rounded by, made good.
        let rounded = (large - sum) + small;
        return pxfm::f_lnbeta(small, large) - digamma(sum) * rounded;
    }
    let ratio = small / large;
    let tail = (large - 0.5) * -ratio.ln_1p();
    if small < LARGE {
        let correction = stirling_rest(large) - stirling_rest(sum);
        return lgamma(small) + (small + correction + tail - small * sum.ln());
    }
    let correction = stirling_rest(small) + stirling_rest(large) - stirling_rest(sum);
    let logs = small * (ratio / (1.0 + ratio)).ln();
    0.5 * ((2.0 * std::f64::consts::PI).ln() - small.ln()) + correction + logs + tail
}

/// ψ(a) - ψ(a + b) for positive arguments, without the loss of digits where b is much smaller than a.
///
/// The recurrence (DLMF 5.5.2) leads to arguments where the asymptotic series (DLMF 5.11.2) holds; the difference is
/// taken term by term, and all terms are negative but for the smallest.
pub fn digamma_step(a: f64, b: f64) -> f64 {
    /// B₂ₖ/(2k) for k = 1, 2, …
    const SERIES: [f64; 7] =
        [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0, 1.0 / 12.0];
    if !(a >= 0.0 && b >= 0.0) || a.min(b) == f64::INFINITY {
        return f64::NAN;
    }
    if b == 0.0 || a == f64::INFINITY {
        return 0.0;
    }
    if a == 0.0 || b == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    let (mut a, mut sum) = (a, 0.0);
    while a < LARGE {
        sum += b / (a + b) / a;
        a += 1.0;
    }
    let log = (b / a).ln_1p();
    // 1/a^p - 1/(a + b)^p.
    let fall = |p: i32| -(-f64::from(p) * log).exp_m1() / a.powi(p);
    let series: f64 = SERIES.iter().zip(1..).map(|(c, k)| c * fall(2 * k)).sum();
    -(sum + (log + 0.5 * fall(1) + series))
}

/// ln Γ(x) - (x - 1/2) ln x + x - ln(2π)/2 for large x (DLMF 5.11.1).
fn stirling_rest(x: f64) -> f64 {
    let r = 1.0 / (x * x);
    (1.0 / 12.0
        - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0))))))
        / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_as_documented() {
        let inf = f64::INFINITY;
        assert_eq!([betaln(0.0, 1.0), betaln(1.0, inf), betaln(1.0, 1.0)], [inf, -inf, 0.0]);
        assert!(
            [(0.0, inf), (-1.0, 2.0), (2.0, -0.5), (f64::NAN, 1.0), (1.0, f64::NAN)]
                .iter()
                .all(|&(a, b)| { betaln(a, b).is_nan() })
        );
        assert_eq!([digamma_step(3.0, 0.0), digamma_step(inf, 1.0), digamma_step(0.0, 1.0)], [0.0, 0.0, -inf]);
        assert!(digamma_step(-1.0, 2.0).is_nan() && digamma_step(1.0, f64::NAN).is_nan());
    }

    #[test]
    fn whole_steps_of_digamma_are_sums() {
        // ψ(a) - ψ(a + 2) = -1/a - 1/(a + 1) (DLMF 5.5.2).
        for a in [1e-300, 0.3, 15.5, 16.5, 1e8_f64] {
            let expected = -1.0 / a - 1.0 / (a + 1.0);
            assert!((digamma_step(a, 2.0) - expected).abs() <= 1e-15 * -expected, "at {a}");
        }
    }
}
