//! One answer for everything that goes wrong: RFC 9457 `application/problem+json`.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::kinds::{self, Kind};
use crate::fault::{Code, Fault};
use crate::json::Writer;

/// A problem: its kind, a sentence to act on, and all that is wrong.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: &'static Kind,
    detail: String,
    errors: Vec<Fault>,
    retry_after: Option<u32>,
}

impl Problem {
    pub(super) fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after: None }
    }

    /// A bug of this program; what happened is in the log, under the request's id.
    pub(super) fn internal() -> Self {
        Self::new(
            kinds::of(Code::Internal),
            "A bug in this server kept it from answering. Please report the request and its id.",
        )
    }

    /// When it makes sense to try again, in seconds.
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The kind's name, in snake case.
    pub fn code(&self) -> &'static str {
        self.kind.code
    }

    /// The sentence to act on.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The problem as JSON, for use without a server.
    pub fn to_json(&self) -> String {
        self.json(None)
    }

    fn json(&self, request_id: Option<&str>) -> String {
        let mut w = Writer::new();
        w.begin_object();
        text(&mut w, "type", Some(&self.kind.path()));
        text(&mut w, "title", Some(self.kind.title));
        number(&mut w, "status", Some(usize::from(self.kind.status)));
        text(&mut w, "detail", Some(&self.detail));
        text(&mut w, "code", Some(self.kind.code));
        text(&mut w, "request_id", request_id);
        if !self.errors.is_empty() {
            w.key("errors");
            w.begin_list();
            self.errors.iter().for_each(|fault| entry(&mut w, fault));
            w.end_list();
        }
        w.end_object();
        String::from_utf8(w.finish()).unwrap_or_default()
    }

    /// The answer as it leaves the server.
    pub(super) fn write(&self, request_id: Option<&str>) -> Response {
        let json = self.json(request_id);
        let mut response = (self.status(), [(CONTENT_TYPE, "application/problem+json")], json).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The answer as bytes, where there is only a connection, which is closed after them.
    pub(super) fn last_words(&self, request_id: &str) -> Vec<u8> {
        let json = self.json(Some(request_id));
        let retry = self.retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
        format!(
            "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\nx-content-type-options: nosniff\r\n\
             x-request-id: {request_id}\r\n{retry}connection: close\r\ncontent-length: {}\r\n\r\n{json}",
            self.status(),
            json.len()
        )
        .into_bytes()
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Vec<Fault>> for Problem {
    fn from(errors: Vec<Fault>) -> Self {
        let Some(first) = errors.first() else {
            return Self::internal();
        };
        if let Some(bug) = errors.iter().find(|fault| fault.code == Code::Internal) {
            tracing::error!("the engine reported a bug: {}", bug.detail);
        }
        let alike = errors.iter().all(|fault| fault.code == first.code);
        let (kind, detail) = if alike {
            (kinds::of(first.code), first.detail.clone())
        } else if errors.iter().any(|fault| fault.code == Code::Internal) {
            (kinds::of(Code::Internal), first.detail.clone())
        } else {
            (&kinds::INVALID_DOCUMENT, format!("{} things are wrong: {}", errors.len(), first.detail))
        };
        // What was stopped may be tried again.
        Self { kind, detail, errors, retry_after: (kind.status == 503).then_some(1) }
    }
}

/// A status and, for the layer that knows the request's id, the problem to write out.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// One of `errors`; what is not known is left out.
fn entry(w: &mut Writer, fault: &Fault) {
    let place = fault.place.as_ref();
    w.begin_object();
    text(w, "code", Some(kinds::of(fault.code).code));
    text(w, "detail", Some(&fault.detail));
    text(w, "pointer", Some(&fault.pointer));
    number(w, "line", place.map(|p| p.line));
    number(w, "column", place.map(|p| p.column));
    text(w, "snippet", place.map(|p| p.snippet.as_str()));
    text(w, "expected", fault.expected.as_deref());
    text(w, "got", fault.got.as_deref());
    text(w, "hint", fault.hint.as_deref());
    w.end_object();
}

fn text(w: &mut Writer, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        w.key(key);
        w.string(value);
    }
}

fn number(w: &mut Writer, key: &str, value: Option<usize>) {
    if let Some(value) = value {
        w.key(key);
        w.usize(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(faults: Vec<Fault>) -> serde_json::Value {
        serde_json::from_str(&Problem::from(faults).to_json()).expect("a problem is JSON")
    }

    #[test]
    fn one_kind_of_fault_names_the_problem() {
        let problem =
            wire(vec![Fault::new(Code::UnknownName, "`g3` is not defined").at("/define").hint("did you mean g1?")]);
        assert_eq!(problem["type"], "/problems/unknown-name");
        assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(422), Some("unknown_name")));
        assert_eq!(problem["detail"], "`g3` is not defined");
        assert_eq!(problem["errors"][0]["hint"], "did you mean g1?");
        assert!(problem["errors"][0].get("line").is_none(), "absent members are left out");
    }

    #[test]
    fn several_kinds_are_an_invalid_document_and_all_are_told() {
        let problem = wire(vec![Fault::new(Code::Arity, "first"), Fault::new(Code::Shape, "second")]);
        assert_eq!(problem["code"], "invalid_document");
        assert_eq!(problem["detail"], "2 things are wrong: first");
        assert_eq!(problem["errors"][1]["detail"], "second");
    }

    #[test]
    fn not_json_is_400_and_a_bug_is_500() {
        assert_eq!(wire(vec![Fault::new(Code::NotJson, "no")])["status"], 400);
        assert_eq!(wire(vec![Fault::new(Code::Shape, "no"), Fault::new(Code::Internal, "bug")])["status"], 500);
    }
}
