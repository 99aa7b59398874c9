//! Makes documents odd: changes of bytes, of structure and of text, drawn from a seed. The fuzz target
//! draws from the same changes, so that it gets past the JSON reader.

#![allow(dead_code, reason = "each program that includes it uses its own part")]

use std::ops::Range;

use serde_json::{Value, json};

/// A small generator (`SplitMix64`); the same seed gives the same changes everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, or 0 if there is none.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn range(&mut self, length: usize) -> Range<usize> {
        let start = self.below(length);
        start..(start + self.below(16)).min(length)
    }
}

/// Pieces of text that mean something to a reader of functions.
const PIECES: &[&str] = &[
    "x",
    "y",
    "f(x)",
    "sum(x)",
    "x.T",
    "[x, x]",
    "(x, )",
    "x[0]",
    "x[-1]",
    "x[::-1]",
    "x[1:3, :]",
    "x[..., None]",
    "x[::9223372036854775807]",
    "x[-9007199254740993:]",
    "x[:-1:0]",
    "axis=0",
    "axis=-1",
    "axis=None",
    "axis=(0, 1)",
    "axis=99",
    "keepdims=True",
    "ddof=1",
    "'ij,jk->ik'",
    "'...i,i'",
    "'ii->'",
    "''",
    "->",
    ",",
    ":",
    "...",
    "None",
    "True",
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "1e308",
    "1e-320",
    "1e19",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e400",
    "pi",
    "inf",
    "nan",
    "+",
    "-",
    "*",
    "/",
    "@",
    "^",
    "**",
    "<",
    "<=",
    "==",
    "!=",
    "(",
    ")",
    "[",
    "]",
    "=",
    ";",
    "\n",
    "\t",
    "\u{0}",
    "é",
    "∂",
    "𝛼",
    "\u{202e}",
    "#",
    "'",
    "\"",
    "and",
    "not",
    "lambda",
    "np.",
    "if",
    "[[1, 2], [3, 4]]",
    "[1, [2]]",
    "[]",
    "()",
    "reshape(x, [-1, 0])",
    "zeros([0, 3])",
    "arange(0, 1e9, 1e-9)",
    "linspace(0, 1, 1000000000000)",
    "tile(x, [100000, 100000])",
    "repeat(x, 1e15)",
    "pad(x, 1e12)",
    "eye(4294967296)",
    "roll(x, 9e18)",
    "ones([65536, 65536, 65536, 65536])",
];

/// JSON that does not belong where it is put.
fn fragments() -> Vec<Value> {
    let deep = (0..130).fold(json!(1), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(true),
        json!(""),
        json!([]),
        json!({}),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(5e-324),
        json!(u64::MAX),
        json!([[1, 2], [3]]),
        json!([[], []]),
        json!([[1, 2], [3, 4]]),
        json!(["x", ["y"]]),
        deep,
        json!({"shape": [u64::MAX, 2], "data": []}),
        json!({"shape": [4_294_967_296_u64, 4_294_967_296_u64, 0], "data": []}),
        json!({"shape": [2], "data": [1, 2]}),
        json!({"shape": [1], "dtype": "float64", "base64": "AAAAAAAA8D8="}),
        json!({"op": "sum", "args": ["x"], "axis": 0}),
        json!({"op": "add", "args": [1, [2, 3]]}),
        json!({"name": "h", "op": "tanh", "args": ["x"]}),
        json!({"compose": ["f", "f"]}),
        json!({"compose": []}),
        json!({"sequential": ["tanh", {"op": "affine", "weight": "W", "bias": "b"}]}),
        json!(["h = x + 1", "h * h"]),
        json!("x"),
        json!("f"),
        json!("auto"),
        json!({"x": 1}),
        json!([{"x": 1}, {"x": 2}]),
    ]
}

const OPTIONS: &[(&str, &[&str])] = &[
    ("mode", &["\"forward\"", "\"reverse\"", "\"auto\"", "\"mixed\"", "\"sparse\""]),
    ("trace", &["true"]),
    ("verify", &["true"]),
    ("layout", &["\"tensor\"", "\"matrix\""]),
    ("format", &["\"dense\"", "\"coo\"", "\"csr\"", "\"sparse\""]),
    ("encoding", &["\"nested\"", "\"flat\"", "\"base64\""]),
    ("order", &["\"F\"", "\"C\""]),
    ("nonfinite", &["\"string\"", "\"null\""]),
    (
        "want",
        &[
            "[\"value\"]",
            "[\"jacobian\"]",
            "[\"value\", \"gradient\", \"jacobian\"]",
            "\"hessian\"",
            "[\"logabsdet\", \"singular_values\"]",
            "[\"sparsity\", \"jvp\"]",
            "{\"gradient\": \"f\", \"hvp\": [\"f\"]}",
            "[]",
        ],
    ),
    ("wrt", &["[\"x\"]", "[\"W1\"]", "\"b1\"", "[\"x\", \"x\"]"]),
    ("batch", &["[\"x\"]", "\"x\"", "[]"]),
    ("of", &["\"f\"", "[\"f\", \"g\"]"]),
    ("tangent", &["{\"x\": [1, 0]}", "[{\"x\": 1}, {}]", "{}"]),
    ("cotangent", &["{\"f\": 1}", "[{\"f\": [1, 0]}]", "[]"]),
    ("limits", &["{\"time_ms\": 1}", "{\"time_ms\": 0}"]),
];

