//! What a user may rely on: what the notation means, what is said of mistakes, and that printing
//! and reading undo one another.

mod bodies;
mod faults;
mod round_trip;
mod text;

use std::sync::atomic::AtomicBool;

use super::{Expr, Function, Sources, definitions, parse_expr};
use crate::fault::Fault;
use crate::json;

fn parse(text: &str) -> Result<Expr, Vec<Fault>> {
    parse_expr(&mut Sources::default(), "/define/f(x)", text)
}

fn define(document: &str) -> (Vec<Function>, Vec<Fault>) {
    let mut faults = Vec::new();
    let document = json::read(document.as_bytes()).expect("the test's document is JSON");
    let functions = definitions(&document, &mut Sources::default(), &mut faults, &AtomicBool::new(false));
    (functions, faults)
}
