//! Whatever is posted is answered or refused, soon, and never with a panic: inputs that fuzzing once
//! found at fault, and all examples changed in thousands of ways.

#[path = "found/mutate.rs"]
mod mutate;
#[path = "found/sizes.rs"]
mod sizes;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jacobi::engine::{Cancel, Endpoint, Engine, Limits};
use mutate::Random;
use serde_json::Value;

const ENDPOINTS: [Endpoint; 5] =
    [Endpoint::Check, Endpoint::Value, Endpoint::Gradient, Endpoint::Jacobian, Endpoint::Hessian];

/// As much as the server's computing threads have.
const STACK_BYTES: usize = 16 << 20;

/// Long enough for an unoptimised build on a busy machine, far too short for anything that grows without bounds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Changed versions of each example, of either kind; fewer of long ones, which all take their time.
const VERSIONS: u64 = 120;
const BYTES: u64 = 600_000;

#[test]
fn inputs_once_found_at_fault_are_answered_or_refused() {
    with_stack(|| {
        let engine = Engine::default();
        for path in documents("tests/found") {
            let body = std::fs::read(&path).expect("a file");
            if let Some(wrong) = ask(&engine, &body) {
                panic!("{}: {wrong}", path.display());
            }
        }
    });
}

#[test]
fn long_documents_are_answered_or_refused() {
    with_stack(|| {
        for (name, document) in sizes::documents() {
            if let Some(wrong) = ask(&Engine::default(), document.to_string().as_bytes()) {
                panic!("{name}: {wrong}");
            }
        }
    });
}

#[test]
fn changed_examples_are_answered_or_refused() {
    with_stack(|| {
        let engine = Engine::new(Limits { max_flops: 50_000_000, max_bytes: 64 << 20, ..Limits::default() });
        let reference: Value = serde_json::from_str(&engine.operations()).expect("JSON");
        let operations = reference["operations"].as_array().expect("operations");
        let names: Vec<&str> = operations.iter().map(|row| row["name"].as_str().expect("a name")).collect();
        for path in documents("examples") {
            let text = std::fs::read(&path).expect("a file");
            let document: Value = serde_json::from_slice(&text).expect("an example in JSON");
            for seed in 0..VERSIONS.min(BYTES / text.len() as u64 + 4) {
                let changed =
                    [mutate::bytes(&text, &mut Random(seed)), mutate::structure(&document, &names, &mut Random(seed))];
                for body in changed {
                    if let Some(wrong) = ask(&engine, &body) {
                        panic!("{} by seed {seed}: {wrong}\n{}", path.display(), String::from_utf8_lossy(&body));
                    }
                }
            }
        }
    });
}

/// Posts a body everywhere; what is wrong with the answers.
fn ask(engine: &Engine, body: &[u8]) -> Option<String> {
    ENDPOINTS.into_iter().find_map(|endpoint| {
        let start = Instant::now();
        let answer = catch_unwind(AssertUnwindSafe(|| engine.answer(body, endpoint, &Cancel::new(false))));
        let took = start.elapsed();
        match answer {
            Err(_) => Some(format!("{endpoint:?} panicked")),
            Ok(_) if took > PATIENCE => Some(format!("{endpoint:?} took {took:?}")),
            Ok(Ok(answer)) => serde_json::from_slice::<Value>(&answer).err().map(|e| format!("{endpoint:?}: {e}")),
            Ok(Err(faults)) => faults.is_empty().then(|| format!("{endpoint:?} refused without a reason")),
        }
    })
}

/// All JSON files below a directory.
fn documents(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn with_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(test).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
