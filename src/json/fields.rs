//! The fields of an object whose names are fixed: each known, each given once, each of its type.
//!
//! Faults are collected, not returned, so that everything wrong is told at once.

use super::{Json, child, element};
use crate::fault::{Code, Fault};
use crate::suggest::suggest;

/// The most faults told of one document; after that many nobody reads on, and telling costs memory.
pub const MOST_FAULTS: usize = 100;

/// An object's fields.
#[derive(Debug)]
pub struct Fields<'a> {
    pointer: &'a str,
    given: Vec<(&'a str, &'a Json)>,
}

impl<'a> Fields<'a> {
    /// The fields of `object`, which stands at `pointer`. Names that are not `known`, and names given
    /// twice, are faults.
    pub fn new(object: &'a [(String, Json)], pointer: &'a str, known: &[&str], faults: &mut Vec<Fault>) -> Self {
        let mut given: Vec<(&str, &Json)> = Vec::with_capacity(known.len());
        for (name, value) in object {
            if !known.contains(&name.as_str()) {
                tell(faults, || unknown(name, pointer, known));
            } else if given.iter().any(|(other, _)| other == name) {
                tell(faults, || twice(name, pointer));
            } else {
                given.push((name, value));
            }
        }
        Self { pointer, given }
    }

    /// The value of a field, if it was given.
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    /// The value of a field that must be given.
    pub fn required(&self, name: &str, what: &str, faults: &mut Vec<Fault>) -> Option<&'a Json> {
        let value = self.get(name);
        if value.is_none() {
            tell(faults, || {
                let detail = format!("The field `{name}` is missing: {what}.");
                Fault::new(Code::MissingField, detail).at(self.pointer(name))
            });
        }
        value
    }

    /// The JSON Pointer to a field.
    pub fn pointer(&self, name: &str) -> String {
        child(self.pointer, name)
    }

    /// A field that is true or false; false when it was not given.
    pub fn flag(&self, name: &str, faults: &mut Vec<Fault>) -> bool {
        match self.get(name) {
            None => false,
            Some(Json::Bool(flag)) => *flag,
            Some(other) => {
                tell(faults, || wrong_type(&self.pointer(name), "true or false", other));
                false
            }
        }
    }

    /// A field that is one of a few words (see [`choice`]); `None` when it was not given or is at fault.
    pub fn choice<T: Copy>(&self, name: &str, offered: &[(&str, T)], faults: &mut Vec<Fault>) -> Option<T> {
        choice(self.get(name)?, &self.pointer(name), offered, faults)
    }

    /// A field that is a name or a list of names; each comes with its pointer.
    pub fn names(&self, name: &str, faults: &mut Vec<Fault>) -> Option<Vec<(&'a str, String)>> {
        let found = items(self.get(name)?, &self.pointer(name));
        let mut names: Vec<(&str, String)> = Vec::with_capacity(found.len());
        let mut seen = std::collections::HashSet::new();
        for (value, pointer) in found {
            match value {
                Json::Text(text) if seen.insert(text.as_str()) => names.push((text, pointer)),
                Json::Text(text) => tell(faults, || {
                    let detail = format!("`{}` is listed twice in `{name}`.", short(text));
                    Fault::new(Code::DuplicateName, detail).at(pointer)
                }),
                other => {
                    tell(faults, || wrong_type(&pointer, "a name or a list of names", other));
                }
            }
        }
        Some(names)
    }
}

/// The elements of a list with their pointers, or the value itself where it is not a list.
pub fn items<'a>(value: &'a Json, pointer: &str) -> Vec<(&'a Json, String)> {
    match value {
        Json::List(list) => list.iter().enumerate().map(|(i, item)| (item, element(pointer, i))).collect(),
        one => vec![(one, pointer.to_owned())],
    }
}

/// What a word stands for; any other word is an invalid value.
pub fn choice<T: Copy>(value: &Json, pointer: &str, offered: &[(&str, T)], faults: &mut Vec<Fault>) -> Option<T> {
    let words = || offered.iter().map(|(word, _)| *word);
    let listed = || words().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let Json::Text(text) = value else {
        tell(faults, || wrong_type(pointer, &one_of(&listed()), value));
        return None;
    };
    let found = offered.iter().find(|(word, _)| word == text).map(|(_, meaning)| *meaning);
    if found.is_none() {
        tell(faults, || {
            let field = pointer.split('/').rfind(|part| part.parse::<usize>().is_err()).unwrap_or_default();
            let detail = format!("`{field}` cannot be \"{}\"; it is {}.", short(text), one_of(&listed()));
            let fault = Fault::new(Code::InvalidValue, detail)
                .at(pointer)
                .expected(one_of(&listed()), format!("\"{}\"", short(text)));
            with_hint(fault, suggest(text, words()))
        });
    }
    found
}

/// A value of the wrong type.
pub fn wrong_type(pointer: &str, expected: &str, got: &Json) -> Fault {
    let place = if pointer.is_empty() { "The document".to_owned() } else { short(pointer) };
    let found = match got {
        Json::Number(number) => short(&number.to_string()),
        _ => got.kind().to_owned(),
    };
    let detail = format!("{place} must be {expected}, not {found}.");
    let fault = Fault::new(Code::InvalidValue, detail).at(pointer).expected(expected, found);
    match got {
        Json::Null => fault.hint("leave the field out to have its default"),
        _ => fault,
    }
}

/// A field given twice.
pub fn twice(name: &str, pointer: &str) -> Fault {
    let detail = format!("The field `{}` is given twice.", short(name));
    Fault::new(Code::DuplicateName, detail).at(child(pointer, name))
}

/// Adds a fault unless there are enough.
pub fn tell(faults: &mut Vec<Fault>, fault: impl FnOnce() -> Fault) {
    if faults.len() < MOST_FAULTS {
        faults.push(fault());
    }
}

/// Adds "did you mean".
pub fn with_hint(fault: Fault, suggestion: Option<String>) -> Fault {
    match suggestion {
        Some(name) => fault.hint(format!("did you mean `{name}`?")),
        None => fault,
    }
}

/// A user's text, cut to what fits in a sentence.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

fn unknown(name: &str, pointer: &str, known: &[&str]) -> Fault {
    let detail = format!("There is no field `{}` here.", short(name));
    let fault = Fault::new(Code::UnknownField, detail)
        .at(child(pointer, name))
        .expected(one_of(&known.join(", ")), short(name));
    with_hint(fault, suggest(name, known.iter().copied()))
}

fn one_of(listed: &str) -> String {
    if listed.contains(", ") { format!("one of {listed}") } else { listed.to_owned() }
}
