//! The fields `tangent` and `cotangent`: directions to multiply derivatives by, one or a list of them.

use super::inputs::{Named, named, stacked};
use crate::fault::{Code, Fault};
use crate::json::fields::{tell, wrong_type};
use crate::json::{Fields, Json, array};

/// Vectors by the name of an input (tangents) or of an output (cotangents).
#[derive(Debug, Clone, PartialEq)]
pub struct Directions {
    /// How many, if they came as a list; each array then has them along its leading axis.
    pub list: Option<usize>,
    /// The arrays by name.
    pub arrays: Named,
    /// Whether there is a single array that came without a name, for the only input or output there is.
    pub bare: bool,
}

/// One of the two fields; `None` if it is absent or at fault.
pub(super) fn directions(field: &str, fields: &Fields, faults: &mut Vec<Fault>) -> Option<Directions> {
    let value = fields.get(field)?;
    let pointer = fields.pointer(field);
    match value {
        Json::Object(object) if !is_array(object) => {
            if object.is_empty() {
                let detail = format!("`{field}` names no array.");
                tell(faults, || Fault::new(Code::InvalidValue, detail).at(&pointer));
                return None;
            }
            let before = faults.len();
            let arrays = named(object, &pointer, faults);
            (faults.len() == before).then_some(Directions { list: None, arrays, bare: false })
        }
        Json::Object(_) | Json::Number(_) | Json::Array(_) => match array(value, &pointer) {
            Ok(tensor) => Some(Directions { list: None, arrays: vec![(String::new(), tensor)], bare: true }),
            Err(wrong) => {
                faults.extend(wrong);
                None
            }
        },
        Json::List(items) if !items.is_empty() => {
            let arrays = stacked(items, &pointer, faults)?;
            Some(Directions { list: Some(items.len()), arrays, bare: false })
        }
        other => {
            tell(faults, || wrong_type(&pointer, "an object of arrays by name, or a list of such objects", other));
            None
        }
    }
}

/// Whether an object is an array by its shape rather than arrays by names.
fn is_array(object: &[(String, Json)]) -> bool {
    let has = |key: &str| object.iter().any(|(k, _)| k == key);
    has("shape") && (has("data") || has("base64"))
}
