//! Arrays given as an object → [`Tensor`]: `{"shape", "data"}`, flat or nested, or `{"shape", "base64"}`.
//!
//! An array that an answer holds can be sent back as it is.

use std::sync::Arc;

use super::array::{MAX_RANK, fits, listed, not_a_number};
use super::fields::{tell, wrong_type};
use super::order::transposed;
use super::write::{Encoding, Order};
use super::{Fields, Json, element};
use crate::fault::{Code, Fault};
use crate::tensor::{Tensor, count};

/// `output_shape` and `input_shape` stand beside the Jacobians of our answers; they change nothing.
const FIELDS: [&str; 8] = ["shape", "data", "base64", "dtype", "encoding", "order", "output_shape", "input_shape"];

/// The array that the fields of an object describe; `None` only after a fault.
pub(super) fn packed(object: &[(String, Json)], pointer: &str, faults: &mut Vec<Fault>) -> Option<Tensor> {
    let fields = Fields::new(object, pointer, &FIELDS, faults);
    let encodings = [("nested", Encoding::Nested), ("flat", Encoding::Flat), ("base64", Encoding::Base64)];
    let encoding = fields.choice("encoding", &encodings, faults);
    let order = fields.choice("order", &[("C", Order::C), ("F", Order::F)], faults);
    fields.choice("dtype", &[("float64", ())], faults);
    let shape = fields
        .required("shape", "an array given as an object needs the length of each axis", faults)
        .and_then(|value| self::shape(value, &fields.pointer("shape"), faults));

    let (name, value) = match (fields.get("data"), fields.get("base64")) {
        (Some(data), None) => ("data", data),
        (None, Some(base64)) => ("base64", base64),
        (None, None) => {
            fields.required("data", "the elements, in `data` or in `base64`", faults);
            return None;
        }
        (Some(_), Some(_)) => {
            let detail = "An array has either `data` or `base64`, not both.";
            tell(faults, || Fault::new(Code::InvalidValue, detail).at(pointer));
            return None;
        }
    };
    let at = fields.pointer(name);
    let coded = name == "base64" || encoding == Some(Encoding::Base64);
    let data = match value {
        Json::Text(text) if coded || encoding.is_none() => decode(text, &at, faults)?,
        Json::Number(_) | Json::Array(_) | Json::List(_) if !coded => listed(value, &at, faults)?,
        other if coded => {
            tell(faults, || wrong_type(&at, "a base64 string", other));
            return None;
        }
        other => {
            tell(faults, || not_a_number(other, &at));
            return None;
        }
    };
    let tensor = shaped(shape?, data, order.unwrap_or(Order::C), &at, faults)?;
    if let Some(first) = tensor.data.iter().position(|element| element.is_nan()) {
        tell(faults, || {
            let index = unravel(first, &tensor.shape);
            Fault::new(Code::InvalidValue, format!("Element {index:?} is NaN; inputs must be numbers.")).at(&at)
        });
    }
    Some(tensor)
}

/// The lengths of the axes.
fn shape(value: &Json, pointer: &str, faults: &mut Vec<Fault>) -> Option<Vec<usize>> {
    let lengths: &[f64] = match value {
        Json::Array(tensor) if tensor.rank() == 1 => &tensor.data,
        Json::List(list) if list.is_empty() => &[],
        other => {
            let fault = wrong_type(pointer, "a list of lengths, one for each axis", other);
            tell(faults, || match other {
                Json::Number(number) => fault.hint(format!("write [{number}]")),
                _ => fault,
            });
            return None;
        }
    };
    let mut shape = Vec::with_capacity(lengths.len().min(MAX_RANK));
    let before = faults.len();
    for (axis, &length) in lengths.iter().enumerate() {
        if length >= 0.0 && length.fract() == 0.0 && length <= 9.0e15 {
            shape.push(length as usize);
        } else {
            tell(faults, || {
                let detail = format!("Axis {axis} cannot have the length {length}.");
                Fault::new(Code::InvalidValue, detail)
                    .at(element(pointer, axis))
                    .expected("an integer, 0 or more", length.to_string())
            });
        }
    }
    (faults.len() == before && fits(&shape, pointer, faults)).then_some(shape)
}

/// Gives elements, flat or already nested, the declared shape.
fn shaped(shape: Vec<usize>, data: Tensor, order: Order, pointer: &str, faults: &mut Vec<Fault>) -> Option<Tensor> {
    let needed = count(&shape)?;
    // Lists cannot show the axes that follow one of length 0.
    let nested = data.shape == shape || needed == 0 && shape.starts_with(&data.shape);
    if data.data.len() != needed || data.rank() > 1 && !nested {
        tell(faults, || {
            let (expected, got) = if data.rank() > 1 {
                (format!("shape {shape:?}"), format!("shape {:?}", data.shape))
            } else {
                let got = data.data.len();
                (format!("{needed} elements for shape {shape:?}"), format!("{got} elements"))
            };
            let detail = format!("`shape` and elements disagree: expected {expected}, got {got}.");
            Fault::new(Code::Shape, detail).at(pointer).expected(expected, got)
        });
        return None;
    }
    let data = if order == Order::F && data.rank() == 1 && shape.len() > 1 {
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        transposed(&reversed, &data.data).collect()
    } else {
        data.data
    };
    Some(Tensor { shape, data })
}

/// Little-endian doubles in base64; white space and missing padding are forgiven.
fn decode(text: &str, pointer: &str, faults: &mut Vec<Fault>) -> Option<Tensor> {
    let Ok(bytes) = base64_simd::forgiving_decode_to_vec(text.as_bytes()) else {
        tell(faults, || not_base64(text, pointer));
        return None;
    };
    let (doubles, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        tell(faults, || {
            let detail = format!("{} bytes are not a whole number of doubles of 8 bytes.", bytes.len());
            Fault::new(Code::InvalidValue, detail).at(pointer)
        });
        return None;
    }
    let data: Arc<[f64]> = doubles.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    Some(Tensor { shape: vec![data.len()], data })
}

fn not_base64(text: &str, pointer: &str) -> Fault {
    let alien = |c: &char| !(c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "+/=".contains(*c));
    let fault = match text.chars().enumerate().find(|(_, c)| alien(c)) {
        Some((position, c)) => {
            let detail = format!("This is not base64: {c:?} at position {position}.");
            let fault = Fault::new(Code::InvalidValue, detail);
            if c == '-' || c == '_' {
                fault.hint("use the standard alphabet with + and /, not the one for URLs")
            } else {
                fault
            }
        }
        None => Fault::new(Code::InvalidValue, "This is not base64: it is cut off or wrongly padded."),
    };
    fault.at(pointer)
}

/// The index along each axis of the element at `flat`.
fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&length| {
            let along = flat % length;
            flat /= length;
            along
        })
        .collect();
    index.reverse();
    index
}
