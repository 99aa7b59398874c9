//! The text of a document as it comes, piece by piece. Long constants that are known from an earlier document are compared
//! as they come and not kept: they are read once, where to keep them takes to read them twice and to write them.

use std::borrow::Cow;
use std::sync::Arc;

use super::recall::{ABSENT, Absent, START, Texts};
use crate::json::Members;

/// Constants of fewer bytes are kept; and they are sought in so many at the beginning.
const LONG: usize = 16 << 10;

/// They are sought when so many bytes are there, and when twice as many are, and so on.
const FIRST_LOOK: usize = 2 * START;

/// The text of a document, all of it or what has come so far.
#[derive(Debug)]
pub struct Text {
    kept: Vec<u8>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Constants are sought when so many bytes are kept.
    Sought(usize),
    /// What is kept ends where these constants begin, of which so many bytes have come.
    Compared(Absent, usize),
    /// These constants are not kept, and what comes is.
    Known(Absent),
    /// All that comes is kept.
    Kept,
}

impl Default for Text {
    fn default() -> Self {
        Self { kept: Vec::new(), state: State::Sought(FIRST_LOOK) }
    }
}

impl Text {
    /// Bytes that have come.
    pub fn len(&self) -> usize {
        self.kept.len()
            + match &self.state {
                State::Compared(_, come) => *come,
                State::Known((_, known)) => known.text.len() - ABSENT.len(),
                State::Sought(_) | State::Kept => 0,
            }
    }

    /// Whether nothing has come.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that are kept.
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Makes room for as many bytes more, if all that come are kept.
    pub fn reserve(&mut self, more: usize) {
        if let State::Kept = self.state {
            self.kept.reserve_exact(more);
        }
    }

    /// All that has come.
    pub fn whole(&self) -> Cow<'_, [u8]> {
        match &self.state {
            State::Compared((_, known), come) => Cow::Owned([&self.kept, &known.text[..*come]].concat()),
            State::Known((start, known)) => {
                let (before, rest) = self.kept.split_at(*start);
                Cow::Owned([before, &known.text, &rest[ABSENT.len()..]].concat())
            }
            State::Sought(_) | State::Kept => Cow::Borrowed(&self.kept),
        }
    }

    /// The constants that are not kept, once all of them have come.
    pub(in crate::engine) fn absent(&self) -> Option<&Absent> {
        if let State::Known(absent) = &self.state { Some(absent) } else { None }
    }

    /// Takes in what comes next.
    pub(in crate::engine) fn receive(&mut self, mut piece: &[u8], texts: &Texts) {
        while !piece.is_empty() {
            match &mut self.state {
                State::Sought(look) => {
                    let look = *look;
                    let (next, rest) = piece.split_at(piece.len().min(look - self.kept.len()));
                    self.kept.extend_from_slice(next);
                    piece = rest;
                    if self.kept.len() == look {
                        self.state = self.sought(look, texts);
                    }
                }
                State::Compared((start, known), come) => {
                    let expected = &known.text[*come..];
                    let (next, rest) = piece.split_at(piece.len().min(expected.len()));
                    if !expected.starts_with(next) {
                        self.kept.extend_from_slice(&known.text[..*come]);
                        self.state = State::Kept;
                    } else if next.len() < expected.len() {
                        (*come, piece) = (*come + next.len(), rest);
                    } else {
                        self.kept.extend_from_slice(ABSENT);
                        (self.state, piece) = (State::Known((*start, Arc::clone(known))), rest);
                    }
                }
                State::Known(_) | State::Kept => {
                    self.kept.extend_from_slice(piece);
                    return;
                }
            }
        }
    }

    /// Looks for known constants whose beginning is kept; they are not kept then.
    fn sought(&mut self, look: usize, texts: &Texts) -> State {
        let Some(start) = constants(&self.kept).filter(|start| self.kept.len() - start >= START) else {
            return if look < LONG { State::Sought(2 * look) } else { State::Kept };
        };
        let begun = &self.kept[start..];
        let known = texts.begun(begun).filter(|known| known.text.len() >= LONG && known.text.starts_with(begun));
        let Some(known) = known else { return State::Kept };
        let come = begun.len();
        self.kept.truncate(start);
        State::Compared((start, known), come)
    }
}

