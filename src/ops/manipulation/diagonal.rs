//! Triangles, diagonals and traces. A diagonal is a slice of the flattened matrix with a step one
//! longer than a row, so both directions are linear and neither needs indices.

use smallvec::SmallVec;

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::create::iota;
use super::super::row::{Meaning, Operation};
use super::super::structure::{Triple, pad, slice};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Shape, elements, show};

fn build_tril(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, k) = matrices(b, args)?;
    let (mask, zero) = (beyond(b, x, k), b.fill_like(0.0, x));
    Ok(b.select(mask, zero, x))
}

fn build_triu(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, k) = matrices(b, args)?;
    let (mask, zero) = (beyond(b, x, k - 1), b.fill_like(0.0, x));
    Ok(b.select(mask, x, zero))
}

fn matrices(b: &mut Builder, args: &Bound<'_>) -> Result<(NodeId, i64), Fault> {
    let x = args.array(b, "x")?;
    if b.shape(x).len() < 2 {
        let fault = args.fault(Code::Shape, "a triangle is part of a matrix");
        return Err(fault.expected("two axes or more", format!("shape {}", show(b.shape(x)))));
    }
    Ok((x, args.integer(b, "k")?))
}

/// Ones beyond diagonal `k` of the last two axes (column − row > k), zeros elsewhere.
pub(in crate::ops) fn beyond(b: &mut Builder, x: NodeId, k: i64) -> NodeId {
    let shape: Shape = b.shape(x).clone();
    let plane = &shape[shape.len() - 2..];
    let (row, column) = (iota(b, plane, 0), iota(b, plane, 1));
    let diagonal = b.sub(column, row);
    let limit = b.fill(k as f64, plane);
    let mask = b.greater(diagonal, limit);
    b.broadcast_to(mask, &shape)
}

/// The lower triangle of the last two axes, diagonal included.
pub(in crate::ops) fn lower(b: &mut Builder, x: NodeId) -> NodeId {
    let (mask, zero) = (beyond(b, x, 0), b.fill_like(0.0, x));
    b.select(mask, zero, x)
}

/// The upper triangle of the last two axes, diagonal included.
pub(in crate::ops) fn upper(b: &mut Builder, x: NodeId) -> NodeId {
    let (mask, zero) = (beyond(b, x, -1), b.fill_like(0.0, x));
    b.select(mask, x, zero)
}

/// Number of elements of an n × m matrix, if it can be counted.
fn size(n: usize, m: usize) -> Option<usize> {
    n.checked_mul(m).filter(|&size| isize::try_from(size).is_ok())
}

fn too_large(args: &Bound<'_>, n: usize, m: usize) -> Fault {
    args.fault(Code::Limit, format!("a matrix of {n} × {m} elements is too large"))
}

/// Where diagonal `k` of an n × m matrix starts in the flattened matrix, and its length.
fn extent(n: usize, m: usize, k: i64) -> (usize, usize) {
    let offset = usize::try_from(k.unsigned_abs()).unwrap_or(usize::MAX);
    let (row, column) = if k < 0 { (offset, 0) } else { (0, offset) };
    let length = n.saturating_sub(row).min(m.saturating_sub(column));
    (if length == 0 { 0 } else { row * m + column }, length)
}

/// Diagonal `k` of the plane of two axes, as a last axis in place of both; `None` if the plane has
/// more elements than can be counted.
pub(in crate::ops) fn diagonal(b: &mut Builder, x: NodeId, k: i64, axis1: usize, axis2: usize) -> Option<NodeId> {
    let rest = (0..b.shape(x).len()).filter(|&i| i != axis1 && i != axis2);
    let order: SmallVec<[usize; 4]> = rest.chain([axis1, axis2]).collect();
    let moved = b.permute(x, &order);
    let mut shape = b.shape(moved).clone();
    let (m, n) = (shape.pop()?, shape.pop()?);
    let (start, length) = extent(n, m, k);
    let nothing = (length == 0 || elements(&shape) == 0).then_some(0.0);
    if let Some(value) = b.fill_value(x).or(nothing) {
        shape.push(length);
        return Some(b.fill(value, &shape));
    }
    shape.push(size(n, m)?);
    let flat = b.reshape(moved, &shape);
    let mut parts: SmallVec<[Triple; 4]> = shape.iter().map(|&len| (0, len, 1)).collect();
    parts[shape.len() - 1] = (start, start + (length - 1) * (m + 1) + 1, m + 1);
    Some(slice(b, flat, &parts))
}

/// An n × m matrix with a vector along diagonal `k`, as long as that, and zeros elsewhere; `None` if
/// it has more elements than can be counted.
fn from_diagonal(b: &mut Builder, v: NodeId, n: usize, m: usize, k: i64) -> Option<NodeId> {
    let size = size(n, m)?;
    let (start, length) = extent(n, m, k);
    let between = m.min(size);
    let covered = if length == 0 { 0 } else { (length - 1) * (m + 1) + 1 };
    let flat = pad(b, v, &[(start, size - start - covered, between)]);
    Some(b.reshape(flat, &[n, m]))
}

