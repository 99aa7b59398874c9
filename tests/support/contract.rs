//! What openapi.yaml says, and whether an answer is as it says.

#![allow(dead_code, reason = "each test program uses its own part")]

use jsonschema::Validator;
use serde_json::{Value, json};

pub(crate) fn contract() -> Value {
    serde_saphyr::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML")
}

/// What a chain of references leads to.
pub(crate) fn resolve<'a>(contract: &'a Value, mut node: &'a Value) -> &'a Value {
    while let Some(target) = node.get("$ref").and_then(Value::as_str) {
        let pointer = target.strip_prefix('#').expect("references stay inside");
        node = contract.pointer(pointer).unwrap_or_else(|| panic!("{target} leads nowhere"));
    }
    node
}

pub(crate) fn validator(contract: &Value, schema: &Value) -> Validator {
    let whole = json!({ "allOf": [schema], "components": contract["components"] });
    jsonschema::draft202012::new(&whole).expect("schemas are valid")
}

/// What is wrong with a value by a schema.
pub(crate) fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{e} at {}", e.instance_path())).collect()
}