/// A text with some of its bytes changed.
pub(crate) fn bytes(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = text.to_vec();
    for _ in 0..=random.below(3) {
        let range = random.range(out.len());
        match random.below(5) {
            0 => out.truncate(if random.below(8) == 0 { range.start } else { out.len() }),
            1 => out.splice(range, []).for_each(drop),
            2 => {
                let copy = out[range.clone()].to_vec();
                out.splice(range.start..range.start, copy).for_each(drop);
            }
            3 => {
                let byte = random.below(256) as u8;
                out.get_mut(range.start).into_iter().for_each(|b| *b = byte);
            }
            _ => {
                let piece = random.pick(PIECES).bytes();
                out.splice(range.start..range.start, piece).for_each(drop);
            }
        }
    }
    out
}

/// A document with some of its structure and its texts changed; `names` are words worth calling.
pub(crate) fn structure(document: &Value, names: &[&str], random: &mut Random) -> Vec<u8> {
    let mut document = document.clone();
    for _ in 0..=random.below(4) {
        if random.below(6) == 0
            && let Value::Object(fields) = &mut document
        {
            let (key, values) = OPTIONS[random.below(OPTIONS.len())];
            let value = serde_json::from_str(random.pick(values)).unwrap_or_default();
            fields.insert(key.to_owned(), value);
            continue;
        }
        let donor = document.clone();
        let donor = site(&mut donor.clone(), random).clone();
        change(site(&mut document, random), donor, names, random);
    }
    document.to_string().into_bytes()
}

/// A value somewhere in the document, more often deep than not.
fn site<'a>(value: &'a mut Value, random: &mut Random) -> &'a mut Value {
    let length = match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if length == 0 || random.below(6) == 0 {
        return value;
    }
    let at = random.below(length);
    match value {
        Value::Array(items) => site(&mut items[at], random),
        Value::Object(fields) => match fields.values_mut().nth(at) {
            Some(inner) => site(inner, random),
            None => unreachable!("{at} is below the number of fields"),
        },
        other => other,
    }
}

fn change(value: &mut Value, donor: Value, names: &[&str], random: &mut Random) {
    match random.below(12) {
        0 => {
            let mut fragments = fragments();
            *value = fragments.swap_remove(random.below(fragments.len()));
            return;
        }
        1 => {
            *value = donor;
            return;
        }
        2 => {
            *value = json!([value.take()]);
            return;
        }
        _ => {}
    }
    match value {
        Value::String(old) => *old = text(old, names, random),
        Value::Number(_) => *value = number(random),
        Value::Array(items) => {
            let at = random.below(items.len());
            match random.below(4) {
                0 => items.truncate(at),
                1 if !items.is_empty() => drop(items.remove(at)),
                2 if !items.is_empty() => items.push(items[at].clone()),
                _ => items.insert(at, donor),
            }
        }
        Value::Object(fields) => {
            let Some(key) = fields.keys().nth(random.below(fields.len())).cloned() else {
                return;
            };
            let inner = match random.below(3) {
                0 => fields.get(&key).cloned(),
                _ => fields.remove(&key),
            };
            if random.below(3) != 0 {
                fields.insert(text(&key, names, random), inner.unwrap_or(donor));
            }
        }
        Value::Null | Value::Bool(_) => *value = donor,
    }
}

fn number(random: &mut Random) -> Value {
    let odd = [0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 5e-324, 1e15, 9_007_199_254_740_993.0, 1e-9, 3.0];
    json!(odd[random.below(odd.len())])
}

/// A text with some of its words changed.
pub(crate) fn text(old: &str, names: &[&str], random: &mut Random) -> String {
    let words = words(old);
    let word = words.get(random.below(words.len())).cloned().unwrap_or(0..0);
    let other = words.get(random.below(words.len())).cloned().unwrap_or(0..0);
    let (head, inner, tail) = (&old[..word.start], &old[word.clone()], &old[word.end..]);
    let piece = random.pick(PIECES);
    match random.below(9) {
        0 => format!("{head}{tail}"),
        1 => format!("{head}{piece}{tail}"),
        2 => format!("{head}{inner}{piece}{tail}"),
        3 if !names.is_empty() => format!("{head}{}({inner}){tail}", random.pick(names)),
        4 if !names.is_empty() => format!("{head}{}({inner}, {piece}){tail}", random.pick(names)),
        5 if !names.is_empty() => format!("{head}{}{tail}", random.pick(names)),
        6 if !names.is_empty() => format!("{}({old})", random.pick(names)),
        7 => format!("{head}{}{tail}", &old[other]),
        _ => format!("{head}{inner}{inner}{tail}"),
    }
}

/// Places of the words of a text: runs of letters and digits, and every other character by itself.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let is_wordy = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    for (at, c) in text.char_indices() {
        match words.last_mut() {
            Some(last) if is_wordy(c) && text[last.clone()].ends_with(is_wordy) => last.end = at + c.len_utf8(),
            _ => words.push(at..at + c.len_utf8()),
        }
    }
    words
}
