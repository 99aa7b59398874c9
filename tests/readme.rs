//! The README tells the truth: its snippets are run and answer what it shows, its tables hold everything there is.
//!
//! `UPDATE=1 cargo test --test readme` writes the generated tables and the shown answers anew.

#[path = "readme/answer.rs"]
mod answer;
#[path = "readme/blocks.rs"]
mod blocks;
mod support;
#[path = "readme/tables.rs"]
mod tables;

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use blocks::{Block, between, blocks, replace_between, table_rows};
use serde_json::{Value, json};
use support::Server;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Where a server listens by default, and so in the README.
const HOME: &str = "127.0.0.1:8080";
/// Commands that are shown but not run: they build, test or serve.
const NOT_RUN: [&str; 8] = [
    "cargo run --release",
    "cargo test",
    "cargo install --path .",
    "cargo run --release -- --help",
    "docker build -t jacobi .",
    "docker run --rm -p 8080:8080 --read-only --cap-drop ALL jacobi",
    "key=$(openssl rand -hex 32); printf %s \"$key\" | sha256sum",
    "JACOBI_LISTEN=0.0.0.0:9000 JACOBI_LOG_FORMAT=json jacobi --queue 16",
];
/// Held by whoever rewrites the README.
static WRITING: Mutex<()> = Mutex::new(());

fn readme() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("there is a README")
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Reads the README anew, changes it and writes it back.
fn update(change: impl FnOnce(&str) -> String) {
    let _guard = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    std::fs::write(Path::new(ROOT).join("README.md"), change(&readme())).expect("the README can be written");
}

/// What a snippet prints; `None` where its interpreter is not installed.
fn run(block: &Block, server: &Server) -> Option<String> {
    let (program, arguments): (&str, &[&str]) = match block.kind.as_str() {
        "sh" => ("sh", &["-eu", "-s"]),
        "python" => ("python3", &["-"]),
        "js" => ("node", &["--input-type=module", "-"]),
        other => panic!("line {}: nothing is known to run `{other}`", block.line),
    };
    let jacobi = Path::new(env!("CARGO_BIN_EXE_jacobi")).parent().expect("the program lies in a directory");
    let path = std::env::var("PATH").unwrap_or_default();
    let started = Command::new(program)
        .args(arguments)
        .current_dir(ROOT)
        .env("PATH", format!("{}:{path}", jacobi.display()))
        .env("NO_PROXY", "*")
        .env("no_proxy", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("line {}: not run, there is no {program}", block.line);
            return None;
        }
        Err(error) => panic!("{program} does not start: {error}"),
    };
    let script = block.text.replace(HOME, &server.address);
    child.stdin.take().expect("it is piped").write_all(script.as_bytes()).expect("the script is read");
    let output = child.wait_with_output().expect("the snippet ends");
    assert!(output.status.success(), "line {}: the snippet failed", block.line);
    Some(String::from_utf8(output.stdout).expect("snippets print text"))
}

#[test]
fn every_snippet_prints_what_is_shown() {
    let server = Server::start(&[]);
    let text = readme();
    let blocks = blocks(&text);
    let mut renewed = Vec::new();
    let mut rest = blocks.iter().peekable();
    let mut ran = 0;
    while let Some(block) = rest.next() {
        if block.kind == "console" {
            for line in block.text.lines() {
                assert!(NOT_RUN.contains(&line), "line {}: `{line}` is not known", block.line);
            }
            continue;
        }
        if block.kind == "toml" {
            assert!(block.text.parse::<toml::Table>().is_ok(), "line {}: this is no TOML", block.line);
            continue;
        }
        let printed = run(block, &server);
        let shown = rest
            .next_if(|next| ["json", "text"].contains(&next.kind.as_str()))
            .unwrap_or_else(|| panic!("line {}: what the snippet prints must follow it", block.line));
        let Some(printed) = printed else { continue };
        ran += 1;
        let compared = match shown.kind.as_str() {
            "json" => answer::contains(&printed, &shown.text),
            _ if printed.trim_end() == shown.text.trim_end() => Ok(()),
            _ => Err(format!("it prints\n{printed}")),
        };
        if let Err(difference) = compared {
            assert!(updating(), "line {}: {difference}\n(UPDATE=1 writes it anew)", shown.line);
            let new = if shown.kind == "json" { answer::renew(&printed, &shown.text) } else { printed };
            renewed.push((shown.fenced(), format!("```{}\n{}\n```", shown.kind, new.trim_end())));
        }
    }
    assert!(ran >= 8, "only {ran} snippets were run");
    if !renewed.is_empty() {
        update(|text| renewed.iter().fold(text.to_owned(), |text, (old, new)| text.replacen(old, new, 1)));
    }
}

#[test]
fn generated_tables_are_fresh() {
    for (marker, fresh) in [("operations", tables::operations()), ("settings", tables::settings())] {
        if between(&readme(), marker) != fresh {
            assert!(updating(), "the table of {marker} is stale; UPDATE=1 cargo test --test readme writes it anew");
            update(|text| replace_between(text, marker, &fresh));
        }
    }
}

#[tokio::test]
async fn every_expression_of_the_notation_is_understood() {
    let server = Server::start(&[]);
    let text = readme();
    let rows = table_rows(between(&text, "notation"), "write");
    let expressions: Vec<String> = rows.iter().flat_map(|cell| blocks::code_spans(cell)).collect();
    assert!(expressions.len() > 30, "only {} expressions", expressions.len());
    for expression in expressions {
        let document = json!({
            "define": { "f(x, y, A, B, a, b)": expression, "g(u)": "u^2" },
            "at": {
                "x": [0.5, 1.5, 2], "y": [1, 0.25, 3], "a": 0.5, "b": 2,
                "A": [[2, 1, 0], [1, 3, 1], [0, 1, 4]], "B": [[1, 0, 2], [0, 1, 0], [1, 1, 1]],
            },
        });
        let answer = server.post("/jacobian", document.to_string()).await;
        let status = answer.status();
        assert_eq!(status, 200, "`{expression}`: {}", answer.text().await.unwrap_or_default());
    }
}

#[test]
fn every_route_and_every_field_is_named() {
    let text = readme();
    for (method, path) in jacobi::http::ROUTES {
        let name = format!("`{} {path}`", method.to_uppercase());
        assert!(text.contains(&name), "{name} is missing");
    }
    let contract = std::fs::read_to_string(Path::new(ROOT).join("openapi.yaml")).expect("there is a contract");
    let contract: Value = serde_saphyr::from_str(&contract).expect("the contract is YAML");
    let fields =
        contract["components"]["schemas"]["Document"]["properties"].as_object().expect("a document has fields");
    let listed: Vec<String> =
        table_rows(between(&text, "fields"), "field").iter().flat_map(|cell| blocks::code_spans(cell)).collect();
    for field in fields.keys() {
        assert!(listed.contains(field), "the field `{field}` is missing");
    }
    assert_eq!(listed.len(), fields.len(), "a field is listed that the contract does not have: {listed:?}");
}

#[test]
fn every_link_leads_somewhere() {
    let text = readme();
    for target in blocks::links(&text) {
        if let Some(anchor) = target.strip_prefix('#') {
            let headings = text.lines().filter(|line| line.starts_with('#'));
            let known = headings.map(blocks::anchor).any(|heading| heading == anchor);
            assert!(known, "there is no heading for #{anchor}");
        } else if !target.starts_with("http") {
            assert!(Path::new(ROOT).join(&target).exists(), "there is no {target}");
        }
    }
}
