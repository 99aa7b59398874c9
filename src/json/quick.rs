//! A quick way through JSON that is sound: numbers by `fast-float2`, which takes half the time of `serde_json`.
//!
//! It tells nothing of what it does not accept. All that it accepts is JSON, and means what `serde_json` makes of it;
//! whoever is refused asks that.

use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::members::{blank, string};

/// Lists and objects inside each other, at most; fewer than `serde_json` takes.
const DEEPEST: usize = 100;

/// A text, read from some place on.
#[derive(Debug)]
pub(super) struct Quick<'de> {
    text: &'de [u8],
    next: usize,
    depth: usize,
}

impl<'de> Quick<'de> {
    pub(super) fn new(text: &'de [u8]) -> Self {
        Self { text, next: 0, depth: 0 }
    }

    /// Refuses what follows the value.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.peek().is_none() { Ok(()) } else { refuse() }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        self.next = blank(self.text, self.next);
        self.text.get(self.next).copied()
    }

    /// Steps over a byte that must be next.
    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.peek() != Some(byte) {
            return refuse();
        }
        self.next += 1;
        Ok(())
    }

    /// Steps over a word that must be next.
    fn word(&mut self, word: &str) -> Result<(), Error> {
        if !self.text[self.next..].starts_with(word.as_bytes()) {
            return refuse();
        }
        self.next += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<f64, Error> {
        let Some((number, length)) = number(&self.text[self.next..]) else { return refuse() };
        self.next += length;
        Ok(number)
    }

    /// Visits the string that begins here.
    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let Some(end) = string(self.text, self.next) else { return refuse() };
        let text = &self.text[self.next..end];
        self.next = end;
        if text.contains(&b'\\') {
            let escaped: String = serde_json::from_slice(text).map_err(Error::custom)?;
            return visitor.visit_string(escaped);
        }
        let text = &text[1..text.len() - 1];
        if text.iter().any(|byte| *byte < b' ') {
            return refuse();
        }
        visitor.visit_borrowed_str(std::str::from_utf8(text).map_err(Error::custom)?)
    }

    /// Visits what is in brackets or braces, of which the first is next.
    fn inside<T>(&mut self, end: u8, visit: impl FnOnce(&mut Items<'_, 'de>) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEEPEST {
            return refuse();
        }
        self.depth += 1;
        self.next += 1;
        let mut items = Items { source: self, end, first: true, ended: false };
        let visited = visit(&mut items)?;
        let ended = items.ended;
        self.depth -= 1;
        if ended { Ok(visited) } else { refuse() }
    }
}

/// What is refused is read by others, who tell why.
fn refuse<T>() -> Result<T, Error> {
    Err(Error::custom("not read"))
}

/// The number that a text begins with, and how many bytes it takes; `None` if it is none of JSON's, or not finite.
pub(super) fn number(text: &[u8]) -> Option<(f64, usize)> {
    let (number, length) = fast_float2::parse_partial::<f64, _>(text).ok()?;
    (is_json(&text[..length]) && number.is_finite()).then_some((number, length))
}

/// Whether a text that means a number is one of JSON's, which has digits before a point and after it, no zero before
/// others, and no plus before the first.
fn is_json(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let point = digits.get(whole) == Some(&b'.');
    whole > 0 && (whole == 1 || digits[0] != b'0') && (!point || digits.get(whole + 1).is_some_and(u8::is_ascii_digit))
}

