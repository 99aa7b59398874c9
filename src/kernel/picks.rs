//! Elements picked by number.

use super::squares::{SIDE, Square, Turning, turning};

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

/// Four neighbouring columns of the rows that begin at `starts`, which are places in `data` as whole numbers in the bits:
/// element `i` of column `j` is number `j` from the place `starts[i]` on, NaN where there is none. All are equally long.
pub fn pick_columns(data: &[f64], starts: &[f64], columns: [&mut [f64]; SIDE]) {
    let (whole, rest) = starts.as_chunks();
    let mut columns = columns.map(|column| column.split_at_mut(starts.len() - rest.len()));
    for (i, start) in rest.iter().enumerate() {
        let row = row(data, start.to_bits());
        columns.iter_mut().zip(row).for_each(|((_, column), x)| column[i] = x);
    }
    turning(Columns { data, starts: whole, targets: columns.map(|(column, _)| column.as_chunks_mut().0) });
}

/// Rows four by four.
struct Columns<'a> {
    data: &'a [f64],
    starts: &'a [[f64; SIDE]],
    targets: [&'a mut [[f64; SIDE]]; SIDE],
}

impl Turning for Columns<'_> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loop must be compiled in the form for this processor")]
    fn run(self, turn: impl Fn(Square) -> Square) {
        let [a, b, c, d] = self.targets;
        for ((((starts, a), b), c), d) in self.starts.iter().zip(a).zip(b).zip(c).zip(d) {
            [*a, *b, *c, *d] = turn(starts.map(|start| row(self.data, start.to_bits())));
        }
    }
}

/// The numbers from a place on.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loop must be compiled in the form for this processor")]
fn row(data: &[f64], start: u64) -> [f64; SIDE] {
    let rest = usize::try_from(start).ok().and_then(|start| data.get(start..)).unwrap_or_default();
    rest.first_chunk().copied().unwrap_or_else(|| short(rest))
}

/// Fewer numbers than a row has, and what is none.
#[cold]
fn short(rest: &[f64]) -> [f64; SIDE] {
    std::array::from_fn(|i| rest.get(i).copied().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_picked_row_by_row_and_nan_where_there_is_none() {
        let data: Vec<f64> = (0..11).map(f64::from).collect();
        let places = [0, 7, 3, 8, 10, 11, u64::MAX, u64::MAX - 2, 7, 6, 5];
        for count in 0..=places.len() {
            let starts: Vec<f64> = places[..count].iter().map(|&place| f64::from_bits(place)).collect();
            let mut columns = [const { [0.0; 11] }; SIDE];
            pick_columns(&data, &starts, columns.each_mut().map(|column| &mut column[..count]));
            for (i, &place) in places[..count].iter().enumerate() {
                for (j, column) in (0..).zip(&columns) {
                    let expected = place.checked_add(j).and_then(|at| data.get(at as usize)).copied();
                    assert_eq!(column[i].to_bits(), expected.unwrap_or(f64::NAN).to_bits(), "{j} from {place}");
                }
            }
        }
    }

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
