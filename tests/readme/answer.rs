//! An answer and what is shown of it: whether one contains the other, and the shown part written anew.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// Relative difference allowed between a shown number and the real one.
const ROUNDING: f64 = 1e-12;
/// What fits into a line is not broken.
const WIDTH: usize = 100;

/// Whether the real answer holds all that is shown: members may be left out, elements may not.
pub(crate) fn contains(real: &str, shown: &str) -> Result<(), String> {
    let real: Value = serde_json::from_str(real).map_err(|e| format!("the answer is not JSON: {e}\n{real}"))?;
    let shown: Value = serde_json::from_str(shown).map_err(|e| format!("what is shown is not JSON: {e}"))?;
    compare(&real, &shown, "")
}

fn compare(real: &Value, shown: &Value, at: &str) -> Result<(), String> {
    let same = match (real, shown) {
        (Value::Object(real), Value::Object(shown)) => {
            return shown.iter().try_for_each(|(key, value)| {
                let at = format!("{at}/{key}");
                compare(real.get(key).ok_or(format!("{at} is not in the answer"))?, value, &at)
            });
        }
        (Value::Array(real), Value::Array(shown)) if real.len() == shown.len() => {
            let mut pairs = real.iter().zip(shown).enumerate();
            return pairs.try_for_each(|(i, (real, shown))| compare(real, shown, &format!("{at}/{i}")));
        }
        (Value::Number(real), Value::Number(shown)) => match (real.as_f64(), shown.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= ROUNDING * a.abs().max(b.abs()).max(1.0),
            _ => false,
        },
        _ => real == shown,
    };
    if same { Ok(()) } else { Err(format!("{at} is {real}, not {shown}")) }
}

/// The members that are shown, with the values of the real answer.
pub(crate) fn renew(real: &str, shown: &str) -> String {
    let real: Json = serde_json::from_str(real).expect("the answer is JSON");
    let shown: Json = serde_json::from_str(shown).expect("what is shown is JSON");
    write(&cut(real, &shown), 0)
}

/// JSON whose members keep their order.
enum Json {
    Leaf(Value),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

fn cut(real: Json, shown: &Json) -> Json {
    match (real, shown) {
        (Json::Object(real), Json::Object(shown)) => {
            let kept = real.into_iter().filter_map(|(key, value)| {
                let (_, shown) = shown.iter().find(|(name, _)| *name == key)?;
                Some((key, cut(value, shown)))
            });
            Json::Object(kept.collect())
        }
        (Json::List(real), Json::List(shown)) if !shown.is_empty() => {
            let pairs = real.into_iter().enumerate();
            Json::List(pairs.map(|(i, value)| cut(value, &shown[i.min(shown.len() - 1)])).collect())
        }
        (real, _) => real,
    }
}

fn write(json: &Json, indent: usize) -> String {
    let (open, close, parts): (_, _, Vec<String>) = match json {
        Json::Leaf(value) => return value.to_string(),
        Json::List(list) => ("[", "]", list.iter().map(|value| write(value, indent + 2)).collect()),
        Json::Object(object) => {
            let member =
                |(key, value): &(String, Json)| format!("{}: {}", Value::from(key.as_str()), write(value, indent + 2));
            ("{", "}", object.iter().map(member).collect())
        }
    };
    let line = parts.join(", ");
    if parts.is_empty() || (indent > 0 && !line.contains('\n') && indent + line.len() < WIDTH) {
        let pad = if open == "{" && !parts.is_empty() { " " } else { "" };
        return format!("{open}{pad}{line}{pad}{close}");
    }
    let (inner, outer) = (" ".repeat(indent + 2), " ".repeat(indent));
    format!("{open}\n{inner}{}\n{outer}{close}", parts.join(&format!(",\n{inner}")))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Leaf(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = list.next_element()? {
            all.push(value);
        }
        Ok(Json::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = object.next_entry()? {
            all.push(member);
        }
        Ok(Json::Object(all))
    }
}
