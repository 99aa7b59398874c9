//! Whatever is read as JSON is JSON, and means what `serde_json` makes of it.

#![no_main]

use jacobi::json::{Json, read};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    match (read(bytes), serde_json::from_slice::<Value>(bytes)) {
        (Ok(ours), Ok(theirs)) => assert!(is_same(&ours, &theirs), "{ours:?} {theirs:?}"),
        (ours, theirs) => assert_eq!(ours.is_ok(), theirs.is_ok(), "{ours:?} {theirs:?}"),
    }
});

fn is_same(ours: &Json, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::Number(ours), theirs) => theirs.as_f64().is_some_and(|theirs| theirs.to_bits() == ours.to_bits()),
        (Json::Text(ours), Value::String(theirs)) => ours == theirs,
        (Json::Array(ours), theirs) => is_array(&ours.shape, &ours.data, theirs),
        (Json::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        // Of members with one name `serde_json` keeps the last.
        (Json::Object(ours), Value::Object(theirs)) => {
            let last = |name: &String| ours.iter().rev().find(|(other, _)| other == name);
            ours.iter().all(|(name, _)| theirs.contains_key(name))
                && theirs.iter().all(|(name, value)| last(name).is_some_and(|(_, ours)| is_same(ours, value)))
        }
        _ => false,
    }
}

/// Whether numbers of this shape are these lists of lists.
fn is_array(shape: &[usize], data: &[f64], theirs: &Value) -> bool {
    match (shape, theirs) {
        ([], theirs) => theirs.as_f64().is_some_and(|theirs| data.len() == 1 && theirs.to_bits() == data[0].to_bits()),
        ([rows, inner @ ..], Value::Array(theirs)) => {
            let parts = data.chunks(data.len() / rows);
            *rows == theirs.len() && parts.zip(theirs).all(|(part, theirs)| is_array(inner, part, theirs))
        }
        _ => false,
    }
}
