//! The arrays of a document: constants, the point or the list of points, and what is batched.

use std::collections::{HashMap, HashSet};

use crate::fault::{Code, Fault};
use crate::json::array::MAX_RANK;
use crate::json::fields::{MOST_FAULTS, short, tell, twice, with_hint, wrong_type};
use crate::json::{Fields, Json, array, child, element, is_sparse, sparse};
use crate::suggest::suggest;
use crate::tensor::Tensor;

/// Most arrays in one object: names are matched with each other.
const MOST_NAMES: usize = 10_000;

/// Where the elements of a sparse constant are.
#[derive(Debug, Clone)]
pub struct Places {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Positions in row-major order.
    pub positions: Tensor,
}

/// The sparse constants by name; their elements stand among the other arrays.
pub(super) type Scattered = Vec<(String, Places)>;

/// Arrays by name, in the order written.
pub(super) type Named = Vec<(String, Tensor)>;

/// The inputs and which of them are batched.
pub(super) struct Inputs {
    pub(super) at: Named,
    pub(super) points: bool,
    pub(super) batch: Vec<String>,
}

/// The constants; each must have a name of its own that bodies can spell.
pub(super) fn constants(fields: &Fields, defined: &[&str], faults: &mut Vec<Fault>) -> (Named, Scattered) {
    let Some(given) = fields.get("constants") else { return Default::default() };
    let pointer = fields.pointer("constants");
    let object = match given {
        Json::Object(object) => object,
        other => {
            tell(faults, || wrong_type(&pointer, "an object of arrays by name", other));
            return Default::default();
        }
    };
    let functions: HashSet<&str> = defined.iter().copied().collect();
    for (name, _) in object {
        let (code, wrong) = if !is_identifier(name) {
            (Code::InvalidValue, "is not a name: use letters, digits and `_`, no digit first")
        } else if functions.contains(name.as_str()) {
            (Code::DuplicateName, "is the name of a function as well; rename one of them")
        } else {
            continue;
        };
        tell(faults, || {
            let detail = format!("The constant `{}` {wrong}.", short(name));
            Fault::new(code, detail).at(child(&pointer, name))
        });
    }
    let mut scattered = Scattered::new();
    let arrays = named_by(object, &pointer, faults, |name, value, at| match value {
        Json::Object(fields) if is_sparse(value) => {
            let matrix = sparse(fields, at)?;
            scattered.push((name.to_owned(), Places { shape: matrix.shape, positions: matrix.positions }));
            Ok(matrix.values)
        }
        _ => array(value, at),
    });
    (arrays, scattered)
}

