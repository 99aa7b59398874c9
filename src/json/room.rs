//! How long the text of an array will be, so that it is written to memory reserved once.

use super::write::{Encoding, Style};

/// Runs of neighbouring elements that are looked at, and the elements of each; where there are no more than these, room
/// for the longest numbers costs less than looking.
const RUNS: usize = 16;
const RUN: usize = 16;

/// Bytes of the longest number: a sign, 17 digits with a point, an exponent and a comma.
const LONGEST: usize = 25;

/// Bytes that so many numbers take in base64, with quotes: four for each three bytes of theirs, filled up.
pub fn base64_length(count: usize) -> usize {
    count.saturating_mul(8).div_ceil(3).saturating_mul(4).saturating_add(2)
}

/// Bytes that an array of `count` elements and rows of the last axis of length `row` will take at most or nearly so;
/// judged by some of its elements, which `look` copies from a place on.
pub fn room(count: usize, row: usize, style: Style, mut look: impl FnMut(usize, &mut [f64])) -> usize {
    if style.encoding == Encoding::Base64 {
        return base64_length(count).saturating_add(8);
    }
    let numbers = if count <= RUNS * RUN {
        count * LONGEST
    } else {
        let mut sample = [0.0; RUN];
        let mut bytes = 0;
        for run in 0..RUNS {
            look(run * (count - RUN) / (RUNS - 1), &mut sample);
            bytes += sample.iter().map(|x| zmij::Buffer::new().format(*x).len() + 1).sum::<usize>();
        }
        count.saturating_mul(bytes).div_ceil(RUNS * RUN)
    };
    let brackets = if style.encoding == Encoding::Nested { 4 * (count / row.max(1)) } else { 0 };
    numbers.saturating_add(numbers / 64).saturating_add(brackets).saturating_add(8)
}
