//! What is said of mistakes.

use super::parse;
use crate::fault::{Code, Fault};

fn first(text: &str) -> Fault {
    let faults = parse(text).expect_err(text);
    faults.into_iter().next().expect("an error has a fault")
}

#[test]
fn a_fault_shows_its_place() {
    let fault = first("sum(\n  x + )");
    let place = fault.place.expect("a text has places");
    assert_eq!(fault.detail, "expected an expression, found `)`");
    assert_eq!(fault.pointer, "/define/f(x)");
    assert_eq!((place.line, place.column), (2, 7));
    assert_eq!(place.snippet, "  x + )\n      ^");
}

/// Mistakes, and what the hint has to offer.
const HINTS: &[(&str, Code, &str)] = &[
    ("a // b", Code::Unsupported, "`floor(a / b)`"),
    ("(a + 1) % b", Code::Unsupported, "`(a + 1) - b * floor((a + 1) / b)`"),
    ("a < b < c", Code::Unsupported, "`(a < b) * (b < c)`"),
    ("a > 0 & b > 0", Code::Unsupported, "`(a > 0) * (b > 0)`"),
    ("a > 0 or b > 0", Code::Unsupported, "`maximum((a > 0), (b > 0))`"),
    ("a .* b", Code::Unsupported, "`a * b`"),
    ("a ./ b", Code::Unsupported, "`a / b`"),
    ("a .^ 2", Code::Unsupported, "`a^2`"),
    ("A \\ b", Code::Unsupported, "`solve(A, b)`"),
    ("a · b", Code::Unsupported, "`a * b`"),
    ("a ≤ b", Code::Unsupported, "`a <= b`"),
    ("x.sum(axis=0)", Code::Unsupported, "`sum(x, axis=0)`"),
    ("(a + b).reshape(2, 3)", Code::Unsupported, "`reshape(a + b, 2, 3)`"),
    ("x.shape", Code::Unsupported, "`sum(x)`"),
    ("-inf", Code::Unsupported, "where(condition, a, b)"),
    ("1e999", Code::InvalidValue, "the largest double"),
    ("f(a=1, a=2)", Code::DuplicateName, ""),
    ("f(a=1, b)", Code::Syntax, "keyword arguments last"),
    ("x'", Code::Syntax, "`x.T`"),
    ("A' * B'", Code::Syntax, "`A.T`"),
    ("x²", Code::Syntax, "`x^2`"),
    ("2x", Code::Syntax, "`2 * x`"),
    ("(a)(b)", Code::Syntax, "a product needs its sign"),
    ("0x1F", Code::Syntax, "decimal"),
    ("x = 2", Code::Syntax, "`==`"),
    ("f(x[0] = 2)", Code::Syntax, "`==`"),
    ("a if b else c", Code::Syntax, "where("),
    ("if a", Code::Syntax, "where("),
    ("not a", Code::Syntax, "`x == 0`"),
    ("lambda x: x", Code::Syntax, "`define`"),
    ("u := 1", Code::Syntax, "list of texts"),
    ("a, b", Code::Syntax, "[a, b]"),
    ("u; v", Code::Syntax, "list of texts"),
    ("u\nv", Code::Syntax, "list of texts"),
    ("[i for i in x]", Code::Syntax, "whole-array"),
    ("|x|", Code::Syntax, "`abs(x)`"),
    ("'abc", Code::Syntax, "not closed"),
    ("“abc”", Code::Syntax, "plain quotes"),
    ("{a, b}", Code::Syntax, "[a, b]"),
    ("1:3", Code::Syntax, ""),
    ("f(g(x)", Code::Syntax, "`(` on line 1, column 2 is not closed"),
    ("x[]", Code::Syntax, ""),
    ("f(,)", Code::Syntax, ""),
    ("", Code::Syntax, ""),
    (" # nothing\n", Code::Syntax, ""),
    ("x)", Code::Syntax, ""),
    ("x $ y", Code::Syntax, ""),
];

#[test]
fn a_hint_says_what_to_write_instead() {
    for (text, code, hint) in HINTS {
        let fault = first(text);
        assert_eq!(fault.code, *code, "{text}: {fault:?}");
        assert!(fault.hint.clone().unwrap_or_default().contains(hint), "{text}: {fault:?}");
        assert!(fault.place.is_some_and(|place| place.snippet.ends_with('^')), "{text}");
    }
}

#[test]
fn mistakes_whose_meaning_is_clear_are_told_together() {
    let codes = |text: &str| parse(text).map_err(|faults| faults.len());
    assert_eq!(codes("a // b + x.sum() + (c % d) + )"), Err(4));
    assert_eq!(codes(&"a // ".repeat(100)), Err(16));
}
