//! Expressions: what is printed reads as the same tree, and a function whose body it is has values and
//! Jacobians, or faults.

#![no_main]

#[path = "../../tests/found/mutate.rs"]
mod mutate;

use std::sync::LazyLock;

use jacobi::engine::{Cancel, Endpoint, Engine, Limits};
use jacobi::notation::{Sources, parse_expr, print};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Random;
use serde_json::{Value, json};

static REFERENCE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&Engine::default().operations()).unwrap());
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let operations = REFERENCE["operations"].as_array().unwrap();
    operations.iter().map(|row| row["name"].as_str().unwrap()).collect()
});

/// Small enough that one run is quick.
const LIMITS: Limits = Limits {
    max_flops: 10_000_000,
    max_bytes: 16 << 20,
    max_elements: 1 << 18,
    max_nodes: 20_000,
    max_steps: 20_000,
    max_rank: 32,
    max_depth: 1000,
};

fuzz_target!(|text: &str| {
    let Ok(expression) = parse_expr(&mut Sources::default(), "", text) else { return };
    let printed = print(&expression);
    match parse_expr(&mut Sources::default(), "", &printed) {
        // A tree that holds a NaN equals no other, not even itself.
        Ok(again) => assert!(again == expression || expression != expression.clone(), "{printed}"),
        Err(faults) => panic!("{printed}: {faults:?}"),
    }
    let engine = Engine::new(LIMITS);
    let cancel = Cancel::new(false);
    for (x, y) in [
        (json!(0.75), json!(2)),
        (json!([0.5, -1.25, 2]), json!([1, 0.25, 3])),
        (json!([[0.5, 1, 2], [0.25, 3, 1.5]]), json!([[1], [2]])),
    ] {
        let document = json!({"define": {"f(x, y)": text}, "at": {"x": x, "y": y}, "nonfinite": "null"});
        for mode in ["forward", "reverse"] {
            let mut document = document.clone();
            document["mode"] = json!(mode);
            if let Ok(answer) = engine.answer(document.to_string().as_bytes(), Endpoint::Jacobian, &cancel) {
                drop(serde_json::from_slice::<Value>(&answer).unwrap());
            }
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(seed.into());
    if random.below(3) != 0
        && let Ok(text) = std::str::from_utf8(&data[..size])
    {
        let changed = mutate::text(text, &NAMES, &mut random);
        if changed.len() <= max_size {
            data[..changed.len()].copy_from_slice(changed.as_bytes());
            return changed.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});
