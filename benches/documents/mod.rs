//! The documents that are measured.

#![allow(dead_code, reason = "each program uses its own part")]

use jacobi::engine::Endpoint;
use serde_json::{Value, json};

/// Polar to Cartesian coordinates, 2 → 2: what a request costs beside its arithmetic.
pub(crate) const POLAR: &str = include_str!("../../examples/polar.json");

/// A document, and where it is posted.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) endpoint: Endpoint,
    pub(crate) body: String,
}

/// The documents of the tables.
pub(crate) fn cases() -> [Case; 3] {
    [
        Case { name: "polar", endpoint: Endpoint::Jacobian, body: POLAR.to_owned() },
        Case { name: "rosenbrock_100", endpoint: Endpoint::Gradient, body: rosenbrock(100) },
        Case { name: "network_64_128_128_10", endpoint: Endpoint::Jacobian, body: network(&[64, 128, 128, 10]) },
    ]
}

/// The chained Rosenbrock function of n variables.
fn rosenbrock(n: usize) -> String {
    json!({
        "define": { "f(x)": "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)" },
        "at": { "x": numbers(n, 1.0) },
    })
    .to_string()
}

/// A network with tanh in between and softmax at the end; its weights are constants.
fn network(widths: &[usize]) -> String {
    let mut constants = serde_json::Map::new();
    let mut layers = Vec::new();
    for (i, pair) in widths.windows(2).enumerate() {
        let (weight, bias) = (format!("W{i}"), format!("b{i}"));
        let scale = 1.0 / (pair[0] as f64).sqrt();
        let rows = numbers(pair[0] * pair[1], scale);
        let rows: Vec<Value> = rows.chunks(pair[0]).map(|row| json!(row)).collect();
        constants.insert(weight.clone(), Value::Array(rows));
        constants.insert(bias.clone(), json!(numbers(pair[1], 0.1)));
        layers.push(json!({ "op": "affine", "weight": weight, "bias": bias }));
        layers.push(json!(if i + 2 < widths.len() { "tanh" } else { "softmax" }));
    }
    json!({
        "define": { "f(x)": { "sequential": layers } },
        "constants": constants,
        "at": { "x": numbers(widths[0], 1.0) },
    })
    .to_string()
}

/// Numbers of either sign below `scale`, in no order, the same every time.
fn numbers(count: usize, scale: f64) -> Vec<f64> {
    (1..=count).map(|i| scale * (2.0 * (i as f64 * 0.618_033_988_749_895).fract() - 1.0)).collect()
}
