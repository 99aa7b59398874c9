//! Every document that is known to be sound: the examples, those of the tests and the pages, and one for each call
//! in the table of operations.

use std::path::Path;

use jacobi::ops::table;
use serde_json::{Map, Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All of them, each once, in an order of their own.
pub(crate) fn documents() -> Vec<Value> {
    let mut found = Vec::new();
    for place in ["examples", "tests", "benches", "README.md"] {
        written(&Path::new(ROOT).join(place), &mut found);
    }
    within(&super::contract::contract(), &mut found);
    let calls = table().filter(|(_, row)| row.is_public()).flat_map(|(_, row)| row.cases.iter().map(move |c| (row, c)));
    found.extend(calls.map(|(row, (expression, shapes))| call(expression, shapes, row.domain[0])));
    let mut texts = std::collections::BTreeSet::new();
    found.retain(|document| texts.insert(document.to_string()));
    found
}

/// The documents in a file, or in all files below a directory.
fn written(place: &Path, found: &mut Vec<Value>) {
    if place.is_dir() {
        let mut inside: Vec<_> =
            std::fs::read_dir(place).expect("a directory").map(|e| e.expect("it").path()).collect();
        inside.sort();
        for place in &inside {
            written(place, found);
        }
    } else if place.extension().is_some_and(|kind| ["json", "rs", "md"].iter().any(|known| kind == *known)) {
        let text = std::fs::read_to_string(place).expect("it is text");
        let mut rest = text.as_str();
        // Whatever reads as JSON from a bracket on: a file, or a part of a snippet or test.
        while let Some(at) = rest.find('{') {
            rest = &rest[at..];
            let mut reader = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let read = reader.next().and_then(Result::ok);
            let end = if read.is_some() { reader.byte_offset() } else { 1 };
            if let Some(value) = &read {
                within(value, found);
            }
            rest = &rest[end..];
        }
    }
}

/// The documents in a value.
fn within(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) if members.get("define").is_some_and(Value::is_object) && members.contains_key("at") => {
            found.push(value.clone());
        }
        Value::Object(members) => members.values().for_each(|member| within(member, found)),
        Value::Array(items) => items.iter().for_each(|item| within(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A function that is a call of an operation.
fn call(expression: &str, shapes: &[&[usize]], (low, high): (f64, f64)) -> Value {
    // Functions that the call is given stand before it.
    let (functions, call) = expression.rsplit_once("; ").unwrap_or(("", expression));
    let functions = functions.split("; ").filter_map(|function| function.split_once(" = "));
    let mut define: Map<String, Value> = functions.map(|(name, body)| (name.to_owned(), json!(body))).collect();
    let names = &["x", "y", "z"][..shapes.len()];
    define.insert(format!("f({})", names.join(", ")), json!(call));
    let mut at = Map::new();
    for (name, shape) in names.iter().zip(shapes) {
        let count: usize = shape.iter().product();
        // Numbers in no order, the same every time.
        let numbers = (1..=count).map(|i| low + (high - low) * (i as f64 * 0.618_033_988_749_895).fract());
        at.insert((*name).to_owned(), json!({ "shape": shape, "data": numbers.collect::<Vec<_>>() }));
    }
    json!({ "define": define, "of": "f", "at": at })
}
