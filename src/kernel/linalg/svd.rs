//! Singular values.

use faer::MatRef;

/// The min(m, n) singular values of `a` (m×n), greatest first; all NaN if the matrix holds infinities or NaN.
pub fn singular_values(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    let matrix = MatRef::from_row_major_slice(a, m, n);
    let finite = a.iter().all(|x| x.is_finite());
    let values = finite.then(|| matrix.singular_values().ok()).flatten();
    values.unwrap_or_else(|| vec![f64::NAN; m.min(n)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_come_in_falling_order() {
        let values = singular_values(&[0.0, 3.0, 0.0, -4.0, 0.0, 0.0], 2, 3);
        assert!(values.len() == 2 && (values[0] - 4.0).abs() < 1e-14);
        assert!((values[1] - 3.0).abs() < 1e-14);
        assert!(singular_values(&[], 0, 3).is_empty());
        assert!(singular_values(&[f64::NAN, 1.0, 1.0, 1.0], 2, 2).iter().all(|s| s.is_nan()));
    }
}