/// Where the constants of the document begin that a text begins with.
fn constants(text: &[u8]) -> Option<usize> {
    let mut members = Members::of(text)?;
    while let Some((key, start)) = members.key() {
        if key == b"constants" {
            return Some(start);
        }
        members.step()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{read_document, recall};
    use super::*;
    use crate::engine::cache::Caches;
    use crate::engine::{Cancel, Endpoint, Engine, Limits};

    /// A document of some 20 000 bytes, mostly constants.
    fn long() -> String {
        let weights: Vec<String> = (0..3000).map(|i| format!("{}.5", i % 997)).collect();
        let weights = weights.join(", ");
        format!(
            r#" {{"define": {{"f(x)": "sum(w)*x"}}, "constants": {{"w": [{weights}]}}, "at": {{"x": 2}}, "want": ["value"]}} "#
        )
    }

    fn knowing(document: &str) -> Engine {
        let engine = Engine::new(Limits::default());
        engine.prepare(document.as_bytes(), Endpoint::Value, &Cancel::default()).expect("it is sound");
        engine
    }

    /// The text that comes in pieces which end at these places.
    fn received(caches: &Caches, text: &[u8], ends: &[usize]) -> Text {
        let mut received = Text::default();
        let mut from = 0;
        for &end in ends.iter().chain([&text.len()]) {
            let end = end.clamp(from, text.len());
            received.receive(&text[from..end], caches.texts());
            from = end;
        }
        received
    }

    #[test]
    fn known_constants_are_not_kept_and_mean_the_same() {
        let document = long();
        let engine = knowing(&document);
        let other = document.replace("\"x\": 2", "\"x\": 31");
        let text = received(&engine.caches, other.as_bytes(), &[1000, 5000, 7000]);
        assert!(text.kept().len() < 200 && text.len() == other.len() && text.whole() == other.as_bytes());
        let known = recall(text.kept(), text.absent(), usize::MAX, &engine.caches, &Cancel::default());
        let known = known.expect("it is known");
        let fresh = read_document(other.as_bytes()).expect("it is sound");
        assert_eq!(format!("{:?}{:?}", known.at, known.constants), format!("{:?}{:?}", fresh.at, fresh.constants));
        // As a form it would be taken for one without constants.
        let first = engine.recall(&text, Endpoint::Value, usize::MAX).expect("it is known");
        let again = engine.recall(&text, Endpoint::Value, usize::MAX).expect("it is known");
        assert_eq!(first.document.constants.len() + again.document.constants.len(), 2);
    }

    #[test]
    fn short_constants_and_those_far_behind_are_kept() {
        let short = r#"{"define": {"f(x)": "w*x"}, "constants": {"w": 3}, "at": {"x": 2}}"#.to_owned();
        let far =
            long().replace("\"define\"", &format!("\"limits\": {{\"time_ms\": {}1000}}, \"define\"", " ".repeat(LONG)));
        for document in [short, far] {
            let engine = knowing(&document);
            let text = received(&engine.caches, document.as_bytes(), &[]);
            assert_eq!(text.kept(), document.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_there_however_it_is_cut(
            ends in prop::collection::vec(0..22_000_usize, 0..6),
            change in prop::option::of((0..22_000_usize, any::<u8>())),
            cut in prop::option::of(0..22_000_usize),
        ) {
            let document = long();
            let engine = knowing(&document);
            let mut bytes = document.into_bytes();
            if let Some((place, byte)) = change {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut);
            }
            let mut ends = ends;
            ends.sort_unstable();
            let text = received(&engine.caches, &bytes, &ends);
            prop_assert_eq!(text.len(), bytes.len());
            prop_assert!(text.whole() == bytes);
            if let Some(known) = recall(text.kept(), text.absent(), usize::MAX, &engine.caches, &Cancel::default()) {
                let fresh = read_document(&bytes).expect("what is known is sound");
                prop_assert_eq!(format!("{:?}{:?}", known.at, known.constants), format!("{:?}{:?}", fresh.at, fresh.constants));
            }
        }
    }
}
