//! `compose` and `sequential`: functions applied one after another, as the lines of one function.

use rustc_hash::FxHashMap;

use super::advice;
use super::body::{Reader, items};
use super::expr::{Expr, Kind, Span};
use super::function::Line;
use super::names;
use super::node::Node;
use crate::fault::Code;
use crate::json::Json;

/// Whether an object has one of the two forms.
pub(super) fn is_chain(fields: &[(String, Json)]) -> bool {
    fields.iter().any(|(key, _)| key == "compose" || key == "sequential")
}

/// A function of the chain.
enum Part {
    /// A name alone.
    Named(String),
    /// A node whose first argument is what comes before.
    Layer(Node),
}

/// Reads the object into one line for each part, the first applied first.
pub(super) fn lines(
    reader: &mut Reader<'_>,
    fields: &[(String, Json)],
    span: Span,
    params: &[String],
) -> Option<Vec<Line>> {
    let [(form, list)] = fields else {
        for (key, _) in fields.iter().skip(1) {
            let place = reader.source(span.source, key, None)?;
            let detail = format!("`{}` stands beside `{key}`, but such a body has a single field", fields[0].0);
            reader.fault(place, Code::UnknownField, detail, "{\"compose\": [\"g2\", \"g1\"]}");
        }
        return None;
    };
    let place = reader.source(span.source, form, None)?;
    let Some(list) = items(list).filter(|list| !list.is_empty()) else {
        let detail = format!("`{form}` is not a list of at least one function");
        reader.fault(place, Code::InvalidValue, detail, &format!("{{\"{form}\": [\"g2\", \"g1\"]}}"));
        return None;
    };
    let read = |(i, json): (usize, &Json)| part(reader, json, place.source, &i.to_string());
    let parts: Vec<Option<(Part, Span)>> = list.iter().enumerate().map(read).collect();
    let mut parts: Vec<(Part, Span)> = parts.into_iter().collect::<Option<_>>()?;
    if form == "compose" {
        parts.reverse();
    }
    Some(apply(parts, params))
}

fn part(reader: &mut Reader<'_>, json: &Json, parent: u32, step: &str) -> Option<(Part, Span)> {
    let text = if let Json::Text(text) = json { Some(text.as_str()) } else { None };
    let span = reader.source(parent, step, text)?;
    let part = match json {
        Json::Text(text) => {
            let name = names::without_module(text);
            if names::objection(name).is_some() {
                let detail = format!("`{}` is not the name of a function", advice::clip(text));
                let hint = "define it as a function and use its name, or write a layer {\"op\": …}";
                reader.fault(span, Code::InvalidValue, detail, hint);
                return None;
            }
            Part::Named(name.to_owned())
        }
        Json::Object(fields) => Part::Layer(Node::read(reader, fields, span, 0)?),
        _ => {
            let hint =
                "a part is a function's name or a layer {\"op\": \"affine\", \"weight\": \"W\", \"bias\": \"b\"}";
            reader.fault(span, Code::InvalidValue, "the value is not a part of a composition", hint);
            return None;
        }
    };
    Some((part, span))
}

/// Calls each part with what the one before it gave. The first takes all parameters if it is a
/// name, and the first parameter if it is a layer, whose other arguments are written in it.
fn apply(parts: Vec<(Part, Span)>, params: &[String]) -> Vec<Line> {
    let count = parts.len();
    let mut used = FxHashMap::default();
    let mut inputs = params.to_vec();
    let mut lines = Vec::with_capacity(count);
    for (i, (part, span)) in parts.into_iter().enumerate() {
        let names = std::mem::take(&mut inputs).into_iter();
        let mut given = names.map(|name| Expr { kind: Kind::Name(name), span });
        let (label, expr) = match part {
            Part::Named(name) => (name.clone(), Expr::call(name, given.collect(), Vec::new(), span)),
            Part::Layer(mut node) => {
                if let Some(input) = given.next() {
                    node.feed(input);
                }
                let label = node.name.clone().unwrap_or_else(|| node.function().to_owned());
                (label, node.call(span))
            }
        };
        let locals: Vec<String> = (i + 1 < count).then(|| format!("#{}", i + 1)).into_iter().collect();
        lines.push(Line { label: Some(numbered(&mut used, label)), locals: locals.clone(), expr });
        inputs = locals;
    }
    lines
}

/// A label that is used again gets a number: `tanh`, `tanh#2`.
fn numbered(used: &mut FxHashMap<String, usize>, label: String) -> String {
    let times = used.entry(label.clone()).or_insert(0);
    *times += 1;
    if *times == 1 { label } else { format!("{label}#{times}") }
}