fn build_diag(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let k = args.integer(b, "k")?;
    match *b.shape(x).as_slice() {
        [n, m] => diagonal(b, x, k, 0, 1).ok_or_else(|| too_large(args, n, m)),
        [length] => {
            let n = length.saturating_add(usize::try_from(k.unsigned_abs()).unwrap_or(usize::MAX));
            from_diagonal(b, x, n, n, k).ok_or_else(|| too_large(args, n, n))
        }
        _ => {
            let fault = args.fault(Code::Shape, "diag takes a vector or a matrix");
            Err(fault.expected("one or two axes", format!("shape {}", show(b.shape(x)))))
        }
    }
}

fn build_trace(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let rank = b.shape(x).len();
    if rank < 2 {
        let fault = args.fault(Code::Shape, "a trace is taken of a matrix");
        return Err(fault.expected("two axes or more", format!("shape {}", show(b.shape(x)))));
    }
    let (axis1, axis2) = (args.axis(b, "axis1", rank)?, args.axis(b, "axis2", rank)?);
    if axis1 == axis2 {
        return Err(args.fault(Code::Index, "`axis1` and `axis2` are the same axis"));
    }
    let k = args.integer(b, "offset")?;
    let (n, m) = (b.shape(x)[axis1], b.shape(x)[axis2]);
    let elements = diagonal(b, x, k, axis1, axis2).ok_or_else(|| too_large(args, n, m))?;
    Ok(b.sum(elements, &[rank - 2]))
}

fn build_eye(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let n = length(b, args, "n")?;
    let m = if args.is_none("m") { n } else { length(b, args, "m")? };
    let k = args.integer(b, "k")?;
    if n == m && k == 0 {
        return Ok(b.eye(n));
    }
    let ones = b.fill(1.0, &[extent(n, m, k).1]);
    from_diagonal(b, ones, n, m, k).ok_or_else(|| too_large(args, n, m))
}

fn length(b: &Builder, args: &Bound<'_>, name: &str) -> Result<usize, Fault> {
    let n = args.integer(b, name)?;
    let negative =
        |_| args.fault(Code::InvalidValue, format!("`{name}` is 0 or more")).expected("0 or more", n.to_string());
    usize::try_from(n).map_err(negative)
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "The n × m matrix with ones along diagonal k and zeros elsewhere; the identity by default.",
        shape: "[n, m]",
        derivative: "0",
        cases: &[
            ("eye(3) @ x", &[&[3, 2]]),
            ("x * eye(2, 3)", &[&[2, 3]]),
            ("x @ eye(3, k=1)", &[&[3]]),
            ("eye(4, 2, -2) + x", &[&[]]),
            ("eye(0) + x", &[&[0, 0]]),
        ],
        ..Operation::new("eye", "eye(n, m=None, k=0)", Meaning::Build(build_eye))
    },
    Operation {
        summary: "The lower triangle of the last two axes, up to diagonal k; zeros elsewhere.",
        shape: "as x",
        derivative: "tril(dx, k)",
        cases: &[
            ("tril(x)", &[&[3, 3]]),
            ("tril(x, 1)", &[&[2, 2, 4]]),
            ("tril(x, k=-1)", &[&[4, 2]]),
            ("tril(x)", &[&[0, 3]]),
        ],
        ..Operation::new("tril", "tril(x, k=0)", Meaning::Build(build_tril))
    },
    Operation {
        summary: "The upper triangle of the last two axes, from diagonal k on; zeros elsewhere.",
        shape: "as x",
        derivative: "triu(dx, k)",
        cases: &[
            ("triu(x)", &[&[3, 3]]),
            ("triu(x, 1)", &[&[2, 2, 4]]),
            ("triu(x, k=-1)", &[&[4, 2]]),
            ("triu(x)", &[&[3, 0]]),
        ],
        ..Operation::new("triu", "triu(x, k=0)", Meaning::Build(build_triu))
    },
    Operation {
        summary: "The matrix with a vector along diagonal k, or diagonal k of a matrix.",
        shape: "[n + |k|, n + |k|] for a vector of n; the length of the diagonal for a matrix",
        derivative: "diag(dx, k)",
        cases: &[
            ("diag(x)", &[&[3]]),
            ("diag(x, -2)", &[&[2]]),
            ("diag(x, k=1)", &[&[3, 4]]),
            ("diag(x, -1)", &[&[4, 2]]),
            ("diag(x, 5)", &[&[2, 3]]),
            ("diag(x, 2)", &[&[0]]),
        ],
        ..Operation::new("diag", "diag(x, k=0)", Meaning::Build(build_diag))
    },
    Operation {
        summary: "The sum along a diagonal of two axes: the first two, as in NumPy, unless others are named.",
        shape: "as x, without the two axes",
        derivative: "trace(dx, offset, axis1, axis2)",
        cases: &[
            ("trace(x)", &[&[3, 3]]),
            ("trace(x, 1)", &[&[2, 3]]),
            ("trace(x)", &[&[2, 2, 3]]),
            ("trace(x, axis1=-2, axis2=-1)", &[&[3, 2, 2]]),
            ("trace(x)", &[&[0, 0]]),
        ],
        ..Operation::new("trace", "trace(x, offset=0, axis1=0, axis2=1)", Meaning::Build(build_trace))
    },
];
