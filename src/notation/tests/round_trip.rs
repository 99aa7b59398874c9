//! Printing and reading undo one another, for any tree and any text.

use proptest::prelude::*;

use super::super::{Expr, Item, Kind, Sources, Span, parse_line, print};
use super::parse;

fn expr(kind: Kind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zλ_][a-z0-9_]{0,3}"
            .prop_filter("a reserved word", |name| { super::super::names::objection(name).is_none() }),
        Just("np".to_owned()),
    ]
}

fn function() -> impl Strategy<Value = String> {
    const OPERATORS: [&str; 15] = [
        "add",
        "subtract",
        "multiply",
        "divide",
        "matmul",
        "power",
        "negative",
        "transpose",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "sum",
    ];
    prop_oneof![4 => prop::sample::select(&OPERATORS[..]).prop_map(str::to_owned), 1 => name()]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-9i32..10).prop_map(f64::from),
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
        Just(std::f64::consts::PI),
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        3 => number().prop_map(|value| expr(Kind::Number(value))),
        3 => name().prop_map(|name| expr(Kind::Name(name))),
        1 => any::<String>().prop_map(|text| expr(Kind::Text(text))),
        1 => any::<bool>().prop_map(|flag| expr(Kind::Flag(flag))),
        1 => Just(expr(Kind::Nothing)),
    ]
}

fn item(tree: &BoxedStrategy<Expr>) -> impl Strategy<Value = Item> + use<> {
    let tree = tree.clone().prop_filter("given", |tree| tree.kind != Kind::Nothing);
    let part = prop::option::of(tree.clone());
    prop_oneof![
        tree.prop_map(Item::At),
        (part.clone(), part.clone(), part).prop_map(|(start, stop, step)| Item::Range { start, stop, step }),
        Just(Item::Ellipsis),
        Just(Item::NewAxis),
    ]
}

fn tree() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(6, 40, 4, |inner| {
        let inner = inner.boxed();
        let args = prop::collection::vec(inner.clone(), 0..4);
        let keywords = prop::collection::btree_map(name(), inner.clone(), 0..3);
        let pair = prop::collection::vec(inner.clone(), 1..3);
        let call = |name: String, args| Expr::call(name, args, Vec::new(), Span::default());
        prop_oneof![
            4 => (function(), pair).prop_map(move |(name, args)| call(name, args)),
            1 => (function(), args.clone(), keywords).prop_map(|(name, args, keywords)| {
                Expr::call(name, args, keywords.into_iter().collect(), Span::default())
            }),
            1 => args.prop_map(|items| Expr::list(items, Span::default())),
            2 => (inner.clone(), prop::collection::vec(item(&inner), 1..4))
                .prop_map(|(base, items)| expr(Kind::Index { base: Box::new(base), items })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_printed_is_read_back(tree in tree()) {
        let text = print(&tree);
        prop_assert_eq!(parse(&text), Ok(tree), "{}", text);
    }

    #[test]
    fn any_characters_are_read_or_refused(text in "\\PC{0,40}") {
        let _ = parse_line(&mut Sources::default(), "", &text);
    }

    #[test]
    fn any_tokens_are_read_or_refused(
        words in prop::collection::vec(prop::sample::select(&[
            "x", "1", "2.5", "(", ")", "[", "]", ",", ":", ".", "...", "=", "+", "-", "*", "**", "^", "<", "==", "//",
            "'a'", "'", "np", "T", "None", "pi", "not", "if", "inf", "\n", "# c\n", "²", "&", "f(", "x[", ".T", "é",
        ][..]), 0..25),
    ) {
        let text = words.join(" ");
        if let Ok(tree) = parse(&text) {
            prop_assert_eq!(parse(&print(&tree)), Ok(tree), "{}", text);
        }
    }
}
