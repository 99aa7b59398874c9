//! Layers stand in a `sequential` with what came before as their first argument, and settings that do
//! not fit are refused in words that help.

use serde_json::{Value, json};

use crate::numerics::{Array, MODES, Program, Random, ask};
use jacobi::engine::Endpoint;
use jacobi::fault::{Code, Fault};

#[test]
fn a_sequential_takes_every_layer() {
    let layers = json!([
        { "op": "embedding", "weight": "T" },
        { "op": "attention", "key": "T", "value": "T", "causal": true },
        { "op": "layer_norm", "weight": "w", "eps": 0.1 },
        { "op": "conv1d", "weight": "K", "padding": "'same'" },
        { "op": "batch_norm", "mean": "w", "var": "w^2", "axis": -1 },
        { "op": "avg_pool", "window": [2], "stride": 1 },
        { "op": "reshape", "shape": [1, 3, 3] },
        { "op": "conv2d", "weight": "L", "bias": [0.5, -0.5], "padding": [1, 0] },
        { "op": "max_pool", "window": [2, 2], "stride": [2, 1], "padding": 1 },
    ]);
    let nested = "max_pool(conv2d(reshape(avg_pool(batch_norm(conv1d(layer_norm(attention(embedding([1, 0, 2], T), T, T, \
                  causal=True), w, eps=0.1), K, padding='same'), w, w^2, axis=-1), [2], 1), [1, 3, 3]), L, [0.5, -0.5], \
                  1, [1, 0]), [2, 2], [2, 1], 1)";
    let mut random = Random::of(nested);
    let shapes: [&[usize]; 4] = [&[4, 4], &[4], &[3, 3, 3], &[2, 1, 2, 2]];
    let constants = ["T", "w", "K", "L"].map(std::borrow::ToOwned::to_owned).into_iter();
    let constants: serde_json::Map<String, Value> =
        constants.zip(shapes.map(|s| Array::random(&mut random, s, (0.5, 2.0)).json())).collect();
    for mode in MODES {
        let answers = [json!({ "sequential": layers.clone() }), json!(format!("{nested} + 0*sum(x)"))].map(|body| {
            let document = json!({
                "define": { "f(x)": body }, "at": { "x": [1, 0, 2] }, "constants": constants,
                "wrt": ["T", "w", "K", "L"], "mode": mode,
            });
            ask(&document, Endpoint::Jacobian).unwrap_or_else(|faults| panic!("{body}: {faults:?}"))
        });
        assert_eq!(answers[0]["value"], answers[1]["value"]);
        assert_eq!(answers[0]["jacobian"], answers[1]["jacobian"]);
    }
}

/// What is said of a call with these arguments `x`, `y`.
fn refused(call: &str, shapes: &[&[usize]]) -> Fault {
    let names = &["x", "y"][..shapes.len()];
    let at: Vec<Array> = shapes.iter().map(|s| Array::new(s, vec![1.0; s.iter().product()])).collect();
    let document = Program::expression(names, call).document(&at, "auto");
    ask(&document, Endpoint::Jacobian).expect_err(call).swap_remove(0)
}

