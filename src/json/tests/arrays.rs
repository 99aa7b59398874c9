//! Every spelling of an array, and what is none.

use super::*;

#[test]
fn arrays_have_many_spellings() {
    let matrix = tensor("[[1,2,3],[4,5,6]]");
    for text in [
        r#"{"shape": [2,3], "data": [1,2,3,4,5,6]}"#,
        r#"{"shape": [2,3], "data": [[1,2,3],[4,5,6]]}"#,
        r#"{"shape": [2,3], "order": "F", "data": [1,4,2,5,3,6]}"#,
        r#"{"shape": [2,3], "order": "F", "data": [[1,2,3],[4,5,6]]}"#,
        r#"{"shape": [2,3], "dtype": "float64",
            "base64": "AAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhAAAAAAAAAEEAAAAAAAAAUQAAAAAAAABhA"}"#,
        r#"{"shape": [2,3], "encoding": "base64",
            "data": "AAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhA\nAAAAAAAAEEAAAAAAAAAUQAAAAAAAABhA"}"#,
    ] {
        assert_eq!(tensor(text), matrix, "{text}");
    }
    assert_eq!(tensor("2.5"), Tensor::scalar(2.5));
    assert_eq!(tensor(r#"{"shape": [], "data": 2.5}"#), Tensor::scalar(2.5));
    for (text, shape) in [
        ("[]", vec![0]),
        ("[[],[]]", vec![2, 0]),
        ("[[[],[],[]]]", vec![1, 3, 0]),
        (r#"{"shape": [2,0,3], "data": []}"#, vec![2, 0, 3]),
        (r#"{"shape": [2,0], "data": [[],[]]}"#, vec![2, 0]),
        (r#"{"shape": [0], "base64": ""}"#, vec![0]),
    ] {
        assert_eq!(tensor(text).shape, shape, "{text}");
    }
    let infinite = tensor(r#"{"shape": [1], "base64": "AAAAAAAA8P8="}"#);
    assert_eq!(infinite.data[0], f64::NEG_INFINITY);
}

/// The one fault of a text, below `/at/x`.
fn told(text: &str, code: Code, pointer: &str, words: &str) {
    let fault = fault(text);
    assert_eq!(fault.code, code, "{text}: {}", fault.detail);
    assert_eq!(fault.pointer, format!("/at/x{pointer}"), "{text}");
    assert!(fault.detail.contains(words), "{text}: {}", fault.detail);
}

#[test]
fn lists_that_are_no_arrays_are_told_with_their_place() {
    for (text, code, pointer, words) in [
        ("null", Code::InvalidValue, "", "not null"),
        ("[[1,2],[null,3]]", Code::InvalidValue, "/1/0", "not null"),
        ("[1,\"a\"]", Code::InvalidValue, "/1", "not a string"),
        ("[true]", Code::InvalidValue, "/0", "not true"),
        ("[1,{}]", Code::InvalidValue, "/1", "not an object"),
        ("[[1,2],[3,4],[5]]", Code::Ragged, "/2", "element 0 is a list of length 2, element 2 is a list of length 1"),
        ("[1,[2]]", Code::Ragged, "/1", "element 0 is a number"),
        ("[[[1]],[[1,2]]]", Code::Ragged, "/1", "shape [1, 2]"),
    ] {
        told(text, code, pointer, words);
    }
    let ranks = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    assert_eq!(fault(&ranks).code, Code::Limit);
}

#[test]
fn objects_that_are_no_arrays_are_told_with_their_place() {
    for (text, code, pointer, words) in [
        (r#"{"data": [1]}"#, Code::MissingField, "/shape", "shape"),
        (r#"{"shape": [1]}"#, Code::MissingField, "/data", "base64"),
        (r#"{"shape": [1], "data": [1], "base64": ""}"#, Code::InvalidValue, "", "not both"),
        (r#"{"shape": 3, "data": [1,2,3]}"#, Code::InvalidValue, "/shape", "list of lengths"),
        (r#"{"shape": [2,3], "data": [1,2]}"#, Code::Shape, "/data", "expected 6 elements"),
        (r#"{"shape": [2,3], "data": [[1,2],[3,4],[5,6]]}"#, Code::Shape, "/data", "shape [3, 2]"),
        (r#"{"shape": [-1], "data": [1]}"#, Code::InvalidValue, "/shape/0", "-1"),
        (r#"{"shape": [1,1.5], "data": [1]}"#, Code::InvalidValue, "/shape/1", "1.5"),
        (r#"{"shape": [4e9,4e9,4e9], "data": [1]}"#, Code::Limit, "/shape", "too large"),
        (r#"{"shape": [4e9,0], "data": []}"#, Code::Limit, "/shape", "too large"),
        (r#"{"shape": [1], "data": [1], "dat": 1}"#, Code::UnknownField, "/dat", "dat"),
        (r#"{"shape": [1], "data": [1], "data": [2]}"#, Code::DuplicateName, "/data", "twice"),
        (r#"{"shape": [1], "data": [1], "dtype": "float32"}"#, Code::InvalidValue, "/dtype", "float64"),
    ] {
        told(text, code, pointer, words);
    }
}

#[test]
fn base64_that_is_no_array_is_told_with_its_place() {
    for (text, code, pointer, words) in [
        (r#"{"shape": [1], "data": [1], "encoding": "base64"}"#, Code::InvalidValue, "/data", "base64 string"),
        (r#"{"shape": [1], "base64": "AAA*"}"#, Code::InvalidValue, "/base64", "'*' at position 3"),
        (r#"{"shape": [1], "base64": "AAAA"}"#, Code::InvalidValue, "/base64", "3 bytes"),
        (r#"{"shape": [1], "base64": "A"}"#, Code::InvalidValue, "/base64", "cut off"),
        (r#"{"shape": [1,1], "base64": "AAAAAAAA+H8="}"#, Code::InvalidValue, "/base64", "Element [0, 0] is NaN"),
    ] {
        told(text, code, pointer, words);
    }
}

#[test]
fn all_faults_are_told_but_not_endlessly() {
    assert_eq!(refused(r#"[null, "a", [true]]"#).len(), 3);
    assert_eq!(refused(r#"{"shape": [-1], "data": [null], "order": "G", "sape": 1}"#).len(), 4);
    assert_eq!(refused(&format!("[null{}]", ",null".repeat(10_000))).len(), fields::MOST_FAULTS);
}
