//! Documents: whatever is posted is answered or refused, at every endpoint, an answer
//! is JSON, and asking again gives the same.

#![no_main]

#[path = "../../tests/found/mutate.rs"]
mod mutate;

use std::sync::LazyLock;

use jacobi::engine::{Cancel, Endpoint, Engine, Limits};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Random;
use serde_json::Value;

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

fuzz_target!(|body: &[u8]| {
    let engine = Engine::new(LIMITS);
    let cancel = Cancel::new(false);
    for endpoint in [Endpoint::Check, Endpoint::Value, Endpoint::Gradient, Endpoint::Jacobian, Endpoint::Hessian] {
        let answer = engine.answer(body, endpoint, &cancel);
        // The second time its plan is known; that must make no difference.
        assert_eq!(answer, engine.answer(body, endpoint, &cancel));
        match answer {
            Ok(answer) => drop(serde_json::from_slice::<Value>(&answer).unwrap()),
            Err(faults) => assert!(!faults.is_empty()),
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(seed.into());
    if random.below(4) != 0
        && let Ok(document) = serde_json::from_slice::<Value>(&data[..size])
    {
        let changed = mutate::structure(&document, &NAMES, &mut random);
        if changed.len() <= max_size {
            data[..changed.len()].copy_from_slice(&changed);
            return changed.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});
