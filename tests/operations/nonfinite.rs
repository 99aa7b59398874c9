//! A NaN or an infinity in an answer is refused by name, unless the document allows it.

use serde_json::{Value, json};

use crate::cases::public;
use crate::numerics::{MODES, ask};
use jacobi::engine::Endpoint;
use jacobi::fault::{Code, Fault};

fn refused(document: &Value, endpoint: Endpoint) -> Fault {
    let mut faults = ask(document, endpoint).expect_err(&format!("{document} is answered"));
    assert_eq!(faults[0].code, Code::NonFinite, "{faults:?}");
    faults.swap_remove(0)
}

#[test]
fn the_operation_the_stage_and_the_element_are_named() {
    for mode in MODES {
        let document = json!({
            "define": { "g1(x)": "log(x)", "g2(y)": "sum(y^2)", "f(x)": "g2(g1(x))" },
            "of": "f",
            "at": { "x": [1, 2, 3, -1] },
            "mode": mode,
        });
        let fault = refused(&document, Endpoint::Jacobian);
        for part in ["`log`", "-1.0", "`g1`", "[3]", "NaN"] {
            assert!(fault.detail.contains(part), "{part} is missing in {}", fault.detail);
        }
        assert_eq!(fault.pointer, "/define/g1(x)");
        assert_eq!(fault.place.expect("a place").column, 1);
    }
}

#[test]
fn the_first_cause_is_blamed_not_its_consequences() {
    let blamed = [
        ("exp(1/x) - exp(1/x)", "divide"),
        ("sum(sqrt(x) * 3) + 1", "sqrt"),
        ("[1, 2] @ [log(x), 1]", "log"),
        ("where(x > -5, acosh(x), log(x))", "acosh"),
        ("sum(inv([[x, x], [x, x]]))", "inv"),
        ("sum(max_pool([1, 1/x, 2], [2], padding=1))", "divide"),
        ("sum(attention([[x]], [[x], [1]], [[1/x], [2]], mask=[1, 0]))", "divide"),
        ("sum(attention([[x]], [[1], [x]], [[1], [x]], mask=[0, 0]))", "attention"),
        ("norm([1e200 * 1e200 * (x + 1), 1])", "multiply"),
    ];
    for (expression, operation) in blamed {
        let document = json!({ "define": { "f(x)": expression }, "at": { "x": 0 } });
        let document =
            if operation == "sqrt" { json!({ "define": { "f(x)": expression }, "at": { "x": -1 } }) } else { document };
        let fault = refused(&document, Endpoint::Value);
        assert!(fault.detail.contains(&format!("`{operation}`")), "{expression}: {}", fault.detail);
    }
}

#[test]
fn a_derivative_by_itself_is_refused_where_the_function_has_no_value() {
    // The formulas of these derivatives give numbers there.
    for (expression, x) in [("log(x)", -1.0), ("logit(x)", 2.0), ("atanh(x)", 2.0), ("3*x - log(x - 5)", 1.0)] {
        for mode in MODES {
            let document =
                json!({ "define": { "f(x)": expression }, "at": { "x": x }, "want": "jacobian", "mode": mode });
            let fault = refused(&document, Endpoint::Jacobian);
            assert!(fault.detail.contains("NaN"), "{expression}: {}", fault.detail);
        }
    }
}

#[test]
fn a_value_that_is_too_large_to_be_written_does_not_keep_back_its_derivative() {
    let document = |want: &str| json!({ "define": { "f(x)": "2*x" }, "at": { "x": 1e308 }, "want": want });
    for mode in MODES {
        let mut document = document("jacobian");
        document["mode"] = json!(mode);
        let answer = ask(&document, Endpoint::Jacobian).expect("a derivative");
        assert_eq!(answer["jacobian"]["f"]["x"]["data"], json!([[2.0]]), "{answer}");
    }
    refused(&document("value"), Endpoint::Value);
}

