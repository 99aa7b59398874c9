//! Loops: what they compute, their derivatives against the same steps written out, how much memory they
//! take, and what is refused.

mod numerics;

#[path = "loops/faults.rs"]
mod faults;

use jacobi::engine::Endpoint;
use numerics::{Array, MODES, Program, Random, agree, ask, told};
use serde_json::{Value, json};

/// A program of several functions, `f` among them.
fn program(inputs: &[&str], define: Value) -> Program {
    Program { define, inputs: inputs.iter().map(|&n| n.to_owned()).collect() }
}

/// Two programs have one value and one derivative, both ways.
fn same(loops: &Program, written_out: &Program, at: &[Array], tolerance: f64) {
    for mode in MODES {
        let [found, known] = [loops, written_out].map(|p| p.jacobian(at, mode).expect("an answer"));
        assert!(agree(&found.value, &known.value, tolerance, 0.0), "{mode}: values of {}", loops.define);
        let whole = known.blocks.iter().fold(0.0, |m: f64, b| m.max(b.size()));
        for (found, known) in found.blocks.iter().zip(&known.blocks) {
            assert!(agree(found, known, tolerance, whole), "{mode}: {found:?} is not {known:?}");
        }
    }
}

#[test]
fn a_scan_is_its_steps_written_out() {
    for steps in [1, 2, 31, 33, 37, 64] {
        let step = json!(["h = tanh(W@state + x + c)", "[h, sum(h*h)]"]);
        let loops = json!({
            "step(state, x, W, c)": step,
            "f(h, xs, W, c)": ["last, outs = scan(step, h, xs, W, c)", "sum(last) + outs@outs"],
        });
        let mut body: Vec<String> = vec!["h0 = h".into()];
        body.extend((0..steps).map(|i| format!("h{} = tanh(W@h{i} + xs[{i}] + c)", i + 1)));
        body.push(format!("sum(h{steps})"));
        let squares: Vec<String> = (1..=steps).map(|i| format!("sum(h{i}*h{i})^2")).collect();
        let last = body.len() - 1;
        body[last] = format!("{} + {}", body[last], squares.join(" + "));
        let inputs = ["h", "xs", "W", "c"];
        let mut random = Random::of("scan");
        let at: Vec<Array> = [vec![2], vec![steps, 2], vec![2, 2], vec![2]]
            .iter()
            .map(|shape| Array::random(&mut random, shape, (-0.8, 0.8)))
            .collect();
        same(&program(&inputs, loops), &program(&inputs, json!({ "f(h, xs, W, c)": body })), &at, 1e-12);
    }
}

#[test]
fn loops_in_loops_are_their_steps_written_out() {
    let define = |inside: &str, outside: &str| {
        json!({
            "small(y, a)": "y + 0.1*sin(a*y)",
            "big(y, a)": format!("0.9*{inside}"),
            "f(y, a)": outside,
        })
    };
    let chain = |count: usize, f: &str| (0..count).fold("y".to_owned(), |inner, _| format!("{f}({inner}, a)"));
    let loops = define("repeat(small, y, 5, a)", "repeat(big, y, 40, a)");
    let written_out = define(&chain(5, "small"), &chain(40, "big"));
    let at = [Array::new(&[2], vec![0.7, -1.3]), Array::new(&[], vec![1.2])];
    same(&program(&["y", "a"], loops), &program(&["y", "a"], written_out), &at, 1e-12);
}

