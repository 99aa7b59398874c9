//! A defined function after parsing: its parameters and its lines, whichever form it was written in.

use super::expr::Expr;

/// A function of the document. Text, equations, nodes, `compose` and `sequential` all become this.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters, in order.
    pub params: Vec<String>,
    /// Its lines in order; the last one is the result. Never empty.
    pub lines: Vec<Line>,
    /// JSON Pointer to its definition.
    pub pointer: String,
}

/// One line of a function: an equation, a part of a composition, or the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The stage this line makes in the chain: the equation's name, or the part's (`g2`, `tanh`);
    /// `None` for a result that has no name but the function's.
    pub label: Option<String>,
    /// The local name that later lines use for its value, or one name for each of several results.
    /// Names made by `compose` and `sequential` begin with `#`, which no text can spell.
    pub locals: Vec<String>,
    /// What it computes.
    pub expr: Expr,
}
