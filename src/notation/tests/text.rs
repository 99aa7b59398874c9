//! What texts mean.

use super::super::{Expr, Item, Kind, print};
use super::parse;

/// Pairs of spellings, the second with its structure written as calls.
const SAME: &[(&str, &str)] = &[
    ("a + b * c", "add(a, multiply(b, c))"),
    ("(a + b) * c", "multiply(add(a, b), c)"),
    ("a - b - c", "subtract(subtract(a, b), c)"),
    ("a / b @ c", "matmul(divide(a, b), c)"),
    ("a ** b", "power(a, b)"),
    ("a^b^c", "power(a, power(b, c))"),
    ("-x^2", "negative(power(x, 2))"),
    ("-2^2", "negative(power(2, 2))"),
    ("(-2)^2", "power(negative(2), 2)"),
    ("2^-x^2", "power(2, negative(power(x, 2)))"),
    ("-a * b", "multiply(negative(a), b)"),
    ("a * -b", "multiply(a, negative(b))"),
    ("a - -b", "subtract(a, negative(b))"),
    ("--x", "negative(negative(x))"),
    ("+x", "x"),
    ("a − b", "subtract(a, b)"),
    ("a + 1 < b * 2", "less(add(a, 1), multiply(b, 2))"),
    ("(a < b) == (c >= d)", "equal(less(a, b), greater_equal(c, d))"),
    ("x.T @ y", "matmul(transpose(x), y)"),
    ("x.T[0].T", "transpose(transpose(x)[0])"),
    ("x[0]^2", "power(x[0], 2)"),
    ("np.sin(x) + numpy.linalg.inv(A)", "sin(x) + inv(A)"),
    ("jnp.pi * np.T", "pi * transpose(np)"),
    ("fixed_point(np.cos, 1)", "fixed_point(cos, 1)"),
    ("(a, b)", "[a, b]"),
    ("(a,)", "[a]"),
    ("()", "[]"),
    ("x[np.newaxis, :]", "x[None, :]"),
    ("x[None:3]", "x[:3]"),
    ("sum(x, axis=0,)", "sum(x, axis=0)"),
    ("a +\n  b  # the sum\n", "a + b"),
    ("\"ij->ji\"", "'ij->ji'"),
];

#[test]
fn spellings_mean_the_same() {
    for (text, calls) in SAME {
        assert_eq!(parse(text), parse(calls), "{text}");
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn printing_needs_few_parentheses() {
    let texts = [
        "-x^2",
        "(-2)^2",
        "2^-1",
        "a^b^c",
        "(a^b)^c",
        "a - (b - c)",
        "a * (b / c)",
        "(a < b) < c",
        "-(a * b)",
        "(-x)^2",
        "(2).T",
        "(-2)[0]",
        "x.T[1:3, :, None, ..., ::2]",
        "[a, [b, 1]]",
        "f(x, axis=[0, 1], keepdims=True)",
        "einsum('ij,jk->ik', A, B)",
        "-pi",
        "1e300 + 1e-7",
        "sum(x^2) / 2",
        "f()",
        "[[], []]",
        "(a + b).T",
    ];
    for text in texts {
        assert_eq!(parse(text).map(|expr| print(&expr)), Ok(text.to_owned()));
    }
}

fn number(text: &str) -> Option<f64> {
    match parse(text) {
        Ok(Expr { kind: Kind::Number(value), .. }) => Some(value),
        _ => None,
    }
}

#[test]
fn numbers_are_read_exactly() {
    let spellings = [
        ("1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e-3", 1e-3),
        ("1_000.5E+1", 10_005.0),
        ("-2", -2.0),
        ("0.1", 0.1),
        ("1.7976931348623157e308", f64::MAX),
        ("5e-324", 5e-324),
        ("pi", std::f64::consts::PI),
    ];
    for (text, value) in spellings {
        assert_eq!(number(text), Some(value), "{text}");
    }
    assert_eq!(number("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
}

#[test]
fn rectangular_literals_are_arrays() {
    let shape = |text: &str| match parse(text) {
        Ok(Expr { kind: Kind::Array(array), .. }) => Some(array.shape),
        _ => None,
    };
    assert_eq!(shape("[1, -2, pi]"), Some(vec![3]));
    assert_eq!(shape("[[1, 2], [3, 4], [5, 6]]"), Some(vec![3, 2]));
    assert_eq!(shape("[]"), Some(vec![0]));
    assert_eq!(shape("[[1, 2], [3]]"), None);
    assert_eq!(shape("[1, x]"), None);
}

#[test]
fn indexes_keep_their_parts() {
    let Ok(Expr { kind: Kind::Index { items, .. }, .. }) = parse("x[i, 1:, ..., None]") else {
        panic!("not an index");
    };
    assert!(matches!(items[0], Item::At(_)));
    assert!(matches!(items[1], Item::Range { start: Some(_), stop: None, step: None }));
    assert!(matches!(items[2..], [Item::Ellipsis, Item::NewAxis]));
}

#[test]
fn spans_cover_the_whole_form() {
    let text = "a + (b * sin(c))[0]";
    let Ok(Expr { kind: Kind::Call { args, .. }, span }) = parse(text) else { panic!("not a sum") };
    assert_eq!((span.start, span.end as usize), (0, text.len()));
    assert_eq!((args[1].span.start, args[1].span.end as usize), (4, text.len()));
}

/// Runs on the 2 MB stack that threads have by default.
fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread").join().expect("no overflow");
}

#[test]
fn depth_is_limited_before_the_stack_is() {
    on_a_thread(|| {
        for (open, inner, close) in
            [("(", "x", ")"), ("[", "x", "]"), ("f(", "x", ")"), ("x[", "0", "]"), ("-", "x", ""), ("x^", "x", "")]
        {
            let nested = |n: usize| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
            for n in [200, 5_000, 100_000] {
                assert!(
                    parse(&nested(n)).is_err_and(|faults| faults[0].code == crate::fault::Code::Limit),
                    "{open} {n}"
                );
            }
            let expr = parse(&nested(199)).expect("199 levels may be nested");
            assert_eq!(parse(&print(&expr)), Ok(expr.clone()));
        }
        for (first, link) in [("x", " + x"), ("x", ".T"), ("x", "[0]"), ("x", " * -x")] {
            let chain = |n: usize| format!("{first}{}", link.repeat(n));
            assert!(parse(&chain(60_000)).is_err_and(|faults| faults[0].code == crate::fault::Code::Limit));
            let expr = parse(&chain(990)).expect("990 links may be chained");
            assert_eq!(parse(&print(&expr)), Ok(expr.clone()));
        }
    });
}

#[test]
fn long_tokens_and_many_blanks_need_no_stack() {
    on_a_thread(|| {
        for part in ["1_", "1e", "é", "\\\\", "\\", " \u{3000}", "\u{3000}", "#é\n", "# c\n", "'\\é", "é'"] {
            for first in ["", "'", "\"", "#", "x"] {
                let _ = parse(&format!("{first}{}", part.repeat(100_000)));
            }
        }
    });
}

#[test]
fn size_is_limited() {
    let limit = |text: String| parse(&text).is_err_and(|faults| faults[0].code == crate::fault::Code::Limit);
    assert!(limit("x".repeat(201)));
    assert!(limit(" ".repeat((1 << 20) + 1)));
    assert!(limit(format!("[{}]", "1,".repeat(100_000))));
    assert!(parse(&format!("[{}]", "1,".repeat(99_000))).is_ok());
}
