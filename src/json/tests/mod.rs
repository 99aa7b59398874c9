//! What a user may rely on: every double survives, every array has one meaning, every fault its place.

mod arrays;
mod reading;
mod writing;

use proptest::prelude::*;

use super::*;
use crate::fault::{Code, Fault};
use crate::tensor::count;

/// A sequence of doubles from random bit patterns, the same in each run.
fn doubles(number: usize) -> Vec<f64> {
    let extremes = [0.0, -0.0, 5e-324, -5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN, f64::EPSILON];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let random = std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Every eighth is subnormal.
        Some(f64::from_bits(if state.is_multiple_of(8) { state & !(0x7FF << 52) } else { state }))
    });
    extremes.into_iter().chain(random.filter(|x| x.is_finite())).take(number).collect()
}

fn bits(data: &[f64]) -> Vec<u64> {
    data.iter().map(|x| x.to_bits()).collect()
}

fn parse(text: &str) -> Json {
    read(text.as_bytes()).expect("JSON")
}

fn tensor(text: &str) -> Tensor {
    array(&parse(text), "/at/x").expect("an array")
}

fn refused(text: &str) -> Vec<Fault> {
    array(&parse(text), "/at/x").expect_err("no array")
}

/// The only fault of an array.
fn fault(text: &str) -> Fault {
    let mut faults = refused(text);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

/// An array as an answer writes it.
fn written(shape: &[usize], data: &[f64], style: Style) -> String {
    let mut writer = Writer::new();
    writer.begin_object();
    writer.key("shape");
    writer.usizes(shape);
    if style.order == Order::F {
        writer.key("order");
        writer.string("F");
    }
    if style.encoding == Encoding::Base64 {
        writer.key("encoding");
        writer.string("base64");
    }
    writer.key("data");
    writer.array(shape, data, style).expect("finite");
    writer.end_object();
    String::from_utf8(writer.finish()).expect("UTF-8")
}

fn styles() -> impl Iterator<Item = Style> {
    [Encoding::Nested, Encoding::Flat, Encoding::Base64]
        .into_iter()
        .flat_map(|encoding| [Order::C, Order::F].map(|order| Style { encoding, order, nonfinite: Nonfinite::Error }))
}

#[test]
fn a_million_doubles_survive_every_encoding_bit_for_bit() {
    let data = doubles(1_000_000);
    for encoding in [Encoding::Nested, Encoding::Base64] {
        let text = written(&[data.len()], &data, Style { encoding, ..Style::default() });
        let back = tensor(&text);
        assert!(bits(&back.data) == bits(&data), "{encoding:?}");
    }
}

#[test]
fn pointers_are_escaped() {
    assert_eq!(child("/at", "a/b~c"), "/at/a~1b~0c");
}

proptest! {
    #[test]
    fn every_array_survives_every_style(shape in prop::collection::vec(0usize..5, 0..5), seed in any::<u64>()) {
        let elements = count(&shape).expect("small");
        let data: Vec<f64> = (0..elements as u64)
            .map(|i| f64::from_bits((seed ^ i).wrapping_mul(0x9E37_79B9_7F4A_7C15) & !(1 << 62)))
            .collect();
        for style in styles() {
            let text = written(&shape, &data, style);
            let back = tensor(&text);
            prop_assert_eq!(&back.shape, &shape, "{}", text);
            prop_assert_eq!(bits(&back.data), bits(&data), "{}", text);
        }
    }

    #[test]
    fn nested_lists_say_their_own_shape(shape in prop::collection::vec(1usize..5, 0..5)) {
        let data = doubles(count(&shape).expect("small"));
        let mut writer = Writer::new();
        writer.array(&shape, &data, Style::default()).expect("finite");
        let back = tensor(std::str::from_utf8(&writer.finish()).expect("UTF-8"));
        prop_assert_eq!(&back.shape, &shape);
        prop_assert_eq!(bits(&back.data), bits(&data));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}:,0-9eE\".\\-a-z \n]{0,64}") {
        let _ = read(&bytes);
        if let Ok(value) = read(text.as_bytes()) {
            let _ = array(&value, "");
        }
    }
}
