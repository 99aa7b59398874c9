//! The normal distribution, accurate in its tails, and the scaled error function e^(x²) erfc(x) it stands on.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

use super::quadrature::half_line;

/// The n-th derivative of erfcx(x) = e^(x²) erfc(x).
///
/// For x ≥ 0 it is (-2)ⁿ 2/√π ∫₀^∞ tⁿ e^(-t² - 2xt) dt (DLMF 7.7.1 with 7.18.2 and 7.18.3), where nothing cancels, as
/// 2x·erfcx(x) - 2/√π does. Below zero the terms of the recurrence f⁽ⁿ⁾ = 2x f⁽ⁿ⁻¹⁾ + 2(n - 1) f⁽ⁿ⁻²⁾ have one sign.
pub fn erfcx(n: u32, x: f64) -> f64 {
    if n == 0 {
        return pxfm::f_erfcx(x);
    }
    if x >= 1.0 || (x >= 0.0 && n > 1) {
        if x == f64::INFINITY {
            return 0.0;
        }
        let power = n as i32;
        let length = 1.0 / (x + x.hypot(1.0));
        let integral = half_line(length, |t| t.powi(power) * (-t * (t + 2.0 * x)).exp());
        return (-2.0_f64).powi(power) * FRAC_2_SQRT_PI * integral;
    }
    let (mut before, mut value) = (pxfm::f_erfcx(x), 2.0 * x * pxfm::f_erfcx(x) - FRAC_2_SQRT_PI);
    for m in 2..=n {
        (before, value) = (value, 2.0 * x * value + 2.0 * f64::from(m - 1) * before);
    }
    value
}

/// The density e^(-x²/2)/√(2π), with the rounding of x² made good.
pub fn normal_pdf(x: f64) -> f64 {
    let square = x * x;
    if square == f64::INFINITY {
        return 0.0;
    }
    let rest = x.mul_add(x, -square);
    (-0.5 * square).exp() * (1.0 - 0.5 * rest) * (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2)
}

/// The distribution function erfc(-x/√2)/2, with the rounding of x/√2 made good: relative accuracy down to the smallest
/// doubles.
pub fn normal_cdf(x: f64) -> f64 {
    /// 1/√2 less its double.
    const REST: f64 = -4.833_646_656_726_457e-17;
    let z = x * FRAC_1_SQRT_2;
    if z.abs() > 30.0 || z.is_nan() {
        return 0.5 * pxfm::f_erfc(-z);
    }
    let rest = x.mul_add(FRAC_1_SQRT_2, -z) + x * REST;
    0.5 * pxfm::f_erfc(-z) + normal_pdf(x) / FRAC_1_SQRT_2 * rest
}

/// ln of [`normal_cdf`], which stays finite where that is zero.
pub fn normal_logcdf(x: f64) -> f64 {
    if x < -1.0 { -0.5 * x * x + (0.5 * pxfm::f_erfcx(-x * FRAC_1_SQRT_2)).ln() } else { (-normal_cdf(-x)).ln_1p() }
}

/// The slope of [`normal_logcdf`]: density over distribution function, √(2/π)/erfcx(-x/√2).
pub fn normal_hazard(x: f64) -> f64 {
    if x < 0.0 { (2.0 / PI).sqrt() / pxfm::f_erfcx(-x * FRAC_1_SQRT_2) } else { normal_pdf(x) / normal_cdf(x) }
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "reference numbers stand as they were printed")]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_erfcx_match_mpmath() {
        // mpmath 1.4.1, 400 digits.
        let known: [(u32, f64, f64); 9] = [
            (1, -20.0, -4.1771757518113154e+175),
            (1, 0.99, -0.276323365228499),
            (1, 1.01, -0.2701482021868886),
            (1, 100000.0, -5.641895834631278e-11),
            (2, -3.0, 615834.3467269868),
            (2, 0.0, 2.0),
            (2, 30.0, 4.165309238445888e-05),
            (3, 0.7, -0.8641721564670852),
            (4, 2.0, 0.1305777248993345),
        ];
        for (n, x, expected) in known {
            let found = erfcx(n, x);
            assert!((found - expected).abs() <= 2e-15 * expected.abs(), "{n} at {x}: {found:e} for {expected:e}");
        }
    }

    #[test]
    fn tails_end_as_documented() {
        let inf = f64::INFINITY;
        assert_eq!([inf, -inf, -40.0].map(normal_cdf), [1.0, 0.0, 0.0]);
        assert_eq!([inf, -inf, 1e200].map(normal_pdf), [0.0; 3]);
        assert_eq!([inf, -inf, 1e3].map(normal_logcdf), [0.0, -inf, 0.0]);
        assert_eq!([inf, -inf].map(normal_hazard), [0.0, inf]);
        assert_eq!([erfcx(0, inf), erfcx(1, inf), erfcx(2, 1e200), erfcx(0, -30.0)], [0.0, 0.0, 0.0, inf]);
        for function in [normal_cdf, normal_pdf, normal_logcdf, normal_hazard] {
            assert!(function(f64::NAN).is_nan());
        }
        assert!(erfcx(0, f64::NAN).is_nan() && erfcx(2, f64::NAN).is_nan());
    }
}
