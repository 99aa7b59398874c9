//! Values → JSON text, straight into bytes; every double by its shortest exact form.

use std::io::Write as _;

use super::order::transposed;
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

/// Writes one JSON value; commas are its business, nesting is the caller's.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    /// Whether the next key or element follows another.
    comma: bool,
}

impl Writer {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
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
        // Writing to memory cannot fail.
        let _ = write!(self.out, "{number}");
    }

    /// Writes a list of counts, such as a shape.
    pub fn usizes(&mut self, numbers: &[usize]) {
        self.begin_list();
        for &number in numbers {
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
            && let Some(first) = data.iter().position(|element| !element.is_finite())
        {
            return Err(first);
        }
        self.separate();
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

    fn nested(&mut self, shape: &[usize], data: &[f64], nonfinite: Nonfinite) {
        match shape {
            [] => data.iter().for_each(|&element| self.element(element, nonfinite)),
            [_] => self.list(data.iter().copied(), nonfinite),
            [rows, inner @ ..] => {
                let size = data.len() / (*rows).max(1);
                self.out.push(b'[');
                for row in 0..*rows {
                    if row > 0 {
                        self.out.push(b',');
                    }
                    self.nested(inner, &data[row * size..(row + 1) * size], nonfinite);
                }
                self.out.push(b']');
            }
        }
    }

    fn list(&mut self, data: impl Iterator<Item = f64>, nonfinite: Nonfinite) {
        self.out.reserve(data.size_hint().0.saturating_mul(8));
        self.out.push(b'[');
        for (index, element) in data.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.element(element, nonfinite);
        }
        self.out.push(b']');
    }

    fn base64(&mut self, mut data: impl Iterator<Item = f64>) {
        self.out.reserve(data.size_hint().0.saturating_mul(11).saturating_add(16));
        self.out.push(b'"');
        let mut block = [0; BLOCK * size_of::<f64>()];
        loop {
            let mut length = 0;
            for (bytes, element) in block.as_chunks_mut::<8>().0.iter_mut().zip(&mut data) {
                *bytes = element.to_le_bytes();
                length += bytes.len();
            }
            base64_simd::STANDARD.encode_append(&block[..length], &mut self.out);
            if length < block.len() {
                break;
            }
        }
        self.out.push(b'"');
    }

    /// One number, without its comma.
    fn element(&mut self, element: f64, nonfinite: Nonfinite) {
        let mut buffer = zmij::Buffer::new();
        let text = if element.is_finite() {
            buffer.format_finite(element)
        } else if nonfinite != Nonfinite::Text {
            "null"
        } else if element.is_nan() {
            "\"NaN\""
        } else if element > 0.0 {
            "\"Infinity\""
        } else {
            "\"-Infinity\""
        };
        self.out.extend_from_slice(text.as_bytes());
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
    let lengths: Vec<usize> = shape.iter().copied().filter(|&length| length > 0).collect();
    lengths.len() < shape.len() && count(&lengths).is_none_or(|rows| rows > MAX_HOLLOW)
}
