//! Published numbers: every job in `tests/golden/` is asked of a running server with the request in
//! `examples/`, in forward and in reverse mode, and every number it is known to have is checked.

#[path = "golden/adbench.rs"]
mod adbench;
#[path = "golden/ask.rs"]
mod ask;
#[path = "golden/networks.rs"]
mod networks;
#[path = "golden/special.rs"]
mod special;
mod support;

use ask::{
    Jacobi, ROUNDING, agree, close, example, golden, names, number, numbers, read, root, row_major, sparse_rows,
};
use faer::Mat;
use serde_json::json;

#[tokio::test]
async fn gum_h1_sensitivities_and_combined_uncertainty() {
    let jacobi = Jacobi::shared();
    let expected = golden("gum_h1");
    let answer = jacobi.answer("gum_h1").await;
    let inputs = answer.check(&expected, "gum_h1");
    let sensitivity = answer.jacobian("l", &inputs);
    let uncertainty = numbers(&expected["standard_uncertainty"]);
    let parts = Mat::from_fn(1, uncertainty.len(), |_, j| sensitivity[(0, j)] * uncertainty[j]);
    let combined = parts.norm_l2();
    close("u(l)", &[combined], &expected["combined_uncertainty"], ROUNDING);
    assert_eq!(combined.round(), number(&expected["published_combined_uncertainty"]));
}

#[tokio::test]
async fn gum_h2_propagates_correlated_uncertainty() {
    let jacobi = Jacobi::shared();
    let expected = golden("gum_h2");
    let answer = jacobi.answer("gum_h2").await;
    let inputs = answer.check(&expected, "gum_h2");
    let j = answer.jacobian("f", &inputs);
    let u = numbers(&expected["input_uncertainty"]);
    let r = numbers(&expected["input_correlation"]);
    let covariance = Mat::from_fn(3, 3, |a, b| u[a] * u[b] * r[3 * a + b]);
    let output = &j * covariance * j.transpose();
    let deviation: Vec<f64> = (0..3).map(|i| output[(i, i)].sqrt()).collect();
    close("u(R), u(X), u(Z)", &deviation, &expected["output_uncertainty"], ROUNDING);
    let correlation: Vec<f64> =
        [(0, 1), (0, 2), (1, 2)].iter().map(|&(a, b)| output[(a, b)] / (deviation[a] * deviation[b])).collect();
    close("r(RX), r(RZ), r(XZ)", &correlation, &expected["output_correlation_RX_RZ_XZ"], ROUNDING);
}

#[tokio::test]
async fn hock_schittkowski_71_at_its_start_and_solution() {
    let jacobi = Jacobi::shared();
    let expected = golden("hs71");
    jacobi.answer("hs71").await.check(&expected["start"], "hs71");
    let solution = jacobi.answer("hs71_solution").await;
    solution.check(&expected["solution"], "hs71_solution");
    let published = &expected["published"];
    let tolerance = number(&published["tolerance"]);
    close("f*", &solution.value("f"), &published["f"], tolerance);
    close("g*", &solution.value("g"), &published["g"], tolerance);
}

#[tokio::test]
async fn more_garbow_hillstrom_residuals_and_gradients() {
    let jacobi = Jacobi::shared();
    let expected = golden("mgh");
    for (problem, known) in expected["problems"].as_object().expect("problems") {
        let answer = jacobi.answer(problem).await;
        answer.check(known, problem);
        let (r, j) = (answer.value("r"), answer.jacobian("r", &["x"]));
        let gradient: Vec<f64> =
            (0..j.ncols()).map(|k| r.iter().enumerate().map(|(i, ri)| 2.0 * j[(i, k)] * ri).sum()).collect();
        close(&format!("{problem}: 2 Jᵀr"), &gradient, &known["outputs"]["F"]["jacobian"], ROUNDING);
        close(&format!("{problem}: |J|"), &[j.norm_l2()], &known["frobenius_norm"], ROUNDING);
    }
}

