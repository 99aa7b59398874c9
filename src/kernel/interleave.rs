//! Columns laid beside each other, so that what belongs together lies together.

#![allow(clippy::inline_always, reason = "a loop must be compiled inside the form for its processor")]

use super::best;
use super::squares::{SIDE, Square, Turning, turning};

/// Numbers of a line of the cache.
pub const LINE: usize = 8;

/// Writes rows of one element of each column: element `i` of column `j` goes to `out[i · columns + j]`. The columns are as
/// long as there are rows, and `out` has room for all of them.
///
/// A row is written at once, so each line of the memory is: where `out` is large, that takes a third of the time it takes
/// column by column. Where rows are longer than a line, lines are filled in order before: they come into the cache sooner so,
/// which is a tenth of the time of a program that writes more than it holds.
pub fn interleave(columns: &[&[f64]], out: &mut [f64]) {
    let Some(count) = columns.first().map(|column| column.len()) else { return };
    match *columns {
        [a] => return out[..count].copy_from_slice(a),
        [a, b] => return narrow([a, b], out),
        [a, b, c] => return narrow([a, b, c], out),
        _ => {}
    }
    let whole = count - count % SIDE;
    let (squares, rest) = out.split_at_mut(whole * columns.len());
    if columns.len() > LINE {
        squares.fill(0.0);
    }
    turning(Rows { columns, out: squares });
    for (i, row) in (whole..count).zip(rest.chunks_exact_mut(columns.len())) {
        row.iter_mut().zip(columns).for_each(|(element, column)| *element = column[i]);
    }
}

/// Rows that are shorter than the side of a square.
fn narrow<const WIDTH: usize>(columns: [&[f64]; WIDTH], out: &mut [f64]) {
    best(
        (columns, out),
        #[inline(always)]
        |(columns, out)| {
            let count = columns[0].len();
            let columns = columns.map(|column| &column[..count]);
            for (i, row) in out.as_chunks_mut().0[..count].iter_mut().enumerate() {
                *row = columns.map(|column| column[i]);
            }
        },
    );
}

/// A number of rows that [`SIDE`] divides.
struct Rows<'a> {
    columns: &'a [&'a [f64]],
    out: &'a mut [f64],
}

impl Turning for Rows<'_> {
    #[inline(always)]
    fn run(self, turn: impl Fn(Square) -> Square) {
        let Self { columns, out } = self;
        let width = columns.len();
        for (i, rows) in out.chunks_exact_mut(SIDE * width).enumerate() {
            for first in (0..width).step_by(SIDE) {
                // The last square may share columns with the one before.
                let first = first.min(width - SIDE);
                let Some(columns) = columns[first..].first_chunk::<SIDE>() else { return };
                let square = turn(columns.map(|column| column.as_chunks().0[i]));
                for (row, elements) in square.iter().enumerate() {
                    rows[row * width + first..][..SIDE].copy_from_slice(elements);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::squares::turned;
    use super::*;

    #[test]
    fn every_element_lies_in_the_row_of_its_number() {
        for width in 0..11 {
            for count in 0..11 {
                let columns: Vec<Vec<f64>> =
                    (0..width).map(|j| (0..count).map(|i| (100 * i + j) as f64).collect()).collect();
                let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
                let mut out = vec![f64::NAN; width * count];
                interleave(&columns, &mut out);
                let wanted: Vec<f64> = (0..count).flat_map(|i| (0..width).map(move |j| (100 * i + j) as f64)).collect();
                assert_eq!(out, wanted, "{width} columns of {count}");
                if width >= SIDE {
                    // In the form without special instructions, too.
                    let whole = count - count % SIDE;
                    let mut out = vec![f64::NAN; whole * width];
                    Rows { columns: &columns, out: &mut out }.run(turned);
                    assert_eq!(out, wanted[..whole * width]);
                }
            }
        }
    }
}
