//! Text to values, and text that is no JSON.

use super::*;

#[test]
fn numbers_are_read_to_the_nearest_double() {
    for (text, number) in [
        ("-0", -0.0_f64),
        ("-0.0", -0.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ("-9223372036854775809", -9_223_372_036_854_775_808.0),
        ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
        ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
        ("1e-400", 0.0),
    ] {
        let Json::Number(read) = parse(text) else { panic!("{text}") };
        assert_eq!(read.to_bits(), number.to_bits(), "{text}");
    }
}

#[test]
fn rectangles_are_packed_and_nothing_else_is() {
    let packed =
        |shape: &[usize], data: &[f64]| Json::Array(Tensor::new(shape.to_vec(), data.to_vec()).expect("shape"));
    assert_eq!(parse("[[1,2],[3,4],[5,6]]"), packed(&[3, 2], &[1., 2., 3., 4., 5., 6.]));
    assert_eq!(parse("[[[7]]]"), packed(&[1, 1, 1], &[7.]));
    assert_eq!(parse("[]"), Json::List(vec![]));
    assert_eq!(
        parse("[[1,2],[3,4],[5],\"a\",6,[7]]"),
        Json::List(vec![
            packed(&[2], &[1., 2.]),
            packed(&[2], &[3., 4.]),
            packed(&[1], &[5.]),
            Json::Text("a".into()),
            Json::Number(6.),
            packed(&[1], &[7.]),
        ])
    );
    assert_eq!(
        parse("{\"a\":1,\"a\":[null,[2]]}"),
        Json::Object(vec![
            ("a".into(), Json::Number(1.)),
            ("a".into(), Json::List(vec![Json::Null, packed(&[1], &[2.])])),
        ])
    );
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    let deep = "[".repeat(200);
    let cases: [(&[u8], _, Option<_>, _); 12] = [
        (b"", Code::NotJson, None, "empty"),
        (b" \n", Code::NotJson, None, "empty"),
        (b"\xEF\xBB\xBF{}", Code::NotJson, None, "byte order mark"),
        (b"{\"a\":\n \"\xFF\"}", Code::NotJson, Some((2, 3)), "UTF-8"),
        (b"{\"a\": 1,\n \"b\" 2}", Code::NotJson, Some((2, 6)), "expected `:`"),
        ("{\"é\": [1 2]}".as_bytes(), Code::NotJson, Some((1, 10)), "expected `,` or `]`"),
        (b"{\"a\": [1,", Code::NotJson, Some((1, 10)), "too early"),
        (b"{} {}", Code::NotJson, Some((1, 4)), "trailing"),
        (b"[1, NaN]", Code::NotJson, Some((1, 5)), "expected value"),
        (b"[-Infinity]", Code::NotJson, Some((1, 3)), "invalid number"),
        (b"[1e999]", Code::InvalidValue, Some((1, 6)), "range of doubles"),
        (deep.as_bytes(), Code::Limit, Some((1, 128)), "deep"),
    ];
    for (bytes, code, place, words) in cases {
        let fault = read(bytes).expect_err("a fault");
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(fault.code, code, "{text}");
        assert_eq!(fault.place.map(|place| (place.line, place.column)), place, "{text}");
        assert!(fault.detail.contains(words), "{text}: {}", fault.detail);
    }
}

#[test]
fn the_caret_stands_under_the_fault_even_in_a_long_line() {
    let snippet = |text: &str| read(text.as_bytes()).expect_err("a fault").place.expect("a place").snippet;
    assert_eq!(snippet("{\"a\": tru}"), "{\"a\": tru}\n         ^");
    let long = snippet(&format!("[{} NaN{}]", "1,".repeat(10_000), ",1".repeat(10_000)));
    let (line, caret) = long.split_once('\n').expect("two lines");
    let at = caret.chars().count() - 1;
    assert_eq!(line.chars().skip(at).take(3).collect::<String>(), "NaN");
    assert!(long.chars().count() < 200);
}

#[test]
fn other_languages_words_are_recognised() {
    for (text, words) in
        [("[nan]", "finite"), ("[-Infinity]", "finite"), ("{\"a\": True}", "true"), ("{'a': 1}", "double quotes")]
    {
        let hint = read(text.as_bytes()).expect_err("a fault").hint;
        assert!(hint.is_some_and(|hint| hint.contains(words)), "{text}");
    }
}