#[tokio::test]
async fn puma_560_geometric_jacobian_and_manipulability() {
    let jacobi = Jacobi::shared();
    let expected = golden("puma560");
    let answer = jacobi.answer("puma560").await;
    answer.check(&expected, "puma560");
    let (p, r) = (answer.jacobian("p", &["q"]), answer.jacobian("R", &["q"]));
    let rotation = answer.value("R");
    // The angular velocity of joint k is the vector of the skew matrix S = dR/dq_k Rᵀ.
    let skew = |a: usize, b: usize, k: usize| (0..3).map(|c| r[(3 * a + c, k)] * rotation[3 * b + c]).sum();
    let geometric = Mat::from_fn(6, 6, |i, k| match i {
        0..3 => p[(i, k)],
        3 => skew(2, 1, k),
        4 => skew(0, 2, k),
        _ => skew(1, 0, k),
    });
    let decimals = number(&expected["geometric_jacobian_decimals"]);
    for (got, known) in row_major(&geometric).iter().zip(numbers(&expected["geometric_jacobian"])) {
        assert!((got - known).abs() <= decimals, "geometric Jacobian: got {got}, expected {known}");
    }
    let manipulability = |j: &Mat<f64>| (j * j.transpose()).determinant().sqrt();
    close("manipulability", &[manipulability(&geometric)], &expected["manipulability"], ROUNDING);
    close("by position", &[manipulability(&p)], &expected["translational_manipulability"], ROUNDING);
}

#[tokio::test]
async fn robertson_kinetics_conserve_mass() {
    let jacobi = Jacobi::shared();
    let answer = jacobi.answer("robertson").await;
    answer.check(&golden("robertson"), "robertson");
    let j = answer.jacobian("f", &["y"]);
    for column in j.col_iter() {
        let sum: f64 = column.iter().sum();
        assert!(sum.abs() <= ROUNDING * column.norm_max(), "a column of d f/d y sums to {sum:e}");
    }
}

#[tokio::test]
async fn van_der_pol_is_exact() {
    let jacobi = Jacobi::shared();
    jacobi.answer("van_der_pol").await.check(&golden("van_der_pol"), "van_der_pol");
}

#[tokio::test]
async fn planar_flow_jacobian_and_log_determinant() {
    let jacobi = Jacobi::shared();
    let expected = golden("planar_flow");
    let answer = jacobi.answer("planar_flow").await;
    let inputs = answer.check(&expected, "planar_flow");
    let determinant = answer.jacobian("f", &inputs).determinant();
    close("log|det J|", &[determinant.abs().ln()], &expected["logabsdet"], ROUNDING);
}

#[tokio::test]
async fn two_layer_network_value_and_jacobian() {
    let jacobi = Jacobi::shared();
    jacobi.answer("two_layer_network").await.check(&golden("two_layer_network"), "two_layer_network");
}

#[tokio::test]
async fn black_scholes_price_and_first_greeks() {
    let jacobi = Jacobi::shared();
    let expected = golden("black_scholes");
    let answer = jacobi.answer("black_scholes").await;
    close("price", &answer.value("price"), &expected["price"], ROUNDING);
    for (greek, input, sign) in [("delta", "S", 1.0), ("rho", "r", 1.0), ("vega", "sigma", 1.0), ("theta", "T", -1.0)] {
        let got = sign * answer.jacobian("price", &[input])[(0, 0)];
        close(greek, &[got], &expected[greek], ROUNDING);
    }
}

#[tokio::test]
async fn nist_regressions_reproduce_the_certified_standard_deviations() {
    let jacobi = Jacobi::shared();
    let expected = golden("nist");
    let tolerance = number(&expected["tolerance"]);
    for (dataset, certified) in expected["datasets"].as_object().expect("datasets") {
        let answer = jacobi.answer(&format!("nist/{dataset}")).await;
        let j = answer.jacobian("f", &names(&certified["inputs"]));
        let observed = numbers(&certified["y"]);
        let rss: f64 = answer.value("f").iter().zip(&observed).map(|(f, y)| (y - f).powi(2)).sum();
        assert_eq!(j.nrows(), observed.len(), "{dataset}: one row for each observation");
        close(&format!("{dataset}: RSS"), &[rss], &certified["rss"], tolerance);
        let variance = rss / (j.nrows() - j.ncols()) as f64;
        let deviations: Vec<f64> = inverse_gram_diagonal(&j).iter().map(|d| (variance * d).sqrt()).collect();
        close(&format!("{dataset}: standard deviations"), &deviations, &certified["standard_deviations"], tolerance);
    }
}

