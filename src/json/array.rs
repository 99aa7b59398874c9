//! Arrays as a client may write them → [`Tensor`], and every way in which they are not arrays.
//!
//! A number, nested lists, or an object with a shape (see `packed`).

use super::fields::{MOST_FAULTS, short, tell};
use super::packed::packed;
use super::write::hollow;
use super::{Json, element};
use crate::fault::{Code, Fault};
use crate::tensor::{Tensor, count};

/// The most axes an array may have.
pub const MAX_RANK: usize = 32;

/// The array that `value`, which stands at `pointer`, describes; or all that is wrong with it.
pub fn array(value: &Json, pointer: &str) -> Result<Tensor, Vec<Fault>> {
    let mut faults = Vec::new();
    let tensor = match value {
        Json::Object(object) => packed(object, pointer, &mut faults),
        _ => listed(value, pointer, &mut faults),
    };
    match tensor {
        Some(tensor) if faults.is_empty() => Ok(tensor),
        _ => Err(faults),
    }
}

/// A number or nested lists.
pub(super) fn listed(value: &Json, pointer: &str, faults: &mut Vec<Fault>) -> Option<Tensor> {
    let tensor = match value {
        Json::Number(number) => Tensor::scalar(*number),
        Json::Array(tensor) => tensor.clone(),
        _ => {
            let mut walk = Walk { pointer, path: Vec::new(), data: Vec::new(), faults };
            let shape = walk.shape(value)?;
            Tensor::new(shape, walk.data)?
        }
    };
    fits(&tensor.shape, pointer, faults).then_some(tensor)
}

/// Walks lists that the reader could not pack into one array: some are empty, or something is wrong.
struct Walk<'a> {
    pointer: &'a str,
    path: Vec<usize>,
    data: Vec<f64>,
    faults: &'a mut Vec<Fault>,
}

impl Walk<'_> {
    /// The shape of `value`, its numbers gathered in `data`; `None` after a fault.
    fn shape(&mut self, value: &Json) -> Option<Vec<usize>> {
        match value {
            Json::Number(number) => {
                self.data.push(*number);
                Some(Vec::new())
            }
            Json::Array(tensor) => {
                self.data.extend_from_slice(&tensor.data);
                Some(tensor.shape.clone())
            }
            Json::List(list) => self.rows(list),
            other => {
                let pointer = self.here();
                tell(self.faults, || not_a_number(other, &pointer));
                None
            }
        }
    }

    fn rows(&mut self, list: &[Json]) -> Option<Vec<usize>> {
        let before = self.faults.len();
        let mut first: Option<(usize, Vec<usize>)> = None;
        let mut ragged = false;
        for (index, item) in list.iter().enumerate() {
            self.path.push(index);
            let shape = self.shape(item);
            match (&first, shape) {
                (None, Some(shape)) => first = Some((index, shape)),
                (Some((row, expected)), Some(got)) if *expected != got && !ragged => {
                    ragged = true;
                    let pointer = self.here();
                    tell(self.faults, || differ(&pointer, (*row, expected), (index, &got)));
                }
                _ => {}
            }
            self.path.pop();
            if self.faults.len() >= MOST_FAULTS {
                return None;
            }
        }
        if self.faults.len() > before {
            return None;
        }
        let mut shape = vec![list.len()];
        shape.extend(first.into_iter().flat_map(|(_, inner)| inner));
        Some(shape)
    }

    fn here(&self) -> String {
        self.path.iter().fold(self.pointer.to_owned(), |pointer, index| element(&pointer, *index))
    }
}

/// `null`, a string, a flag or an object where a number belongs.
pub(super) fn not_a_number(value: &Json, pointer: &str) -> Fault {
    let detail = format!("{pointer} must be a number or a list of numbers, not {}.", value.kind());
    let fault =
        Fault::new(Code::InvalidValue, detail).at(pointer).expected("a number or a list of numbers", value.kind());
    match value {
        Json::Null => fault.hint("every element needs a finite number; there are no missing values"),
        Json::Text(text) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            fault.hint(format!("leave out the quotes: {}", short(text)))
        }
        Json::Text(text) if text.parse::<f64>().is_ok() => fault.hint("inputs must be finite numbers"),
        Json::Bool(flag) => fault.hint(format!("write {}", u8::from(*flag))),
        _ => fault,
    }
}

/// Two elements of one list that are not of one shape.
fn differ(pointer: &str, first: (usize, &[usize]), other: (usize, &[usize])) -> Fault {
    let (expected, got) = (extent(first.1), extent(other.1));
    let detail =
        format!("This array is not rectangular: element {} is {expected}, element {} is {got}.", first.0, other.0);
    Fault::new(Code::Ragged, detail).at(pointer).expected(expected, got)
}

fn extent(shape: &[usize]) -> String {
    match shape {
        [] => "a number".to_owned(),
        [length] => format!("a list of length {length}"),
        _ => format!("an array of shape {shape:?}"),
    }
}

/// Whether a shape is within what can be computed with.
pub(super) fn fits(shape: &[usize], pointer: &str, faults: &mut Vec<Fault>) -> bool {
    let detail = if shape.len() > MAX_RANK {
        format!("An array may have {MAX_RANK} axes at most; this one has {}.", shape.len())
    } else if hollow(shape) || count(shape).is_none_or(|elements| elements > usize::MAX / size_of::<f64>()) {
        format!("An array of shape {shape:?} is too large.")
    } else {
        return true;
    };
    tell(faults, || Fault::new(Code::Limit, detail).at(pointer));
    false
}
