//! The derivative that the reference publishes for an operation is the one that is computed.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cases::{is_elementwise, parameters, public};
use crate::numerics::{Array, MODES, Program, Random, ask};
use jacobi::engine::Endpoint;
use jacobi::ops::Operation;

/// Elementwise operations whose derivative is told in words.
const IN_WORDS: [&str; 6] = ["maximum", "minimum", "where", "clip", "gammainc", "gammaincc"];

/// Published formulas need not keep every digit, as `1 - tanh(x)^2` does not.
const TOLERANCE: f64 = 1e-12;

/// The formulas of a row: by which parameter, and the text; one alone holds for each parameter.
fn formulas(row: &Operation, names: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    let Some((_, last)) = row.derivative.rsplit_once(" by ") else {
        return names.iter().map(|name| (*name, row.derivative)).collect();
    };
    let mut found = Vec::new();
    let mut rest = row.derivative;
    while let Some((formula, after)) = rest.split_once(" by ") {
        let (name, next) = after.split_once(", ").unwrap_or((last, ""));
        found.push((name, formula));
        rest = next;
    }
    found
}

#[test]
fn published_derivatives_are_the_computed_ones() {
    for (_, row) in public().filter(|(family, row)| is_elementwise(family, row) && !IN_WORDS.contains(&row.name)) {
        let (required, options): (Vec<_>, Vec<_>) = parameters(row).into_iter().partition(|p| p.1.is_none());
        let names: Vec<&'static str> = required.iter().map(|p| p.0).collect();
        let mut random = Random::of(row.name);
        let last = row.domain.len() - 1;
        let at: Vec<Array> =
            (0..names.len()).map(|i| Array::random(&mut random, &[20], row.domain[i.min(last)])).collect();
        let options: BTreeMap<&str, f64> =
            options.iter().filter_map(|(name, value)| Some((*name, value.and_then(|v| v.parse().ok())?))).collect();
        let call = Program::expression(&names, &format!("{}({})", row.name, names.join(", ")));
        let found = formulas(row, &names);
        assert_eq!(found.len(), names.len(), "{} lacks a formula for an argument", row.name);
        for (by, formula) in found {
            let i = names.iter().position(|n| *n == by).expect("a parameter of the row");
            let mut document = Program::expression(&names, formula).document(&at, "auto");
            document["constants"] = json!(options);
            let answer = ask(&document, Endpoint::Value).unwrap_or_else(|f| panic!("{}: {f:?}", row.name));
            let published = Array::read(&answer["value"]["f"]);
            for mode in MODES {
                let matrix = &call.jacobian(&at, mode).unwrap_or_else(|e| panic!("{e}")).blocks[i];
                for k in 0..20 {
                    let slope = matrix.data[k * 20 + k];
                    let formula_gives = published.data[k % published.data.len()];
                    let size = slope.abs().max(1.0);
                    assert!(
                        (slope - formula_gives).abs() <= TOLERANCE * size,
                        "{}: `{formula}` by {by} is {formula_gives:e} at {at:?}, element {k}; computed is {slope:e}",
                        row.name
                    );
                }
            }
        }
    }
}
