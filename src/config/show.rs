//! `jacobi config`: the settings in force, each with where it comes from, in the form of a file of settings.

use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};

use super::file::chosen;
use super::{Cli, Machine, Serve};

/// The settings as TOML, with the source of each as a comment.
pub fn in_force(settings: &Serve, matches: &ArgMatches, from_file: &[String], machine: &Machine) -> String {
    let command = Cli::command();
    let (matches, own) = chosen(&command, matches);
    let filled = settings.clone().on(machine);
    let derived = [
        ("max_connections", filled.max_connections as u64, settings.max_connections as u64),
        ("max_held_bytes", filled.max_held_bytes as u64, settings.max_held_bytes as u64),
        ("threads", filled.threads as u64, settings.threads as u64),
        ("memory_budget", filled.memory_budget, settings.memory_budget),
    ];
    let mut text = String::new();
    for arg in own.get_arguments() {
        let (Some(long), id) = (arg.get_long(), arg.get_id().as_str()) else { continue };
        if matches.try_contains_id(id).is_err() {
            continue;
        }
        let source = match matches.value_source(id) {
            _ if from_file.iter().any(|name| name == id) => "file",
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            _ => "default",
        };
        let found = derived.iter().find(|(name, filled, set)| *name == id && filled != set);
        let (value, source) = match found {
            Some((_, filled, _)) => (filled.to_string(), format!("{source}, by the machine")),
            None => (raw(matches, id), source.to_owned()),
        };
        // A text can always be written to.
        let _ = match value.as_str() {
            "" => writeln!(text, "# {long} is not set"),
            _ if id == "config" => writeln!(text, "# {long} = {} # {source}", literal(&value)),
            _ => writeln!(text, "{long} = {} # {source}", literal(&value)),
        };
    }
    text
}

/// The value as it was written.
fn raw(matches: &ArgMatches, id: &str) -> String {
    let written =
        matches.get_raw(id).map(|values| values.map(|v| v.to_string_lossy().into_owned()).collect::<Vec<_>>());
    written.unwrap_or_default().join(",")
}

/// A value in TOML.
fn literal(value: &str) -> String {
    let number =
        value.parse::<f64>().is_ok_and(f64::is_finite) && value.chars().all(|c| c.is_ascii_digit() || c == '.');
    if number && !value.starts_with('.') && !value.ends_with('.') {
        value.to_owned()
    } else {
        toml::Value::String(value.to_owned()).to_string()
    }
}
