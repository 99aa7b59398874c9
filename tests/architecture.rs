//! The invariants of ARCHITECTURE.md, checked against the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Lines a file may have.
const LONGEST: usize = 400;

/// What may be imported by every room and imports nothing but itself.
const BASE: [&str; 4] = ["fault", "tensor", "suggest", "json"];

/// Each room and the rooms it may import beside the base vocabulary.
const ARROWS: [(&str, &[&str]); 11] = [
    ("main", &["config", "engine", "http", "telemetry"]),
    ("telemetry", &["config"]),
    ("config", &["engine"]),
    ("http", &["config", "engine"]),
    ("engine", &["notation", "diff", "exec", "ops", "ir"]),
    ("notation", &[]),
    ("diff", &["ops", "ir"]),
    ("exec", &["ir", "kernel"]),
    ("ops", &["ir", "kernel"]),
    ("ir", &["kernel"]),
    ("kernel", &[]),
];

/// A source file.
struct Source {
    /// Its path from the root.
    path: String,
    /// The directory or file directly under `src`.
    room: String,
    text: String,
}

impl Source {
    /// Lines of code with their numbers, without comments and without tests at the end of the file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        let lines = self.text.lines().enumerate().map(|(i, line)| (i + 1, line));
        let mut lines = lines.peekable();
        let mut ended = tests;
        std::iter::from_fn(move || {
            let (number, line) = lines.next()?;
            let follows = lines.peek().is_some_and(|(_, next)| next.starts_with("mod ") && next.ends_with('{'));
            ended |= line == "#[cfg(test)]" && follows;
            if ended { None } else { Some((number, line)) }
        })
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The rooms it names by `crate::…`, or by `jacobi::…` in the program.
    fn imports(&self) -> Vec<(usize, String)> {
        let root = if self.room == "main" { "jacobi::" } else { "crate::" };
        let mut found = Vec::new();
        for (number, line) in self.code() {
            for (at, _) in line.match_indices(root) {
                if !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    let rest = &line[at + root.len()..];
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                    found.push((number, rest[..end].to_owned()));
                }
            }
        }
        found
    }
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory).expect("sources can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All files below a directory of the project.
fn sources(directory: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    let start = Path::new(ROOT).join(directory);
    rust_files(&start, &mut paths);
    let read = |path: PathBuf| {
        let inside = path.strip_prefix(&start).expect("it lies below");
        let first = inside.components().next().expect("it has a name").as_os_str().to_string_lossy();
        Source {
            room: first.trim_end_matches(".rs").to_owned(),
            path: path.strip_prefix(ROOT).expect("it lies below").to_string_lossy().into_owned(),
            text: std::fs::read_to_string(&path).expect("sources are text"),
        }
    };
    paths.into_iter().map(read).collect()
}

fn assert_none(violations: &[String], rule: &str) {
    assert!(violations.is_empty(), "{rule}:\n  {}", violations.join("\n  "));
}

/// Every place in the code of `src` that is in none of `rooms` and contains one of `words`.
fn elsewhere(rooms: &[&str], words: &[&str]) -> Vec<String> {
    let sources = sources("src");
    let outside = sources.iter().filter(|source| !rooms.contains(&source.room.as_str()));
    let mut found = Vec::new();
    for source in outside {
        for (number, line) in source.code() {
            found.extend(words.iter().filter(|w| line.contains(**w)).map(|w| format!("{}:{number}: {w}", source.path)));
        }
    }
    found
}

#[test]
fn imports_follow_the_arrows() {
    let mut violations = Vec::new();
    let mut seen = 0;
    for source in sources("src").iter().filter(|source| source.room != "lib") {
        let base = BASE.contains(&source.room.as_str());
        let allowed = ARROWS.iter().find(|(room, _)| *room == source.room).map(|(_, allowed)| *allowed);
        if !base && allowed.is_none() {
            violations.push(format!("{}: the room `{}` has no arrows", source.path, source.room));
        }
        for (number, room) in source.imports() {
            seen += 1;
            let own = room == source.room;
            let vocabulary = BASE.contains(&room.as_str()) && source.room != "kernel";
            if !own && !vocabulary && !allowed.unwrap_or(&[]).contains(&room.as_str()) {
                violations.push(format!("{}:{number}: `{}` imports `{room}`", source.path, source.room));
            }
        }
    }
    assert_none(&violations, "imports against the arrows");
    assert!(seen > 100, "only {seen} imports were looked at");
}

#[test]
fn the_graph_knows_nothing_of_the_kernels_but_what_they_look_at() {
    let sources = sources("src");
    let mut violations = Vec::new();
    for source in sources.iter().filter(|source| source.room == "ir") {
        for (number, line) in source.code().filter(|(_, line)| line.contains("crate::kernel")) {
            if line.trim() != "use crate::kernel::View;" {
                violations.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none(&violations, "`ir` may import `crate::kernel::View` alone");
}

#[test]
fn numeric_crates_are_named_by_the_kernels_alone() {
    let numeric = ["faer::", "pxfm::", "use faer", "use pxfm"];
    assert_none(&elsewhere(&["kernel"], &numeric), "numeric crates outside `kernel`");
}

#[test]
fn http_is_known_to_its_room_and_the_program_alone() {
    let protocol =
        ["axum::", "hyper::", "hyper_util::", "tower::", "tower_http::", "rustls::", "use axum", "StatusCode"];
    assert_none(&elsewhere(&["http", "telemetry"], &protocol), "HTTP outside `http` and `telemetry`");
    assert_none(&elsewhere(&["http", "main", "telemetry"], &["tokio::"]), "the runtime outside the border");
}

#[test]
fn json_text_is_read_and_written_in_one_room() {
    assert_none(&elsewhere(&["json"], &["serde_json"]), "serde_json outside `json`");
}

#[test]
fn transforms_and_runner_name_no_operation() {
    let names: BTreeSet<&str> = jacobi::ops::table()
        .flat_map(|(_, row)| std::iter::once(row.name).chain(row.aliases.iter().copied()))
        .collect();
    let literals: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
    let sources = sources("src");
    let others: BTreeSet<&str> =
        sources.iter().map(|source| source.room.as_str()).filter(|room| !["diff", "exec"].contains(room)).collect();
    let others: Vec<&str> = others.into_iter().collect();
    assert_none(&elsewhere(&others, &literals), "operations named in `diff` or `exec`");
}

#[test]
fn nothing_is_unwrapped_or_left_undone() {
    let words = [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME"];
    assert_none(&elsewhere(&[], &words), "not in finished code");
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let mut violations = Vec::new();
    for source in
        ["src", "tests", "benches", "fuzz"].iter().filter(|d| Path::new(ROOT).join(d).exists()).flat_map(|d| sources(d))
    {
        if !source.text.starts_with("//! ") {
            violations.push(format!("{} does not open with `//!`", source.path));
        }
        let lines = source.text.lines().count();
        if lines > LONGEST {
            violations.push(format!("{} has {lines} lines, more than {LONGEST}", source.path));
        }
    }
    assert_none(&violations, "files that do not read well");
}

#[test]
fn architecture_md_is_about_this_program() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).expect("there is an ARCHITECTURE.md");
    let mut violations = Vec::new();
    for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
        if !target.starts_with("http") && !Path::new(ROOT).join(target).exists() {
            violations.push(format!("there is no {target}"));
        }
    }
    let rooms: BTreeSet<String> = sources("src").into_iter().map(|source| source.room).filter(|r| r != "lib").collect();
    violations
        .extend(rooms.iter().filter(|r| !text.contains(&format!("| `{r}` |"))).map(|r| format!("no row for `{r}`")));
    let tests = include_str!("architecture.rs");
    for (i, paragraph) in text.split("\n\n").filter(|p| p.contains("Architecture Invariant:")).enumerate() {
        let named = paragraph.rsplit_once("(`").and_then(|(_, rest)| rest.split_once("`)")).map(|(name, _)| name);
        if !named.is_some_and(|name| tests.contains(&format!("fn {name}()"))) {
            violations.push(format!("invariant {} names no test of this file", i + 1));
        }
    }
    assert_none(&violations, "ARCHITECTURE.md does not fit the sources");
}
