//! What a client may rely on: defaults, every field's words, and all faults at once.

use super::*;
use crate::json::{Encoding, Nonfinite, Order};

/// A sound document with fields added.
fn with(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"define": {{"g(x)": "x", "f(x)": "g(x)"}}, "at": {{"x": [1, 2]}}{comma} {fields}}}"#)
}

fn read(text: &str) -> Document {
    read_document(text.as_bytes()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn refused(text: &str) -> Vec<Fault> {
    read_document(text.as_bytes()).err().unwrap_or_else(|| panic!("{text} was read"))
}

/// The only fault of a document.
fn fault(text: &str) -> Fault {
    let mut faults = refused(text);
    assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    faults.remove(0)
}

#[test]
fn a_short_document_has_the_defaults() {
    let document = read(&with(""));
    assert_eq!(document.definitions.functions.len(), 2);
    assert_eq!(document.of, ["f"]);
    assert_eq!(document.at[0].0, "x");
    assert_eq!(document.at[0].1.shape, [2]);
    assert_eq!((document.points, document.trace, document.verify), (false, false, false));
    assert_eq!((document.wrt, document.want, document.time_ms), (None, None, None));
    assert_eq!((document.mode, document.layout, document.format), (Mode::Auto, Layout::Matrix, Format::Dense));
    assert_eq!(document.style, Style::default());
    assert!(document.batch.is_empty() && document.constants.is_empty());
}

#[test]
fn every_field_is_understood() {
    let document = read(&with(
        r#""constants": {"W": [[1, 2]], "λ": 0.1}, "of": ["g", "f"], "wrt": "W", "batch": "x",
        "want": ["gradient", "value", "gradient"], "mode": "reverse", "trace": true, "verify": true,
        "layout": "tensor", "format": "dense", "encoding": "base64", "order": "F",
        "nonfinite": "string", "limits": {"time_ms": 250}"#,
    ));
    assert_eq!(document.constants[0].1.shape, [1, 2]);
    assert_eq!(document.constants[1].0, "λ");
    assert_eq!(document.of, ["g", "f"]);
    assert_eq!(document.wrt, Some(vec!["W".to_owned()]));
    assert_eq!(document.batch, ["x"]);
    assert_eq!(document.want, Some(vec![Want::Gradient.into(), Want::Value.into()]));
    assert_eq!((document.mode, document.layout), (Mode::Reverse, Layout::Tensor));
    assert!(document.trace && document.verify);
    let style = Style { encoding: Encoding::Base64, order: Order::F, nonfinite: Nonfinite::Text };
    assert_eq!(document.style, style);
    assert_eq!(document.time_ms, Some(250));
}

#[test]
fn the_only_function_need_not_be_named() {
    assert_eq!(read(r#"{"define": {"loss(x)": "x"}, "at": {"x": 1}}"#).of, ["loss"]);
    let fault = fault(r#"{"define": {"a(x)": "x", "b(x)": "x"}, "at": {"x": 1}}"#);
    assert_eq!((fault.code, fault.pointer.as_str()), (Code::MissingField, "/of"));
    assert!(fault.detail.contains("a, b"), "{}", fault.detail);
}

#[test]
fn points_are_stacked() {
    let document = read(
        r#"{"define": {"f(x, y)": "x"}, "at": [{"x": 1, "y": [1, 2]}, {"y": [3, 4], "x": 2}, {"x": 3, "y": [5, 6]}]}"#,
    );
    assert!(document.points);
    assert_eq!(document.batch, ["x", "y"]);
    assert_eq!(document.at[0].1, Tensor::new(vec![3], vec![1., 2., 3.]).expect("shape"));
    assert_eq!(document.at[1].1, Tensor::new(vec![3, 2], vec![1., 2., 3., 4., 5., 6.]).expect("shape"));
}

#[test]
fn points_that_differ_are_told() {
    let at = |at: &str| format!(r#"{{"define": {{"f(x)": "x"}}, "at": {at}}}"#);
    for (points, code, pointer) in [
        ("[]", Code::InvalidValue, "/at"),
        ("[{}, {}]", Code::InvalidValue, "/at"),
        ("[1, 2]", Code::InvalidValue, "/at"),
        ("3", Code::InvalidValue, "/at"),
        (r#"[{"x": 1}, 2]"#, Code::InvalidValue, "/at/1"),
        (r#"[{"x": 1}, {"y": 1}]"#, Code::InvalidValue, "/at/1"),
        (r#"[{"x": 1}, {"x": 1, "y": 2}]"#, Code::InvalidValue, "/at/1"),
        (r#"[{"x": [1]}, {"x": [1]}, {"x": [1, 2]}]"#, Code::Shape, "/at/2/x"),
        (r#"[{"x": 1}, {"x": null}]"#, Code::InvalidValue, "/at/1/x"),
        (r#"[{"x": 1, "x": 2}]"#, Code::DuplicateName, "/at/0/x"),
    ] {
        let fault = fault(&at(points));
        assert_eq!((fault.code, fault.pointer.as_str()), (code, pointer), "{points}: {}", fault.detail);
    }
    let both = fault(r#"{"define": {"f(x)": "x"}, "at": [{"x": [1]}], "batch": "x"}"#);
    assert_eq!(both.pointer, "/batch");
}

#[test]
fn each_wrong_field_is_told_with_its_pointer() {
    for (field, code, pointer) in [
        (r#""on": "f""#, Code::UnknownField, "/on"),
        (r#""define": {}"#, Code::DuplicateName, "/define"),
        (r#""of": "h""#, Code::UnknownName, "/of"),
        (r#""of": ["f", "f"]"#, Code::DuplicateName, "/of/1"),
        (r#""of": []"#, Code::InvalidValue, "/of"),
        (r#""of": [1, 2]"#, Code::InvalidValue, "/of"),
        (r#""of": ["f", 1]"#, Code::InvalidValue, "/of/1"),
        (r#""wrt": []"#, Code::InvalidValue, "/wrt"),
        (r#""wrt": ["x", "x"]"#, Code::DuplicateName, "/wrt/1"),
        (r#""wrt": null"#, Code::InvalidValue, "/wrt"),
        (r#""batch": ["y"]"#, Code::UnknownName, "/batch/0"),
        (r#""constants": [1]"#, Code::InvalidValue, "/constants"),
        (r#""constants": {"a b": 1}"#, Code::InvalidValue, "/constants/a b"),
        (r#""constants": {"f": 1}"#, Code::DuplicateName, "/constants/f"),
        (r#""constants": {"c": 1, "c": 1}"#, Code::DuplicateName, "/constants/c"),
        (r#""constants": {"c": [1, [2]]}"#, Code::Ragged, "/constants/c/1"),
        (r#""want": []"#, Code::InvalidValue, "/want"),
        (r#""want": "jacobain""#, Code::InvalidValue, "/want"),
        (r#""want": ["value", "hesian"]"#, Code::InvalidValue, "/want/1"),
        (r#""want": {}"#, Code::InvalidValue, "/want"),
        (r#""want": {"hesian": "f"}"#, Code::UnknownField, "/want/hesian"),
        (r#""want": {"hessian": 1}"#, Code::InvalidValue, "/want/hessian"),
        (r#""mode": "fast""#, Code::InvalidValue, "/mode"),
        (r#""format": "csc""#, Code::InvalidValue, "/format"),
        (r#""format": "csr", "layout": "tensor""#, Code::InvalidValue, "/layout"),
        (r#""tangent": {}"#, Code::InvalidValue, "/tangent"),
        (r#""tangent": []"#, Code::InvalidValue, "/tangent"),
        (r#""tangent": {"x": null}"#, Code::InvalidValue, "/tangent/x"),
        (r#""tangent": [{"x": 1}, {"y": 1}]"#, Code::InvalidValue, "/tangent/1"),
        (r#""cotangent": "f""#, Code::InvalidValue, "/cotangent"),
        (r#""trace": "yes""#, Code::InvalidValue, "/trace"),
        (r#""verify": 1"#, Code::InvalidValue, "/verify"),
        (r#""layout": 1"#, Code::InvalidValue, "/layout"),
        (r#""encoding": "hex""#, Code::InvalidValue, "/encoding"),
        (r#""order": "f""#, Code::InvalidValue, "/order"),
        (r#""nonfinite": null"#, Code::InvalidValue, "/nonfinite"),
        (r#""limits": 5"#, Code::InvalidValue, "/limits"),
        (r#""limits": {"time_ms": 0}"#, Code::InvalidValue, "/limits/time_ms"),
        (r#""limits": {"time": 1}"#, Code::UnknownField, "/limits/time"),
    ] {
        let fault = fault(&with(field));
        assert_eq!((fault.code, fault.pointer.as_str()), (code, pointer), "{field}: {}", fault.detail);
    }
}

#[test]
fn batched_inputs_share_a_leading_axis() {
    let batch = |at: &str| format!(r#"{{"define": {{"f(x, y)": "x"}}, "at": {at}, "batch": ["x", "y"]}}"#);
    assert_eq!(read(&batch(r#"{"x": [1, 2], "y": [[1], [2]]}"#)).batch, ["x", "y"]);
    for at in [r#"{"x": 1, "y": [1]}"#, r#"{"x": [1, 2], "y": [1]}"#, r#"{"x": [], "y": [1]}"#] {
        assert_eq!(fault(&batch(at)).code, Code::Shape, "{at}");
    }
}

#[test]
fn slips_are_recognised() {
    let hint = |field: &str| fault(&with(field)).hint.unwrap_or_default();
    assert_eq!(hint(r#""constans": {}"#), "did you mean `constants`?");
    assert_eq!(hint(r#""of": "F""#), "did you mean `f`?");
    assert_eq!(hint(r#""want": "jacobain""#), "did you mean `jacobian`?");
    assert_eq!(hint(r#""order": "f""#), "did you mean `F`?");
}

#[test]
fn all_faults_are_told_at_once() {
    let faults = refused(
        r#"{"define": {"f(x)": "x"}, "at": {"x": [null, [1]], "y": "1"}, "of": "h", "mode": 1, "trace": 0, "bacth": []}"#,
    );
    let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/bacth", "/of", "/at/x/0", "/at/y", "/mode", "/trace"]);
    let pointers: Vec<String> = refused("{}").into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(pointers, ["/define", "/at"]);
    let many: Vec<String> = (0..1000).map(|i| format!("\"u{i}\": 0")).collect();
    assert_eq!(refused(&with(&many.join(","))).len(), MOST_FAULTS);
}

#[test]
fn only_an_object_is_a_document() {
    for text in ["[]", "[1]", "1", "null", "\"f\""] {
        assert_eq!(fault(text).code, Code::InvalidValue, "{text}");
    }
    assert_eq!(fault("{").code, Code::NotJson);
}

#[test]
fn a_faulty_definition_still_defines_its_name() {
    let faults = refused(r#"{"define": {"f(x)": "1 +", "g(x)": "x"}, "at": {"x": 1}, "of": "f"}"#);
    assert!(faults.iter().all(|fault| fault.code != Code::UnknownName), "{faults:?}");
}
