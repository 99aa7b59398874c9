//! The cheapest order of the chain rule, asked for over HTTP and of the engine: what it costs, what it
//! gives, and what is said where there is none.

mod numerics;
mod support;

use jacobi::engine::Endpoint;
use numerics::{Array, Program, Random, agree, ask, told};
use serde_json::{Map, Value, json};
use support::Server;

/// A chain of layers of the given widths, each a matrix and what is done to its product.
fn layers(random: &mut Random, widths: &[usize], bodies: &[&str]) -> Value {
    let mut constants = Map::new();
    let mut equations = Vec::new();
    for (i, pair) in widths.windows(2).enumerate() {
        let [n, m] = [pair[0], pair[1]];
        constants.insert(format!("W{i}"), Array::random(random, &[m, n], (-1.0, 1.0)).json());
        let before = if i == 0 { "x".to_owned() } else { format!("h{}", i - 1) };
        let product = format!("(W{i} @ {before})");
        equations.push(format!("h{i} = {}", bodies[i % bodies.len()].replace("{}", &product)));
    }
    let x = Array::random(random, &[widths[0]], (-1.0, 1.0)).json();
    json!({ "define": { "f(x)": equations }, "constants": constants, "at": { "x": x } })
}

fn answer(document: &Value, mode: &str) -> Value {
    let mut document = document.clone();
    document["mode"] = json!(mode);
    ask(&document, Endpoint::Jacobian).unwrap_or_else(|faults| panic!("{}", told(&document, &faults)))
}

#[test]
fn linear_maps_cost_what_the_textbooks_say() {
    let chains: [(&[usize], [u64; 3]); 3] = [
        (&[64, 2, 64, 2, 64], [24_576, 24_576, 8704]),
        (&[30, 35, 15, 5, 10, 20, 25], [40_500, 47_500, 15_125]),
        (&[100, 50, 20, 10, 1], [121_000, 6200, 6200]),
    ];
    for (widths, [forward, reverse, best]) in chains {
        let document = layers(&mut Random::of("linear"), widths, &["{}"]);
        let method = &answer(&document, "auto")["method"];
        // Multiplications of the Jacobian alone: each has an addition, and the values take a product for each matrix.
        let values: usize = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let multiplications = |way: &str| method["flops"][way].as_u64().expect(way) / 2 - values as u64;
        assert_eq!([multiplications("forward"), multiplications("reverse")], [forward, reverse], "{widths:?}");
        assert_eq!(multiplications("chosen"), best, "{widths:?}: {method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_network_is_multiplied_from_the_middle() {
    let server = Server::start(&[]);
    let mut document = layers(&mut Random::of("network"), &[200, 200, 2, 200, 200], &["tanh{}"]);
    document["encoding"] = json!("flat");
    let found: Value = server
        .client
        .post(server.url("/jacobian"))
        .json(&document)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(found["method"]["mode"], "mixed", "{}", found["method"]);
    assert_eq!(found["method"]["bracketing"], "(J4·J3)·(J2·J1)");
    let flops = |way: &str| found["method"]["flops"][way].as_u64().expect(way);
    assert_eq!(flops("mixed"), flops("chosen"));
    assert!(flops("forward") > 20 * flops("mixed") && flops("reverse") > 20 * flops("mixed"));
    for mode in ["forward", "reverse"] {
        let other = answer(&document, mode);
        assert!(other["method"]["bracketing"].is_null());
        let [a, b] = [&found, &other].map(|answer| Array::read(&answer["jacobian"]["f"]["x"]));
        assert!(agree(&a, &b, 1e-12, a.size()), "{mode}");
    }
}

#[test]
fn every_mode_gives_the_same_jacobian() {
    let bodies =
        ["tanh{}", "{}", "relu{}", "{}^2", "softmax{}", "cumsum(sin{})", "where({} > 0, {}^2, sin{})", "exp(-{}^2)"];
    let mut random = Random::of("modes");
    let mut mixed_chosen = 0;
    for case in 0..150 {
        let widths: Vec<usize> = (0..3 + random.below(4)).map(|_| 1 + random.below(12)).collect();
        let rotated: Vec<&str> = (0..widths.len()).map(|i| bodies[(case * 3 + i * 5) % bodies.len()]).collect();
        let mut document = layers(&mut random, &widths, &rotated);
        if case % 3 == 0 {
            let points: Vec<Array> = (0..4).map(|_| Array::random(&mut random, &widths[..1], (-1.0, 1.0))).collect();
            (document["at"]["x"], document["batch"]) = (Array::stack(&points).json(), json!(["x"]));
        }
        document["encoding"] = json!("flat");
        let [auto, forward, reverse, mixed] =
            ["auto", "forward", "reverse", "mixed"].map(|mode| answer(&document, mode));
        mixed_chosen += usize::from(auto["method"]["mode"] == "mixed");
        let jacobian = |answer: &Value| Array::read(&answer["jacobian"]["f"]["x"]);
        let first = jacobian(&forward);
        for (mode, other) in [("auto", &auto), ("reverse", &reverse), ("mixed", &mixed)] {
            let other = jacobian(other);
            assert!(agree(&first, &other, 1e-12, first.size()), "{mode}: {document}\n{first:?}\n{other:?}");
        }
        let flops = |way: &str| mixed["method"]["flops"][way].as_u64().expect(way);
        let least = flops("forward").min(flops("reverse"));
        assert!(flops("mixed") * 100 <= least * 101, "{widths:?}: {}", mixed["method"]);
    }
    assert!(mixed_chosen > 30, "mixed mode was the best {mixed_chosen} times");
}

#[test]
fn kinks_are_reported_in_mixed_mode() {
    let document = json!({
        "define": { "f(x)": ["s = sum(relu(x))", "t = relu(s * [1, -1, 0])", "abs(t)"] },
        "at": { "x": [0, 1, 2] }
    });
    let [forward, mixed] = ["forward", "mixed"].map(|mode| answer(&document, mode));
    assert_eq!(mixed["method"]["mode"], "mixed");
    assert_eq!(mixed["warnings"], forward["warnings"]);
    assert_eq!(mixed["warnings"].as_array().map(Vec::len), Some(3), "{}", mixed["warnings"]);
    assert_eq!(mixed["jacobian"], forward["jacobian"]);
}

#[test]
fn a_branch_not_taken_stays_silent_in_mixed_mode() {
    let document = json!({
        "define": { "f(x)": ["s = sum(sqrt(x))", "where(s > 5, s, 1) * [1, 2, 3]"] },
        "at": { "x": [0, 1, 4] }
    });
    for mode in ["forward", "reverse", "mixed"] {
        assert_eq!(answer(&document, mode)["jacobian"]["f"]["x"]["data"], json!(vec![vec![0.0; 3]; 3]), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_value_that_everything_passes_mixed_mode_is_refused() {
    let server = Server::start(&[]);
    let program = Program::expression(&["x"], "[x[0]*x[1], sin(x[0])]");
    let document = program.document(&[Array::new(&[2], vec![2.0, 3.0])], "mixed");
    let response = server.client.post(server.url("/jacobian")).json(&document).send().await.expect("an answer");
    assert_eq!(response.status(), 422);
    let problem: Value = response.json().await.expect("JSON");
    assert_eq!(problem["code"], "unsupported", "{problem}");
    assert!(problem.to_string().contains("no value lies between the inputs and the outputs"), "{problem}");
    assert!(problem.to_string().contains("/mode"), "{problem}");
}
