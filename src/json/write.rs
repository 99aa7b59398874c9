//! Values → JSON text, straight into bytes; every double by its shortest exact form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::line::{Line, digits};
use super::order::transposed;
use super::room::base64_length;
use crate::tensor::count;

/// How the elements of arrays are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// As lists of lists, one list, or base64.
    pub encoding: Encoding,
    /// Which index runs fastest in one list or base64; lists of lists need no order.
    pub order: Order,
    /// What becomes of NaN and infinities.
    pub nonfinite: Nonfinite,
}

/// The form of `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// Lists nested by axis; a scalar is a bare number.
    #[default]
    Nested,
    /// One list.
    Flat,
    /// The bytes of the doubles, little-endian, in base64.
    Base64,
}

/// The order of elements in one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Row-major: the last index runs fastest.
    #[default]
    C,
    /// Column-major: the first index runs fastest.
    F,
}

/// What becomes of NaN and infinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Nonfinite {
    /// They are refused.
    #[default]
    Error,
    /// `"NaN"`, `"Infinity"`, `"-Infinity"`; base64 keeps the bits.
    Text,
    /// `null`; base64 keeps the bits.
    Null,
}

/// The most empty rows that are worth writing.
const MAX_HOLLOW: usize = 1_000_000;

/// Doubles turned into base64 at a time; a multiple of 3, so that only the last block is padded.
const BLOCK: usize = 384;

/// Elements written between two looks at the flag, and between two at the room that is left.
const PORTION: usize = 1 << 12;

/// Writes one JSON value; commas are its business, nesting is the caller's.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    /// Numbers on their way there.
    line: Line,
    /// Set when nobody wants the text any more.
    unwanted: Arc<AtomicBool>,
    /// How far the array is that is being written.
    progress: Progress,
    /// Whether the next key or element follows another.
    comma: bool,
}

/// What is known of the text of an array while it is written.
#[derive(Debug, Default)]
struct Progress {
    /// Where it begins.
    start: usize,
    /// Its elements in all.
    elements: usize,
    /// Those written.
    written: usize,
    /// Those of them since the last look at the room that is left.
    since: usize,
}

