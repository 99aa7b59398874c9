//! A repeated function part is known by its bytes: what stood under `define` and `constants` of an earlier document
//! is taken over without being read again, however many numbers it holds.

use std::ops::Range;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::inputs::{Named, Scattered};
use super::{Definitions, Document, FIELDS, FunctionPart, understand};
use crate::engine::cache::{Caches, OF_TEXT};
use crate::exec::Cancel;
use crate::json::members::{Members, extent};
use crate::json::{self, Fields, Json};

/// A text is looked up by its first bytes, so that its end need not be found; then the whole is compared.
pub(super) const START: usize = 1024;

/// Longer texts are not kept.
const LONGEST: usize = 8 << 20;

/// How many texts are expected.
const ENTRIES: usize = 1000;

/// Texts of earlier documents, and what they meant.
#[derive(Debug)]
pub(in crate::engine) struct Texts {
    definitions: Shelf<Arc<Definitions>>,
    constants: Shelf<Constants>,
}

impl Texts {
    /// So many bytes of texts and of what they mean are kept of each kind.
    pub(in crate::engine) fn of(capacity: u64) -> Self {
        Self { definitions: Shelf::of(capacity), constants: Shelf::of(capacity) }
    }

    /// Known constants that begin like these, of which as much is there as they are looked up by.
    pub(super) fn begun(&self, constants: &[u8]) -> Option<Arc<Known<Constants>>> {
        self.constants.begun(constants)
    }
}

/// Constants that were found to go with certain definitions.
#[derive(Debug)]
pub(in crate::engine) struct Constants {
    definitions: u64,
    arrays: Named,
    sparse: Scattered,
}

/// Constants for which `null` stands in a text, and where.
pub(in crate::engine) type Absent = (usize, Arc<Known<Constants>>);

/// The document, if its function part is known and nothing is wrong with the rest, which has at most `fresh` bytes.
pub(in crate::engine) fn recall(
    bytes: &[u8],
    absent: Option<&Absent>,
    fresh: usize,
    caches: &Caches,
    cancel: &Cancel,
) -> Option<Document> {
    let (part, spans) = find(bytes, absent, fresh, caches.texts())?;
    let Ok(Json::Object(rest)) = json::read_until(&without(bytes, &spans), cancel) else { return None };
    let mut faults = Vec::new();
    let fields = Fields::new(&rest, "", &FIELDS, &mut faults);
    // Written with an escape in its name it was not seen.
    if spans.len() == 1 && fields.get("constants").is_some() {
        return None;
    }
    let definitions = part.definitions.clone()?;
    let defined: Vec<&str> = definitions.functions.iter().map(|f| f.name.as_str()).collect();
    let document = understand(&fields, &defined, part, &mut faults);
    document.filter(|_| faults.is_empty())
}

/// Keeps the function part of a document with which nothing was wrong.
pub(super) fn remember(bytes: &[u8], document: &Document, caches: &Caches) {
    let Some(mut members) = Members::of(bytes) else { return };
    while let Some((key, _)) = members.key()
        && let Some(range) = members.step()
    {
        let text = &bytes[range];
        // That the value is an object, which ends where its text does, is what makes its text enough to know it by.
        if text.first() != Some(&b'{') || text.len() > LONGEST {
            continue;
        }
        let texts = caches.texts();
        let id = document.definitions.id;
        match key {
            b"define" => {
                let trees = text.len() as u64 * OF_TEXT;
                texts.definitions.put(text, trees, Arc::clone(&document.definitions));
            }
            b"constants" => {
                let (arrays, sparse) = (document.constants.clone(), document.sparse.clone());
                let numbers = arrays.iter().map(|(_, array)| array.data.len() as u64);
                let positions = sparse.iter().map(|(_, places)| places.positions.data.len() as u64);
                let bytes = 8 * numbers.chain(positions).sum::<u64>();
                texts.constants.put(text, bytes, Constants { definitions: id, arrays, sparse });
            }
            _ => {}
        }
    }
}

