//! Special functions of one variable, with their poles and the edges of their domains pinned down.

/// The error function 2/√π ∫₀ˣ e^(-t²) dt.
pub fn erf(x: f64) -> f64 {
    pxfm::f_erf(x)
}

/// The complementary error function 1 - erf(x), accurate where erf(x) is close to 1.
pub fn erfc(x: f64) -> f64 {
    pxfm::f_erfc(x)
}

/// The inverse of [`erf`]: ±∞ at ±1, NaN outside [-1, 1].
pub fn erfinv(x: f64) -> f64 {
    if x == 0.0 { x } else { pxfm::f_erfinv(x) }
}

/// Γ(x): ±∞ at ±0, NaN at the other poles and at -∞.
pub fn gamma(x: f64) -> f64 {
    if x == 0.0 {
        1.0 / x
    } else if is_pole(x) {
        f64::NAN
    } else {
        pxfm::f_tgamma(x)
    }
}

/// ln |Γ(x)|: +∞ at the poles 0, -1, -2, … and at ±∞.
pub fn lgamma(x: f64) -> f64 {
    pxfm::f_lgamma(x)
}

/// ψ(x), the derivative of ln Γ(x): NaN at the poles 0, -1, -2, … and at -∞.
pub fn digamma(x: f64) -> f64 {
    if is_pole(x) { f64::NAN } else { pxfm::f_digamma(x) }
}

/// ψ′(x), the second derivative of ln Γ(x): +∞ at the poles 0, -1, -2, …, NaN at -∞.
pub fn trigamma(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        f64::NAN
    } else if is_pole(x) {
        f64::INFINITY
    } else {
        pxfm::f_trigamma(x)
    }
}

/// ln(x / (1 - x)): ∓∞ at 0 and 1, NaN outside [0, 1]. Around 1/2 it is 2 artanh(2x - 1), which keeps its digits.
pub fn logit(x: f64) -> f64 {
    if (0.25..0.75).contains(&x) { ((2.0 * x - 1.0) / (1.0 - x)).ln_1p() } else { x.ln() - (-x).ln_1p() }
}

/// x ln y, which is 0 where x is 0 whatever y is, but for NaN.
pub fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 && !y.is_nan() { 0.0 } else { x * y.ln() }
}

/// Whether Γ has a pole at `x`: zero, a negative whole number, or -∞, where the poles have no end.
pub(super) fn is_pole(x: f64) -> bool {
    x <= 0.0 && x == x.trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with values computed by mpmath 1.4.1 with 40 digits, within two units in the last place.
    fn check(function: fn(f64) -> f64, known: &[(f64, f64)]) {
        for &(x, expected) in known {
            let error = (function(x) - expected).abs();
            assert!(error <= 4.5e-16 * expected.abs(), "at {x}: {} for {expected}", function(x));
        }
    }

    #[test]
    fn error_functions_match_mpmath() {
        check(
            erf,
            &[
                (1e-10, 1.128_379_167_095_512_6e-10),
                (0.1, 0.112_462_916_018_284_9),
                (0.5, 0.520_499_877_813_046_5),
                (1.0, 0.842_700_792_949_714_9),
                (-2.0, -0.995_322_265_018_952_7),
                (3.5, 0.999_999_256_901_627_6),
            ],
        );
        check(
            erfc,
            &[
                (-1.5, 1.966_105_146_475_310_8),
                (0.1, 0.887_537_083_981_715),
                (1.0, 0.157_299_207_050_285_13),
                (5.0, 1.537_459_794_428_035e-12),
                (10.0, 2.088_487_583_762_545e-45),
                (26.0, 5.663_192_408_856_143e-296),
            ],
        );
        check(
            erfinv,
            &[
                (1e-12, 8.862_269_254_527_58e-13),
                (-0.1, -0.088_855_990_494_257_69),
                (0.5, 0.476_936_276_204_469_9),
                (0.9, 1.163_087_153_676_674_3),
                (0.999_999, 3.458_910_737_275_499),
                (-0.25, -0.225_312_055_012_178_1),
            ],
        );
    }

    #[test]
    fn gamma_functions_match_mpmath() {
        check(
            lgamma,
            &[
                (1e-5, 11.512_919_692_895_826),
                (0.5, 0.572_364_942_924_700_1),
                (1.5, -0.120_782_237_635_245_22),
                (2.5, 0.284_682_870_472_919_2),
                (10.0, 12.801_827_480_081_469),
                (171.5, 709.143_163_030_928_2),
                (-0.5, 1.265_512_123_484_645_4),
                (-2.5, -0.056_243_716_497_674_054),
                (1e10, 220_258_509_288.810_58),
            ],
        );
        check(
            digamma,
            &[
                (1e-5, -100_000.577_199_215_67),
                (0.5, -1.963_510_026_021_423_5),
                (1.0, -0.577_215_664_901_532_9),
                (1.4616, -3.110_625_123_034_165e-5),
                (10.0, 2.251_752_589_066_721),
                (1e8, 18.420_680_738_952_367),
                (-0.5, 0.036_489_973_978_576_52),
                (-3.25, 4.466_275_872_350_28),
            ],
        );
        check(
            trigamma,
            &[
                (1e-3, 1_000_001.642_533_195_8),
                (0.5, 4.934_802_200_544_679),
                (1.0, 1.644_934_066_848_226_4),
                (10.0, 0.105_166_335_681_685_75),
                (1e8, 1.000_000_005e-8),
                (-0.5, 8.934_802_200_544_679),
                (-3.25, 19.474_085_068_082_154),
            ],
        );
    }

    #[test]
    fn poles_and_edges_are_as_documented() {
        let inf = f64::INFINITY;
        assert_eq!([erf(inf), erf(-inf), erfc(inf), erfc(-inf)], [1.0, -1.0, 0.0, 2.0]);
        assert_eq!([erfinv(1.0), erfinv(-1.0)], [inf, -inf]);
        assert!(erfinv(1.000_000_1).is_nan() && erfinv(-inf).is_nan());
        assert!(erf(-0.0).is_sign_negative() && erfinv(-0.0).is_sign_negative());
        assert_eq!([0.0, -1.0, -2.0, -1e300, inf, -inf].map(lgamma), [inf; 6]);
        assert!([0.0, -0.0, -1.0, -1e300, -inf].iter().all(|&x| digamma(x).is_nan()));
        assert_eq!([0.0, -0.0, -1.0, -1e300].map(trigamma), [inf; 4]);
        assert_eq!([digamma(inf), trigamma(inf)], [inf, 0.0]);
        for function in [erf, erfc, erfinv, lgamma, digamma, trigamma] {
            assert!(function(f64::NAN).is_nan());
        }
        assert!(trigamma(-inf).is_nan());
    }
}
