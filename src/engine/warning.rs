//! What is legal but likely not meant, and what was decided by convention.

use crate::fault::Place;

/// One entry of `warnings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A word for programs: `kink`, `matrix_times_vector`, `unused`.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The operation, where one is meant.
    pub operation: Option<String>,
    /// The stage it belongs to.
    pub stage: Option<String>,
    /// The element, as an index for each axis.
    pub element: Option<Vec<usize>>,
    /// JSON Pointer into the document.
    pub pointer: Option<String>,
    /// Position in a text.
    pub place: Option<Place>,
}

impl Warning {
    /// A warning with its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), operation: None, stage: None, element: None, pointer: None, place: None }
    }
}
