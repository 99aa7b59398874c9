//! The objectives of ADBench against JAX: every value and every entry of every Jacobian, and against the
//! few entries that ADBench's own tests hold.

use serde_json::{Value, json};

use crate::ask::{Answer, Jacobi, close, example, golden, names, number, numbers, row_major, sparse_rows};

/// Relative difference allowed. A reprojection error is the difference of two numbers a thousand times its size.
const TOLERANCE: f64 = 1e-11;

/// Checks an answer against `tests/golden/adbench/{name}.json`.
fn check(name: &str, answer: &Answer) {
    let expected = golden(&format!("adbench/{name}"));
    let inputs = names(&expected["inputs"]);
    for (output, known) in expected["outputs"].as_object().expect("outputs") {
        close(&format!("{name}: {output}"), &answer.value(output), &known["value"], TOLERANCE);
        let jacobian = row_major(&answer.jacobian(output, &inputs));
        close(&format!("{name}: J of {output}"), &jacobian, &known["jacobian"], TOLERANCE);
    }
}

#[tokio::test]
async fn gaussian_mixture() {
    let answer = Jacobi::shared().answer("adbench/gmm").await;
    check("gmm", &answer);
    let gradient = answer.jacobian("objective", &["alpha", "mu", "icf"]);
    let published = json!([8.073_804_080_049_758, 1.086_628_555_086_524_6e-1, -9.946_409_304_663_228e-1]);
    let got = [answer.value("objective")[0], gradient[(0, 0)], gradient[(0, 17)]];
    close("ADBench's own test", &got, &published, TOLERANCE);
}

#[tokio::test]
async fn gaussian_mixture_twice() {
    let mut document = example("adbench/gmm");
    document["want"] = json!(["hessian"]);
    let (status, body) = Jacobi::shared().send(&document).await;
    assert_eq!(status, 200, "{body}");
    let expected = golden("adbench/gmm");
    let inputs = names(&expected["inputs"]);
    let rows = inputs.iter().flat_map(|a| {
        let block = |b: &&str| body["hessian"]["objective"][a][b]["data"].as_array().expect("rows").clone();
        let blocks: Vec<_> = inputs.iter().map(block).collect();
        (0..blocks[0].len()).flat_map(move |i| blocks.iter().flat_map(|block| numbers(&block[i])).collect::<Vec<_>>())
    });
    close("Hessian", &rows.collect::<Vec<_>>(), &expected["hessian"], TOLERANCE);
}

#[tokio::test]
async fn bundle_adjustment() {
    let answer = Jacobi::shared().answer("adbench/ba").await;
    check("ba", &answer);
    let by = |input| answer.jacobian("reprojection", &[input]);
    let published = json!([2.288_772_022_082_467_6e2, 6.345_748_114_955_454e2, 6.233_359_215_530_64e-1]);
    let (cams, w) = (by("cams"), by("w"));
    close("ADBench's own test", &[cams[(0, 0)], cams[(0, 1)], w[(1, 0)]], &published, TOLERANCE);
}

#[tokio::test]
async fn bundle_adjustment_where_no_camera_is_rotated() {
    let mut document = example("adbench/ba");
    for camera in document["at"]["cams"].as_array_mut().expect("cameras") {
        for angle in &mut camera.as_array_mut().expect("parameters")[..3] {
            *angle = Value::from(0);
        }
    }
    check("ba_unrotated", &Jacobi::shared().both("adbench/ba, unrotated", &document).await);
}

/// So many cameras, points and observations, all as the first of the example.
fn replicated(cameras: usize, points: usize, observations: usize) -> Value {
    let mut document = example("adbench/ba");
    let index = |n: usize| json!((0..observations).map(|i| i % n).collect::<Vec<_>>());
    document["constants"]["camera"] = index(cameras);
    document["constants"]["point"] = index(points);
    for (input, n) in [("cams", cameras), ("X", points), ("w", observations)] {
        document["at"][input] = json!(vec![document["at"][input][0].clone(); n]);
    }
    document["format"] = json!("csr");
    document
}

#[tokio::test]
async fn bundle_adjustment_takes_as_few_sweeps_for_many_observations_as_for_one() {
    let jacobi = Jacobi::shared();
    let expected = golden("adbench/ba");
    let dense = &expected["outputs"]["reprojection"]["jacobian"];
    let mut colours = Vec::new();
    for (cameras, points, observations) in [(2, 10, 10), (7, 60, 400)] {
        let (status, body) = jacobi.send(&replicated(cameras, points, observations)).await;
        assert_eq!((status, &body["method"]["mode"]), (200, &json!("sparse")), "{body}");
        // Where the entries of the first observation stand in the dense Jacobian of the example, and how many.
        for (input, first, width, count) in [("cams", 0, 11, cameras), ("X", 22, 3, points), ("w", 52, 1, observations)]
        {
            let block = sparse_rows(&body["jacobian"]["reprojection"][input]);
            assert_eq!(block.len(), 2 * observations);
            for (i, row) in block.iter().enumerate() {
                let start = i / 2 % count * width;
                let mut filled = vec![0.0; width];
                for &(column, element) in row {
                    assert!((start..start + width).contains(&column), "{input}: row {i} has an entry in {column}");
                    filled[column - start] = element;
                }
                let known = &dense[i % 2].as_array().expect("a row")[first..first + width];
                close(&format!("{input}, row {i}"), &filled, &json!(known), TOLERANCE);
            }
        }
        let zach: Vec<f64> =
            sparse_rows(&body["jacobian"]["weight"]["w"]).into_iter().flatten().map(|(_, x)| x).collect();
        close("weight", &zach, &json!(vec![-2.0 * 0.417_022; observations]), TOLERANCE);
        colours.push(body["method"]["colours"].clone());
    }
    // A row has eleven entries for its camera, three for its point and one for its weight.
    let sweeps: f64 = ["forward", "reverse"].iter().map(|way| number(&colours[0][way])).sum();
    assert!(sweeps <= 15.0, "{sweeps} sweeps");
    assert_eq!(colours[0], colours[1]);
}

#[tokio::test]
async fn hand_tracking() {
    let jacobi = Jacobi::shared();
    let answer = jacobi.answer("adbench/hand_test").await;
    check("hand_test", &answer);
    let j = answer.jacobian("error", &["theta"]);
    let published = json!([1.651_931_479_416_115_5e-1, -1.955_129_593_412_827_5e-2, -3.453_268_937_682_813_6e-2]);
    close("ADBench's own test", &[answer.value("error")[0], j[(0, 0)], j[(3, 18)]], &published, TOLERANCE);
    check("hand", &jacobi.answer("adbench/hand").await);
    check("hand_complicated", &jacobi.answer("adbench/hand_complicated").await);
}

#[tokio::test]
async fn long_short_term_memory() {
    let jacobi = Jacobi::shared();
    check("lstm_test", &jacobi.answer("adbench/lstm_test").await);
    // Forward mode would take a sweep for each of 266 weights through 1023 steps.
    check("lstm", &Answer::from(jacobi.post("adbench/lstm", "reverse").await));
}
