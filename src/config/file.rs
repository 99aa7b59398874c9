//! Settings from a TOML file: below flags and variables, above the defaults.
//!
//! What the file says and nothing else does is added to the command line, so that it is read, checked
//! and refused as a flag is.

use std::ffi::OsString;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};
use toml::{Table, Value};

use super::Cli;
use crate::suggest::suggest;

/// The command line, read together with the file that it or the environment names; and the names of the
/// settings that the file gave.
///
/// # Errors
/// What to print, when the line or the file cannot be read. It is for clap to say whether that is a
/// failure: `--help` comes this way too.
pub fn read(line: Vec<OsString>) -> Result<(Cli, ArgMatches, Vec<String>), clap::Error> {
    let mut command = Cli::command();
    let alone = command.try_get_matches_from_mut(line.clone())?;
    let (matches, own) = chosen(&command, &alone);
    let path = matches.try_get_one::<std::path::PathBuf>("config").ok().flatten();
    let Some(path) = path.cloned() else {
        return Ok((Cli::from_arg_matches(&alone)?, alone, Vec::new()));
    };
    let complain =
        |command: &mut Command, message: String| command.error(clap::error::ErrorKind::InvalidValue, message);
    let table = match table(&path) {
        Ok(table) => table,
        Err(message) => return Err(complain(&mut command, message)),
    };
    let mut line = line;
    let mut given = Vec::new();
    for (name, value) in &table {
        let id = name.replace('-', "_");
        if !known(&command, &id) {
            let flags: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
            let hint = suggest(name, flags.iter().copied())
                .map_or_else(String::new, |hint| format!("; did you mean `{hint}`?"));
            let message = format!("{}: there is no setting `{name}`{hint}", path.display());
            return Err(complain(&mut command, message));
        }
        let said = matches!(
            matches.try_contains_id(&id).ok().and_then(|_| matches.value_source(&id)),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        );
        if said || !known(own, &id) {
            continue;
        }
        let Some(value) = text(value) else {
            let message = format!("{}: `{name}` must be a number, a string or a list of strings", path.display());
            return Err(complain(&mut command, message));
        };
        line.push(format!("--{}={value}", id.replace('_', "-")).into());
        given.push(id);
    }
    let whole = Cli::command().try_get_matches_from(line).map_err(|fault| {
        let told = fault.to_string();
        let told = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
        complain(&mut command, format!("{}: {told}", path.display()))
    })?;
    Ok((Cli::from_arg_matches(&whole)?, whole, given))
}

/// What was said to the command that was chosen, and that command.
pub(super) fn chosen<'a>(command: &'a Command, matches: &'a ArgMatches) -> (&'a ArgMatches, &'a Command) {
    match matches.subcommand() {
        Some((name, inner)) => (inner, command.find_subcommand(name).unwrap_or(command)),
        None => (matches, command),
    }
}

fn known(command: &Command, id: &str) -> bool {
    id != "config" && command.get_arguments().any(|arg| arg.get_id() == id && arg.get_long().is_some())
}

fn table(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    text.parse().map_err(|e| format!("{}: {e}", path.display()))
}

/// A value as it would be written on the command line.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            items.map(|items| items.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
