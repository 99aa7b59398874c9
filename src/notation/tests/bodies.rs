//! The forms of a body, and what is said of mistakes in them.

use super::super::{Function, print};
use super::define;
use crate::fault::Code;

/// The lines of the last function as `label | local | expression`.
fn lines(document: &str) -> Vec<String> {
    let (functions, faults) = define(document);
    assert_eq!(faults, [], "{document}");
    let show = |name: &Option<String>| name.clone().unwrap_or_default();
    let Some(Function { lines, .. }) = functions.last() else {
        return Vec::new();
    };
    let line = |line: &super::super::Line| {
        format!("{} | {} | {}", show(&line.label), line.locals.join(", "), print(&line.expr))
    };
    lines.iter().map(line).collect()
}

#[test]
fn signatures_and_pointers() {
    let (functions, faults) = define(r#"{" f ( x ,y ) ": "x", "λ~/(x)": "x", "h()": "1"}"#);
    assert_eq!((functions.len(), faults.len()), (2, 1));
    assert_eq!((functions[0].name.as_str(), functions[0].params.join("+").as_str()), ("f", "x+y"));
    assert_eq!(functions[0].pointer, "/define/ f ( x ,y ) ");
    assert_eq!(faults[0].pointer, "/define/λ~0~1(x)");
    assert!(functions[1].params.is_empty());
}

#[test]
fn text_equations_and_nodes_are_one_tree() {
    assert_eq!(lines(r#"{"f(x)": "sum(x^2)"}"#), [" |  | sum(x^2)"]);
    assert_eq!(lines(r#"{"f(x)": ["u = W @ x", "sum(u)"]}"#), ["u | u | W @ x", " |  | sum(u)"]);
    assert_eq!(lines(r#"{"f(x)": ["u = x", "v = u"]}"#), ["u | u | x", "v | v | u"]);
    assert_eq!(
        lines(r#"{"f(x)": {"op": "sum", "args": ["x"], "axis": 0, "keepdims": true}}"#),
        [" |  | sum(x, axis=0, keepdims=True)"]
    );
    let graph = r#"{"f(x)": [{"name": "h", "op": "np.tanh", "args": ["x"]}, {"op": "@", "args": ["w", "h"]}]}"#;
    assert_eq!(lines(graph), ["h | h | tanh(x)", " |  | w @ h"]);
    let nested = r#"{"f(x)": {"op": "-", "args": [{"op": "**", "args": ["x + 1", -2]}]}}"#;
    assert_eq!(lines(nested), [" |  | -(x + 1)^-2"]);
    assert_eq!(lines(r#"{"f(x)": {"op": "-", "args": ["x", [1, [2, 3]]]}}"#), [" |  | x - [1, [2, 3]]"]);
    assert_eq!(
        lines(r#"{"f(x)": {"op": "g", "args": [[1, 2], null, "'same'", false], "k": []}}"#),
        [" |  | g([1, 2], None, 'same', False, k=[])"]
    );
    assert_eq!(lines(r#"{"f(x)": {"op": "h", "args": [[1, 2], [3, 4]]}}"#), [" |  | h([1, 2], [3, 4])"]);
    assert_eq!(
        lines(r#"{"f(x)": {"op": "einsum", "args": ["ij,jk->ik", "A", "B"]}}"#),
        [" |  | einsum('ij,jk->ik', A, B)"]
    );
    assert_eq!(lines(r#"{"f()": [1, 2]}"#), [" |  | [1, 2]"]);
    assert_eq!(lines(r#"{"f()": 3}"#), [" |  | 3"]);
}

#[test]
fn compose_applies_the_last_first() {
    assert_eq!(
        lines(r#"{"f(x, y)": {"compose": ["g2", "np.tanh", "g1"]}}"#),
        ["g1 | #1 | g1(x, y)", "tanh | #2 | tanh(#1)", "g2 |  | g2(#2)"]
    );
    assert_eq!(lines(r#"{"f(x)": {"compose": ["g"]}}"#), ["g |  | g(x)"]);
}

#[test]
fn sequential_applies_the_first_first() {
    let layers = r#"{"f(x)": {"sequential": [{"op": "affine", "weight": "W", "name": "dense"}, "tanh", {"op": "*", "args": [2]}, "tanh", {"op": "-"}, {"op": "einsum", "args": ["i,i->", "w"]}]}}"#;
    assert_eq!(
        lines(layers),
        [
            "dense | #1 | affine(x, weight=W)",
            "tanh | #2 | tanh(#1)",
            "multiply | #3 | #2 * 2",
            "tanh#2 | #4 | tanh(#3)",
            "negative | #5 | -#4",
            "einsum |  | einsum('i,i->', #5, w)"
        ]
    );
}

/// Documents, the code of their only fault, and its pointer.
const WRONG: &[(&str, Code, &str)] = &[
    ("[1]", Code::InvalidValue, "/define"),
    ("{}", Code::InvalidValue, "/define"),
    (r#"{"f": "x"}"#, Code::Syntax, "/define/f"),
    (r#"{"f(x": "x"}"#, Code::Syntax, "/define/f(x"),
    (r#"{"f(x) + 1": "x"}"#, Code::Syntax, "/define/f(x) + 1"),
    (r#"{"f(x, x)": "x"}"#, Code::DuplicateName, "/define/f(x, x)"),
    (r#"{"pi(x)": "x"}"#, Code::Syntax, "/define/pi(x)"),
    (r#"{"f(x)": "x", "f(x)": "x"}"#, Code::DuplicateName, "/define/f(x)"),
    (r#"{"f(x)": "x", "f(x, y)": "x"}"#, Code::DuplicateName, "/define/f(x, y)"),
    (r#"{"f(x)": "x +"}"#, Code::Syntax, "/define/f(x)"),
    (r#"{"f(x)": null}"#, Code::InvalidValue, "/define/f(x)"),
    (r#"{"f(x)": []}"#, Code::InvalidValue, "/define/f(x)"),
    (r#"{"f(x)": ["x", "x"]}"#, Code::Syntax, "/define/f(x)/0"),
    (r#"{"f(x)": ["u = x", "u = 2", "u"]}"#, Code::DuplicateName, "/define/f(x)/1"),
    (r#"{"f(x)": ["x = 1", "x"]}"#, Code::DuplicateName, "/define/f(x)/0"),
    (r#"{"f(x)": ["pi = 1", "x"]}"#, Code::Syntax, "/define/f(x)/0"),
    (r#"{"f(x)": {"args": ["x"]}}"#, Code::MissingField, "/define/f(x)"),
    (r#"{"f(x)": {"sum": "x"}}"#, Code::InvalidValue, "/define/f(x)"),
    (r#"{"f(x)": {"op": "sum", "args": "x"}}"#, Code::InvalidValue, "/define/f(x)/args"),
    (r#"{"f(x)": {"op": 1, "args": ["x"]}}"#, Code::InvalidValue, "/define/f(x)/op"),
    (r#"{"f(x)": {"op": "//", "args": ["x", 2]}}"#, Code::Unsupported, "/define/f(x)/op"),
    (r#"{"f(x)": {"op": "?", "args": ["x", 2]}}"#, Code::InvalidValue, "/define/f(x)/op"),
    (r#"{"f(x)": {"op": "sum", "args": ["x", "y +"]}}"#, Code::Syntax, "/define/f(x)/args/1"),
    (r#"{"f(x)": {"op": "sum", "args": ["x"], "axis": 0, "axis": 1}}"#, Code::DuplicateName, "/define/f(x)/axis"),
    (r#"{"f(x)": {"op": "sum", "args": [{"op": "f", "name": "u"}]}}"#, Code::UnknownField, "/define/f(x)/args/0"),
    (r#"{"f(x)": {"op": "sum", "args": [{"compose": ["g"]}]}}"#, Code::Unsupported, "/define/f(x)/args/0"),
    (r#"{"f(x)": {"name": "1u", "op": "sin", "args": ["x"]}}"#, Code::InvalidValue, "/define/f(x)/name"),
    (r#"{"f(x)": {"compose": []}}"#, Code::InvalidValue, "/define/f(x)/compose"),
    (r#"{"f(x)": {"sequential": "g"}}"#, Code::InvalidValue, "/define/f(x)/sequential"),
    (r#"{"f(x)": {"sequential": ["g", "x + 1"]}}"#, Code::InvalidValue, "/define/f(x)/sequential/1"),
    (r#"{"f(x)": {"sequential": ["g", 1]}}"#, Code::InvalidValue, "/define/f(x)/sequential/1"),
    (r#"{"f(x)": {"compose": ["g"], "axis": 0}}"#, Code::UnknownField, "/define/f(x)/axis"),
];

#[test]
fn each_mistake_is_told_once_where_it_is() {
    for (document, code, pointer) in WRONG {
        let (_, faults) = define(document);
        let told: Vec<_> = faults.iter().map(|fault| (fault.code, fault.pointer.as_str())).collect();
        assert_eq!(told, [(*code, *pointer)], "{document}: {faults:?}");
    }
}

#[test]
fn every_definition_is_read_whatever_is_wrong_with_the_others() {
    let (functions, faults) = define(r#"{"f(x)": "x +", "g(x)": ["u = )", "v = 1 +", "w"], "h(x)": "x", "k": "x"}"#);
    assert_eq!(functions.len(), 1);
    assert_eq!(faults.len(), 4);
}

#[test]
fn faults_are_told_up_to_a_limit() {
    let equations = vec!["\")\""; 10_000].join(",");
    assert_eq!(define(&format!("{{\"f(x)\": [{equations}]}}")).1.len(), 100);
}
