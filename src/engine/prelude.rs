//! Operations defined in the notation, parsed once.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::notation::{Line, Sources, parse_line};
use crate::ops::{Meaning, Operation, table};

static LINES: LazyLock<FxHashMap<&'static str, Vec<Line>>> = LazyLock::new(|| {
    let mut sources = Sources::default();
    let mut parsed = FxHashMap::default();
    for (_, row) in table() {
        if let Meaning::Expand(texts) = row.meaning {
            let lines = texts.iter().map(|text| {
                let (locals, expr) = parse_line(&mut sources, "", text)
                    .unwrap_or_else(|faults| panic!("the definition of {} does not parse: {faults:?}", row.name));
                Line { label: None, locals, expr }
            });
            parsed.insert(row.name, lines.collect());
        }
    }
    parsed
});

/// The lines that define an operation; none for one that is not defined in the notation.
pub(super) fn lines(row: &'static Operation) -> &'static [Line] {
    LINES.get(row.name).map_or(&[], Vec::as_slice)
}