#[test]
fn a_geometric_sequence_has_its_closed_form() {
    let (a, x, n) = (1.002, 0.5, 1000.0);
    let geometric = json!({ "step(x, a)": "a*x", "f(x, a)": "repeat(step, x, 1000, a)" });
    let at = [Array::new(&[], vec![x]), Array::new(&[], vec![a])];
    let power: f64 = f64::powf(a, n);
    for mode in MODES {
        let found = program(&["x", "a"], geometric.clone()).jacobian(&at, mode).expect("an answer");
        let numbers = [found.value.data[0], found.blocks[0].data[0], found.blocks[1].data[0]];
        for (found, known) in numbers.iter().zip([power * x, power, n * power / a * x]) {
            assert!((found - known).abs() <= 1e-12 * known.abs(), "{mode}: {found} is not {known}");
        }
    }
    let document = json!({ "define": geometric, "of": "f", "at": { "x": x, "a": a }, "encoding": "flat" });
    let hessian = ask(&document, Endpoint::Hessian).expect("an answer");
    let second = |by: &str, and: &str| Array::read(&hessian["hessian"]["f"][by][and]).data[0];
    let known = [("x", "x", 0.0), ("x", "a", n * power / a), ("a", "a", n * (n - 1.0) * power / (a * a) * x)];
    for (by, and, known) in known {
        assert!((second(by, and) - known).abs() <= 1e-11 * known.abs(), "{by} {and}: {} {known}", second(by, and));
        assert!((second(and, by) - known).abs() <= 1e-11 * known.abs(), "{and} {by}");
    }
}

#[test]
fn the_hessian_of_a_scan_is_that_of_its_steps_written_out() {
    let loops = json!({
        "step(c, x, w)": ["n = tanh(w*c + x)", "[n, n*c]"],
        "f(c, xs, w)": ["last, outs = scan(step, c, xs, w)", "sum(last) + sum(outs)"],
    });
    let mut body = vec!["c0 = c".to_owned()];
    body.extend((0..40).map(|i| format!("c{} = tanh(w*c{i} + xs[{i}])", i + 1)));
    let outs: Vec<String> = (0..40).map(|i| format!("sum(c{}*c{i})", i + 1)).collect();
    body.push(format!("sum(c40) + {}", outs.join(" + ")));
    let mut random = Random::of("hessian");
    let at = [vec![2], vec![40, 2], vec![2]].map(|shape| Array::random(&mut random, &shape, (-1.0, 1.0)));
    let inputs = ["c", "xs", "w"];
    let written_out = json!({ "f(c, xs, w)": body });
    let [found, known] = [loops, written_out].map(|define| {
        let document = program(&inputs, define).document(&at, "auto");
        ask(&document, Endpoint::Hessian).map_err(|faults| told(&document, &faults)).expect("an answer")
    });
    for (by, and) in inputs.iter().flat_map(|by| inputs.iter().map(move |and| (by, and))) {
        let [found, known] = [&found, &known].map(|h| Array::read(&h["hessian"]["f"][by][and]));
        assert!(agree(&found, &known, 1e-11, 10.0), "{by} {and}: {}", found.distance(&known));
    }
}

/// The Babylonian root: the count of steps differs from point to point.
fn root() -> Value {
    json!({
        "apart(x, a)": "abs(x*x - a) > 1e-13*a",
        "step(x, a)": "(x + a/x)/2",
        "f(a)": "while_loop(apart, step, a, 100, a)",
    })
}

#[test]
fn a_loop_ends_by_itself_for_each_point_of_a_batch() {
    let points: [f64; 4] = [2.0, 9.0, 1e6, 1e-3];
    for mode in MODES {
        let document = json!({
            "define": root(), "of": "f", "at": { "a": points }, "batch": ["a"], "mode": mode, "encoding": "flat"
        });
        let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
        let (values, slopes) = (Array::read(&answer["value"]["f"]), Array::read(&answer["jacobian"]["f"]["a"]));
        for (i, a) in points.iter().enumerate() {
            assert!((values.data[i] - a.sqrt()).abs() < 1e-13 * a.sqrt());
            assert!((slopes.data[i] * 2.0 * a.sqrt() - 1.0).abs() < 1e-12, "{mode}: {}", slopes.data[i]);
        }
    }
}

