//! A byte offset in a text → line, column and a snippet with a caret.

use crate::fault::Place;

/// Characters shown before and after the place; a body is often one line of megabytes.
const BEFORE: usize = 60;
const AFTER: usize = 20;

/// The place of the byte at `offset`.
pub(super) fn place(text: &str, offset: usize) -> Place {
    let offset = text.floor_char_boundary(offset);
    let (before, after) = text.split_at(offset);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = &before[start..];
    let column = line.chars().count() + 1;

    let cut = line.char_indices().rev().nth(BEFORE - 1).map_or(0, |(index, _)| index);
    let (left, ellipsis) = (&line[cut..], if cut > 0 { "…" } else { "" });
    let right = after.lines().next().unwrap_or_default().chars().take(AFTER);
    let shown: String = ellipsis.chars().chain(left.chars()).chain(right).map(printable).collect();
    let indent = ellipsis.chars().count() + left.chars().count();

    Place {
        line: before.matches('\n').count() + 1,
        column,
        snippet: format!("{}\n{}^", shown.trim_end(), " ".repeat(indent)),
    }
}

/// Tabs and other control characters would move the caret.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
