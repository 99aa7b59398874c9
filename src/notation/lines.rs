//! A function's body into lines: one expression, or equations that end in the result.

use rustc_hash::FxHashSet;

use super::body::Reader;
use super::chain;
use super::expr::Expr;
use super::function::Line;
use super::node::{FORMS, Node};
use super::parser;
use crate::fault::Code;
use crate::json::Json;

/// Reads the body that stands at `step` below `parent`; `None` after telling a fault.
pub(super) fn lines(
    reader: &mut Reader<'_>,
    body: &Json,
    parent: u32,
    step: &str,
    params: &[String],
) -> Option<Vec<Line>> {
    match body {
        Json::List(equations) => self::equations(reader, equations, parent, step, params),
        Json::Object(fields) if chain::is_chain(fields) => {
            let span = reader.source(parent, step, None)?;
            chain::lines(reader, fields, span, params)
        }
        _ => {
            let line = line(reader, body, parent, step)?;
            check_names(reader, std::slice::from_ref(&line), params).then_some(vec![line])
        }
    }
}

fn equations(
    reader: &mut Reader<'_>,
    equations: &[Json],
    parent: u32,
    step: &str,
    params: &[String],
) -> Option<Vec<Line>> {
    let list = reader.source(parent, step, None)?;
    if equations.is_empty() {
        reader.fault(list, Code::InvalidValue, "the list of equations is empty", "[\"u = W @ x\", \"sum(u^2)\"]");
        return None;
    }
    let mut lines = Vec::with_capacity(equations.len());
    for (i, equation) in equations.iter().enumerate() {
        if reader.is_full() {
            return None;
        }
        lines.extend(line(reader, equation, list.source, &i.to_string()));
    }
    let complete = lines.len() == equations.len();
    (check_names(reader, &lines, params) && complete).then_some(lines)
}

/// One equation, or a body that is a single expression.
fn line(reader: &mut Reader<'_>, json: &Json, parent: u32, step: &str) -> Option<Line> {
    let (locals, expr) = match json {
        Json::Text(text) => {
            let span = reader.source(parent, step, Some(text))?;
            reader.text(span.source, 0, parser::line)?
        }
        Json::Object(fields) => {
            let span = reader.source(parent, step, None)?;
            let mut node = Node::read(reader, fields, span, 0)?;
            (node.name.take().into_iter().collect(), node.call(span))
        }
        Json::Null | Json::Bool(_) => {
            let span = reader.source(parent, step, None)?;
            reader.fault(span, Code::InvalidValue, "the value is none of the forms of a body", FORMS);
            return None;
        }
        _ => (Vec::new(), reader.body(json, parent, step, 0)?),
    };
    let label = if locals.is_empty() { None } else { Some(locals.join(", ")) };
    Some(Line { label, locals, expr })
}

/// Whether each line but the last has a name, and no name is given twice.
fn check_names(reader: &mut Reader<'_>, lines: &[Line], params: &[String]) -> bool {
    let mut seen: FxHashSet<&str> = params.iter().map(String::as_str).collect();
    let told = reader.faults.len();
    for (i, Line { locals, expr: Expr { span, .. }, .. }) in lines.iter().enumerate() {
        for name in locals {
            if !seen.insert(name) {
                let what = if params.contains(name) { "a parameter" } else { "an earlier equation" };
                let detail = format!("`{name}` is already the name of {what}");
                reader.fault(*span, Code::DuplicateName, detail, "each name is given one value");
            }
        }
        if locals.is_empty() && i + 1 < lines.len() {
            let detail = "the equation has no name, so nothing can use its value";
            reader.fault(*span, Code::Syntax, detail, "each equation but the last is \"name = expression\"");
        }
        if reader.is_full() {
            return false;
        }
    }
    reader.faults.len() == told
}
