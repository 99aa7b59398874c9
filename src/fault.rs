//! What can be wrong with a request: one value for each fault, with its place in the document.
//!
//! Every room may raise a [`Fault`]; none of them knows what becomes of it. The HTTP border maps
//! [`Code`] to a problem type, a status and a help page.

/// One thing that is wrong, where it is, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault this is.
    pub code: Code,
    /// One sentence a person can act on.
    pub detail: String,
    /// JSON Pointer (RFC 6901) into the document; empty for the whole of it.
    pub pointer: String,
    /// Line (from 1), column (from 1, in characters) and snippet, where the fault lies inside a text.
    pub place: Option<Place>,
    /// What was expected, where shapes or types disagree.
    pub expected: Option<String>,
    /// What was found instead.
    pub got: Option<String>,
    /// A suggestion, such as a name that is spelt almost the same.
    pub hint: Option<String>,
}

/// A position inside a text body, with the offending line and a caret under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line number, from 1.
    pub line: usize,
    /// Column number in characters, from 1.
    pub column: usize,
    /// The line and, under it, carets below the offending characters.
    pub snippet: String,
}

/// The kinds of fault, as published in `code` and in the problem type's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The body is not JSON at all.
    NotJson,
    /// A text body does not follow the notation.
    Syntax,
    /// A name that nothing defines.
    UnknownName,
    /// A field the document does not have.
    UnknownField,
    /// A field the document must have.
    MissingField,
    /// A value of the wrong type, or outside its allowed set.
    InvalidValue,
    /// A name given twice.
    DuplicateName,
    /// A definition that takes a built-in name.
    RedefinedBuiltin,
    /// A function that calls itself, directly or through others.
    Recursion,
    /// Too few or too many arguments, or a keyword the function does not take.
    Arity,
    /// Shapes that do not fit together.
    Shape,
    /// An index or axis out of range.
    Index,
    /// Nested lists that do not form a rectangle.
    Ragged,
    /// A gradient of something that is not a scalar.
    NotScalar,
    /// A NaN or an infinity in the answer.
    NonFinite,
    /// Too deep, too large or too many to be read.
    Limit,
    /// Understood, but its predicted cost is over the budget.
    OverBudget,
    /// Understood, but not offered.
    Unsupported,
    /// The caller went away or the deadline passed before the answer was ready.
    Cancelled,
    /// A defect of this program.
    Internal,
}

impl Fault {
    /// A fault with its kind and sentence; the place and the rest are added by the methods below.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), pointer: String::new(), place: None, expected: None, got: None, hint: None }
    }

    /// The fault of work that was given up, because nobody wants it any more.
    pub fn cancelled() -> Self {
        Self::new(Code::Cancelled, "the computation was given up before it was done")
    }

    /// Sets the JSON Pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// Sets the position inside a text.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Sets what was expected and what was found.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>, got: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.got = Some(got.into());
        self
    }

    /// Adds a suggestion.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
