//! The tables that are written from the program itself.

use std::fmt::Write;

use clap::CommandFactory;
use jacobi::config::Cli;
use jacobi::ops::table;

/// Every public operation, one table for each family.
pub(crate) fn operations() -> String {
    let mut text = String::new();
    let mut last = "";
    for (family, row) in table().filter(|(_, row)| row.is_public()) {
        if family != last {
            last = family;
            let mut title = family.to_owned();
            title[..1].make_ascii_uppercase();
            line(&mut text, format_args!("\n#### {title}\n\n| call | computes | derivative |\n| --- | --- | --- |"));
        }
        let aliases: Vec<String> = row.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let also = if aliases.is_empty() { String::new() } else { format!(" Also {}.", aliases.join(", ")) };
        let kinks = if row.kinks.is_empty() { String::new() } else { format!("; {}", cell(row.kinks)) };
        let (summary, derivative) = (cell(row.summary), row.derivative.replace('|', "\\|"));
        line(&mut text, format_args!("| `{}` | {summary}{also} | `{derivative}`{kinks} |", row.signature));
    }
    text.push('\n');
    text
}

/// Every setting of the server.
pub(crate) fn settings() -> String {
    let mut text = String::new();
    line(&mut text, format_args!("\n| flag | variable | default | meaning |\n| --- | --- | --- | --- |"));
    let command = Cli::command();
    for argument in command.get_arguments() {
        let (Some(flag), Some(variable)) = (argument.get_long(), argument.get_env()) else { continue };
        let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let (variable, default, help) = (variable.to_string_lossy(), default.join(" "), cell(&help));
        line(&mut text, format_args!("| `--{flag}` | `{variable}` | `{default}` | {help} |"));
    }
    text.push('\n');
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a text can be written to");
}

/// A sentence as the cell of a table: signs that mean something to Markdown stand for themselves.
fn cell(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    let safe: Vec<String> = parts
        .map(|(i, part)| {
            let part = part.replace('|', "\\|");
            if i % 2 == 1 { part } else { part.replace('*', "\\*").replace('<', "&lt;") }
        })
        .collect();
    safe.join("`")
}
