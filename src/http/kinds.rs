//! The table of problem types: code, status, title and what to do, one row each.
//!
//! A row that names a [`Code`] answers for that fault; the match made from the table is exhaustive, so a
//! fault without a row does not compile. The path of a type is `/problems/` and its code in kebab case.

use crate::fault::Code;

/// A problem type.
#[derive(Debug)]
pub struct Kind {
    /// The name programs test, in snake case.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it is, the same for each occurrence.
    pub title: &'static str,
    /// What it means and what to do.
    pub help: &'static str,
}

impl Kind {
    /// The code in kebab case, as in the type's path.
    pub fn slug(&self) -> String {
        self.code.replace('_', "-")
    }

    /// The type's path on this server, where its help is.
    pub fn path(&self) -> String {
        format!("/problems/{}", self.slug())
    }
}

macro_rules! kinds {
    ($($name:ident $(for $fault:ident)? = $code:literal $status:literal $title:literal: $help:literal;)*) => {
        $(pub(super) static $name: Kind = Kind { code: $code, status: $status, title: $title, help: $help };)*

        /// Every problem type there is.
        pub static KINDS: &[&Kind] = &[$(&$name),*];

        /// The problem type of a fault.
        pub(super) fn of(code: Code) -> &'static Kind {
            match code {
                $($(Code::$fault => &$name,)?)*
            }
        }
    };
}

