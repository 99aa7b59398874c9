//! The members of a JSON object found by their keys, without reading their values.
//!
//! Whoever knows what a value's text means need not read it again. The text is taken to be JSON: of any other text
//! what is found means nothing, but finding it ends.

use std::ops::Range;

/// Walks over the members of an object in their order.
#[derive(Debug)]
pub struct Members<'a> {
    text: &'a [u8],
    /// What is next: a key, or a value that was not stepped over.
    next: usize,
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is; `None` if it is none.
    pub fn of(text: &'a [u8]) -> Option<Self> {
        let start = blank(text, 0);
        (text.get(start) == Some(&b'{')).then_some(Self { text, next: start + 1 })
    }

    /// The next member: its key as it is written, without quotes, and where its value begins. [`Members::step`] or
    /// [`Members::jump`] must follow.
    pub fn key(&mut self) -> Option<(&'a [u8], usize)> {
        let mut start = blank(self.text, self.next);
        if self.text.get(start) == Some(&b',') {
            start = blank(self.text, start + 1);
        }
        if self.text.get(start) != Some(&b'"') {
            return None;
        }
        let end = string(self.text, start)?;
        let colon = blank(self.text, end);
        if self.text.get(colon) != Some(&b':') {
            return None;
        }
        self.next = blank(self.text, colon + 1);
        Some((&self.text[start + 1..end - 1], self.next))
    }

    /// Steps over the value that is next.
    pub fn step(&mut self) -> Option<Range<usize>> {
        self.step_within(usize::MAX)
    }

    /// The same, if its text has at most so many bytes; no more of it is looked at.
    pub fn step_within(&mut self, most: usize) -> Option<Range<usize>> {
        // A number ends before what follows it.
        let seen = self.text.len().min(self.next.saturating_add(most).saturating_add(1));
        let end = value(&self.text[..seen], self.next)?;
        let range = self.next..end;
        if range.len() > most {
            return None;
        }
        self.next = range.end;
        Some(range)
    }

    /// Steps over the value that is next, whose text ends at `end`.
    pub fn jump(&mut self, end: usize) {
        self.next = end;
    }
}

/// How many of the first bytes of `text` a value takes that begins there; `None` if it does not end in it.
pub fn extent(text: &[u8]) -> Option<usize> {
    value(text, 0)
}

/// The first byte from `at` on that is not white space.
pub(super) fn blank(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The byte after the string that begins at `start`.
pub(super) fn string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The byte after the value that begins at `start`.
fn value(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at = string(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            // Numbers and words end before what follows them; inside of lists and objects nothing of them matters.
            _ if depth == 0 => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
                return text[at..].iter().position(ends).filter(|length| *length > 0).map(|length| at + length);
            }
            _ => at += text[at..].iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))?,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_found_whatever_its_value_holds() {
        let text = r#" { "a" : {"]": "\"}"}, "b":[[1,2],{"c":3}] ,"\"q":-1.5e3,
            "t" :true,"s":"\\" } "#;
        let mut members = Members::of(text.as_bytes()).expect("an object");
        let mut found = Vec::new();
        while let Some((key, start)) = members.key() {
            let range = members.step().expect("a value");
            assert_eq!(range.start, start);
            found.push((std::str::from_utf8(key).expect("text"), &text[range]));
        }
        let expected = [
            ("a", r#"{"]": "\"}"}"#),
            ("b", r#"[[1,2],{"c":3}]"#),
            (r#"\"q"#, "-1.5e3"),
            ("t", "true"),
            ("s", r#""\\""#),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_object_or_ends_too_early_has_no_more_members() {
        for text in ["", "[1]", "7", "  "] {
            assert!(Members::of(text.as_bytes()).is_none(), "{text}");
        }
        for text in ["{", "{}", "{\"a", "{\"a\"", "{\"a\" 1}"] {
            assert!(Members::of(text.as_bytes()).expect("an object").key().is_none(), "{text}");
        }
        for text in ["{\"a\":", "{\"a\":[1", "{\"a\":\"\\", "{\"a\":}", "{\"a\":]", "{\"a\": 1"] {
            let mut members = Members::of(text.as_bytes()).expect("an object");
            assert!(members.key().is_some() && members.step().is_none(), "{text}");
        }
    }
}
