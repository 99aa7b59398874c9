//! Call forms: reads a row's signature once and binds arguments to it.

use super::bind::Value;
use super::row::Operation;
use crate::fault::{Code, Fault};

/// A parsed signature: parameters in order with their defaults, and whether one takes all other arguments.
#[derive(Debug)]
pub struct Signature {
    /// Names in order, the variadic one left out.
    pub names: Vec<&'static str>,
    defaults: Vec<Option<Value>>,
    /// How many may be given by position; those after a variadic one are given by name.
    positional: usize,
    variadic: bool,
}

impl Signature {
    /// Parses `name(a, b=default, *rest, c=default)`. Defaults are None, True, False, a quoted string or a number.
    pub(super) fn parse(row: &Operation) -> Self {
        let inside = row.signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let mut signature = Self { names: Vec::new(), defaults: Vec::new(), positional: 0, variadic: false };
        for part in inside.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            if part.starts_with('*') {
                signature.variadic = true;
                continue;
            }
            let (name, default) = match part.split_once('=') {
                Some((name, default)) => (name, Some(default_value(default))),
                None => (part, None),
            };
            signature.names.push(name);
            signature.positional += usize::from(!signature.variadic);
            signature.defaults.push(default);
        }
        signature
    }

    /// Binds a call: a value for each parameter, and the variadic rest.
    pub fn bind(
        &self,
        row: &Operation,
        args: Vec<Value>,
        keywords: &[(&str, Value)],
    ) -> Result<(Vec<Value>, Vec<Value>), Fault> {
        let arity = |detail: String| {
            Fault::new(Code::Arity, detail)
                .expected(row.signature, format!("{} arguments", args.len() + keywords.len()))
        };
        if args.len() > self.positional && !self.variadic {
            let most = self.positional;
            return Err(arity(format!("{} takes at most {most} arguments, got {}", row.name, args.len())));
        }
        let mut values: Vec<Option<Value>> = vec![None; self.names.len()];
        for (keyword, value) in keywords {
            let Some(i) = self.names.iter().position(|n| n == keyword) else {
                let fault = arity(format!("{} has no argument `{keyword}`", row.name));
                return Err(match crate::suggest::suggest(keyword, self.names.iter().copied()) {
                    Some(hint) => fault.hint(hint),
                    None => fault,
                });
            };
            if i < args.len().min(self.positional) || values[i].is_some() {
                return Err(arity(format!("`{keyword}` of {} is given twice", row.name)));
            }
            values[i] = Some(value.clone());
        }
        let given = args.len().min(self.positional);
        if let Some(i) = (given..self.names.len()).find(|&i| values[i].is_none() && self.defaults[i].is_none()) {
            return Err(arity(format!("{} lacks its argument `{}`", row.name, self.names[i])));
        }
        let mut args = args.into_iter();
        for (i, (slot, default)) in values.iter_mut().zip(&self.defaults).enumerate() {
            if i < given {
                *slot = args.next();
            } else if slot.is_none() {
                slot.clone_from(default);
            }
        }
        Ok((values.into_iter().map(|v| v.unwrap_or(Value::Nothing)).collect(), args.collect()))
    }
}

fn default_value(text: &str) -> Value {
    match text {
        "None" => Value::Nothing,
        "True" => Value::Flag(true),
        "False" => Value::Flag(false),
        _ => match text.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(text.trim_matches(['\'', '"']).to_owned()),
        },
    }
}