#[test]
fn a_derivative_that_is_infinite_is_named_as_such() {
    for expression in ["sqrt(x)", "cbrt(x)", "x^0.5"] {
        let document = json!({ "define": { "f(x)": expression }, "at": { "x": 0 } });
        for mode in MODES {
            let mut document = document.clone();
            document["mode"] = json!(mode);
            let fault = refused(&document, Endpoint::Jacobian);
            assert!(fault.detail.contains("derivative"), "{expression}: {}", fault.detail);
        }
        ask(&document, Endpoint::Value).expect("the value itself is finite");
    }
}

#[test]
fn a_document_may_ask_for_such_values() {
    let ask_for = |how: &str| {
        let document = json!({ "define": { "f(x)": "log(x)" }, "at": { "x": [0, -1, 1] }, "nonfinite": how });
        ask(&document, Endpoint::Value).expect("an answer")["value"]["f"]["data"].clone()
    };
    assert_eq!(ask_for("string"), json!(["-Infinity", "NaN", 0.0]));
    assert_eq!(ask_for("null"), json!([null, null, 0.0]));
}

#[test]
fn operations_that_can_be_undefined_say_when() {
    for name in
        ["log", "sqrt", "divide", "acosh", "asin", "lgamma", "inv", "solve", "cholesky", "erfinv", "bessel_y0", "logit"]
    {
        let (_, row) = public().find(|(_, row)| row.name == name).expect("a row");
        assert!(!row.undefined.is_empty(), "{name}");
    }
}

#[test]
fn special_functions_are_refused_where_they_are_undefined() {
    let refusals = [
        ("y0(x)", -1.0, "bessel_y0"),
        ("bessel_y1(x)", 0.0, "bessel_y1"),
        ("bessel_i0(x)", 800.0, "bessel_i0"),
        ("gamma(x)", -2.0, "gamma"),
        ("gamma(x)", 172.0, "gamma"),
        ("trigamma(x)", 0.0, "trigamma"),
        ("polygamma(3, x)", -1.0, "polygamma"),
        ("betaln(x, 1)", -0.5, "betaln"),
        ("gammainc(x, 2)", -1.0, "gammainc"),
        ("gammaincc(x, x)", 0.0, "gammaincc"),
        ("erfcx(x)", -27.0, "erfcx"),
        ("logit(x)", 1.5, "logit"),
        ("xlogy(x, -1)", 1.0, "xlogy"),
        ("normal_cdf(1, scale=x)", -2.0, "normal_cdf"),
        ("normal_logpdf(1, 0, x)", 0.0, "normal_logpdf"),
    ];
    for (expression, x, operation) in refusals {
        let fault = refused(&json!({ "define": { "f(x)": expression }, "at": { "x": x } }), Endpoint::Value);
        assert!(fault.detail.contains(&format!("`{operation}`")), "{expression}: {}", fault.detail);
        assert!(
            fault.hint.is_some_and(|h| h.contains("undefined: ")),
            "{expression} says nothing of where it is defined"
        );
    }
}

#[test]
fn a_special_function_with_a_value_but_no_derivative_is_refused_as_a_derivative() {
    for (expression, x) in [("xlogy(x, 0)", 0.0), ("gammainc(0.5, x)", 0.0)] {
        let document = json!({ "define": { "f(x)": expression }, "at": { "x": x } });
        let fault = refused(&document, Endpoint::Jacobian);
        assert!(!fault.detail.is_empty());
    }
    let document = json!({ "define": { "f(x)": "gammainc(0.5, x)" }, "at": { "x": 0 } });
    ask(&document, Endpoint::Value).expect("the value itself is finite");
}

#[test]
fn the_order_of_polygamma_is_known_and_in_range() {
    for (expression, code) in [("polygamma(x, x)", Code::InvalidValue), ("polygamma(-1, x)", Code::InvalidValue)] {
        let document = json!({ "define": { "f(x)": expression }, "at": { "x": 1 } });
        let faults = ask(&document, Endpoint::Value).expect_err("the order is no whole number in range");
        assert_eq!(faults[0].code, code, "{faults:?}");
        assert!(faults[0].detail.contains("polygamma"), "{faults:?}");
    }
}