#[test]
fn constants_mentioned_by_a_step_are_differentiated_by() {
    let document = json!({
        "define": { "step(x)": "k*x + m[0]", "f(x)": "repeat(step, x, 60)" },
        "constants": { "k": 0.5, "m": [1.0, 7.0] }, "of": "f", "at": { "x": 3.0 }, "wrt": ["k", "m"], "encoding": "flat"
    });
    for mode in MODES {
        let mut document = document.clone();
        document["mode"] = mode.into();
        let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
        let by = |name: &str| Array::read(&answer["jacobian"]["f"][name]).data;
        assert!((by("m")[0] - 2.0).abs() < 1e-14 && by("m")[1] == 0.0);
        assert!((by("k")[0] - 4.0).abs() < 1e-12, "the fixed point 1/(1 - k)");
    }
}

#[test]
fn numpys_repeat_is_still_there() {
    let found = program(&["x"], json!({ "f(x)": "repeat(x, 2, axis=0)" }));
    let value = found.jacobian(&[Array::new(&[2], vec![1.0, 2.0])], "forward").expect("an answer").value;
    assert_eq!(value.data, [1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn a_loop_is_one_stage_of_the_chain() {
    let document = json!({
        "define": {
            "step(x, a)": ["y = sin(x)", "a*y"],
            "f(x, a)": ["start = x*x", "end = repeat(step, start, 40, a)", "sum(end)"],
        },
        "of": "f", "at": { "x": [0.3, 0.4], "a": 1.1 }, "trace": true
    });
    let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
    let stages: Vec<&str> =
        answer["chain"]["stages"].as_array().expect("stages").iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(stages, ["start", "end", "f"], "{answer}");
}

/// Predicted bytes of the gradient of a loop over an array of a thousand numbers.
fn bytes(steps: usize) -> f64 {
    let document = json!({
        "define": { "step(x, a)": "sin(a*x)", "f(x, a)": format!("sum(repeat(step, x, {steps}, a))") },
        "of": "f", "at": { "x": vec![0.5; 1000], "a": 1.3 }, "want": ["gradient"], "mode": "reverse"
    });
    ask(&document, Endpoint::Check).expect("an answer")["cost"]["bytes"].as_f64().expect("a number")
}

#[test]
fn reverse_mode_holds_the_root_of_all_carries() {
    let carry = 8000.0;
    for steps in [100, 400, 1600, 6400, 25600_usize] {
        let root = steps.isqrt() as f64;
        let held = bytes(steps) / carry;
        assert!(held <= 2.0 * root + 30.0, "{steps} steps hold {held} carries");
        assert!(held >= root, "{steps} steps hold {held} carries: too few to be true");
    }
}

#[test]
fn a_kink_inside_a_loop_is_reported_with_its_step() {
    // x falls from 5 by 1 a step; the derivative of |x| follows a convention where it is 0.
    for (steps, at, expected) in [(20, 5.0, Some("step 5")), (90, 70.0, Some("step 70")), (90, 70.5, None)] {
        let document = json!({
            "define": {
                "step(c, d)": ["x, sum_ = c", "[x - d, sum_ + abs(x)]"],
                "f(x, d)": format!("repeat(step, [x, 0], {steps}, d)[1]"),
            },
            "of": "f", "at": { "x": at, "d": 1.0 }
        });
        let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
        let warnings = answer["warnings"].as_array().expect("warnings");
        let messages: Vec<&str> = warnings.iter().filter_map(|w| w["message"].as_str()).collect();
        match expected {
            Some(step) => {
                assert!(
                    messages.len() == 1 && messages[0].contains(step) && messages[0].contains("`repeat`"),
                    "{answer}"
                );
            }
            None => assert!(messages.is_empty(), "{messages:?}"),
        }
    }
}

#[test]
fn a_kink_in_a_loop_of_a_batch_names_its_point() {
    let document = json!({
        "define": {
            "go(x)": "x > 0.6", "step(x)": "x - abs(x - 1)/2 - 0.25", "f(x)": "while_loop(go, step, x, 50)",
        },
        "of": "f", "at": { "x": [0.5, 1.0, 0.7] }, "batch": ["x"]
    });
    let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
    let warnings = answer["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 1, "{answer}");
    assert_eq!(warnings[0]["element"], json!([1]), "{answer}");
}
