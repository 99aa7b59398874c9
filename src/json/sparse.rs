//! Sparse matrices as a client may write them: coordinates, or rows compressed. An answer's sparse
//! matrix can be sent back as it is.

use std::sync::Arc;

use super::array::array;
use super::fields::{MOST_FAULTS, tell};
use super::{Fields, Json};
use crate::fault::{Code, Fault};
use crate::tensor::Tensor;

const FIELDS: [&str; 10] =
    ["shape", "format", "nnz", "rows", "cols", "indptr", "indices", "data", "output_shape", "input_shape"];

/// The most positions that a double counts exactly.
const MOST_POSITIONS: usize = 1 << 53;

/// A matrix of which only some elements are told.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Where the elements are, counted in row-major order.
    pub positions: Tensor,
    /// The elements.
    pub values: Tensor,
}

/// The fields of a sparse matrix: an object that says its format.
pub fn is_sparse(value: &Json) -> bool {
    matches!(value, Json::Object(object) if object.iter().any(|(name, _)| name == "format"))
}

/// The sparse matrix that an object describes, or all that is wrong with it.
pub fn sparse(object: &[(String, Json)], pointer: &str) -> Result<Sparse, Vec<Fault>> {
    let mut faults = Vec::new();
    let fields = Fields::new(object, pointer, &FIELDS, &mut faults);
    match read(&fields, &mut faults) {
        Some(sparse) if faults.is_empty() => Ok(sparse),
        _ => Err(faults),
    }
}

fn read(fields: &Fields<'_>, faults: &mut Vec<Fault>) -> Option<Sparse> {
    let formats = [("coo", false), ("csr", true), ("sparse", true)];
    let compressed = fields.choice("format", &formats, faults)?;
    let (by_rows, columns) = if compressed { ("indptr", "indices") } else { ("rows", "cols") };
    for other in if compressed { ["rows", "cols"] } else { ["indptr", "indices"] } {
        if fields.get(other).is_some() {
            let detail = format!("`{other}` belongs to another format; this one has `{by_rows}` and `{columns}`.");
            tell(faults, || Fault::new(Code::InvalidValue, detail).at(fields.pointer(other)));
        }
    }
    let lists = ["shape", by_rows, columns, "data"].map(|name| vector(fields, name, faults));
    let [Some(shape), Some(rows), Some(columns_of), Some(values)] = lists else { return None };
    let lengths = whole_below(&shape, usize::MAX, fields, "shape", faults)?;
    let &[m, n] = lengths.as_slice() else {
        let got = format!("{} lengths", lengths.len());
        let fault = Fault::new(Code::Shape, "A sparse matrix has two axes.").at(fields.pointer("shape"));
        tell(faults, || fault.expected("[rows, columns]", got));
        return None;
    };
    if m.checked_mul(n).is_none_or(|size| size > MOST_POSITIONS) {
        let detail = format!("A sparse matrix of shape [{m}, {n}] is too large.");
        tell(faults, || Fault::new(Code::Limit, detail).at(fields.pointer("shape")));
        return None;
    }
    let count = values.data.len();
    let columns_of = whole_below(&columns_of, n, fields, columns, faults)?;
    let row_limit = if compressed { count + 1 } else { m };
    let rows = whole_below(&rows, row_limit, fields, by_rows, faults)?;
    let rows = if compressed { expanded(&rows, m, count, fields, faults)? } else { rows };
    for (name, length) in [(columns, columns_of.len()), (by_rows, rows.len())] {
        if length != count {
            let detail = format!("`{name}` and `data` disagree: {length} positions, {count} elements.");
            let fault = Fault::new(Code::Shape, detail).at(fields.pointer(name));
            tell(faults, || fault.expected(format!("length {count}"), format!("length {length}")));
            return None;
        }
    }
    let positions: Arc<[f64]> = rows.iter().zip(&columns_of).map(|(i, j)| (i * n + j) as f64).collect();
    Some(Sparse { shape: [m, n], positions: Tensor { shape: vec![count], data: positions }, values })
}

/// A list of numbers.
fn vector(fields: &Fields<'_>, name: &str, faults: &mut Vec<Fault>) -> Option<Tensor> {
    let value = fields.required(name, "a sparse matrix needs it", faults)?;
    match array(value, &fields.pointer(name)) {
        Ok(tensor) if tensor.rank() == 1 => Some(tensor),
        Ok(tensor) => {
            let fault = Fault::new(Code::Shape, format!("`{name}` is a list of numbers.")).at(fields.pointer(name));
            tell(faults, || fault.expected("one axis", format!("shape {:?}", tensor.shape)));
            None
        }
        Err(wrong) => {
            faults.extend(wrong);
            faults.truncate(MOST_FAULTS);
            None
        }
    }
}

/// Whole numbers from 0 to below a limit.
fn whole_below(
    list: &Tensor,
    limit: usize,
    fields: &Fields<'_>,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<Vec<usize>> {
    let fits = |x: &f64| *x >= 0.0 && x.fract() == 0.0 && *x < limit.min(MOST_POSITIONS) as f64;
    if let Some(wrong) = list.data.iter().position(|x| !fits(x)) {
        tell(faults, || {
            let got = list.data[wrong].to_string();
            let detail = format!("Element {wrong} of `{name}` is {got}, which is not a position in this matrix.");
            let expected =
                if limit == 0 { "none".to_owned() } else { format!("a whole number from 0 to {}", limit - 1) };
            Fault::new(Code::Index, detail).at(super::element(&fields.pointer(name), wrong)).expected(expected, got)
        });
        return None;
    }
    Some(list.data.iter().map(|&x| x as usize).collect())
}

/// The row of each element from where each row starts.
fn expanded(
    starts: &[usize],
    rows: usize,
    count: usize,
    fields: &Fields<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<usize>> {
    let sound = starts.len() == rows + 1
        && starts.first() == Some(&0)
        && starts.last() == Some(&count)
        && starts.windows(2).all(|w| w[0] <= w[1]);
    if !sound {
        tell(faults, || {
            let detail = "`indptr` says where each row starts, and where the last one ends.";
            let expected = format!("{} ascending numbers from 0 to {count}", rows + 1);
            let fault = Fault::new(Code::InvalidValue, detail).at(fields.pointer("indptr"));
            fault.expected(expected, format!("{} numbers", starts.len()))
        });
        return None;
    }
    Some((0..rows).flat_map(|i| std::iter::repeat_n(i, starts[i + 1] - starts[i])).collect())
}
