//! What a row of the table holds.

use super::bind::Bound;
use super::functions::Higher;
use crate::fault::Fault;
use crate::ir::{Builder, NodeId, Primitive};

/// An operation users can call: its documentation, its meaning, and where tests may sample it.
#[derive(Debug)]
pub struct Operation {
    /// The name.
    pub name: &'static str,
    /// Other spellings that mean the same.
    pub aliases: &'static [&'static str],
    /// Call form with defaults: `"sum(x, axis=None, keepdims=False)"`. Arguments are bound by it;
    /// a last parameter written `*operands` takes all that is left.
    pub signature: &'static str,
    /// What it computes, in one sentence.
    pub summary: &'static str,
    /// Shape of the result, in words.
    pub shape: &'static str,
    /// The derivative, in the notation where a formula says it best.
    pub derivative: &'static str,
    /// Where the derivative follows a convention, and which; empty if nowhere.
    pub kinks: &'static str,
    /// What makes the result undefined, as a sentence for an error message; empty if nothing does.
    pub undefined: &'static str,
    /// How a call becomes graph.
    pub meaning: Meaning,
    /// Interval from which tests may draw each array argument (the last one repeats).
    pub domain: &'static [(f64, f64)],
    /// Calls that the tests try beside those they make up: an expression in `x`, `y`, `z` and the
    /// shapes of these. Elementwise operations need none. Functions that the call is given stand before it:
    /// `"step(a) = 2*a; repeat(step, x, 3)"`.
    pub cases: &'static [Case],
}

/// A call in the notation, and the shapes of `x`, `y`, `z` in it.
pub type Case = (&'static str, &'static [&'static [usize]]);

/// How a call becomes graph.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// An elementwise primitive, its arguments broadcast against each other.
    Elementwise(&'static Primitive),
    /// Code that builds primitives from the bound arguments.
    Build(fn(&mut Builder, &Bound<'_>) -> Result<NodeId, Fault>),
    /// The same for an operation with several results, a list of them: `Q, R = qr(A)`, `qr(A)[0]`.
    Several(fn(&mut Builder, &Bound<'_>) -> Result<Vec<NodeId>, Fault>),
    /// An operation on functions: code that applies them, and builds on what they give.
    Higher(Higher),
    /// A definition in the notation itself: equations, the last of them the result.
    Expand(&'static [&'static str]),
}

impl Operation {
    /// A row with nothing but the fields every row has; families override the others by `..`.
    pub const fn new(name: &'static str, signature: &'static str, meaning: Meaning) -> Self {
        Self {
            name,
            aliases: &[],
            signature,
            summary: "",
            shape: "the broadcast of the arguments",
            derivative: "",
            kinks: "",
            undefined: "",
            meaning,
            domain: &[(-2.0, 2.0)],
            cases: &[],
        }
    }

    /// Whether users may call it (names that begin with `_` serve the definitions of others).
    pub fn is_public(&self) -> bool {
        !self.name.starts_with('_')
    }
}