/// `at` and `batch`; `None` only after a fault.
pub(super) fn inputs(fields: &Fields, faults: &mut Vec<Fault>) -> Option<Inputs> {
    let before = faults.len();
    let what = "a value for every argument, or a list of such points";
    let given = fields.required("at", what, faults);
    let pointer = fields.pointer("at");
    let (at, points) = match given {
        Some(Json::Object(object)) => (Some(named(object, &pointer, faults)), false),
        Some(Json::List(list)) => (stacked(list, &pointer, faults), true),
        Some(other) => {
            let expected = "an object of arrays by name, or a list of such points";
            tell(faults, || wrong_type(&pointer, expected, other));
            (None, false)
        }
        None => (None, false),
    };
    let sound = faults.len() == before;
    let batch = fields.names("batch", faults).unwrap_or_default();
    let at = at.filter(|_| sound)?;
    let batch = if points {
        if fields.get("batch").is_some() {
            let detail = "With a list of points every input is batched; leave `batch` out.";
            tell(faults, || Fault::new(Code::InvalidValue, detail).at(fields.pointer("batch")));
        }
        at.iter().map(|(name, _)| name.clone()).collect()
    } else {
        if !batched(&batch, &at, faults) {
            return None;
        }
        batch.into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    Some(Inputs { at, points, batch })
}

/// The arrays of an object.
pub(super) fn named(object: &[(String, Json)], pointer: &str, faults: &mut Vec<Fault>) -> Named {
    named_by(object, pointer, faults, |_, value, at| {
        if is_sparse(value) {
            let detail = "A sparse matrix can be a constant only; give its elements as an input where they vary.";
            let fault = Fault::new(Code::Unsupported, detail).at(at);
            return Err(vec![fault.hint("move it to `constants`; `wrt` may name it there, for its elements")]);
        }
        array(value, at)
    })
}

/// The arrays of an object, each read by a function of its name, what was given and where.
fn named_by(
    object: &[(String, Json)],
    pointer: &str,
    faults: &mut Vec<Fault>,
    mut read: impl FnMut(&str, &Json, &str) -> Result<Tensor, Vec<Fault>>,
) -> Named {
    if object.len() > MOST_NAMES {
        tell(faults, || {
            let detail = "There are too many named arrays; gather scalars into one array and index it.";
            let fault = Fault::new(Code::Limit, detail).at(pointer);
            fault.expected(format!("at most {MOST_NAMES}"), object.len().to_string())
        });
        return Named::new();
    }
    let mut names = HashSet::new();
    let mut arrays = Named::with_capacity(object.len());
    for (name, value) in object {
        if faults.len() >= MOST_FAULTS {
            break;
        }
        if !names.insert(name.as_str()) {
            faults.push(twice(name, pointer));
        }
        match read(name, value, &child(pointer, name)) {
            Ok(tensor) => arrays.push((name.clone(), tensor)),
            Err(wrong) => faults.extend(wrong),
        }
    }
    arrays
}

/// A list of points as one array for each input, the point's index its leading axis.
pub(super) fn stacked(list: &[Json], pointer: &str, faults: &mut Vec<Fault>) -> Option<Named> {
    let before = faults.len();
    let mut first: Option<Named> = None;
    let mut data: Vec<Vec<f64>> = Vec::new();
    for (index, point) in list.iter().enumerate() {
        let here = element(pointer, index);
        let Json::Object(object) = point else {
            tell(faults, || wrong_type(&here, "an object of arrays by name", point));
            continue;
        };
        let told = faults.len();
        let point = named(object, &here, faults);
        if faults.len() >= MOST_FAULTS {
            return None;
        }
        if faults.len() > told {
            continue;
        }
        let first = first.get_or_insert_with(|| {
            data.resize_with(point.len(), Vec::new);
            point.clone()
        });
        append(first, point, &mut data, &here, faults);
    }
    if faults.len() > before {
        return None;
    }
    let Some(first) = first.filter(|first| !first.is_empty()) else {
        let detail = "A list of points or directions needs at least one of them, with at least one array.";
        tell(faults, || Fault::new(Code::InvalidValue, detail).at(pointer));
        return None;
    };
    let mut at = Named::with_capacity(first.len());
    for ((name, tensor), data) in first.into_iter().zip(data) {
        if tensor.rank() == MAX_RANK {
            let detail = format!("`{name}` may have {} axes at most in a list.", MAX_RANK - 1);
            tell(faults, || Fault::new(Code::Limit, detail).at(element(pointer, 0)));
            return None;
        }
        let shape = std::iter::once(list.len()).chain(tensor.shape).collect();
        at.push((name, Tensor::new(shape, data)?));
    }
    Some(at)
}

/// Adds one point's elements, if it has the names and shapes of the first.
fn append(first: &Named, mut point: Named, data: &mut [Vec<f64>], pointer: &str, faults: &mut Vec<Fault>) {
    // Programs write the names in one order; looking up is for people.
    if !point.iter().map(|(name, _)| name).eq(first.iter().map(|(name, _)| name)) {
        let places: HashMap<&str, usize> = first.iter().map(|(name, _)| name.as_str()).zip(0..).collect();
        point.sort_by_key(|(name, _)| places.get(name.as_str()));
    }
    let names = |named: &Named| named.iter().map(|(name, _)| short(name)).collect::<Vec<_>>().join(", ");
    if point.len() != first.len() || point.iter().zip(first).any(|(point, first)| point.0 != first.0) {
        tell(faults, || {
            let detail = "This one does not have the names of the first.";
            Fault::new(Code::InvalidValue, detail).at(pointer).expected(names(first), names(&point))
        });
        return;
    }
    for ((name, tensor), ((_, expected), data)) in point.iter().zip(first.iter().zip(data)) {
        if tensor.shape == expected.shape {
            data.extend_from_slice(&tensor.data);
        } else {
            tell(faults, || {
                let (expected, got) = (format!("{:?}", expected.shape), format!("{:?}", tensor.shape));
                let shown = short(name);
                let detail = format!("`{shown}` has shape {got} here and {expected} in the first.");
                Fault::new(Code::Shape, detail).at(child(pointer, name)).expected(expected, got)
            });
        }
    }
}

/// Whether batched inputs are inputs and share a leading axis.
fn batched(batch: &[(&str, String)], at: &Named, faults: &mut Vec<Fault>) -> bool {
    let mut sound = true;
    let inputs: HashMap<&str, &Tensor> = at.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut first: Option<(&str, usize)> = None;
    for (name, pointer) in batch {
        let Some(tensor) = inputs.get(name) else {
            sound = false;
            tell(faults, || {
                let detail = format!("`batch` names `{}`, which is not an input in `at`.", short(name));
                let fault = Fault::new(Code::UnknownName, detail).at(pointer);
                with_hint(fault, suggest(name, at.iter().map(|(name, _)| name.as_str())))
            });
            continue;
        };
        let (detail, expected) = match (tensor.shape.first(), first) {
            (None, _) => (format!("`{name}` is batched and so needs a leading axis."), "1 axis or more".into()),
            (Some(0), _) => (format!("`{name}` is batched and has no points."), "length 1 or more".into()),
            (Some(&length), Some((other, expected))) if length != expected => (
                format!("`{name}` has {length} points, `{other}` has {expected}."),
                format!("leading length {expected}"),
            ),
            (Some(&length), _) => {
                first = first.or(Some((name, length)));
                continue;
            }
        };
        sound = false;
        tell(faults, || {
            let got = format!("shape {:?}", tensor.shape);
            Fault::new(Code::Shape, detail).at(child("/at", name)).expected(expected, got)
        });
    }
    sound
}

/// Whether bodies can spell a name.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && chars.all(unicode_ident::is_xid_continue)
}
