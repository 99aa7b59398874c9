//! JSON text → [`Json`]: one pass, numbers straight into one buffer, every double exact.
//!
//! Text that is not JSON is told with line, column and a caret; nothing here knows what a document
//! may hold.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use super::Json;
use super::place::place;
use super::quick::Quick;
use crate::fault::{Code, Fault};
use crate::tensor::Tensor;

/// Reads one JSON value.
///
/// Integers beyond 2^53 round to the nearest double and `-0` keeps its sign; a number beyond the
/// range of doubles is a fault, and so is nesting deeper than 127.
pub fn read(bytes: &[u8]) -> Result<Json, Fault> {
    read_until(bytes, &AtomicBool::new(false))
}

/// The same until `cancel` is set, which is then the fault.
pub fn read_until(bytes: &[u8], cancel: &AtomicBool) -> Result<Json, Fault> {
    // What is wrong is told by reading again.
    quickly(bytes, cancel).or_else(|_| surely(bytes, cancel)).map_err(|error| {
        if cancel.load(Ordering::Relaxed) {
            return Fault::cancelled();
        }
        match text(bytes) {
            Ok(text) => fault(text, &error),
            Err(fault) => fault,
        }
    })
}

/// Reads one JSON value, if nothing is wrong with it and lists that begin with a number hold nothing else.
fn quickly(bytes: &[u8], cancel: &AtomicBool) -> Result<Json, serde::de::value::Error> {
    let mut source = Quick::new(bytes);
    let json = Reader::value(&mut source, bytes.len(), true, cancel)?;
    source.end().map(|()| json)
}

/// Reads one JSON value.
fn surely(bytes: &[u8], cancel: &AtomicBool) -> Result<Json, serde_json::Error> {
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let json = Reader::value(&mut source, bytes.len(), false, cancel)?;
    source.end().map(|()| json)
}

/// A body that is not JSON as text, or why it cannot be any.
fn text(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        let detail = "The body begins with a byte order mark, which JSON does not allow.";
        return Err(Fault::new(Code::NotJson, detail)
            .hint("send UTF-8 without it (Python: encoding=\"utf-8\", not \"utf-8-sig\")"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Fault::new(Code::NotJson, "The body is not valid UTF-8, the only encoding of JSON.")
            .place(place(&valid, valid.len()))
    })?;
    if text.trim_ascii().is_empty() {
        let detail = "The body is empty; send a JSON document.";
        return Err(Fault::new(Code::NotJson, detail));
    }
    Ok(text)
}

/// What `serde_json` says, with its place in the text.
fn fault(text: &str, error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let offset = if error.is_eof() { text.trim_ascii_end().len() } else { offset(text, error) };
    let fault = if message.starts_with("recursion limit") {
        Fault::new(Code::Limit, "The document is nested more than 127 deep.")
    } else if message.starts_with("number out of range") {
        Fault::new(Code::InvalidValue, "A number is beyond the range of doubles (about ±1.8e308).")
    } else if error.is_eof() {
        Fault::new(Code::NotJson, format!("The body is not JSON; it ends too early: {message}."))
    } else {
        Fault::new(Code::NotJson, format!("The body is not JSON: {message}."))
    };
    let fault = fault.place(place(text, offset));
    match hint(text, offset) {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}

/// The byte that `serde_json`'s line and column (in bytes, from 1) mean.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
    let start = std::iter::once(0).chain(newlines).nth(error.line().saturating_sub(1));
    (start.unwrap_or(0) + error.column().saturating_sub(1)).min(text.len())
}

/// Advice on what other languages write and JSON does not have.
fn hint(text: &str, offset: usize) -> Option<&'static str> {
    let (before, after) = text.split_at(text.floor_char_boundary(offset));
    if after.starts_with('\'') {
        return Some("JSON strings and keys take double quotes");
    }
    let begin = before.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    let word = after.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    match &text[begin..before.len() + word.len()] {
        "NaN" | "nan" | "NAN" | "Infinity" | "infinity" | "inf" | "Inf" => {
            Some("JSON has no NaN and no Infinity; inputs must be finite numbers")
        }
        "True" | "False" => Some("JSON writes true and false"),
        "None" | "undefined" | "nil" => Some("JSON writes null; here, leave the field out"),
        _ => None,
    }
}

/// Bytes of a number with all its digits: room for as many numbers as a body might hold of these is made at once.
const LONG_NUMBER: usize = 16;

/// Numbers read between two looks at the flag.
const PORTION: usize = 1 << 12;

/// Lengths of the axes, innermost first, so that an enclosing list adds its own by a push.
type Axes = SmallVec<[usize; 4]>;

/// What one value turned out to be. It says so in a word, which keeps the loop over numbers tight;
/// what there is to say more is left in the [`Reader`].
#[derive(Clone, Copy)]
enum Kind {
    /// A number, at the end of `numbers`.
    Number,
    /// A rectangle of numbers, at the end of `numbers`, its lengths in `axes`.
    Block,
    /// Anything else, in `other`.
    Other,
}