impl Writer {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty text of about so many bytes, wanted until the flag is set; arrays are then broken off, and the text is
    /// no JSON.
    pub fn until(unwanted: Arc<AtomicBool>, bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), unwanted, ..Self::default() }
    }

    fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed)
    }

    /// The text written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.open(b'{');
    }

    /// Closes an object.
    pub fn end_object(&mut self) {
        self.close(b'}');
    }

    /// Opens a list.
    pub fn begin_list(&mut self) {
        self.open(b'[');
    }

    /// Closes a list.
    pub fn end_list(&mut self) {
        self.close(b']');
    }

    /// Writes a key; its value must follow.
    pub fn key(&mut self, key: &str) {
        self.string(key);
        self.out.push(b':');
        self.comma = false;
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) {
        self.separate();
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.out, text);
    }

    /// Writes true or false.
    pub fn bool(&mut self, flag: bool) {
        self.raw(if flag { "true" } else { "false" });
    }

    /// Writes null.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// Writes a number; null if it is not finite.
    pub fn number(&mut self, number: f64) {
        self.separate();
        self.element(number, Nonfinite::Null);
    }

    /// Writes a count.
    pub fn usize(&mut self, number: usize) {
        self.separate();
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Writes a list of counts, such as a shape.
    pub fn usizes(&mut self, numbers: &[usize]) {
        self.counts(numbers.iter().copied());
    }

    /// Writes a list of counts from wherever they come.
    pub fn counts(&mut self, numbers: impl IntoIterator<Item = usize>) {
        self.begin_list();
        for number in numbers {
            self.usize(number);
        }
        self.end_list();
    }

    /// Writes a value that is JSON text already.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes the elements of an array, row-major in `data`, as what belongs after `"data":`.
    ///
    /// An array without elements but with over a million rows is written as `[]`; its shape tells it.
    /// When `style` refuses NaN and infinities and there is one, nothing is written and the error is
    /// the index of the first.
    pub fn array(&mut self, shape: &[usize], data: &[f64], style: Style) -> Result<(), usize> {
        if style.nonfinite == Nonfinite::Error
            && let Some(first) = self.first_nonfinite(data)
        {
            return Err(first);
        }
        self.separate();
        self.progress = Progress { start: self.out.len(), elements: data.len(), ..Progress::default() };
        let turned = style.order == Order::F && shape.len() > 1;
        match style.encoding {
            Encoding::Nested if hollow(shape) => self.out.extend_from_slice(b"[]"),
            Encoding::Nested => self.nested(shape, data, style.nonfinite),
            Encoding::Flat if turned => self.list(transposed(shape, data), style.nonfinite),
            Encoding::Flat => self.list(data.iter().copied(), style.nonfinite),
            Encoding::Base64 if turned => self.base64(transposed(shape, data)),
            Encoding::Base64 => self.base64(data.iter().copied()),
        }
        Ok(())
    }

    fn first_nonfinite(&self, data: &[f64]) -> Option<usize> {
        let mut parts = data.chunks(64 * PORTION).enumerate().take_while(|_| !self.is_unwanted());
        parts.find_map(|(i, part)| Some(i * 64 * PORTION + part.iter().position(|x| !x.is_finite())?))
    }

    /// Counts elements that were written; makes room for all that are left once that runs short, by the length of those
    /// before, so that a long text is not moved again and again.
    fn advance(&mut self, elements: usize) {
        let Progress { start, elements: all, .. } = self.progress;
        self.progress.written += elements;
        self.progress.since += elements;
        if self.progress.since < PORTION {
            return;
        }
        let Progress { written, since, .. } = std::mem::take(&mut self.progress);
        self.progress = Progress { start, elements: all, written, since: 0 };
        let each = (self.out.len() - start).div_ceil(written.max(1));
        let left = all.saturating_sub(written).saturating_mul(each);
        if self.out.capacity() - self.out.len() < left.min(2 * each * since) {
            self.out.reserve_exact(left.saturating_add(left / 32).saturating_add(4 * each * since));
        }
    }

    fn nested(&mut self, shape: &[usize], data: &[f64], nonfinite: Nonfinite) {
        match shape {
            [] => data.iter().for_each(|&element| self.element(element, nonfinite)),
            [_] => self.list(data.iter().copied(), nonfinite),
            [rows, inner @ ..] => {
                let size = data.len() / (*rows).max(1);
                let unwanted = Arc::clone(&self.unwanted);
                self.out.push(b'[');
                for row in (0..*rows).take_while(|_| !unwanted.load(Ordering::Relaxed)) {
                    if row > 0 {
                        self.out.push(b',');
                    }
                    self.nested(inner, &data[row * size..(row + 1) * size], nonfinite);
                }
                self.out.push(b']');
            }
        }
    }

    fn list(&mut self, mut data: impl Iterator<Item = f64>, nonfinite: Nonfinite) {
        self.out.push(b'[');
        let begin = self.out.len();
        loop {
            let mut written = 0;
            while written < PORTION {
                match self.line.put(&mut data, nonfinite, &mut self.out) {
                    0 => break,
                    count => written += count,
                }
            }
            self.line.empty(&mut self.out);
            self.advance(written);
            if written < PORTION || self.is_unwanted() {
                break;
            }
        }
        // No comma follows the last.
        self.out.truncate(begin.max(self.out.len() - 1));
        self.out.push(b']');
    }

    fn base64(&mut self, mut data: impl Iterator<Item = f64>) {
        self.out.reserve_exact(base64_length(data.size_hint().0).saturating_add(64));
        self.out.push(b'"');
        let mut block = [0; BLOCK * size_of::<f64>()];
        loop {
            let mut length = 0;
            for (bytes, element) in block.as_chunks_mut::<8>().0.iter_mut().zip(&mut data) {
                *bytes = element.to_le_bytes();
                length += bytes.len();
            }
            base64_simd::STANDARD.encode_append(&block[..length], &mut self.out);
            if length < block.len() || self.is_unwanted() {
                break;
            }
        }
        self.out.push(b'"');
    }

    /// One number, without its comma.
    fn element(&mut self, element: f64, nonfinite: Nonfinite) {
        self.out.extend_from_slice(digits(element, nonfinite, &mut zmij::Buffer::new()).as_bytes());
    }

    fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma = true;
    }

    /// The comma before this key or value, if it needs one; the next one will.
    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }
}

/// Whether a shape has no elements and yet so many empty rows that they must not be written out.
pub(super) fn hollow(shape: &[usize]) -> bool {
    if !shape.contains(&0) {
        return false;
    }
    let lengths: Vec<usize> = shape.iter().copied().filter(|&length| length > 0).collect();
    count(&lengths).is_none_or(|rows| rows > MAX_HOLLOW)
}
