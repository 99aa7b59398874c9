//! Functions built on functions cost what they compute: equal calls are made once, and what would
//! truly grow without bound is refused in bounded time.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::numerics::{Array, MODES, Program, ask};
use jacobi::engine::Endpoint;
use jacobi::fault::Code;

/// So many functions, each made of the one before.
const LEVELS: usize = 40;

/// No answer here takes longer, in a test build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// `f` of x, each level made from the one before by `body`, which names that `{g}`.
fn tower(start: &str, body: &str) -> Program {
    let mut define: Map<String, Value> =
        (1..=LEVELS).map(|k| (format!("g{k}(x)"), json!(body.replace("{g}", &format!("g{}", k - 1))))).collect();
    define.insert("g0(x)".into(), json!(start));
    define.insert("f(x)".into(), json!(format!("g{LEVELS}(x)")));
    Program { define: Value::Object(define), inputs: vec!["x".into()] }
}

#[test]
fn functions_that_call_the_one_before_twice_are_computed_once() {
    let two_to_the_40 = (1u64 << LEVELS) as f64;
    let towers = [
        ("x", "{g}(x) + {g}(x)", two_to_the_40),
        ("x", "{g}(x) * {g}(x)", two_to_the_40),
        ("x", "{g}(x) * {g}(x) / {g}(x)", 1.0),
        ("sin(x - 1)", "0.5 * {g}(x) + 0.5 * {g}(x)", 1.0),
        ("x", "where({g}(x) > 0, {g}(x), {g}(x) * {g}(x))", 1.0),
    ];
    for (start, body, slope) in towers {
        let program = tower(start, body);
        for mode in MODES {
            let begun = Instant::now();
            let answer = program.jacobian(&[Array::new(&[], vec![1.0])], mode).expect("an answer");
            assert_eq!(answer.blocks[0].data, [slope], "{body} ({mode})");
            assert!(begun.elapsed() < PATIENCE, "{body} ({mode}) took {:?}", begun.elapsed());
        }
    }
}

#[test]
fn functions_that_grow_without_bound_are_refused_in_bounded_time() {
    for body in ["{g}(2*x) + {g}(3*x)", "{g}({g}(x) + 1) + {g}({g}(x) - 1)", "{g}(concatenate([x, x]))"] {
        let document = tower("sin(x)", body).document(&[Array::new(&[1], vec![1.0])], "auto");
        for endpoint in [Endpoint::Jacobian, Endpoint::Value, Endpoint::Check] {
            let begun = Instant::now();
            let faults = ask(&document, endpoint).expect_err(body);
            assert!(matches!(faults[0].code, Code::Limit | Code::OverBudget), "{body}: {faults:?}");
            assert!(begun.elapsed() < PATIENCE, "{body} took {:?}", begun.elapsed());
        }
    }
}

#[test]
fn a_deep_tower_is_traced() {
    let mut document = tower("x", "sin({g}(x)) + {g}(x)").document(&[Array::new(&[], vec![0.1])], "auto");
    document["trace"] = json!(true);
    let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
    let product: f64 = answer["chain"]["stages"]
        .as_array()
        .expect("stages")
        .iter()
        .map(|stage| {
            let factors: Vec<&Value> = stage["jacobian"].as_object().expect("factors").values().collect();
            assert_eq!(factors.len(), 1, "each stage depends on the one before alone");
            Array::read(factors[0]).data[0]
        })
        .product();
    let whole = Array::read(&answer["jacobian"]["f"]["x"]).data[0];
    assert!((product - whole).abs() <= 1e-12 * whole.abs(), "{product} is not {whole}");
}
