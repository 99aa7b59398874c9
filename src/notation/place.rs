//! A byte range of a text as a person finds it: line, column, and the line with carets under it.

use crate::fault::Place;

/// Most characters of a line that a snippet shows.
const WIDTH: usize = 80;
/// Characters shown before the range when a long line is clipped.
const LEAD: usize = 30;

/// Finds `start..end` in a text. Offsets past the end, or inside a character, are rounded down.
pub(super) fn place(text: &str, start: usize, end: usize) -> Place {
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(end).max(start);
    let first = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let last = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let line = 1 + text[..first].matches('\n').count();
    let before = text[first..start].chars().count();
    let marked = text[start..end.min(last)].chars().count().max(1);
    Place { line, column: before + 1, snippet: snippet(&text[first..last], before, marked) }
}

/// The line, clipped around the marked characters, with carets below them.
fn snippet(line: &str, before: usize, marked: usize) -> String {
    let line = line.trim_end();
    let length = line.chars().count();
    let from = if length <= WIDTH { 0 } else { before.saturating_sub(LEAD) };
    let mut shown: String = if from > 0 { "…".into() } else { String::new() };
    // A tab or another control character would put the carets under the wrong place.
    shown.extend(line.chars().skip(from).take(WIDTH).map(|c| if c.is_control() { ' ' } else { c }));
    if from + WIDTH < length {
        shown.push('…');
    }
    let indent = before - from + usize::from(from > 0);
    let carets = marked.min(from + WIDTH - before.min(from + WIDTH - 1));
    format!("{shown}\n{}{}", " ".repeat(indent), "^".repeat(carets))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn line_and_column_count_characters() {
        let found = place("α = 1\nβ + )", "α = 1\nβ + ".len(), "α = 1\nβ + )".len());
        assert_eq!((found.line, found.column), (2, 5));
        assert_eq!(found.snippet, "β + )\n    ^");
    }

    #[test]
    fn tabs_keep_the_caret_in_its_column() {
        assert_eq!(place("\tx +\r\ny", 1, 2).snippet, " x +\n ^");
    }

    #[test]
    fn long_lines_are_clipped_around_the_caret() {
        let text = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let found = place(&text, 500, 501);
        let (line, carets) = found.snippet.split_once('\n').unwrap_or_default();
        assert_eq!(found.column, 501);
        assert!(line.chars().count() <= 82);
        assert_eq!(line.chars().nth(carets.chars().count() - 1), Some('!'));
    }

    #[test]
    fn any_offsets_are_safe() {
        for (start, end) in [(0, 0), (1, 2), (9, 3), (70, 90), (usize::MAX, usize::MAX)] {
            assert!(place("é\né", start, end).snippet.ends_with('^'));
            assert!(place("", start, end).snippet.ends_with('^'));
            assert!(place(&"é".repeat(200), start, end).snippet.ends_with('^'));
        }
    }
}
