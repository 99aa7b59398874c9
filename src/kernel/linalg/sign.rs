//! Which of two opposite vectors is meant, where a factorisation leaves that open.

use faer::ColRef;

/// Components this much smaller than the largest, relative to it, count as equally large, so that rounding does not
/// choose among them.
const EQUALLY_LARGE: f64 = 1e-9;

/// Whether the vector is to be turned round for its largest component, the first of several, to be positive.
pub(super) fn is_turned(vector: ColRef<f64>) -> bool {
    let largest = vector.norm_max();
    let first = vector.iter().find(|x| x.abs() >= largest * (1.0 - EQUALLY_LARGE));
    first.is_some_and(|x| *x < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_decides() {
        let turned = |v: &[f64]| is_turned(ColRef::from_slice(v));
        assert!(turned(&[0.1, -3.0, 2.0]) && !turned(&[0.1, 3.0, -2.0]));
        assert!(turned(&[-1.0, 1.0 + 1e-15]) && !turned(&[1.0, -1.0 - 1e-15]));
        assert!(!turned(&[0.0, 0.0]) && !turned(&[]));
    }
}
