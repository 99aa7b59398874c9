//! A Markdown text taken apart as far as the tests need it: fenced blocks, tables, code spans, links.

/// A fenced block.
pub(crate) struct Block {
    /// The word after the fence.
    pub(crate) kind: String,
    /// What lies between the fences, with its line ends.
    pub(crate) text: String,
    /// The line of the opening fence, from 1.
    pub(crate) line: usize,
}

impl Block {
    /// The block with its fences, as it stands in the text.
    pub(crate) fn fenced(&self) -> String {
        format!("```{}\n{}```", self.kind, self.text)
    }
}

/// All fenced blocks, in order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (i, line) in text.lines().enumerate() {
        assert!(!line.starts_with("~~~") && !line.starts_with(" ```"), "line {}: only ``` fences", i + 1);
        if let Some(kind) = line.strip_prefix("```") {
            open = !open;
            if open {
                found.push(Block { kind: kind.to_owned(), text: String::new(), line: i + 1 });
            } else {
                assert!(kind.is_empty(), "line {}: the block before is not closed", i + 1);
            }
        } else if open && let Some(block) = found.last_mut() {
            block.text.push_str(line);
            block.text.push('\n');
        }
    }
    assert!(!open, "the last block is not closed");
    found
}

fn markers(marker: &str) -> (String, String) {
    (format!("<!-- {marker} -->\n"), format!("<!-- /{marker} -->"))
}

/// What lies between `<!-- marker -->` and `<!-- /marker -->`.
pub(crate) fn between<'a>(text: &'a str, marker: &str) -> &'a str {
    let (start, end) = markers(marker);
    let inside = text.split_once(&start).and_then(|(_, rest)| rest.split_once(&end));
    inside.unwrap_or_else(|| panic!("the markers of {marker} are missing")).0
}

/// The text with something else between the markers.
pub(crate) fn replace_between(text: &str, marker: &str, new: &str) -> String {
    let (start, end) = markers(marker);
    text.replacen(&format!("{start}{}{end}", between(text, marker)), &format!("{start}{new}{end}"), 1)
}

/// The cells below the header `column` in every table of a text that has it.
pub(crate) fn table_rows(text: &str, column: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut place = None;
    for line in text.lines() {
        let Some(row) = line.strip_prefix('|') else {
            place = None;
            continue;
        };
        // A bar inside a cell is written with a backslash.
        let row = row.replace("\\|", "\u{0}");
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        if let Some(at) = cells.iter().position(|cell| cell == column) {
            place = Some(at);
        } else if let Some(cell) = place.and_then(|at| cells.get(at)).filter(|cell| !cell.starts_with("---")) {
            found.push(cell.clone());
        }
    }
    assert!(!found.is_empty(), "no table has a column `{column}`");
    found
}

/// What stands between backticks.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Targets of `[…](target)`, outside fenced blocks.
pub(crate) fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced {
            let starts = line.split("](").skip(1);
            found.extend(starts.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()));
        }
    }
    found
}

/// The anchor that a heading gets on the usual hosts.
pub(crate) fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
}