/// The known parts of a document, and where their texts are in it; `None` unless it is known as a whole, but for so many
/// bytes.
fn find(
    bytes: &[u8],
    absent: Option<&Absent>,
    mut fresh: usize,
    texts: &Texts,
) -> Option<(FunctionPart, Vec<Range<usize>>)> {
    let mut members = Members::of(bytes)?;
    let (mut definitions, mut constants, mut spans) = (None, None, Vec::with_capacity(2));
    while let Some((key, start)) = members.key() {
        let length = match key {
            b"define" => {
                let known = texts.definitions.get(&bytes[start..])?;
                let length = known.text.len();
                definitions = Some(known);
                length
            }
            b"constants"
                if let Some((place, known)) = absent
                    && *place == start =>
            {
                constants = Some(Arc::clone(known));
                ABSENT.len()
            }
            b"constants" => {
                let known = texts.constants.get(&bytes[start..])?;
                let length = known.text.len();
                constants = Some(known);
                length
            }
            _ => {
                fresh = fresh.checked_sub(members.step_within(fresh)?.len())?;
                continue;
            }
        };
        spans.push(start..start + length);
        members.jump(start + length);
    }
    let definitions = Arc::clone(&definitions?.meaning);
    let (arrays, sparse) = match constants {
        None => Default::default(),
        Some(known) if known.meaning.definitions == definitions.id => {
            (known.meaning.arrays.clone(), known.meaning.sparse.clone())
        }
        Some(_) => return None,
    };
    Some((FunctionPart { definitions: Some(definitions), constants: arrays, sparse }, spans))
}

/// What stands for a value that is not there.
pub(super) const ABSENT: &[u8] = b"null";

/// The text with `null` in the place of each span.
fn without(bytes: &[u8], spans: &[Range<usize>]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(bytes.len() - spans.iter().map(Range::len).sum::<usize>() + 4 * spans.len());
    let mut from = 0;
    for span in spans {
        rest.extend_from_slice(&bytes[from..span.start]);
        rest.extend_from_slice(ABSENT);
        from = span.end;
    }
    rest.extend_from_slice(&bytes[from..]);
    rest
}

/// Texts by their first bytes; of those that begin alike, the last.
#[derive(Debug)]
struct Shelf<T>(Cache<Box<[u8]>, Arc<Known<T>>, Weight>);

/// The text of an object, and what it means.
#[derive(Debug)]
pub(in crate::engine) struct Known<T> {
    pub(super) text: Box<[u8]>,
    meaning: T,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Weight;

impl<T> Weighter<Box<[u8]>, Arc<Known<T>>> for Weight {
    fn weight(&self, start: &Box<[u8]>, known: &Arc<Known<T>>) -> u64 {
        (start.len() + known.text.len()) as u64 + known.bytes + 256
    }
}

impl<T> Shelf<T> {
    fn of(capacity: u64) -> Self {
        Self(Cache::with_weighter(ENTRIES, capacity, Weight))
    }

    /// The known text that `bytes` begin with.
    fn get(&self, bytes: &[u8]) -> Option<Arc<Known<T>>> {
        self.begun(bytes).filter(|known| bytes.starts_with(&known.text))
    }

    /// The known text that has the same beginning.
    fn begun(&self, bytes: &[u8]) -> Option<Arc<Known<T>>> {
        self.0.get(beginning(bytes))
    }

    fn put(&self, text: &[u8], bytes: u64, meaning: T) {
        let known = Known { text: text.into(), meaning, bytes };
        self.0.insert(beginning(text).into(), Arc::new(known));
    }
}

/// What a value's text is looked up by: all of a short one, the beginning of a long one.
fn beginning(bytes: &[u8]) -> &[u8] {
    let most = &bytes[..bytes.len().min(START)];
    &most[..extent(most).unwrap_or(most.len())]
}

#[cfg(test)]
mod tests {
    use super::super::read_partially;
    use super::*;

    const FIRST: &str =
        r#"{"constants": {"W": [[1, 2], [3, 4]], "c": 7}, "define": {"f(x)": "W @ x + c"}, "at": {"x": [1, 2]}}"#;

