//! What the targets share: words worth calling, limits that keep one run quick, and changes that know the form
//! of what they change.

#![allow(dead_code, reason = "each target uses its own part")]

#[path = "../../tests/found/mutate.rs"]
pub(crate) mod mutate;

use std::sync::LazyLock;

use jacobi::engine::{Endpoint, Engine, Limits};
use jacobi::fault::{Code, Fault};
use libfuzzer_sys::fuzzer_mutate;
pub(crate) use mutate::Random;
use serde_json::Value;

static REFERENCE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&Engine::default().operations()).unwrap());

/// The names of all operations.
pub(crate) static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let operations = REFERENCE["operations"].as_array().unwrap();
    operations.iter().map(|row| row["name"].as_str().unwrap()).collect()
});

/// Every endpoint.
pub(crate) const ENDPOINTS: [Endpoint; 8] = [
    Endpoint::Check,
    Endpoint::Value,
    Endpoint::Gradient,
    Endpoint::Jacobian,
    Endpoint::Hessian,
    Endpoint::Jvp,
    Endpoint::Vjp,
    Endpoint::Hvp,
];

/// Small enough that one run is quick.
pub(crate) const LIMITS: Limits = Limits {
    max_flops: 10_000_000,
    max_bytes: 16 << 20,
    max_elements: 1 << 18,
    max_nodes: 20_000,
    max_steps: 20_000,
    max_rank: 32,
    max_depth: 1000,
};

/// An answer is JSON; a refusal has reasons, none of which is a bug.
pub(crate) fn examine(answer: &Result<Vec<u8>, Vec<Fault>>) {
    match answer {
        Ok(answer) => drop(serde_json::from_slice::<Value>(answer).unwrap()),
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| fault.code != Code::Internal), "{faults:?}");
        }
    }
}

/// Whether an answer was given up.
pub(crate) fn is_out_of_time(answer: &Result<Vec<u8>, Vec<Fault>>) -> bool {
    answer.as_ref().is_err_and(|faults| faults.iter().any(|fault| fault.code == Code::Cancelled))
}

/// Changes an input by `change`; by the fuzzer's own means where that gives nothing, or nothing that fits.
pub(crate) fn changed(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    change: impl FnOnce(&[u8], &mut Random) -> Option<Vec<u8>>,
) -> usize {
    match change(&data[..size], &mut Random(seed.into())) {
        Some(new) if new.len() <= max_size => {
            data[..new.len()].copy_from_slice(&new);
            new.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
}
