//! Hessians, products of derivatives with vectors, determinants, and several of these in one request:
//! against closed forms, published numbers, and the dense derivatives they are made of.

mod support;

use serde_json::{Value, json};
use support::{Server, ask, numbers};

fn close(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-300, |m: f64, x| m.max(x.abs()));
    for (g, e) in got.iter().zip(expected) {
        assert!((g - e).abs() <= 1e-13 * scale, "{what}: {got:?} is not {expected:?}");
    }
}

/// A product of matrices, row-major, m × k times k × n.
fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let (m, n) = (a.len() / k, b.len() / k);
    (0..m * n).map(|e| (0..k).map(|i| a[e / n * k + i] * b[i * n + e % n]).sum()).collect()
}

/// Two functions of two inputs, one of them scalar.
fn network() -> Value {
    json!({
        "define": {
            "layer(x, s)": "tanh(W @ x * s[0] + s[1])",
            "loss(x, s)": "sum(layer(x, s)^2) + s[0]*prod(x)"
        },
        "constants": { "W": [[0.5, -1.0, 0.3], [0.2, 0.7, -0.4]] },
        "of": ["layer", "loss"],
        "at": { "x": [0.3, -0.2, 0.9], "s": [1.5, -0.5] }
    })
}

#[tokio::test]
async fn the_hessian_of_rosenbrocks_function_is_the_published_one() {
    let document = json!({
        "define": { "F(x)": "100*(x[1] - x[0]^2)^2 + (1 - x[0])^2" }, "at": { "x": [-1.2, 1] }, "verify": true
    });
    let answer = ask("/hessian", &document).await;
    let hessian = &answer["hessian"]["F"]["x"]["x"];
    assert_eq!((&hessian["shape"], &hessian["output_shape"]), (&json!([2, 2]), &json!([2])), "{answer}");
    // More, Garbow and Hillstrom's starting point: 1200 x1² - 400 x2 + 2, -400 x1, 200.
    close("H", &numbers(&hessian["data"]), &[1330.0, 480.0, 480.0, 200.0]);
    close("gradient", &numbers(&answer["gradient"]["F"]["x"]["data"]), &[-215.6, -88.0]);
    assert_eq!(answer["method"]["hessian"]["flops"]["chosen"].as_u64().map(|f| f > 0), Some(true));
    assert!(answer["verify"]["relative"].as_f64().is_some_and(|r| r < 1e-8), "{answer}");
}