impl<'de> Deserializer<'de> for &mut Quick<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => visitor.visit_f64(self.number()?),
            Some(b'[') => self.inside(b']', |items| visitor.visit_seq(items)),
            Some(b'{') => self.inside(b'}', |items| visitor.visit_map(items)),
            Some(b'"') => self.string(visitor),
            Some(b't') => self.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.word("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => refuse(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The elements of a list, or the members of an object.
#[derive(Debug)]
struct Items<'a, 'de> {
    source: &'a mut Quick<'de>,
    end: u8,
    first: bool,
    ended: bool,
}

impl Items<'_, '_> {
    /// Steps to the next one, if there is one.
    fn step(&mut self) -> Result<bool, Error> {
        let first = std::mem::take(&mut self.first);
        match self.source.peek() {
            // Some ask once more.
            _ if self.ended => Ok(false),
            Some(byte) if byte == self.end => {
                self.source.next += 1;
                self.ended = true;
                Ok(false)
            }
            Some(b',') if !first => {
                self.source.next += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => refuse(),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.step()? { seed.deserialize(&mut *self.source).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.step()? {
            return Ok(None);
        }
        // A key is a string.
        if self.source.peek() != Some(b'"') {
            return refuse();
        }
        seed.deserialize(&mut *self.source).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        self.source.expect(b':')?;
        seed.deserialize(&mut *self.source)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    fn quickly(text: &[u8]) -> Option<Value> {
        let mut source = Quick::new(text);
        let value = Value::deserialize(&mut source).ok()?;
        source.end().ok().map(|()| value)
    }

    /// Numbers by their bits, as a double is all that this program makes of any.
    fn doubles(value: Value) -> Value {
        match value {
            Value::Number(number) => Value::from(number.as_f64().map(f64::to_bits)),
            Value::Array(items) => items.into_iter().map(doubles).collect(),
            Value::Object(members) => members.into_iter().map(|(key, value)| (key, doubles(value))).collect(),
            other => other,
        }
    }

    /// It accepts nothing that is no JSON, and means the same by what it accepts; nor does the reader, which may ask for
    /// what follows the last element.
    fn is_sound(text: &[u8]) -> Option<Value> {
        let quick = quickly(text).map(doubles);
        let read = crate::json::read(text).is_ok();
        assert!(!read || serde_json::from_slice::<Value>(text).is_ok(), "{}", String::from_utf8_lossy(text));
        if let Some(quick) = &quick {
            let told = String::from_utf8_lossy(text).into_owned();
            let sure: Value = serde_json::from_slice(text).unwrap_or_else(|error| panic!("{told}: {error}"));
            assert_eq!(*quick, doubles(sure), "{told}");
        }
        quick
    }

    #[test]
    fn documents_as_programs_write_them_are_read() {
        for text in [
            r#" {"a": [1, -2.5e-3, 1E+5, 0.1, -0, 0e0], "b": {"c": null, "d": [true, false, []], "": {}}} "#,
            "[[1,2],[3,4]]",
            "\"é\\n\\u00e9\"",
            "123456789012345678901234567890",
            "2.2250738585072011e-308",
            "[[[[[[]]]]]]",
            "-0.0",
        ] {
            assert!(is_sound(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_whatever_it_is_like() {
        for text in [
            "",
            "01",
            "-01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "1.e5",
            "inf",
            "nan",
            "-inf",
            "infinity",
            "1e999",
            "-1e999",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1",
            "1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{1:2}",
            "{\"a\" 1}",
            "tru",
            "nul",
            "\"\n\"",
            "\"\\x\"",
            "\"",
            "\"\\\"",
            "[1}",
            "1 1",
            "'a'",
            "1_000",
            "0x10",
            "1e+",
            "[]]",
            "{}}",
            "--1",
        ] {
            assert!(is_sound(text.as_bytes()).is_none(), "{text}");
        }
        assert!(quickly(b"\"\xff\"").is_none());
        let deep = format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        assert!(quickly(deep.as_bytes()).is_none());
        assert!(quickly(&deep.as_bytes()[1..=2 * DEEPEST]).is_some());
    }

    proptest! {
        #[test]
        fn every_double_is_read_exactly(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let text = serde_json::to_string(&number).expect("a number");
            prop_assert_eq!(is_sound(text.as_bytes()), Some(Value::from(number.to_bits())));
        }

        #[test]
        fn digits_at_random_are_read_as_by_others(text in "-?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][-+]?[0-9]{0,3})?") {
            let sure = serde_json::from_str::<Value>(&text).ok().map(doubles);
            prop_assert_eq!(is_sound(text.as_bytes()), sure);
        }

        #[test]
        fn texts_at_random_mean_the_same_or_are_refused(text in "[\\[\\]{}:,\" \\\\0-9.eE+a-fntrul-]{0,30}") {
            is_sound(text.as_bytes());
        }
    }
}