#[test]
fn settings_that_do_not_fit_are_told() {
    let image: &[usize] = &[4, 5, 5];
    let filters: &[usize] = &[6, 2, 3, 3];
    let cases: &[(&str, &[&[usize]], Code, &str)] = &[
        ("conv2d(x, y)", &[image, filters], Code::Shape, "4 channels in 1 groups, so each filter has 4"),
        ("conv2d(x, y, groups=3)", &[image, filters], Code::Shape, "3 groups do not divide 4 channels"),
        ("conv2d(x, y, groups=4)", &[image, filters], Code::Shape, "4 groups do not divide 4 channels of x and 6"),
        ("conv2d(x, y, groups=0)", &[image, filters], Code::InvalidValue, "`groups` is 1 or more"),
        (
            "conv2d(x, y, dilation=3, groups=2)",
            &[image, filters],
            Code::Shape,
            "spans 7 elements does not fit into axis -2",
        ),
        ("conv2d(x, y, padding=[1, 0], dilation=3, groups=2)", &[image, filters], Code::Shape, "axis -1, padded to 5"),
        ("conv2d(x, y, stride=0, groups=2)", &[image, filters], Code::InvalidValue, "`stride` is 1 or more"),
        ("conv2d(x, y, stride=[1, 1, 1], groups=2)", &[image, filters], Code::InvalidValue, "one for each of 2 axes"),
        ("conv2d(x, y, padding=-1, groups=2)", &[image, filters], Code::InvalidValue, "`padding` is 0 or more"),
        ("conv2d(x, y, padding='full', groups=2)", &[image, filters], Code::InvalidValue, "no padding 'full'"),
        ("conv2d(x, y, [1, 2], groups=2)", &[image, filters], Code::Shape, "one element for each channel"),
        ("conv2d(x, y)", &[&[5, 5], filters], Code::Shape, "the channels and 2 axes last"),
        ("conv1d(x, y)", &[&[2, 5], filters], Code::Shape, "the weight has 3 axes"),
        ("conv1d(x, y)", &[&[2, 5], &[1, 2, 0]], Code::Shape, "at least one element"),
        ("conv1d(x, y, dilation=9e15)", &[&[2, 5], &[1, 2, 3]], Code::Shape, "does not fit"),
        ("conv1d(x, y, padding=9e15)", &[&[2, 5], &[1, 2, 3]], Code::OverBudget, "more"),
        ("max_pool(x, 2)", &[image], Code::InvalidValue, "a length for each axis"),
        ("max_pool(x, [2, 0])", &[image], Code::InvalidValue, "`window` is 1 or more"),
        ("max_pool(x, [2, 2])", &[&[5]], Code::Shape, "a window of 2 axes"),
        ("max_pool(x, [6])", &[image], Code::Shape, "spans 6 elements"),
        ("max_pool(x, [2], padding=2)", &[image], Code::InvalidValue, "more than half of a window"),
        ("max_pool(x, [2], dilation=2, padding=1)", &[&[1]], Code::Shape, "padding alone"),
        ("avg_pool(x, [4e15], padding=2e15)", &[image], Code::OverBudget, "more"),
        ("layer_norm(x, y)", &[&[2, 3], &[2]], Code::Shape, "does not broadcast"),
        ("batch_norm(x, y, 1)", &[image, &[4]], Code::Shape, "`mean` has an element for each channel, along axis 1"),
        ("batch_norm(x, 0, 1)", &[&[]], Code::Index, "axis"),
        ("embedding([0, 3], x)", &[&[3, 2]], Code::Index, "index 3 is out of range"),
        ("attention(x, y, y)", &[&[2, 3], &[2, 4]], Code::Shape, "matrix product"),
        ("attention(x, y, y, mask=[1, 0, 1])", &[&[2, 3], &[2, 3]], Code::Shape, "does not broadcast"),
        ("attention(x, y, y, causal=True)", &[&[3], &[2, 3]], Code::Shape, "positions of queries and keys"),
        ("attention(x, y, y, mask=[0, 0])", &[&[2, 3], &[2, 3]], Code::NonFinite, "`attention`"),
        ("dropout(x, 0.5)", &[image], Code::Unsupported, "random"),
    ];
    for (call, shapes, code, part) in cases {
        let fault = refused(call, shapes);
        assert!(fault.code == *code && fault.detail.contains(part), "{call}: {fault:?}");
    }
}

#[test]
fn dropout_is_refused_with_what_to_do_instead() {
    let layers = json!([{ "op": "affine", "weight": "[[1, 2]]" }, { "op": "dropout", "rate": 0.5 }]);
    let document = json!({ "define": { "f(x)": { "sequential": layers } }, "at": { "x": [1, 2] } });
    let fault = ask(&document, Endpoint::Value).expect_err("no function").swap_remove(0);
    assert_eq!(fault.code, Code::Unsupported);
    let hint = fault.hint.expect("a hint");
    assert!(hint.contains("x * mask / (1 - rate)"), "{hint}");
}
