//! Linear algebra: numbers known from elsewhere, and what is refused because it has no answer.

use serde_json::{Value, json};

use crate::numerics::{Array, MODES, ask};
use jacobi::engine::Endpoint;
use jacobi::fault::{Code, Fault};

/// Relative to the largest number of an array; both sides round.
const ROUNDING: f64 = 1e-12;

fn known() -> Value {
    serde_json::from_str(include_str!("../golden/matrices.json")).expect("the numbers are JSON")
}

fn agrees(what: &str, got: &Value, known: &Value) {
    let got = Array::read(got).data;
    let known: Vec<f64> = match known {
        Value::Array(list) => list.iter().map(|x| x.as_f64().expect("a number")).collect(),
        one => vec![one.as_f64().expect("a number")],
    };
    let size = known.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert_eq!(got.len(), known.len(), "{what}");
    for (x, y) in got.iter().zip(&known) {
        assert!((x - y).abs() <= ROUNDING * size, "{what}: {x} is not {y}");
    }
}

#[test]
fn values_jacobians_and_hessians_are_those_of_jax() {
    let known = known();
    for case in known["cases"].as_array().expect("cases") {
        let expression = case["expression"].as_str().expect("an expression");
        let mut document = json!({
            "define": { "f(x)": expression },
            "constants": known["constants"],
            "at": { "x": case["x"] },
            "encoding": "flat",
        });
        for mode in MODES {
            document["mode"] = json!(mode);
            let answer = ask(&document, Endpoint::Jacobian).unwrap_or_else(|f| panic!("{expression}: {f:?}"));
            agrees(expression, &answer["value"]["f"], &case["value"]);
            agrees(&format!("J of {expression}, {mode}"), &answer["jacobian"]["f"]["x"], &case["jacobian"]);
        }
        if case["hessian"].is_array() {
            document["mode"] = json!("auto");
            let answer = ask(&document, Endpoint::Hessian).unwrap_or_else(|f| panic!("{expression}: {f:?}"));
            agrees(&format!("H of {expression}"), &answer["hessian"]["f"]["x"]["x"], &case["hessian"]);
        }
    }
}

