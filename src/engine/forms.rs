//! Documents that differ in the numbers of their point and directions alone: of such a one the numbers are taken out of
//! its text, and all else is known from an earlier one.
//!
//! A client that follows a path, or seeks a root, asks for the same derivative at one point after the other.

use std::sync::{Arc, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::Endpoint;
use super::cache::OF_TEXT;
use super::compiled::Compiled;
use super::document::Document;
use crate::json::{Blanks, blanks};
use crate::tensor::Tensor;

/// Longer documents are read: there is little in them beside numbers.
const LONGEST: usize = 4096;

/// How many forms are expected.
const ENTRIES: usize = 1000;

/// The members whose numbers a form leaves open.
const OPEN: [&str; 3] = ["at", "tangent", "cotangent"];

/// Forms of earlier documents, by their texts.
#[derive(Debug)]
pub(super) struct Forms(Cache<Box<[u8]>, Arc<Form>, Weight>);

/// An earlier document.
#[derive(Debug)]
struct Form {
    document: Document,
    /// Its plan, while that is kept.
    compiled: Weak<Compiled>,
}

impl Forms {
    /// So many bytes are kept.
    pub(super) fn of(capacity: u64) -> Self {
        Self(Cache::with_weighter(ENTRIES, capacity, Weight))
    }

    /// The document that a text means, and its plan, if an earlier one differs from it in numbers alone.
    pub(super) fn recall(&self, text: &[u8], endpoint: Endpoint) -> Option<(Document, Arc<Compiled>)> {
        let blanks = opened(text, endpoint)?;
        let form = self.0.get(blanks.text.as_slice())?;
        let compiled = form.compiled.upgrade()?;
        let mut document = form.document.clone();
        let mut numbers = blanks.numbers.as_slice();
        for member in &blanks.members {
            for (_, array) in arrays(&mut document, member.which)? {
                let (these, rest) = numbers.split_at_checked(array.data.len())?;
                array.data = these.into();
                numbers = rest;
            }
        }
        numbers.is_empty().then_some((document, compiled))
    }

    /// Keeps a document with which nothing is wrong, if its open members hold numbers in lists and nothing else.
    pub(super) fn remember(&self, text: &[u8], endpoint: Endpoint, document: &Document, compiled: &Arc<Compiled>) {
        let Some(blanks) = opened(text, endpoint) else { return };
        let mut document = document.clone();
        let is_plain = blanks.members.iter().all(|member| {
            arrays(&mut document, member.which).is_some_and(|arrays| {
                // Each key is that of an array, and where these come as lists of objects the numbers of one are together.
                member.strings == member.objects * arrays.len()
                    && (member.objects <= 1 || arrays.len() == 1)
                    && member.numbers == arrays.iter().map(|(_, array)| array.data.len()).sum::<usize>()
            })
        });
        if is_plain {
            let form = Form { document, compiled: Arc::downgrade(compiled) };
            self.0.insert(blanks.text.into(), Arc::new(form));
        }
    }
}

/// A text without the numbers of its open members, followed by what it was sent to; `None` if it is none, or too long.
fn opened(text: &[u8], endpoint: Endpoint) -> Option<Blanks> {
    let mut blanks = if text.len() <= LONGEST { blanks(text, &OPEN)? } else { return None };
    blanks.text.push(endpoint as u8);
    Some(blanks)
}

/// The arrays of an open member.
fn arrays(document: &mut Document, which: usize) -> Option<&mut Vec<(String, Tensor)>> {
    match OPEN[which] {
        "at" => Some(&mut document.at),
        "tangent" => document.tangent.as_mut().map(|directions| &mut directions.arrays),
        _ => document.cotangent.as_mut().map(|directions| &mut directions.arrays),
    }
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Box<[u8]>, Arc<Form>> for Weight {
    fn weight(&self, text: &Box<[u8]>, _: &Arc<Form>) -> u64 {
        text.len() as u64 * OF_TEXT + 1024
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cancel, Engine, Limits, read_document};
    use super::*;

    const FIRST: &str = r#"{"define": {"f(x, y)": "[x[0]*y, x[1]*y]"}, "at": {"x": [1, 2], "y": 3}}"#;

    /// Whether a second document is known by its form; either way it must mean what it means by itself.
    fn is_known(first: &str, second: &str) -> bool {
        let endpoint = Endpoint::Jacobian;
        let engine = Engine::new(Limits::default());
        let prepared = engine.prepare(first.as_bytes(), endpoint, &Cancel::default()).expect("it is sound");
        let Some((document, compiled)) = engine.caches.forms().recall(second.as_bytes(), endpoint) else {
            return false;
        };
        assert!(Arc::ptr_eq(&compiled, &prepared.compiled));
        assert!(engine.caches.forms().recall(second.as_bytes(), Endpoint::Value).is_none());
        let fresh = read_document(second.as_bytes()).expect("what is known is sound");
        let shown =
            |document: &Document| format!("{document:?}").replace(&format!("id: {},", document.definitions.id), "");
        assert_eq!(shown(&document), shown(&fresh), "{second}");
        true
    }

    #[test]
    fn a_document_is_known_by_one_that_differs_in_the_numbers_of_its_point() {
        for (from, to) in [("[1, 2]", "[-1.5e3, 0]"), ("\"y\": 3", "\"y\": 0.1")] {
            assert!(is_known(FIRST, &FIRST.replace(from, to)), "{to}");
        }
        let directed = r#"{"tangent": {"x": [1, 0]}, "define": {"f(x)": "x*x"}, "at": {"x": [1, 2]}, "want": ["jvp"]}"#;
        assert!(is_known(directed, &directed.replace("[1, 0]", "[3, 4]").replace("[1, 2]", "[5, 6]")));
        let bare = directed.replace("{\"x\": [1, 0]}", "[1, 0]");
        assert!(is_known(&bare, &bare.replace("[1, 0]", "[0, 1]")));
        let points = r#"{"define": {"f(x)": "x*x"}, "at": [{"x": [1, 2]}, {"x": [3, 4]}]}"#;
        assert!(is_known(points, &points.replace("3, 4", "5, 6")));
    }

    #[test]
    fn another_function_shape_or_choice_is_read() {
        for (from, to) in [
            ("[1, 2]", "[1, 2, 3]"),
            ("[1, 2]", "[[1, 2]]"),
            ("[1, 2]", "[1,2]"),
            ("y\": 3", "y\": \"NaN\""),
            ("y\": 3", "y\": null"),
            ("y\": 3", "y\": 03"),
            ("y\": 3", "y\": 1e999"),
            ("y\": 3", "y\": \0"),
            ("x[0]*y", "x[1]*y"),
            ("}}", "}, \"limits\": {\"time_ms\": 1000}}"),
            ("}}", "}}]"),
            ("}}", "}"),
        ] {
            assert!(!is_known(FIRST, &FIRST.replace(from, to)), "{to}");
        }
        let limited = FIRST.replace("}}", "}, \"limits\": {\"time_ms\": 1000}}");
        assert!(!is_known(&limited, &limited.replace("1000", "2000")));
        let constant = FIRST.replace("\"at\"", "\"constants\": {\"c\": 1}, \"at\"");
        assert!(!is_known(&constant, &constant.replace("\"c\": 1", "\"c\": 2")));
    }

    #[test]
    fn numbers_that_are_not_those_of_an_array_in_their_order_leave_no_form() {
        let packed = r#"{"define": {"f(x, y)": "x*y"}, "at": {"x": {"shape": [1], "data": [1]}, "y": {"shape": [1], "base64": "AAAAAAAA8D8="}}}"#;
        assert!(!is_known(packed, packed));
        let points = r#"{"define": {"f(x, y)": "x*y"}, "at": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}"#;
        assert!(!is_known(points, points));
        let escaped = FIRST.replace("\"at\"", "\"\\u0061t\"");
        assert!(is_known(&escaped, &escaped) && !is_known(&escaped, &escaped.replace("3}", "4}")));
    }
}