#[tokio::test]
async fn a_hessian_has_a_block_for_each_pair_of_inputs_and_is_symmetric() {
    let mut document = network();
    document["of"] = json!("loss");
    let server = Server::start(&[]);
    for mode in ["auto", "forward", "reverse"] {
        document["mode"] = json!(mode);
        let answer: Value = server.post("/hessian", document.to_string()).await.json().await.expect("JSON");
        let block = |a: &str, b: &str| numbers(&answer["hessian"]["loss"][a][b]["data"]);
        let (xs, sx) = (block("x", "s"), block("s", "x"));
        let turned: Vec<f64> = (0..6).map(|e| sx[e % 2 * 3 + e / 2]).collect();
        close("mixed derivatives", &xs, &turned);
        let xx = block("x", "x");
        close("H", &xx, &(0..9).map(|e| xx[e % 3 * 3 + e / 3]).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn products_are_those_of_the_dense_derivatives() {
    let mut document = network();
    document["want"] = json!({ "jacobian": true, "hessian": "loss", "jvp": true, "vjp": true, "hvp": "loss" });
    document["tangent"] = json!([{ "x": [1, 0.5, -2], "s": [0.3, 0.1] }, { "x": [0, 1, 0], "s": [0, 0] }]);
    document["cotangent"] = json!({ "layer": [0.7, -1.1], "loss": 2 });
    let answer = ask("/jacobian", &document).await;
    let jacobian = |f: &str, x: &str| numbers(&answer["jacobian"][f][x]["data"]);
    let hessian = |a: &str, b: &str| numbers(&answer["hessian"]["loss"][a][b]["data"]);
    let sum = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a + b).collect::<Vec<_>>();
    let tangents: [(&[f64], &[f64]); 2] = [(&[1.0, 0.5, -2.0], &[0.3, 0.1]), (&[0.0, 1.0, 0.0], &[0.0, 0.0])];
    for (f, m) in [("layer", 2), ("loss", 1)] {
        let expected: Vec<f64> = tangents
            .iter()
            .flat_map(|(x, s)| sum(product(&jacobian(f, "x"), x, 3), product(&jacobian(f, "s"), s, 2)))
            .collect();
        assert_eq!(answer["jvp"][f]["shape"], if m == 1 { json!([2]) } else { json!([2, m]) });
        close("J·v", &numbers(&answer["jvp"][f]["data"]), &expected);
    }
    for (input, n) in [("x", 3), ("s", 2)] {
        let pulled =
            sum(product(&[0.7, -1.1], &jacobian("layer", input), 2), product(&[2.0], &jacobian("loss", input), 1));
        close("vᵀJ", &numbers(&answer["vjp"][input]["data"]), &pulled);
        let expected: Vec<f64> = tangents
            .iter()
            .flat_map(|(x, s)| sum(product(&hessian(input, "x"), x, 3), product(&hessian(input, "s"), s, 2)))
            .collect();
        assert_eq!(answer["hvp"]["loss"][input]["shape"], json!([2, n]));
        close("H·v", &numbers(&answer["hvp"]["loss"][input]["data"]), &expected);
    }
}

#[tokio::test]
async fn a_direction_by_some_inputs_leaves_the_others_where_they_are() {
    let mut document = network();
    document["tangent"] = json!({ "s": [1, 0] });
    document["want"] = json!(["jacobian", "jvp"]);
    let answer = ask("/jvp", &document).await;
    let column: Vec<f64> = numbers(&answer["jacobian"]["layer"]["s"]["data"]).into_iter().step_by(2).collect();
    close("first column", &numbers(&answer["jvp"]["layer"]["data"]), &column);
}

#[tokio::test]
async fn a_single_input_or_output_needs_no_name() {
    let document = json!({
        "define": { "f(x)": "[x[0]*x[1], sin(x[0])]" }, "at": { "x": [2, 3] },
        "tangent": [1, 0], "cotangent": { "shape": [2], "data": [1, 0] }, "want": ["jvp", "vjp"]
    });
    let answer = ask("/value", &document).await;
    close("J·v", &numbers(&answer["jvp"]["f"]["data"]), &[3.0, 2f64.cos()]);
    close("vᵀJ", &numbers(&answer["vjp"]["x"]["data"]), &[3.0, 2.0]);
}

#[tokio::test]
async fn every_derivative_of_a_batch_is_that_of_its_points() {
    let points = [[0.3, -0.2, 0.9], [1.0, 0.1, -0.4]];
    let by_point = [[1.0, 0.5, -2.0], [0.2, 0.0, 1.0]];
    let server = Server::start(&[]);
    let ask = async |at: Value, batch: Value, tangent: Value| -> Value {
        let mut document = network();
        document["at"] = at;
        document["batch"] = batch;
        document["want"] = json!({ "gradient": "loss", "hessian": "loss", "jvp": true, "vjp": true, "hvp": "loss" });
        document["tangent"] = tangent;
        document["cotangent"] = json!([{ "layer": [1, 0] }, { "layer": [-1, 2] }]);
        server.post("/value", document.to_string()).await.json().await.expect("JSON")
    };
    for list in [false, true] {
        let shared = json!([0.5, -1]);
        let direction = |x: Value| {
            if list {
                json!([{ "x": x, "s": shared }, { "x": x, "s": [0, 0] }])
            } else {
                json!({ "x": x, "s": shared })
            }
        };
        let whole = ask(json!({ "x": points, "s": [1.5, -0.5] }), json!(["x"]), direction(json!(by_point))).await;
        for (i, (point, tangent)) in points.iter().zip(by_point).enumerate() {
            let one = ask(json!({ "x": point, "s": [1.5, -0.5] }), json!([]), direction(json!(tangent))).await;
            for path in ["/gradient/loss/x", "/hessian/loss/s/x", "/jvp/layer", "/jvp/loss", "/vjp/x", "/hvp/loss/x"] {
                let (batch, alone) = (whole.pointer(path).expect(path), one.pointer(path).expect(path));
                close(path, &numbers(&batch["data"][i]), &numbers(&alone["data"]));
                let shape: Vec<u64> = alone["shape"].as_array().expect(path).iter().filter_map(Value::as_u64).collect();
                assert_eq!(batch["shape"], json!([vec![2], shape].concat()), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn an_interior_point_solver_needs_one_request() {
    // Hock and Schittkowski's problem 71 at its start, with multipliers for the Lagrangian.
    let document = json!({
        "define": {
            "f(x)": "x[0]*x[3]*(x[0] + x[1] + x[2]) + x[2]",
            "g(x)": "[prod(x), sum(x^2)]",
            "L(x)": "f(x) + dot(lambda_, g(x))"
        },
        "constants": { "lambda_": [-0.5, 0.25] },
        "of": ["f", "g", "L"],
        "at": { "x": [1, 5, 5, 1] },
        "want": { "value": ["f", "g"], "gradient": "f", "jacobian": ["g"], "hessian": "L" }
    });
    let answer = ask("/value", &document).await;
    let names = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(names(&answer["value"]), ["f", "g"], "{answer}");
    close(
        "f, g",
        &[numbers(&answer["value"]["f"]["data"]), numbers(&answer["value"]["g"]["data"])].concat(),
        &[16.0, 25.0, 52.0],
    );
    close("∇f", &numbers(&answer["gradient"]["f"]["x"]["data"]), &[12.0, 1.0, 2.0, 11.0]);
    close("J", &numbers(&answer["jacobian"]["g"]["x"]["data"]), &[25.0, 5.0, 5.0, 25.0, 2.0, 10.0, 10.0, 2.0]);
    let (x, lambda) = ([1.0, 5.0, 5.0, 1.0], [-0.5, 0.25]);
    let mut h = [[0.0; 4]; 4];
    let objective =
        [[2.0 * x[3], x[3], x[3], 2.0 * x[0] + x[1] + x[2]], [x[3], 0.0, 0.0, x[0]], [x[3], 0.0, 0.0, x[0]]];
    for (i, row) in h.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            let rest: f64 = (0..4).filter(|k| *k != i && *k != j).map(|k| x[k]).product();
            let from_f = objective.get(i).map_or_else(|| objective.get(j).map_or(0.0, |r| r[i]), |r| r[j]);
            *entry = from_f + if i == j { 2.0 * lambda[1] } else { lambda[0] * rest };
        }
    }
    close("∇²L", &numbers(&answer["hessian"]["L"]["x"]["x"]["data"]), &h.concat());
    assert!(answer["method"]["mode"].is_string() && answer["method"]["hessian"]["mode"].is_string());
}

#[tokio::test]
async fn the_determinant_of_a_square_jacobian_is_told_by_sign_and_logarithm() {
    let polar = json!({
        "define": { "f(r, t)": "[r*cos(t), r*sin(t)]" }, "at": [{ "r": 2, "t": 0.5 }, { "r": 0, "t": 0.5 }],
        "want": ["logabsdet"]
    });
    let answer = ask("/jacobian", &polar).await;
    let found = &answer["logabsdet"]["f"];
    // The determinant of polar coordinates is r; at r = 0 it vanishes, and that is no error.
    assert_eq!(found["sign"]["data"], json!([1.0, 0.0]), "{answer}");
    close("log|det J|", &numbers(&found["logabsdet"]["data"][0]), &[2f64.ln()]);
    assert_eq!(found["logabsdet"]["data"][1], "-Infinity");
    assert_eq!(found["logabsdet"]["shape"], json!([2]));
}

#[tokio::test]
async fn singular_values_come_with_rank_and_condition() {
    // The Jacobian is [[3, 0], [0, 4]] by x and a column of zeros by y; then one of rank 1.
    let document = json!({
        "define": { "f(x, y)": "[3*x[0], 4*x[1] + 0*y]", "g(x, y)": "(x[0] + x[1]) * [1, 2]" },
        "of": ["f", "g"], "at": [{ "x": [1, 2], "y": 5 }, { "x": [0, 0], "y": 1 }], "want": "singular_values"
    });
    let answer = ask("/jacobian", &document).await;
    let (f, g) = (&answer["singular_values"]["f"], &answer["singular_values"]["g"]);
    assert_eq!(f["shape"], json!([2, 2]), "{answer}");
    close("σ", &numbers(&f["data"]), &[4.0, 3.0, 4.0, 3.0]);
    assert_eq!(f["rank"], json!({ "shape": [2], "data": [2.0, 2.0] }));
    close("condition", &numbers(&f["condition"]["data"]), &[4.0 / 3.0, 4.0 / 3.0]);
    close("√10", &numbers(&g["data"][0])[..1], &[10f64.sqrt()]);
    assert_eq!(g["rank"]["data"], json!([1.0, 1.0]));
    assert_eq!(g["condition"]["data"], json!(["Infinity", "Infinity"]));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place() {
    let refusals = [
        (json!({ "want": ["jvp"] }), "missing_field", "/tangent"),
        (json!({ "want": ["vjp"] }), "missing_field", "/cotangent"),
        (json!({ "want": ["hessian"] }), "not_scalar", "/of"),
        (json!({ "want": { "hessian": "layer" } }), "not_scalar", "/want/hessian"),
        (json!({ "want": { "hessian": "lose" } }), "unknown_name", "/want/hessian"),
        (json!({ "want": ["logabsdet"] }), "shape", "/want"),
        (json!({ "want": ["jvp"], "tangent": { "x": [1, 2] } }), "shape", "/tangent/x"),
        (json!({ "want": ["jvp"], "tangent": [{ "x": [1, 2] }] }), "shape", "/tangent/0/x"),
        (json!({ "want": ["jvp"], "tangent": { "W": [1, 2] } }), "unknown_name", "/tangent/W"),
        (json!({ "want": ["jvp"], "tangent": [1, 2, 3] }), "invalid_value", "/tangent"),
        (json!({ "want": ["vjp"], "cotangent": { "f": 1 } }), "unknown_name", "/cotangent/f"),
        (json!({ "want": ["value"], "verify": true }), "invalid_value", "/verify"),
    ];
    let server = Server::start(&[]);
    for (change, code, pointer) in refusals {
        let mut document = network();
        for (field, value) in change.as_object().expect("fields") {
            document[field] = value.clone();
        }
        let response = server.post("/value", document.to_string()).await;
        assert_eq!(response.status(), 422, "{change}");
        let problem: Value = response.json().await.expect("JSON");
        let error = &problem["errors"][0];
        assert_eq!((error["code"].as_str(), error["pointer"].as_str()), (Some(code), Some(pointer)), "{problem}");
    }
}

#[tokio::test]
async fn a_check_foretells_every_shape() {
    let mut document = network();
    document["want"] = json!({ "gradient": "loss", "hessian": "loss", "jvp": true, "vjp": true, "hvp": "loss" });
    document["tangent"] = json!([{ "x": [1, 0, 0] }, { "x": [0, 1, 0] }, { "x": [0, 0, 1] }]);
    document["cotangent"] = json!({ "loss": 1 });
    let foretold = ask("/check", &document).await;
    let answer = ask("/value", &document).await;
    for path in ["/gradient/loss/s", "/hessian/loss/x/s", "/jvp/layer", "/jvp/loss", "/vjp/s", "/hvp/loss/x"] {
        let shape = |a: &Value| a.pointer(&format!("{path}/shape")).cloned();
        assert!(shape(&answer).is_some(), "{path}: {answer}");
        assert_eq!(shape(&foretold), shape(&answer), "{path}");
    }
}

#[tokio::test]
async fn what_is_computed_of_rows_that_are_picked_often_has_the_same_bits_and_warnings_as_pick_by_pick() {
    let camera: Vec<usize> = (0..40).map(|i| [0, 2, 1, 2][i % 4]).collect();
    let points: Vec<Vec<f64>> = (0..40).map(|i| (0..3).map(|j| (0.3 * f64::from(i * 3 + j)).sin()).collect()).collect();
    let document = |trace: bool| {
        json!({
            "define": {
                "angle(c)": "norm(take(c, camera, axis=0), axis=1, keepdims=True)",
                "f(c, x)": ["r = take(c, camera, axis=0)", "x*sin(r) + angle(c)*exp(-x^2) + max(r, axis=1)[:, None]"]
            },
            "of": "f",
            "constants": { "camera": camera },
            "at": { "c": [[0.2, -0.7, 1.1], [0, 0, 0], [0.4, 0.4, -2]], "x": points },
            "trace": trace
        })
    };
    let server = Server::start(&[]);
    let mut answers = Vec::new();
    // What is traced is computed as it is written.
    for trace in [false, true] {
        let response = server.post("/jacobian", document(trace).to_string()).await;
        let answer: Value = response.json().await.expect("JSON");
        let kinks = answer["warnings"].as_array().map_or(0, Vec::len);
        assert!(kinks >= 2, "the length of a row of zeros, and equal elements: {}", answer["warnings"]);
        answers.push([&answer["value"], &answer["jacobian"], &answer["warnings"]].map(Value::clone));
    }
    assert_eq!(answers[0], answers[1]);
}
