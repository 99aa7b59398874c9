//! One answer for everything that goes wrong: RFC 9457 `application/problem+json`.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::kinds::{self, Kind};
use crate::fault::{Code, Fault};

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

    /// The problem as JSON, for use without a server.
    pub fn to_json(&self) -> String {
        self.json(None)
    }

    fn json(&self, request_id: Option<&str>) -> String {
        let wire = Wire {
            r#type: self.kind.path(),
            title: self.kind.title,
            status: self.kind.status,
            detail: &self.detail,
            code: self.kind.code,
            request_id,
            errors: self.errors.iter().map(Entry::from).collect(),
        };
        serde_json::to_string(&wire).expect("strings and numbers are always JSON")
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

    fn status(&self) -> StatusCode {
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
        Self { kind, detail, errors, retry_after: None }
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

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    detail: &'a str,
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> From<&'a Fault> for Entry<'a> {
    fn from(fault: &'a Fault) -> Self {
        let place = fault.place.as_ref();
        Self {
            code: kinds::of(fault.code).code,
            detail: &fault.detail,
            pointer: &fault.pointer,
            line: place.map(|p| p.line),
            column: place.map(|p| p.column),
            snippet: place.map(|p| p.snippet.as_str()),
            expected: fault.expected.as_deref(),
            got: fault.got.as_deref(),
            hint: fault.hint.as_deref(),
        }
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
