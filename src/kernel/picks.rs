//! Elements picked by number.

/// A whole number in [-length, length) as a position; a negative one counts from the end.
#[inline]
pub fn position(index: f64, length: usize) -> Option<usize> {
    let position = if index < 0.0 { index + length as f64 } else { index };
    // What is out of range or no number is made one that is not equal, or too large.
    let whole = position as i64;
    (whole as f64 == position && (whole as u64) < length as u64).then_some(whole as usize)
}

/// Turns the numbers of rows into the places where these begin, as whole numbers in the bits: row `i` of `count` begins
/// at `i · length`, which is below 2^52. What is no position becomes a place beyond any end.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loop must be compiled in the form for this processor")]
pub fn starts(indices: &mut [f64], count: usize, length: usize) {
    /// From here on doubles are whole numbers, and the next ones have the next bits.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let (count, length) = (count as f64, length as f64);
    for x in indices {
        let position = if *x < 0.0 { *x + count } else { *x };
        let is_whole = (position + WHOLE) - WHOLE == position;
        let start = (position * length + WHOLE).to_bits().wrapping_sub(WHOLE.to_bits());
        let within = (0.0..count).contains(&position) && is_whole;
        *x = f64::from_bits(if within { start } else { u64::MAX });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_where_their_positions_say() {
        let mut indices = [0.0, -0.0, 1.0, 6.0, 7.0, -1.0, -7.0, -8.0, 0.5, -0.5, 1e300, -1e300, 5e-324]
            .into_iter()
            .chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 4_503_599_627_370_497.5])
            .collect::<Vec<f64>>();
        for (count, length) in [(7, 3), (7, 1), (7, 0), (0, 5), (1 << 40, 1 << 11)] {
            let before = indices.clone();
            starts(&mut indices, count, length);
            for (x, start) in before.iter().zip(&indices) {
                let expected = position(*x, count).map_or(u64::MAX, |row| (row * length) as u64);
                assert_eq!(start.to_bits(), expected, "{x} among {count} rows of {length}");
            }
            indices = before;
        }
    }
}
