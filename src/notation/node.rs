//! Nodes: `{"op": …, "args": […], …}`, a call written as JSON.

use rustc_hash::FxHashSet;

use super::body::{Reader, items};
use super::expr::{Expr, Kind, Span};
use super::names;
use super::operators::{self, Meaning};
use crate::fault::Code;
use crate::json::Json;

/// The forms a body may have, for when it has none of them.
pub(super) const FORMS: &str = "a body is text, a list of equations, {\"op\": …, \"args\": […]}, \
     {\"compose\": […]} or {\"sequential\": […]}";

/// A node with its arguments read.
#[derive(Debug)]
pub(super) struct Node {
    /// The function's name, or an operator's symbol.
    op: String,
    /// The equation's name, or the layer's.
    pub(super) name: Option<String>,
    args: Vec<Expr>,
    keywords: Vec<(String, Expr)>,
}

impl Node {
    /// Reads the fields of an object that stands `depth` nodes deep.
    pub(super) fn read(reader: &mut Reader<'_>, fields: &[(String, Json)], span: Span, depth: usize) -> Option<Self> {
        let unique = unique(reader, fields, span);
        let Some((_, op)) = fields.iter().find(|(key, _)| key == "op") else {
            missing_op(reader, fields, span);
            return None;
        };
        let op = operation(reader, op, span);
        let literal = op.as_deref() == Some("einsum");
        let (mut name, mut args, mut keywords) = (Some(None), Some(Vec::new()), Vec::new());
        for (key, value) in fields {
            match key.as_str() {
                "op" => {}
                "name" => name = equation_name(reader, value, span).map(Some),
                "args" => args = arguments(reader, value, span, literal, depth),
                _ => keywords.push(reader.body(value, span.source, key, depth + 1).map(|e| (key.clone(), e))),
            }
        }
        let keywords = keywords.into_iter().collect::<Option<_>>()?;
        unique.then_some(Self { op: op?, name: name?, args: args?, keywords })
    }

    /// Puts a layer's input before its arguments, or before `einsum`'s operands.
    pub(super) fn feed(&mut self, input: Expr) {
        let subscripts = self.op == "einsum" && matches!(self.args.first(), Some(Expr { kind: Kind::Text(_), .. }));
        self.args.insert(usize::from(subscripts), input);
    }

    /// The function's name; for a symbol that depends on how many operands there are.
    pub(super) fn function(&self) -> &str {
        match operators::by_symbol(&self.op).map(|op| &op.meaning) {
            Some(Meaning::Call("subtract")) if self.args.len() == 1 => "negative",
            Some(Meaning::Call(name)) => name,
            _ => &self.op,
        }
    }

    /// The call.
    pub(super) fn call(self, span: Span) -> Expr {
        let name = self.function().to_owned();
        Expr::call(name, self.args, self.keywords, span)
    }
}

/// Whether no key is given twice.
fn unique(reader: &mut Reader<'_>, fields: &[(String, Json)], span: Span) -> bool {
    let mut seen = FxHashSet::default();
    let mut unique = true;
    for (key, _) in fields.iter().filter(|(key, _)| !seen.insert(key.as_str())) {
        if let Some(place) = reader.source(span.source, key, None) {
            reader.fault(place, Code::DuplicateName, format!("the key `{key}` is given twice"), "");
        }
        unique = false;
    }
    unique
}

fn missing_op(reader: &mut Reader<'_>, fields: &[(String, Json)], span: Span) {
    let has = |name: &str| fields.iter().any(|(key, _)| key == name);
    if has("compose") || has("sequential") {
        let detail = "`compose` and `sequential` make a whole function, not a part of one";
        reader.fault(span, Code::Unsupported, detail, "define it under a name of its own, and call that");
    } else if has("args") || has("name") {
        let hint = "{\"op\": \"tanh\", \"args\": [\"x\"]}";
        reader.fault(span, Code::MissingField, "the node has no `op`, the function to call", hint);
    } else {
        reader.fault(span, Code::InvalidValue, "the object is none of the forms of a body", FORMS);
    }
}

/// The function's name without its module, or the operator's symbol.
fn operation(reader: &mut Reader<'_>, json: &Json, span: Span) -> Option<String> {
    let place = reader.source(span.source, "op", None)?;
    let Json::Text(written) = json else {
        reader.fault(place, Code::InvalidValue, "`op` is not a string", "\"op\" is a function's name or an operator");
        return None;
    };
    let name = names::without_module(written);
    match (operators::by_symbol(name).map(|op| &op.meaning), names::objection(name)) {
        (Some(Meaning::Call(_)), _) | (None, None) => return Some(name.to_owned()),
        (Some(Meaning::Foreign(wrong, instead)), _) => {
            let instead = instead.replace("{a}", "a").replace("{b}", "b");
            let detail = format!("unknown operator `{name}`: {wrong}");
            reader.fault(place, Code::Unsupported, detail, &format!("write `{instead}`"));
        }
        (None, Some(objection)) => {
            let hint = "the operators are + - * / @ ^ ** < <= > >= == !=";
            reader.fault(place, Code::InvalidValue, objection, hint);
        }
    }
    None
}

/// The name a node gives to its value.
fn equation_name(reader: &mut Reader<'_>, json: &Json, span: Span) -> Option<String> {
    let place = reader.source(span.source, "name", None)?;
    let objection = match json {
        Json::Text(name) => match names::objection(name) {
            None => return Some(name.clone()),
            Some(objection) => objection,
        },
        _ => "`name` is not a string".to_owned(),
    };
    reader.fault(place, Code::InvalidValue, objection, "");
    None
}

/// Positional arguments. The subscripts of `einsum` are no expression and need no quotes.
fn arguments(reader: &mut Reader<'_>, json: &Json, span: Span, literal: bool, depth: usize) -> Option<Vec<Expr>> {
    let place = reader.source(span.source, "args", None)?;
    let Some(args) = items(json) else {
        reader.fault(place, Code::InvalidValue, "`args` is not a list", "\"args\": [\"x\"]");
        return None;
    };
    match args.split_first() {
        Some((Json::Text(text), rest)) if literal && !text.trim_start().starts_with(['\'', '"']) => {
            let span = reader.source(place.source, "0", Some(text))?;
            let mut read = vec![Expr { kind: Kind::Text(text.clone()), span }];
            read.extend(reader.bodies(rest, place.source, 1, depth + 1)?);
            Some(read)
        }
        _ => reader.bodies(&args, place.source, 0, depth + 1),
    }
}
