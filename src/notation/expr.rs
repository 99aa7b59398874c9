//! The expression tree: what a text body and a node both mean, before any shape is known.
//!
//! Operators are calls of the built-in with `NumPy`'s name (`a + b` is `add(a, b)`, `-a` is
//! `negative(a)`, `x.T` is `transpose(x)`), so the tree has few forms and text and nodes meet in it.

use crate::tensor::Tensor;

/// A node of the tree with its place in the document.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it stands in the document.
    pub span: Span,
}

/// A byte range in one of the document's sources (see [`super::source::Sources`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Index of the source: a text body, or a JSON node (whose range is `0..0`).
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A number.
    Number(f64),
    /// A name: local, argument, constant or function.
    Name(String),
    /// A quoted string, as in `einsum('ij,jk->ik', A, B)`.
    Text(String),
    /// `True` or `False`.
    Flag(bool),
    /// `None`.
    Nothing,
    /// An array literal made of numbers alone, however nested.
    Array(Tensor),
    /// An array literal `[a, b]` or a tuple `(a, b)` with at least one element that is not a number.
    List(Vec<Expr>),
    /// A call, positional arguments first.
    Call {
        /// The function's name as written (aliases are resolved later).
        name: String,
        /// Positional arguments.
        args: Vec<Expr>,
        /// Keyword arguments, in the order written.
        keywords: Vec<(String, Expr)>,
    },
    /// Indexing and slicing, `base[items]`.
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// One entry for each axis named.
        items: Vec<Item>,
    },
}

/// One entry between the brackets of an index.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `i`: picks one position and drops the axis.
    At(Expr),
    /// `start:stop:step`.
    Range {
        /// First position; `None` for the beginning.
        start: Option<Expr>,
        /// One past the last position; `None` for the end.
        stop: Option<Expr>,
        /// Step; `None` for 1.
        step: Option<Expr>,
    },
    /// `...`: as many full axes as are left over.
    Ellipsis,
    /// `None` (`newaxis`): a new axis of length 1.
    NewAxis,
}

/// Trees are equal when they mean the same; where they stood in the text does not count.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expr {
    /// A call. The negative of a number is that number, so that `-2` in text and -2 in JSON are one tree.
    pub fn call(name: impl Into<String>, args: Vec<Self>, keywords: Vec<(String, Self)>, span: Span) -> Self {
        let name = name.into();
        let kind = match args.as_slice() {
            [Self { kind: Kind::Number(v), .. }] if name == "negative" && keywords.is_empty() => Kind::Number(-v),
            _ => Kind::Call { name, args, keywords },
        };
        Self { kind, span }
    }

    /// A list or tuple: an [`Kind::Array`] when its items are all numbers, or all arrays of one shape.
    pub fn list(items: Vec<Self>, span: Span) -> Self {
        let kind = match fold(&items) {
            Some(array) => Kind::Array(array),
            None => Kind::List(items),
        };
        Self { kind, span }
    }
}

/// The items as one array, if they are one.
fn fold(items: &[Expr]) -> Option<Tensor> {
    let mut inner: Option<&[usize]> = None;
    let mut data = Vec::new();
    for item in items {
        let (shape, values): (&[usize], &[f64]) = match &item.kind {
            Kind::Number(value) => (&[], std::slice::from_ref(value)),
            Kind::Array(array) => (&array.shape, &array.data),
            _ => return None,
        };
        if *inner.get_or_insert(shape) != shape {
            return None;
        }
        data.extend_from_slice(values);
    }
    let shape = [&[items.len()], inner.unwrap_or_default()].concat();
    Tensor::new(shape, data)
}
