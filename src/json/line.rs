//! A line of numbers on its way into a long text.

use super::write::Nonfinite;

/// Bytes of a line.
const LENGTH: usize = 1 << 10;

/// Numbers whose digits are all there before any of them are copied: to read at once what was just written in pieces takes
/// as long as to write it.
const AT_ONCE: usize = 4;

/// Bytes of the longest number, and of what stands for one, with its comma.
const LONGEST: usize = 32;

/// Numbers put beside each other by copies of fixed lengths: these take a few instructions, where a copy of any length
/// is a call.
#[derive(Debug)]
pub(super) struct Line {
    text: [u8; LENGTH],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { text: [0; LENGTH], length: 0 }
    }
}

impl Line {
    /// Adds the next [`AT_ONCE`] numbers, or all that are left, each with a comma, and tells how many; a full line goes to
    /// `out` before.
    #[inline]
    pub(super) fn put(
        &mut self,
        numbers: &mut impl Iterator<Item = f64>,
        nonfinite: Nonfinite,
        out: &mut Vec<u8>,
    ) -> usize {
        let mut buffers: [_; AT_ONCE] = std::array::from_fn(|_| zmij::Buffer::new());
        let mut texts = [""; AT_ONCE];
        let mut count = 0;
        for ((text, buffer), number) in texts.iter_mut().zip(&mut buffers).zip(numbers) {
            *text = digits(number, nonfinite, buffer);
            count += 1;
        }
        texts[..count].iter().for_each(|text| self.add(text, out));
        count
    }

    /// Adds the text of a number and a comma.
    #[inline]
    fn add(&mut self, number: &str, out: &mut Vec<u8>) {
        if self.length > LENGTH - LONGEST {
            self.empty(out);
        }
        let (from, to) = (number.as_bytes(), &mut self.text[self.length..][..LONGEST]);
        let length = from.len();
        // Two copies that overlap are one of a length in between.
        match (from.first_chunk::<16>(), from.last_chunk::<16>()) {
            (Some(first), Some(last)) if length < LONGEST => {
                to[..16].copy_from_slice(first);
                to[length - 16..length].copy_from_slice(last);
            }
            _ => to[..length].copy_from_slice(from),
        }
        to[length] = b',';
        self.length += length + 1;
    }

    /// Moves what is there to `out`.
    pub(super) fn empty(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text[..self.length]);
        self.length = 0;
    }
}

/// The text of a number; `buffer` is where its digits are.
#[inline]
pub(super) fn digits(number: f64, nonfinite: Nonfinite, buffer: &mut zmij::Buffer) -> &str {
    if number.is_finite() {
        buffer.format_finite(number)
    } else if nonfinite != Nonfinite::Text {
        "null"
    } else if number.is_nan() {
        "\"NaN\""
    } else if number > 0.0 {
        "\"Infinity\""
    } else {
        "\"-Infinity\""
    }
}
