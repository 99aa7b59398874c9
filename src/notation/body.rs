//! Bodies as JSON: any value that can stand where an expression can.

use std::borrow::Cow;

use super::expr::{Expr, Kind, Span};
use super::limits;
use super::node::Node;
use super::parser::{self, Parser};
use super::source::Sources;
use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::tensor::Tensor;

/// Reads bodies, keeping their sources and everything that is wrong with them. Its methods return
/// `None` after telling a fault.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) sources: &'a mut Sources,
    pub(super) faults: &'a mut Vec<Fault>,
    /// How many faults there may be before reading stops.
    most: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a mut Sources, faults: &'a mut Vec<Fault>) -> Self {
        let most = faults.len().saturating_add(limits::FAULTS);
        Self { sources, faults, most }
    }

    /// Whether enough faults have been told.
    pub(super) fn is_full(&self) -> bool {
        self.faults.len() >= self.most
    }

    /// Tells a fault, with a hint unless that is empty.
    pub(super) fn fault(&mut self, span: Span, code: Code, detail: impl Into<String>, hint: &str) {
        let fault = self.sources.fault(span, code, detail);
        self.faults.push(if hint.is_empty() { fault } else { fault.hint(hint) });
    }

    /// A new source one step below another; its span is the whole text.
    pub(super) fn source(&mut self, parent: u32, step: &str, text: Option<&str>) -> Option<Span> {
        if self.is_full() {
            return None;
        }
        if self.sources.len() >= limits::BODIES {
            let span = Span { source: parent, ..Span::default() };
            let detail = format!("the definitions hold more than {} texts and values", limits::BODIES);
            self.fault(span, Code::Limit, detail, "write whole-array operations in place of many small ones");
            // Every further value would break the same limit.
            self.most = self.faults.len();
            return None;
        }
        let source = self.sources.child(parent, step, text);
        let end = u32::try_from(text.map_or(0, str::len)).unwrap_or(u32::MAX);
        Some(Span { source, start: 0, end })
    }

    /// Reads the text of a source by one of the grammar's rules.
    pub(super) fn text<T>(
        &mut self,
        source: u32,
        depth: usize,
        rule: impl FnOnce(&mut Parser<'_>) -> Result<T, parser::Stop>,
    ) -> Option<T> {
        match parser::read(self.sources, source, depth, rule) {
            Ok(result) => Some(result),
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        }
    }

    /// An argument: text, a number, a flag, `null`, an array of bodies, or a node.
    pub(super) fn body(&mut self, json: &Json, parent: u32, step: &str, depth: usize) -> Option<Expr> {
        let text = if let Json::Text(text) = json { Some(text.as_str()) } else { None };
        let span = self.source(parent, step, text)?;
        if depth >= limits::NESTING {
            let detail = format!("nested more than {} levels deep", limits::NESTING);
            self.fault(span, Code::Limit, detail, "name the inner parts as functions or equations of their own");
            return None;
        }
        let kind = match json {
            Json::Text(_) => return self.text(span.source, depth, parser::whole),
            Json::Null => Kind::Nothing,
            Json::Bool(flag) => Kind::Flag(*flag),
            Json::Number(value) => Kind::Number(*value),
            Json::Array(array) => Kind::Array(array.clone()),
            Json::List(items) => {
                let items = self.bodies(items, span.source, 0, depth + 1)?;
                return Some(Expr::list(items, span));
            }
            Json::Object(fields) => {
                let node = Node::read(self, fields, span, depth)?;
                let Some(name) = &node.name else {
                    return Some(node.call(span));
                };
                let detail = format!("`name` (\"{name}\") belongs to an equation, not to an argument");
                let hint = "make the node an equation of its own, and name it in `args`";
                self.fault(span, Code::UnknownField, detail, hint);
                return None;
            }
        };
        Some(Expr { kind, span })
    }

    /// Every body of a list whose first has index `from`, or `None` when any of them is wrong.
    pub(super) fn bodies(&mut self, items: &[Json], parent: u32, from: usize, depth: usize) -> Option<Vec<Expr>> {
        let mut read = Vec::with_capacity(items.len());
        let mut complete = true;
        for (i, item) in items.iter().enumerate() {
            let step = (from + i).to_string();
            if self.is_full() {
                return None;
            }
            match self.body(item, parent, &step, depth) {
                Some(expr) => read.push(expr),
                None => complete = false,
            }
        }
        complete.then_some(read)
    }
}

/// The items of a JSON array, whichever way it was kept.
pub(super) fn items(json: &Json) -> Option<Cow<'_, [Json]>> {
    match json {
        Json::List(items) => Some(Cow::Borrowed(items)),
        Json::Array(array) => Some(Cow::Owned(rows(array))),
        _ => None,
    }
}

/// The slices of an array along its first axis.
fn rows(array: &Tensor) -> Vec<Json> {
    let Some((&length, shape)) = array.shape.split_first() else {
        return Vec::new();
    };
    if shape.is_empty() {
        return array.data.iter().map(|value| Json::Number(*value)).collect();
    }
    let size = array.data.len().checked_div(length).unwrap_or(0);
    let row = |i: usize| Tensor::new(shape.to_vec(), &array.data[i * size..(i + 1) * size]);
    (0..length).filter_map(row).map(Json::Array).collect()
}