/// The state of reading one document.
struct Reader<'a> {
    /// Numbers of the arrays that are not complete yet.
    numbers: Vec<f64>,
    /// Lengths of the last block's axes.
    axes: Axes,
    /// The last value that is neither a number nor a block.
    other: Option<Json>,
    /// Whether lists that begin with a number hold nothing else.
    uniform: bool,
    /// Set when nobody wants the document any more.
    cancel: &'a AtomicBool,
}

impl<'a> Reader<'a> {
    /// The value that `source` has next, of a text of so many bytes.
    fn value<'de, D: Deserializer<'de>>(
        source: D,
        bytes: usize,
        uniform: bool,
        cancel: &'a AtomicBool,
    ) -> Result<Json, D::Error> {
        let numbers = Vec::with_capacity(bytes / LONG_NUMBER);
        let mut reader = Self { numbers, axes: Axes::new(), other: None, uniform, cancel };
        let kind = reader.deserialize(source)?;
        Ok(reader.take(kind, 0))
    }

    /// Goes on, unless nobody wants the document any more.
    fn go_on<E: Error>(&self) -> Result<(), E> {
        if self.cancel.load(Ordering::Relaxed) { Err(E::custom("given up")) } else { Ok(()) }
    }

    /// Whether the last value is a block with these axes; a number has none.
    fn is_block(&self, kind: Kind, axes: &Axes) -> bool {
        match kind {
            Kind::Number => axes.is_empty(),
            Kind::Block => self.axes == *axes,
            Kind::Other => false,
        }
    }

    /// Leaves a value that is neither a number nor a block.
    fn put(&mut self, json: Json) -> Kind {
        self.other = Some(json);
        Kind::Other
    }

    /// Takes the last value, whose numbers are those from `start` on.
    fn take(&mut self, kind: Kind, start: usize) -> Json {
        let axes = match kind {
            Kind::Number => Axes::new(),
            Kind::Block => std::mem::take(&mut self.axes),
            Kind::Other => return self.other.take().unwrap_or(Json::Null),
        };
        let json = block(&axes, &self.numbers[start..]);
        self.numbers.truncate(start);
        json
    }
}

/// Numbers that leave the buffer.
fn block(axes: &Axes, data: &[f64]) -> Json {
    match data {
        [number] if axes.is_empty() => Json::Number(*number),
        _ => Json::Array(Tensor { shape: axes.iter().rev().copied().collect(), data: Arc::from(data) }),
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader<'_> {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Kind, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader<'_> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(self.put(Json::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(self.put(Json::Bool(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Kind, E> {
        self.numbers.push(value);
        if self.numbers.len().is_multiple_of(PORTION) {
            self.go_on()?;
        }
        Ok(Kind::Number)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Kind, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Kind, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Kind, E> {
        self.go_on()?;
        Ok(self.put(Json::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Kind, A::Error> {
        let start = self.numbers.len();
        let mut items = Vec::new();
        self.go_on()?;
        let first = source.next_element_seed(&mut *self)?;
        if let (true, Some(Kind::Number)) = (self.uniform, first) {
            while let Some(number) = source.next_element()? {
                self.visit_f64(number)?;
            }
            self.axes = Axes::from_slice(&[self.numbers.len() - start]);
            return Ok(Kind::Block);
        }
        let block_axes = match first {
            None => None,
            Some(Kind::Number) => Some(Axes::new()),
            Some(Kind::Block) => Some(std::mem::take(&mut self.axes)),
            Some(Kind::Other) => {
                items.push(self.take(Kind::Other, start));
                None
            }
        };
        if let Some(mut axes) = block_axes {
            let size = self.numbers.len() - start;
            let mut length = 1;
            loop {
                let mark = self.numbers.len();
                match source.next_element_seed(&mut *self)? {
                    None => {
                        axes.push(length);
                        self.axes = axes;
                        return Ok(Kind::Block);
                    }
                    Some(kind) if self.is_block(kind, &axes) => length += 1,
                    Some(kind) => {
                        let odd = self.take(kind, mark);
                        let rows = self.numbers[start..].chunks_exact(size);
                        items.extend(rows.map(|data| block(&axes, data)));
                        items.push(odd);
                        self.numbers.truncate(start);
                        break;
                    }
                }
            }
        }
        while let Some(kind) = source.next_element_seed(&mut *self)? {
            items.push(self.take(kind, start));
        }
        Ok(self.put(Json::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Kind, A::Error> {
        let start = self.numbers.len();
        let mut entries = Vec::new();
        self.go_on()?;
        while let Some(key) = source.next_key::<String>()? {
            let kind = source.next_value_seed(&mut *self)?;
            entries.push((key, self.take(kind, start)));
        }
        Ok(self.put(Json::Object(entries)))
    }
}
