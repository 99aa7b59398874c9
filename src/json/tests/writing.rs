//! Values to text.

use super::*;

#[test]
fn arrays_are_written_as_their_style_says() {
    let data = [1.0, -0.0, 2.5, 1e300, 5e-324, 6.0];
    let write = |shape: &[usize], data: &[f64], style| {
        let mut writer = Writer::new();
        writer.array(shape, data, style).map(|()| String::from_utf8(writer.finish()).expect("UTF-8"))
    };
    let style = |encoding, order, nonfinite| Style { encoding, order, nonfinite };
    let nested = style(Encoding::Nested, Order::F, Nonfinite::Error);
    assert_eq!(write(&[2, 3], &data, nested).as_deref(), Ok("[[1.0,-0.0,2.5],[1e+300,5e-324,6.0]]"));
    assert_eq!(write(&[], &[2.0], nested).as_deref(), Ok("2.0"));
    assert_eq!(write(&[2, 0], &[], nested).as_deref(), Ok("[[],[]]"));
    assert_eq!(write(&[0, 2], &[], nested).as_deref(), Ok("[]"));
    assert_eq!(write(&[usize::MAX, 0], &[], nested).as_deref(), Ok("[]"));
    let flat = style(Encoding::Flat, Order::F, Nonfinite::Error);
    assert_eq!(write(&[2, 3], &data, flat).as_deref(), Ok("[1.0,1e+300,-0.0,5e-324,2.5,6.0]"));
    let odd = [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    assert_eq!(write(&[4], &odd, nested), Err(1));
    let words = style(Encoding::Flat, Order::C, Nonfinite::Text);
    assert_eq!(write(&[4], &odd, words).as_deref(), Ok(r#"[1.0,"NaN","Infinity","-Infinity"]"#));
    let nulls = style(Encoding::Flat, Order::C, Nonfinite::Null);
    assert_eq!(write(&[4], &odd, nulls).as_deref(), Ok("[1.0,null,null,null]"));
}

#[test]
fn commas_and_escapes_are_the_writers_business() {
    let mut writer = Writer::new();
    writer.begin_object();
    writer.key("a\"\n");
    writer.begin_list();
    writer.usize(1);
    writer.bool(true);
    writer.null();
    writer.begin_list();
    writer.end_list();
    writer.number(0.5);
    writer.end_list();
    writer.key("b");
    writer.string("\u{1}é");
    writer.key("c");
    writer.raw("{}");
    writer.end_object();
    let text = String::from_utf8(writer.finish()).expect("UTF-8");
    assert_eq!(text, r#"{"a\"\n":[1,true,null,[],0.5],"b":"\u0001é","c":{}}"#);
}
