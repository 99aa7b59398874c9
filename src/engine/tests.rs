//! What may be relied on: the operations predicted are those that a run does.

mod elimination;
mod loops;

use serde_json::{Value, json};

use super::{Cancel, Compiled, Endpoint, Engine, Limits, Text, read_document};
use crate::exec::Workspace;
use crate::kernel::tally;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn example(name: &str) -> Value {
    let text = std::fs::read(format!("{ROOT}/examples/{name}.json")).expect("an example");
    serde_json::from_slice(&text).expect("JSON")
}

/// A network of tanh layers of the given widths, with numbers that look random.
fn network(widths: &[usize]) -> Value {
    let mut seed = 0;
    let mut number = || {
        seed += 1;
        (f64::from(seed) * 0.618_033_988_749_895).fract() - 0.5
    };
    let mut constants = serde_json::Map::new();
    let mut equations = Vec::new();
    for (i, pair) in widths.windows(2).enumerate() {
        let [n, m] = [pair[0], pair[1]];
        constants.insert(
            format!("W{i}"),
            json!({ "shape": [m, n], "data": (0..m * n).map(|_| number()).collect::<Vec<_>>() }),
        );
        constants.insert(format!("b{i}"), json!((0..m).map(|_| number()).collect::<Vec<_>>()));
        let before = if i == 0 { "x".into() } else { format!("h{}", i - 1) };
        equations.push(format!("h{i} = tanh(W{i} @ {before} + b{i})"));
    }
    let x: Vec<f64> = (0..widths[0]).map(|_| number()).collect();
    json!({ "define": { "f(x)": equations }, "constants": constants, "at": { "x": x } })
}

/// Operations predicted for a document, and those done.
fn predicted_and_done(document: &Value) -> (Compiled, u64) {
    let document = read_document(document.to_string().as_bytes()).expect("a document");
    let compiled = Compiled::new(&document, &Endpoint::Jacobian.default_want(), &Limits::default()).expect("a plan");
    let inputs = compiled.bind(&document);
    let done = tally::counted(|| {
        compiled.plan.run(&inputs, &mut Workspace::default(), &Cancel::default()).expect("nobody cancels");
    });
    (compiled, done)
}

fn check(name: &str, document: &Value) -> Compiled {
    let (compiled, done) = predicted_and_done(document);
    let predicted = compiled.cost.flops;
    assert!(done > 0 && predicted.abs_diff(done) * 100 <= done, "{name}: predicted {predicted}, done {done}");
    compiled
}

/// With the mode forced, where it applies.
fn in_mode(document: &Value, mode: &str) -> Value {
    let mut document = document.clone();
    document["mode"] = json!(mode);
    document
}

#[test]
fn the_operations_predicted_are_those_done() {
    let names = [
        "polar",
        "mgh_rosenbrock",
        "mgh_wood",
        "two_layer_network",
        "puma560",
        "black_scholes",
        "batch",
        "points",
        "robertson",
        "planar_flow",
        "sequential",
        "composition",
    ];
    for name in names {
        for mode in ["auto", "forward", "reverse"] {
            check(name, &in_mode(&example(name), mode));
        }
    }
}

#[test]
fn a_narrow_network_costs_what_is_predicted_in_every_mode() {
    let net = network(&[60, 60, 2, 60, 60]);
    let mut batch = net.clone();
    let points: Vec<Value> = (0..3).map(|_| net["at"]["x"].clone()).collect();
    (batch["at"]["x"], batch["batch"]) = (json!(points), json!(["x"]));
    for (name, document) in [("a network", net), ("three points", batch)] {
        for mode in ["auto", "forward", "reverse", "mixed"] {
            check(&format!("{name} ({mode})"), &in_mode(&document, mode));
        }
    }
}

#[test]
fn the_way_taken_costs_what_the_method_says() {
    let (compiled, done) = predicted_and_done(&network(&[500, 500, 2, 500, 500]));
    let method = &compiled.method;
    assert_eq!((method.mode, method.bracketing.as_deref()), ("mixed", Some("(J4·J3)·(J2·J1)")));
    assert!(method.chosen.abs_diff(done) * 100 <= done, "predicted {}, done {done}", method.chosen);
    // Two rows through a layer and two columns through another, one outer product, and the values.
    let (layer, outer) = (2 * 2 * 500 * 500, 2 * 2 * 500 * 500);
    let values = 2 * (2 * 500 * 500 + 2 * 2 * 500);
    assert!(done < (2 * layer + outer + values) * 11 / 10, "{done}");
    for (name, flops) in &method.ways {
        assert!(*name == "mixed" || *flops > 60 * method.chosen, "{name}: {flops}");
    }
}

#[test]
fn how_long_a_run_takes_is_known_after_one_where_all_do_the_same() {
    let engine = Engine::new(Limits::default());
    let ending = json!({
        "define": { "half(x)": "x/2", "far(x)": "x > 1", "f(x)": "while_loop(far, half, x, max=50)" },
        "at": { "x": 9.0 }, "want": ["value"],
    });
    for (document, steady) in [(example("polar"), true), (ending, false)] {
        let body = document.to_string();
        let prepared = engine.prepare(body.as_bytes(), Endpoint::Jacobian, &Cancel::default()).expect("it is sound");
        assert!(prepared.quickest().is_none());
        engine.run(&prepared, &Cancel::default()).expect("it has an answer");
        assert_eq!(prepared.quickest().is_some(), steady, "{body}");
        let mut text = Text::default();
        engine.receive(&mut text, body.as_bytes());
        let again = engine.recall(&text, Endpoint::Jacobian, usize::MAX).expect("it is known");
        assert_eq!(again.quickest(), prepared.quickest());
    }
}