/// The diagonal of (JᵀJ)⁻¹, from the triangle of a QR of J with its columns scaled to unit length.
fn inverse_gram_diagonal(j: &Mat<f64>) -> Vec<f64> {
    let length: Vec<f64> = j.col_iter().map(|column| column.norm_l2()).collect();
    let scaled = Mat::from_fn(j.nrows(), j.ncols(), |i, k| j[(i, k)] / length[k]);
    let mut inverse = Mat::<f64>::identity(j.ncols(), j.ncols());
    scaled.qr().thin_R().solve_upper_triangular_in_place(inverse.as_mut());
    (0..j.ncols()).map(|k| (inverse.row(k).norm_l2() / length[k]).powi(2)).collect()
}

#[tokio::test]
async fn jacobians_that_are_mostly_zeros() {
    let jacobi = Jacobi::shared();
    let colours = [("bratu", [5, 0]), ("burgers", [3, 0]), ("arrow", [2, 1])];
    for (name, [forward, reverse]) in colours {
        let known = &golden("sparse")["examples"][name];
        let inputs = jacobi.answer(name).await.check(known, name);
        let mut document = example(name);
        document["format"] = json!("csr");
        let (status, body) = jacobi.send(&document).await;
        assert_eq!(status, 200, "{name}: {body}");
        assert_eq!(body["method"]["colours"], json!({ "forward": forward, "reverse": reverse }), "{name}");
        for (output, known) in known["outputs"].as_object().expect("outputs") {
            let rows = sparse_rows(&body["jacobian"][output][inputs[0]]);
            let dense = known["jacobian"].as_array().expect("rows");
            assert_eq!(rows.len(), dense.len(), "{name}");
            for (i, (row, dense)) in rows.iter().zip(dense).enumerate() {
                let mut filled = vec![0.0; numbers(dense).len()];
                for &(column, element) in row {
                    filled[column] = element;
                }
                close(&format!("{name}, row {i}"), &filled, dense, ROUNDING);
            }
        }
    }
}

#[tokio::test]
async fn loops_of_hundreds_of_steps() {
    let jacobi = Jacobi::shared();
    for (example, known) in golden("loops")["examples"].as_object().expect("examples") {
        jacobi.answer(example).await.check(known, example);
    }
}

#[tokio::test]
async fn didactic_examples_are_right() {
    let jacobi = Jacobi::shared();
    let expected = golden("didactic");
    for (example, known) in expected["examples"].as_object().expect("examples") {
        let answer = jacobi.answer(example).await;
        let inputs = names(&known["inputs"]);
        for (output, numbers) in known["outputs"].as_object().expect("outputs") {
            let jacobian = row_major(&answer.jacobian(output, &inputs));
            agree(&format!("{example}: {output}"), &json!(answer.value(output)), &numbers["value"]);
            agree(&format!("{example}: J of {output}"), &json!(jacobian), &numbers["jacobian"]);
        }
    }
}

#[tokio::test]
async fn a_batch_and_a_list_of_points_lead_every_shape() {
    let jacobi = Jacobi::shared();
    let expected = golden("didactic");
    for (example, known) in expected["batched"].as_object().expect("examples") {
        let output = known["output"].as_str().expect("an output");
        let points = numbers(&known["value"]).len();
        for mode in ["forward", "reverse"] {
            let body = jacobi.post(example, mode).await;
            let value = &body["value"][output];
            assert_eq!(value["shape"], json!([points]), "{example}");
            agree(&format!("{example}: {output}"), &value["data"], &known["value"]);
            for (input, rows) in known["by"].as_object().expect("inputs") {
                let jacobian = &body["jacobian"][output][input];
                let columns = numbers(rows).len() / points;
                assert_eq!(jacobian["shape"], json!([points, 1, columns]), "{example} by {input}");
                agree(&format!("{example}: {output} by {input}"), &jacobian["data"], rows);
            }
        }
    }
}

#[tokio::test]
async fn every_example_is_answered() {
    let jacobi = Jacobi::shared();
    for folder in ["examples", "examples/adbench", "examples/nist"].map(|folder| root().join(folder)) {
        for entry in std::fs::read_dir(&folder).expect("the folder of examples") {
            let path = entry.expect("an example").path();
            if path.extension().is_some_and(|e| e == "json") {
                let (status, body) = jacobi.send(&read(&path)).await;
                assert_eq!(status, 200, "{}: {body}", path.display());
            }
        }
    }
}