/// An expression in `x`, a point, what is asked, and parts of the fault's detail and hint.
struct Refused(&'static str, &'static [&'static [f64]], Endpoint, &'static str, &'static str);

const TWICE: &[&[f64]] = &[&[2.0, 0.0], &[0.0, 2.0]];
const LOST: &[&[f64]] = &[&[1.0, 2.0], &[2.0, 4.0], &[3.0, 6.0]];
const SKEWED: &[&[f64]] = &[&[0.0, 1.0], &[0.0, 0.0]];

const UNDEFINED: &[Refused] = &[
    // A basis of equal eigenvalues may turn freely: it has no derivative. Neither have the values a second one.
    Refused("eigh(x)[1]", TWICE, Endpoint::Jacobian, "derivative of `eigh`", "repeated eigenvalues"),
    Refused("sum(eigvalsh(x)^2)", TWICE, Endpoint::Hessian, "derivative of `eigvalsh`", "repeated eigenvalues"),
    Refused("eigvals(x)", SKEWED, Endpoint::Value, "`eigvals`", "not symmetric"),
    Refused("svd(x)[0]", TWICE, Endpoint::Jacobian, "derivative of `svd`", "repeated or zero singular values"),
    Refused("svd(x)[2]", LOST, Endpoint::Jacobian, "derivative of `svd`", "repeated or zero singular values"),
    Refused("svd(x)[0]", LOST, Endpoint::Jacobian, "derivative of `svd`", "repeated or zero singular values"),
    Refused("qr(x)[1]", LOST, Endpoint::Value, "`qr`", "linearly dependent"),
    Refused("lstsq(x, [1, 2, 3])", LOST, Endpoint::Value, "`lstsq`", "full rank"),
    Refused("pinv(x.T)", LOST, Endpoint::Value, "`pinv`", "full rank"),
    Refused("triangular_solve(x, [1, 2])", SKEWED, Endpoint::Value, "`triangular_solve`", "zero on the diagonal"),
    Refused("matrix_power(x, -1)", SKEWED, Endpoint::Value, "`matrix_power`", "singular"),
    Refused("expm(1000*x)", TWICE, Endpoint::Value, "`expm`", "overflows"),
];

fn refused(expression: &str, x: &Value, endpoint: Endpoint) -> Fault {
    let document = json!({ "define": { "f(x)": expression }, "at": { "x": x } });
    let answer = ask(&document, endpoint);
    answer.expect_err(&format!("{expression} at {x} is answered")).swap_remove(0)
}

#[test]
fn what_has_no_answer_says_why() {
    for Refused(expression, x, endpoint, detail, hint) in UNDEFINED {
        let fault = refused(expression, &json!(x), *endpoint);
        assert_eq!(fault.code, Code::NonFinite, "{expression}: {fault:?}");
        assert!(fault.detail.contains(detail), "{expression}: {}", fault.detail);
        let told = fault.hint.as_deref().unwrap_or_default();
        assert!(told.contains("undefined") && told.contains(hint), "{expression}: {told}");
    }
}

#[test]
fn values_equal_but_for_rounding_count_as_repeated() {
    // A rotated diag(1, 1, 4): the computed eigenvalues differ in their last digits.
    let q = "qr([[1, 2, 3], [4, 5, 7], [2, 0, 1]])[0]";
    let turned = format!("{q} @ diag(x) @ {q}.T");
    let document = |body: String| json!({ "define": { "f(x)": body }, "at": { "x": [1, 1, 4] }, "encoding": "flat" });
    let answer = ask(&document(format!("eigvalsh({turned})")), Endpoint::Jacobian).expect("an answer");
    let slopes = Array::read(&answer["jacobian"]["f"]["x"]).data;
    for (x, y) in slopes.iter().zip([0.5, 0.5, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 1.0]) {
        assert!((x - y).abs() < 1e-14, "{slopes:?}");
    }
    assert_eq!(answer["warnings"][0]["code"], json!("kink"));
    let faults = ask(&document(format!("eigh({turned})[1]")), Endpoint::Jacobian).expect_err("no derivative");
    assert_eq!(faults[0].code, Code::NonFinite);
}

#[test]
fn shapes_that_do_not_fit_are_told() {
    let wide = json!([[1, 2, 3], [4, 5, 6]]);
    for (expression, expected) in [
        ("eigh(x)[0]", "[..., n, n]"),
        ("eigvalsh(x)", "[..., n, n]"),
        ("expm(x)", "[..., n, n]"),
        ("matrix_power(x, 2)", "[..., n, n]"),
        ("triangular_solve(x, [1, 2])", "[..., n, n]"),
        ("qr(x[0])[0]", "[..., m, n]"),
        ("svd(x[0])[0]", "[..., m, n]"),
        ("svdvals(x[0, 0])", "[..., m, n]"),
        ("pinv(x[0])", "[..., m, n]"),
        ("lstsq(x[0], [1, 2, 3])", "[..., m, n]"),
        ("lstsq(x, [1, 2, 3])", "[2] or [..., 2, k]"),
        ("lstsq(x, 1)", "[2] or [..., 2, k]"),
    ] {
        let fault = refused(expression, &wide, Endpoint::Value);
        assert_eq!((fault.code, fault.expected.as_deref()), (Code::Shape, Some(expected)), "{expression}");
        let name = expression.split('(').next().expect("a name");
        assert!(fault.detail.contains(name), "{expression}: {}", fault.detail);
    }
    let fault = refused("matrix_power(x, 0.5)", &json!([[1, 2], [3, 4]]), Endpoint::Value);
    assert_eq!(fault.code, Code::InvalidValue);
}