kinds! {
    NOT_JSON for NotJson = "not_json" 400 "The body is not JSON":
        "The body must be one JSON object, in UTF-8. The error says at which line and column reading stopped.";
    UNREADABLE_BODY = "unreadable_body" 400 "The body could not be read":
        "The connection ended early, or the body is not what its content-encoding says. Send it again, plain or as valid gzip.";
    MALFORMED_HEAD = "malformed_head" 400 "The head is not HTTP":
        "The first line or a header of the request is not as RFC 9112 has it, so that nothing after it could be read either. The connection is closed.";
    UNAUTHORIZED = "unauthorized" 401 "A key is needed":
        "This server answers those who have a key: send authorization: Bearer and the key. Probes need none.";
    NOT_FOUND = "not_found" 404 "There is nothing at this path":
        "GET /openapi.yaml lists every path, and /docs shows them.";
    METHOD_NOT_ALLOWED = "method_not_allowed" 405 "This path does not answer this method":
        "The Allow header of the answer lists the methods this path does answer.";
    BODY_TIMEOUT = "body_timeout" 408 "The body arrived too slowly":
        "The whole body must arrive in the time GET /limits names. Compress it with gzip, or send arrays as base64.";
    BODY_TOO_LARGE = "body_too_large" 413 "The body is too large":
        "GET /limits names the most bytes a body may have, measured after inflating. Arrays are smaller as base64 than as digits.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type" 415 "The body's type or encoding is not understood":
        "Send content-type: application/json (or leave the header out), plain or with content-encoding: gzip or zstd. With curl: -H 'content-type: application/json', or --json.";

    HEAD_TOO_LARGE = "head_too_large" 431 "The head is too large":
        "The first line and the headers of a request may have 64 KiB in all, and there may be 100 headers. Data belongs in the body.";

    INVALID_DOCUMENT = "invalid_document" 422 "The document has several faults":
        "More than one kind of thing is wrong; `errors` lists them all, each with its own code and place.";
    SYNTAX for Syntax = "syntax" 422 "A body does not follow the notation":
        "Bodies are written as NumPy users write them: + - * / @ ^, calls, indexing, array literals. The snippet points at the place. /docs has the notation on one page.";
    UNKNOWN_NAME for UnknownName = "unknown_name" 422 "A name that nothing defines":
        "Names are looked up among local names and arguments, then constants, then defined functions, then built-ins. GET /operations lists the built-ins.";
    UNKNOWN_FIELD for UnknownField = "unknown_field" 422 "A field the document does not have":
        "Fields are never ignored, so that a misspelt one is noticed. The hint names the field that was perhaps meant.";
    MISSING_FIELD for MissingField = "missing_field" 422 "A field the document must have":
        "A document needs `define`, and a value in `at` for every argument of the functions asked for.";
    INVALID_VALUE for InvalidValue = "invalid_value" 422 "A value of the wrong type or outside its set":
        "The pointer says where; `expected` says what may stand there.";
    DUPLICATE_NAME for DuplicateName = "duplicate_name" 422 "A name given twice":
        "Each function, argument, equation, constant and key must have a name of its own.";
    REDEFINED_BUILTIN for RedefinedBuiltin = "redefined_builtin" 422 "A definition that takes a built-in name":
        "Built-in names keep their meaning in every document; choose another name. GET /operations lists them; their other spellings may be taken.";
    RECURSION for Recursion = "recursion" 422 "A function that calls itself":
        "Functions may call only functions that do not lead back to them.";
    ARITY for Arity = "arity" 422 "Too few or too many arguments":
        "The call does not fit the function's signature, or gives a keyword it does not take.";
    SHAPE for Shape = "shape" 422 "Shapes that do not fit together":
        "Elementwise operations follow NumPy's broadcasting; @ contracts the last axis of the left with the first of the right. `expected` and `got` name the shapes.";
    INDEX for Index = "index" 422 "An index or axis out of range":
        "Indices and axes count from 0, or from the end with a minus sign.";
    RAGGED for Ragged = "ragged" 422 "Nested lists that do not form a rectangle":
        "Every list at one depth of an array must have the same length.";
    NOT_SCALAR for NotScalar = "not_scalar" 422 "A gradient of something that is not a scalar":
        "The gradient is defined for scalar functions. For others use POST /jacobian, or reduce the result, for example with sum.";
    NON_FINITE for NonFinite = "non_finite" 422 "A NaN or an infinity in the answer":
        "The error names the operation, stage and element where it arose. \"nonfinite\": \"string\" or \"null\" in the document lets such values through.";
    LIMIT for Limit = "limit" 422 "Too deep, too large or too many":
        "GET /limits names the limits. The document itself exceeds one of them; trying again does not help.";
    OVER_BUDGET for OverBudget = "over_budget" 422 "The predicted cost is over the budget":
        "The detail names the need and the limit; trying again does not help. POST /check predicts costs without running anything.";
    UNSUPPORTED for Unsupported = "unsupported" 422 "Understood, but not offered":
        "The document is meaningful, but this server does not compute it.";

    QUOTA = "quota" 429 "The key's quota is used up":
        "Each key may make so many requests a minute. Try again after the seconds in Retry-After.";
    INTERNAL for Internal = "internal" 500 "A bug in this server":
        "Nothing a client sends should lead here. Please report the request and its request_id.";
    BUSY = "busy" 503 "The server is busy":
        "All places to compute, or the memory for them, are taken, and waiting longer makes no sense. Try again after the seconds in Retry-After, which follow from the queue and the time recent requests took.";
    DEADLINE = "deadline" 503 "The deadline passed before the answer was ready":
        "GET /limits names the seconds a request may take; a document may set less with limits.time_ms. POST /check predicts the cost of a document.";
    CANCELLED for Cancelled = "cancelled" 503 "The computation was stopped":
        "The caller went away, or the deadline passed, before the answer was ready.";
    DRAINING = "draining" 503 "The server is stopping":
        "It was told to stop and takes no new work. Ask another one, or again after the seconds in Retry-After.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_says_what_to_do() {
        for (i, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..i].iter().all(|other| other.code != kind.code), "{} twice", kind.code);
            assert!((400..600).contains(&kind.status), "{}", kind.code);
            assert!(!kind.title.ends_with('.') && kind.help.ends_with('.'), "{}", kind.code);
        }
    }
}
