//! Functions as people write them ⇄ expression trees: text in `NumPy` notation, equations, nodes,
//! `compose` and `sequential`, with every fault placed in the document.
//!
//! Reading is the same for all forms: a body becomes a [`Function`] whose lines are [`Expr`]s.
//! Nothing here knows shapes, the built-ins, or whether a name means anything.

pub mod expr;
pub mod function;
pub mod source;

mod advice;
mod atoms;
mod body;
mod brackets;
mod chain;
mod definitions;
mod lexer;
mod limits;
mod lines;
mod names;
mod node;
mod operators;
mod parser;
mod place;
mod printer;

#[cfg(test)]
mod tests;

pub use definitions::definitions;
pub use expr::{Expr, Item, Kind, Span};
pub use function::{Function, Line};
pub use parser::{parse_expr, parse_line};
pub use printer::print;
pub use source::Sources;
