//! JSON text ⇄ values, every double exact.
//!
//! The reader keeps what a document needs and serde's own `Value` loses: duplicate keys, and
//! rectangular arrays of numbers as one flat buffer.

pub mod array;
mod blanks;
pub mod fields;
mod line;
pub mod members;
mod order;
mod packed;
mod place;
mod quick;
pub mod read;
mod room;
mod sparse;
pub mod write;

#[cfg(test)]
mod tests;

pub use self::array::array;
pub use self::blanks::{Blanks, blanks};
pub use self::fields::Fields;
pub use self::members::Members;
pub use self::read::{read, read_until};
pub use self::room::{base64_length, room};
pub use self::sparse::{Sparse, is_sparse, sparse};
pub use self::write::{Encoding, Nonfinite, Order, Style, Writer};

use crate::tensor::Tensor;

/// A JSON value; rectangular arrays of numbers arrive as one [`Tensor`].
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A string.
    Text(String),
    /// A non-empty array in which every element is a number, or every element is a `Tensor` of one shape.
    Array(Tensor),
    /// Any other array, the empty one included.
    List(Vec<Json>),
    /// An object; keys in the order written, duplicates kept.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What it is, in words that complete "…, not".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "a list of numbers",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// The JSON Pointer (RFC 6901) to `key` under `pointer`.
pub fn child(pointer: &str, key: &str) -> String {
    let mut path = String::with_capacity(pointer.len() + 1 + key.len());
    path.push_str(pointer);
    path.push('/');
    if key.contains(['~', '/']) {
        path.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        path.push_str(key);
    }
    path
}

/// The JSON Pointer to the element at `index` under `pointer`.
pub fn element(pointer: &str, index: usize) -> String {
    child(pointer, itoa::Buffer::new().format(index))
}
