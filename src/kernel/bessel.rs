//! Bessel functions of orders 0 and 1, and the quotients by powers that their derivatives are made of.

/// J₀(x).
pub fn bessel_j0(x: f64) -> f64 {
    pxfm::f_j0(x)
}

/// J₁(x).
pub fn bessel_j1(x: f64) -> f64 {
    pxfm::f_j1(x)
}

/// Y₀(x): -∞ at 0, NaN below.
pub fn bessel_y0(x: f64) -> f64 {
    if x < 0.0 { f64::NAN } else { pxfm::f_y0(x) }
}

/// Y₁(x): -∞ at 0, NaN below.
pub fn bessel_y1(x: f64) -> f64 {
    if x < 0.0 { f64::NAN } else { pxfm::f_y1(x) }
}

/// I₀(x); +∞ from |x| = 713.99 on.
pub fn bessel_i0(x: f64) -> f64 {
    pxfm::f_i0(x)
}

/// I₁(x); ±∞ from |x| = 713.99 on.
pub fn bessel_i1(x: f64) -> f64 {
    pxfm::f_i1(x)
}

/// Jₙ(x)/xⁿ, an even function without a singularity.
///
/// By the power series (DLMF 10.2.2) up to |x| = n + 1, beyond by the recurrence (DLMF 10.6.1), which is stable there.
pub fn bessel_j_quotient(n: u32, x: f64) -> f64 {
    let order = f64::from(n);
    if x.abs() <= order + 1.0 {
        return series(order, -0.25 * x * x);
    }
    let (mut before, mut value) = (bessel_j0(x), bessel_j1(x));
    for m in 1..n {
        (before, value) = (value, 2.0 * f64::from(m) / x * value - before);
    }
    value / x.powi(n as i32)
}

/// Iₙ(x)/xⁿ, an even function without a singularity: the power series (DLMF 10.25.2), all of whose terms are positive,
/// and for n ≤ 2 beyond |x| = 2 the functions themselves.
pub fn bessel_i_quotient(n: u32, x: f64) -> f64 {
    match n {
        1 if x.abs() > 2.0 => bessel_i1(x) / x,
        2 if x.abs() > 2.0 => pxfm::f_i2(x) / (x * x),
        _ => series(f64::from(n), 0.25 * x * x),
    }
}

/// Σ zᵏ/(k! (n + k)!) / 2ⁿ.
fn series(order: f64, z: f64) -> f64 {
    /// More terms than any finite sum needs.
    const MOST: u32 = 1_500;
    let mut term = 1.0;
    for k in 1..=order as u32 {
        term /= 2.0 * f64::from(k);
    }
    let mut sum = term;
    for k in 1..MOST {
        let k = f64::from(k);
        term *= z / (k * (order + k));
        sum += term;
        if term.abs() <= 1e-18 * sum.abs() {
            break;
        }
    }
    sum
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "reference numbers stand as they were printed")]
mod tests {
    use super::*;

    #[test]
    fn quotients_of_higher_order_match_mpmath() {
        // mpmath 1.4.1, 40 digits: J₃/x³, J₅/x⁵, I₃/x³, I₅/x⁵.
        let known: [(f64, [f64; 4]); 5] = [
            (1e-09, [0.020833333333333332, 0.00026041666666666666, 0.020833333333333332, 0.00026041666666666666]),
            (1.5, [0.01806339293070804, 0.00023696089117505992, 0.02393307052328661, 0.00028583500498404027]),
            (4.5, [0.004660674600575645, 0.00010552031493232464, 0.06507650223621624, 0.0005789728662644083]),
            (12.0, [0.000112926469636049, -2.952633226500554e-07, 7.426442732618311, 0.026096372559010934]),
            (200.0, [6.8253032591691314e-09, -1.7228962170004587e-13, 2.4927434027171683e+78, 5.986919067261522e+73]),
        ];
        for (x, expected) in known {
            let found =
                [bessel_j_quotient(3, x), bessel_j_quotient(5, x), bessel_i_quotient(3, x), bessel_i_quotient(5, x)];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 3e-15 * expected.abs(), "at {x}: {found:e} for {expected:e}");
            }
        }
    }

    #[test]
    fn edges_are_as_documented() {
        let inf = f64::INFINITY;
        assert_eq!(
            [bessel_j_quotient(1, 0.0), bessel_i_quotient(1, -0.0), bessel_j_quotient(2, 0.0)],
            [0.5, 0.5, 0.125]
        );
        assert_eq!([bessel_y0(0.0), bessel_y1(0.0), bessel_i0(714.0), bessel_i1(-714.0)], [-inf, -inf, inf, -inf]);
        assert_eq!([bessel_j0(inf), bessel_j1(-inf), bessel_y0(inf), bessel_y1(inf)], [0.0; 4]);
        for function in [bessel_y0, bessel_y1] {
            assert!([-1e-300, -1.0, -inf, f64::NAN].iter().all(|&x| function(x).is_nan()));
        }
        for function in [bessel_j0, bessel_j1, bessel_i0, bessel_i1] {
            assert!(function(f64::NAN).is_nan());
        }
    }
}
