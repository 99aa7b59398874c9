//! How long the text of an array will be, so that it is written to memory reserved once.

use super::write::{Encoding, Style};

/// Runs of neighbouring elements that are looked at, and the elements of each.
const RUNS: usize = 16;
const RUN: usize = 16;

/// Bytes that an array of `count` elements and rows of the last axis of length `row` will take at most or nearly so;
/// judged by some of its elements, which `look` copies from a place on.
pub fn room(count: usize, row: usize, style: Style, mut look: impl FnMut(usize, &mut [f64])) -> usize {
    if style.encoding == Encoding::Base64 {
        return count.saturating_mul(8).div_ceil(3).saturating_mul(4).saturating_add(8);
    }
    let mut sample = [0.0; RUN];
    let runs = if count <= RUNS * RUN { count.div_ceil(RUN) } else { RUNS };
    let (mut seen, mut bytes) = (0, 0);
    for run in 0..runs {
        let start = if count <= RUNS * RUN { run * RUN } else { run * (count - RUN) / (RUNS - 1) };
        let part = &mut sample[..RUN.min(count - start)];
        look(start, part);
        seen += part.len();
        bytes += part.iter().map(|x| zmij::Buffer::new().format(*x).len() + 1).sum::<usize>();
    }
    let brackets = if style.encoding == Encoding::Nested { 4 * (count / row.max(1)) } else { 0 };
    let numbers = count.saturating_mul(bytes).div_ceil(seen.max(1));
    numbers.saturating_add(numbers / 64).saturating_add(brackets).saturating_add(8)
}
