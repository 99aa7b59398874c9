//! Layers and a whole network, asked of the running server, against JAX: every number that
//! `layers.py` and `lenet.py` tell of values, Jacobians and gradients.

use serde_json::{Map, Value, json};

use crate::ask::{Jacobi, agree, golden, numbers};

const MODES: [&str; 2] = ["forward", "reverse"];

/// sin(first), sin(first + 1), … in a shape; the scripts have the same numbers.
fn waves(first: usize, shape: &[usize], scale: f64) -> Value {
    let count: usize = shape.iter().product();
    let data: Vec<f64> = (first..first + count).map(|i| (i as f64).sin() / scale).collect();
    json!({ "shape": shape, "data": data })
}

fn shape(value: &Value) -> Vec<usize> {
    numbers(value).iter().map(|&n| n as usize).collect()
}

/// The products cos(i) @ J and J @ sin(i) of a row-major matrix.
fn products(matrix: &[f64], columns: usize) -> (Vec<f64>, Vec<f64>) {
    let mut weighed = vec![0.0; columns];
    let mut along = Vec::new();
    for (i, row) in matrix.chunks_exact(columns).enumerate() {
        weighed.iter_mut().zip(row).for_each(|(sum, x)| *sum += (i as f64).cos() * x);
        along.push(row.iter().enumerate().map(|(j, x)| (j as f64).sin() * x).sum());
    }
    (weighed, along)
}

#[tokio::test]
async fn layers_with_odd_settings_are_those_of_another_library() {
    let jacobi = Jacobi::shared();
    let expected = golden("layers");
    for case in expected["cases"].as_array().expect("cases") {
        let call = case["call"].as_str().expect("a call");
        let shapes: Vec<Vec<usize>> = case["inputs"].as_array().expect("shapes").iter().map(shape).collect();
        let names = &["x", "y", "z"][..shapes.len()];
        let inputs = names.iter().enumerate();
        let at: Map<String, Value> =
            inputs.map(|(k, name)| ((*name).to_owned(), waves(7 * k, &shapes[k], 1.0))).collect();
        for mode in MODES {
            let document = json!({
                "define": { format!("f({})", names.join(", ")): call }, "at": at, "mode": mode, "encoding": "flat",
            });
            let (status, answer) = jacobi.send(&document).await;
            assert_eq!(status, 200, "{call}: {answer}");
            assert_eq!(answer["value"]["f"]["shape"], case["shape"], "{call}");
            agree(call, &answer["value"]["f"]["data"], &case["value"]);
            let mut total = vec![0.0; numbers(&case["value"]).len()];
            for (k, name) in names.iter().enumerate() {
                let block = &answer["jacobian"]["f"][name];
                let (weighed, along) = products(&numbers(&block["data"]), shapes[k].iter().product());
                agree(&format!("{call} by {name} in {mode} mode"), &json!(weighed), &case["weighed"][k]);
                total.iter_mut().zip(along).for_each(|(sum, x)| *sum += x);
            }
            agree(&format!("{call} along sin(i) in {mode} mode"), &json!(total), &case["along"]);
        }
    }
}

/// Compares an array with what is kept of it: sum, norm, projection on cos(i), every n-th entry.
fn tells(what: &str, array: &[f64], kept: &Value) {
    let projected: f64 = array.iter().enumerate().map(|(i, x)| (i as f64).cos() * x).sum();
    let norm = array.iter().map(|x| x * x).sum::<f64>().sqrt();
    let summary = [array.iter().sum(), norm, projected];
    agree(what, &json!(summary), &json!([kept["sum"], kept["norm"], kept["projection"]]));
    let step = kept["step"].as_u64().expect("a step");
    let entries: Vec<f64> = array.iter().step_by(usize::try_from(step).expect("a length")).copied().collect();
    agree(what, &json!(entries), &kept["entries"]);
}

#[tokio::test]
async fn lenet_by_its_image_is_that_of_another_library() {
    let jacobi = Jacobi::shared();
    let expected = golden("lenet");
    let answer = jacobi.answer("lenet").await;
    agree("scores", &json!(answer.value("lenet")), &expected["scores"]);
    let jacobian = answer.jacobian("lenet", &["image"]);
    for (i, kept) in expected["jacobian"].as_array().expect("rows").iter().enumerate() {
        let row: Vec<f64> = jacobian.row(i).iter().copied().collect();
        tells(&format!("row {i}"), &row, kept);
        agree("the middle of the image", &json!(row[14 * 28..15 * 28]), &expected["middle_row"][i]);
    }
}

#[tokio::test]
async fn the_gradient_of_a_loss_by_all_weights_of_lenet_is_that_of_another_library() {
    let jacobi = Jacobi::shared();
    let expected = golden("lenet");
    let mut document = crate::read(&crate::root().join("examples/lenet.json"));
    let mut constants = Map::new();
    // The formulas of the example's layers become constants, to be differentiated by.
    let scales = [("K1", 4.0), ("K2", 8.0), ("W3", 12.0), ("W4", 7.0), ("W5", 5.0)];
    let mut scales = scales.iter();
    for layer in document["define"]["lenet(image)"]["sequential"].as_array_mut().expect("layers") {
        if layer["weight"].is_string() {
            let (weight, scale) = scales.next().expect("five layers");
            let bias = weight.replace(['K', 'W'], "b");
            (layer["weight"], layer["bias"]) = (json!(weight), json!(bias));
            for (name, scale) in [((*weight).to_owned(), *scale), (bias, 10.0)] {
                let of = shape(&expected["gradient"][&name]["shape"]);
                constants.insert(name, waves(0, &of, scale));
            }
        }
    }
    document["define"]["loss(image)"] = json!("logsumexp(lenet(image)) - lenet(image)[3]");
    document["of"] = json!("loss");
    document["constants"] = json!(constants);
    document["encoding"] = json!("flat");
    let weights = expected["gradient"].as_object().expect("weights");
    // Forward mode, at a sweep for each number, is tried by few of them.
    let by: [Vec<&str>; 2] = [vec!["K1", "b1", "b2"], weights.keys().map(String::as_str).collect()];
    for (mode, by) in MODES.iter().zip(by) {
        (document["mode"], document["wrt"]) = (json!(mode), json!(by));
        let (status, answer) = jacobi.send(&document).await;
        assert_eq!(status, 200, "{answer}");
        agree("loss", &answer["value"]["loss"]["data"], &expected["loss"]);
        for name in by {
            let gradient = numbers(&answer["jacobian"]["loss"][name]["data"]);
            tells(&format!("{name} in {mode} mode"), &gradient, &weights[name]);
        }
    }
}
