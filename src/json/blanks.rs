//! The text of an object without the numbers in some of its members, and these: what is left of two texts tells whether
//! they are alike but for these numbers.

use super::members::{Members, string};
use super::quick::number;

/// What stands in the place of a number. This byte is nowhere in JSON.
const BLANK: u8 = 0;

/// A text whose numbers were taken out of it in places.
#[derive(Debug)]
pub struct Blanks {
    /// The text with a blank in the place of each of these numbers.
    pub text: Vec<u8>,
    /// They, in their order.
    pub numbers: Vec<f64>,
    /// The members they were in, in their order.
    pub members: Vec<Member>,
}

/// What there is in a member.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// Which of those asked for it is.
    pub which: usize,
    /// Numbers in it.
    pub numbers: usize,
    /// Strings, keys of objects among them.
    pub strings: usize,
    /// Objects.
    pub objects: usize,
}

/// Takes the numbers out of those members of an object that have one of these keys, written without escapes.
///
/// Where another text is JSON and has the same blanks and as many numbers, this one is JSON, too, and means the same but
/// for the numbers. `None` where a number is none, or means no finite one.
pub fn blanks(text: &[u8], keys: &[&str]) -> Option<Blanks> {
    let mut walk = Members::of(text)?;
    let mut found = Blanks { text: Vec::with_capacity(text.len() + 1), numbers: Vec::new(), members: Vec::new() };
    let mut copied = 0;
    while let Some((key, _)) = walk.key() {
        let range = walk.step()?;
        let Some(which) = keys.iter().position(|k| k.as_bytes() == key) else { continue };
        let mut member = Member { which, numbers: 0, strings: 0, objects: 0 };
        let mut at = range.start;
        while at < range.end {
            match text[at] {
                b'-' | b'0'..=b'9' => {
                    let (value, length) = number(&text[at..])?;
                    found.text.extend_from_slice(&text[copied..at]);
                    found.text.push(BLANK);
                    found.numbers.push(value);
                    member.numbers += 1;
                    at += length;
                    copied = at;
                }
                b'"' => {
                    at = string(text, at)?;
                    member.strings += 1;
                }
                byte => {
                    member.objects += usize::from(byte == b'{');
                    at += 1;
                }
            }
        }
        found.members.push(member);
    }
    found.text.extend_from_slice(&text[copied..]);
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: [&str; 2] = ["at", "to"];

    fn taken(text: &str) -> Option<(String, Vec<f64>, Vec<Member>)> {
        let found = blanks(text.as_bytes(), &KEYS)?;
        Some((String::from_utf8(found.text).expect("text").replace('\0', "_"), found.numbers, found.members))
    }

    #[test]
    fn numbers_are_taken_out_of_members_that_are_asked_for_alone() {
        let text =
            r#" {"f": "x + 1", "to":-3, "n": [1, 2], "at": {"x1": [1.5, [-2e3 ,0]], "y": "7", "z": null}, "m": 4} "#;
        let blank = r#" {"f": "x + 1", "to":_, "n": [1, 2], "at": {"x1": [_, [_ ,_]], "y": "7", "z": null}, "m": 4} "#;
        let members = vec![
            Member { which: 1, numbers: 1, strings: 0, objects: 0 },
            Member { which: 0, numbers: 3, strings: 4, objects: 1 },
        ];
        assert_eq!(taken(text), Some((blank.to_owned(), vec![-3.0, 1.5, -2000.0, 0.0], members)));
    }

    #[test]
    fn what_cannot_be_a_number_is_none() {
        for text in
            [r#"{"at": [01]}"#, r#"{"at": -}"#, r#"{"at": [1.]}"#, r#"{"at": 1e999}"#, r#"{"at": [1"#, "[1]", ""]
        {
            assert_eq!(taken(text), None, "{text}");
        }
    }

    proptest! {
        /// Any text is either no JSON and unlike all that are, or JSON that means the same but for its numbers.
        #[test]
        fn texts_with_the_blanks_of_json_are_json(middle in "[\\[\\]{}:, 0-9.eE+\"x\\x00-]{0,12}") {
            let sound = r#"{"f": 1, "at": [5, {"x": 6}]}"#;
            let text = sound.replace("5, {\"x\": 6}", &middle);
            if let (Some(found), Some(known)) = (taken(&text), taken(sound))
                && found.0 == known.0
                && found.1.len() == 2
            {
                let read: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
                let expected = serde_json::json!({ "f": 1, "at": [found.1[0], { "x": found.1[1] }] });
                prop_assert_eq!(read["at"][0].as_f64(), expected["at"][0].as_f64());
                prop_assert_eq!(read["at"][1]["x"].as_f64(), expected["at"][1]["x"].as_f64());
            }
        }

        #[test]
        fn any_two_numbers_fit_the_same_blanks(x: f64, y: f64) {
            prop_assume!(x.is_finite() && y.is_finite());
            let text = |x: f64, y: f64| serde_json::json!({ "f": 1, "at": [x, { "x": y }] }).to_string();
            let (one, other) = (taken(&text(x, y)).expect("it is sound"), taken(&text(5.0, 6.0)).expect("it is sound"));
            prop_assert_eq!(&one.0, &other.0);
            let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&one.1), bits(&[x, y]));
        }
    }
}