    /// What is read where an earlier document has been read, and what is read without; they must be alike.
    fn read(earlier: &str, text: &str) -> (Option<Document>, bool) {
        let caches = Caches::default();
        let (before, faults) = read_partially(earlier.as_bytes(), &caches, &Cancel::default());
        assert!(before.is_some() && faults.is_empty(), "{earlier}: {faults:?}");
        let recalled = recall(text.as_bytes(), None, usize::MAX, &caches, &Cancel::default()).is_some();
        let (document, faults) = read_partially(text.as_bytes(), &caches, &Cancel::default());
        let (fresh, expected) = read_partially(text.as_bytes(), &Caches::default(), &Cancel::default());
        assert_eq!(format!("{faults:?}"), format!("{expected:?}"), "{text}");
        let shown = |document: &Option<Document>| {
            document.as_ref().map(|d| format!("{d:?}").replacen(&format!("id: {},", d.definitions.id), "", 1))
        };
        assert_eq!(shown(&document), shown(&fresh), "{text}");
        (document, recalled)
    }

    #[test]
    fn another_point_of_the_same_functions_is_read_alone() {
        for at in [r#"{"x": [5, 6]}"#, r#"[{"x": [5, 6]}, {"x": [7, 8]}]"#, r#"{"x": [5]}"#] {
            let text = FIRST.replace(r#"{"x": [1, 2]}"#, at);
            assert!(read(FIRST, &text).1, "{text}");
        }
        let reordered = r#" {"at":{"x":[9,9]}, "want":"value", "define" : {"f(x)": "W @ x + c"},"constants": {"W": [[1, 2], [3, 4]], "c": 7}}"#;
        let (document, recalled) = read(FIRST, reordered);
        assert!(recalled);
        assert_eq!(document.expect("it is sound").constants[0].1.shape, [2, 2]);
    }

    #[test]
    fn a_document_with_much_beside_its_functions_is_not_looked_through() {
        let caches = Caches::default();
        assert!(read_partially(FIRST.as_bytes(), &caches, &Cancel::default()).0.is_some());
        let recalled = |fresh| recall(FIRST.as_bytes(), None, fresh, &caches, &Cancel::default()).is_some();
        let at = r#"{"x": [1, 2]}"#.len();
        assert!(recalled(at) && !recalled(at - 1) && !recalled(0));
    }

    #[test]
    fn other_functions_or_constants_are_read_anew() {
        for (from, to) in [("\"c\": 7", "\"c\": 8"), ("W @ x + c", "W @ x - c"), ("{\"W\"", "{ \"W\"")] {
            assert!(!read(FIRST, &FIRST.replace(from, to)).1, "{to}");
        }
        // The constants are known, but not with these functions, one of which has the name of a constant.
        let clash = FIRST.replace(r#""f(x)": "W @ x + c""#, r#""c(x)": "2*x""#);
        let alone = clash.replace(r#""constants": {"W": [[1, 2], [3, 4]], "c": 7}, "#, "");
        let caches = Caches::default();
        for known in [FIRST, &alone] {
            assert!(read_partially(known.as_bytes(), &caches, &Cancel::default()).0.is_some(), "{known}");
        }
        assert!(recall(clash.as_bytes(), None, usize::MAX, &caches, &Cancel::default()).is_none());
    }

    #[test]
    fn what_is_wrong_with_a_document_is_told_as_ever() {
        for wrong in [
            FIRST.replace("[1, 2]}", "[1, \"2\"]}"),
            FIRST.replace("\"at\"", "\"att\""),
            FIRST.replace(", \"at\"", ", \"define\": {\"f(x)\": \"x\"}, \"at\""),
            FIRST.replace(", \"at\"", ", \"d\\u0065fine\": {\"f(x)\": \"x\"}, \"at\""),
            FIRST.replace("\"constants\"", "\"\\u0063onstants\""),
            FIRST.replace("\"constants\": {\"W\": [[1, 2], [3, 4]], \"c\": 7}", "\"\\u0063onstants\": null"),
            FIRST.replace("c\"}, ", "c\"} "),
            format!("{FIRST}]"),
            FIRST[..FIRST.len() - 1].to_owned(),
            String::new(),
        ] {
            read(FIRST, &wrong);
        }
    }
}
