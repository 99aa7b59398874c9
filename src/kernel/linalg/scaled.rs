//! Products of many factors whose partial products may leave the range of doubles though the whole does not.

/// A number with an exponent of its own, `mantissa · 2^exponent`; the mantissa's size is in [1, 2), or it is zero or
/// not finite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaled {
    mantissa: f64,
    exponent: i64,
}

impl Scaled {
    /// The product of the factors; 1 of none.
    pub(super) fn product(factors: impl IntoIterator<Item = f64>) -> Self {
        factors.into_iter().fold(Self { mantissa: 1.0, exponent: 0 }, Self::times)
    }

    fn times(self, factor: f64) -> Self {
        let (mantissa, exponent) = split(factor);
        let (mantissa, carry) = split(self.mantissa * mantissa);
        Self { mantissa, exponent: self.exponent + exponent + carry }
    }

    /// The number as a double; too large becomes infinite, too small zero.
    pub(super) fn value(self) -> f64 {
        let (mut value, mut left) = (self.mantissa, self.exponent.clamp(-4000, 4000));
        while left != 0 {
            let step = left.clamp(-1000, 1000);
            value *= 2.0_f64.powi(step as i32);
            left -= step;
        }
        value
    }
}

/// The bits of a double that hold its exponent.
const EXPONENT: u64 = 0x7ff << 52;

/// A number as a mantissa of size [1, 2) and a power of two; zeros, infinities and NaN as they are.
fn split(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    if x.is_subnormal() {
        let (mantissa, exponent) = split(x * 2.0_f64.powi(64));
        return (mantissa, exponent - 64);
    }
    let exponent = ((x.to_bits() & EXPONENT) >> 52) as i64 - 1023;
    (f64::from_bits(x.to_bits() & !EXPONENT | 1023 << 52), exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_products_may_leave_the_range() {
        assert_eq!(Scaled::product([1e200, -1e200, 1e-200, 2e-200]).value(), -2.0);
        assert_eq!(Scaled::product([5e-324, 2.0_f64.powi(1000), 0.5]).value(), 2.0_f64.powi(-75));
        assert_eq!(Scaled::product([]).value(), 1.0);
        assert_eq!(Scaled::product([3.0, 0.0]).value(), 0.0);
        assert_eq!(Scaled::product([1e300; 3]).value(), f64::INFINITY);
        assert_eq!(Scaled::product([1e-300; 3]).value(), 0.0);
        assert!(Scaled::product([f64::INFINITY, 0.0]).value().is_nan());
    }
}
