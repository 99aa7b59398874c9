//! Where expressions come from: the texts and JSON nodes of one document, and positions inside them.

use std::sync::Arc;

use super::expr::Span;
use super::place;
use crate::fault::{Code, Fault, Place};

/// All sources of one document; an expression's span names its source by index.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    list: Vec<Source>,
}

/// One text body, or one JSON value. Its pointer is its parent's with `step` added, so that a long
/// signature is kept once and not with each of its lines.
#[derive(Debug, Clone)]
struct Source {
    parent: Option<u32>,
    step: Box<str>,
    text: Option<Arc<str>>,
}

impl Sources {
    /// Adds a source that stands at a JSON Pointer: a text, or (`None`) another JSON value.
    pub fn add(&mut self, pointer: &str, text: Option<&str>) -> u32 {
        self.push(Source { parent: None, step: pointer.into(), text: text.map(Arc::from) })
    }

    /// Adds a source one step (a key or an index) below another.
    pub(super) fn child(&mut self, parent: u32, step: &str, text: Option<&str>) -> u32 {
        let step = format!("/{}", escape(step)).into();
        self.push(Source { parent: Some(parent), step, text: text.map(Arc::from) })
    }

    fn push(&mut self, source: Source) -> u32 {
        let index = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(source);
        index
    }

    /// Number of sources.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The text of a source; empty for a JSON value.
    pub(super) fn text(&self, source: u32) -> Arc<str> {
        let text = self.list.get(source as usize).and_then(|s| s.text.clone());
        text.unwrap_or_default()
    }

    /// JSON Pointer to the source of a span.
    pub fn pointer(&self, span: Span) -> String {
        let mut steps = Vec::new();
        let mut next = Some(span.source);
        while let Some(source) = next.and_then(|i| self.list.get(i as usize)) {
            steps.push(&*source.step);
            next = source.parent;
        }
        steps.into_iter().rev().collect()
    }

    /// Line, column and snippet of a span; `None` in a JSON value, which has no text.
    pub fn place(&self, span: Span) -> Option<Place> {
        let text = self.list.get(span.source as usize)?.text.as_ref()?;
        Some(place::place(text, span.start as usize, span.end as usize))
    }

    /// A fault at a span, with its pointer and place.
    pub fn fault(&self, span: Span, code: Code, detail: impl Into<String>) -> Fault {
        let fault = Fault::new(code, detail).at(self.pointer(span));
        match self.place(span) {
            Some(place) => fault.place(place),
            None => fault,
        }
    }
}

/// A key as a step of a JSON Pointer (RFC 6901).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
