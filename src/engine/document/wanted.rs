//! The field `want`: a word, a list of words, or an object of words with the functions each is for.

use super::not_empty;
use crate::fault::Fault;
use crate::json::fields::{choice, items, tell, wrong_type};
use crate::json::{Fields, Json, child};

/// Something to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Want {
    /// The values of the functions.
    Value,
    /// The gradients of scalar functions, as row vectors.
    Gradient,
    /// The Jacobians.
    Jacobian,
    /// The second derivatives of scalar functions, a matrix for each pair of inputs.
    Hessian,
    /// The Jacobian times the tangents.
    Jvp,
    /// The cotangents times the Jacobian.
    Vjp,
    /// The Hessian of scalar functions times the tangents.
    Hvp,
    /// Sign and logarithm of the determinant of a square Jacobian.
    LogAbsDet,
    /// The singular values of the Jacobian, with its rank and condition number.
    SingularValues,
    /// Where the Jacobians may differ from zero.
    Sparsity,
}

/// Every word of `want`, in the order in which answers have them.
pub(super) const WANT: [(&str, Want); 10] = [
    ("value", Want::Value),
    ("gradient", Want::Gradient),
    ("jacobian", Want::Jacobian),
    ("hessian", Want::Hessian),
    ("jvp", Want::Jvp),
    ("vjp", Want::Vjp),
    ("hvp", Want::Hvp),
    ("logabsdet", Want::LogAbsDet),
    ("singular_values", Want::SingularValues),
    ("sparsity", Want::Sparsity),
];

impl Want {
    /// Its word.
    pub fn word(self) -> &'static str {
        WANT.iter().find(|(_, want)| *want == self).map_or("", |(word, _)| word)
    }
}

/// Something to return, and of which functions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// What.
    pub want: Want,
    /// The functions it is for, each once; `None` for all that the document asks for.
    pub of: Option<Vec<String>>,
}

impl From<Want> for Wanted {
    fn from(want: Want) -> Self {
        Self { want, of: None }
    }
}

/// What to return, each thing once.
pub(super) fn want(fields: &Fields, faults: &mut Vec<Fault>) -> Option<Vec<Wanted>> {
    let value = fields.get("want")?;
    let pointer = fields.pointer("want");
    if let Json::Object(object) = value {
        return Some(by_function(object, &pointer, faults));
    }
    not_empty("want", "leave it out for what the endpoint returns", fields, faults);
    let mut wanted: Vec<Wanted> = Vec::new();
    for (item, pointer) in items(value, &pointer) {
        match choice(item, &pointer, &WANT, faults) {
            Some(want) if wanted.iter().all(|w| w.want != want) => wanted.push(want.into()),
            _ => {}
        }
    }
    Some(wanted)
}

/// `{"gradient": "objective", "jacobian": ["constraints"], "value": true}`.
fn by_function(object: &[(String, Json)], pointer: &str, faults: &mut Vec<Fault>) -> Vec<Wanted> {
    let words: Vec<&str> = WANT.iter().map(|(word, _)| *word).collect();
    let fields = Fields::new(object, pointer, &words, faults);
    let mut wanted = Vec::new();
    for (word, want) in WANT {
        match fields.get(word) {
            None | Some(Json::Bool(false)) => {}
            Some(Json::Bool(true)) => wanted.push(want.into()),
            Some(Json::Text(_) | Json::List(_)) => {
                let names = fields.names(word, faults).unwrap_or_default();
                wanted.push(Wanted { want, of: Some(names.into_iter().map(|(name, _)| name.to_owned()).collect()) });
            }
            Some(other) => {
                tell(faults, || wrong_type(&child(pointer, word), "true, a function or a list of them", other));
            }
        }
    }
    if object.is_empty() {
        let detail = "`want` is empty; leave it out for what the endpoint returns.";
        tell(faults, || Fault::new(crate::fault::Code::InvalidValue, detail).at(pointer));
    }
    wanted
}
