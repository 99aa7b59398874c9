//! Products of vectors and matrices, as few large contractions as their shapes allow.

use smallvec::SmallVec;

use super::Algebra;
use super::bind::Bound;
use super::manipulation::arrange::roll;
use super::manipulation::{broadcast_into, ravel};
use super::row::{Meaning, Operation};
use super::shaping::{broadcast_pair, broadcast_shapes};
use super::sparse::{Sparse, is_sparse};
use super::structure::slice;
use crate::fault::{Code, Fault};
use crate::ir::{Absorb, Builder, NodeId, Shape, ShapeError, show};

/// Checks that the last axis of `x` is as long as the last but one (or only) axis of `y`.
fn check_inner(x: &[usize], y: &[usize]) -> Result<(), ShapeError> {
    let (Some(&left), Some(&last)) = (x.last(), y.last()) else {
        let detail = format!("product of {} and {}: a scalar has no axis; use * for scalars", show(x), show(y));
        return Err(ShapeError::new(detail, "arrays of one axis or more", "a scalar"));
    };
    let (right, which) = if y.len() == 1 { (last, "only") } else { (y[y.len() - 2], "last but one") };
    if left == right {
        return Ok(());
    }
    let detail = format!(
        "matrix product of {} and {}: the last axis of the left ({left}) must equal the {which} axis of the right ({right})",
        show(x),
        show(y)
    );
    Err(ShapeError::new(detail, format!("length {left}"), format!("length {right}")))
}

/// NumPy's matmul. Where one side has no leading axes, one contraction serves all matrices of the other.
pub(in crate::ops) fn matmul(b: &mut Builder, x: NodeId, y: NodeId) -> Result<NodeId, ShapeError> {
    let (left, right): (Shape, Shape) = (b.shape(x).clone(), b.shape(y).clone());
    check_inner(&left, &right)?;
    if let Some(sparse) = Sparse::of(b, x) {
        return Ok(sparse.times(b, y));
    }
    if let Some(sparse) = Sparse::of(b, y) {
        return Ok(sparse.times_left(b, x));
    }
    if right.len() <= 2 {
        return Ok(b.product(x, y, 0, 1, Absorb::Neither));
    }
    if left.len() == 1 {
        let flipped = b.transposed(y);
        return Ok(b.product(flipped, x, 0, 1, Absorb::Neither));
    }
    if left.len() == 2 {
        let (flipped_y, flipped_x) = (b.transposed(y), b.transposed(x));
        let flipped = b.product(flipped_y, flipped_x, 0, 1, Absorb::Neither);
        return Ok(b.transposed(flipped));
    }
    let (left_lead, left_plane) = left.split_at(left.len() - 2);
    let (right_lead, right_plane) = right.split_at(right.len() - 2);
    let lead = broadcast_shapes(&[left_lead, right_lead]).map_err(|e| {
        let detail =
            format!("matrix product of {} and {}: the leading axes do not broadcast", show(&left), show(&right));
        ShapeError { detail, ..e }
    })?;
    let whole = |plane: &[usize]| -> Shape { lead.iter().chain(plane).copied().collect() };
    let (x, y) = (b.broadcast_to(x, &whole(left_plane)), b.broadcast_to(y, &whole(right_plane)));
    Ok(b.matmul(x, y, Absorb::Neither))
}

fn build_matmul(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, y) = (args.array(b, "x")?, args.array(b, "y")?);
    matmul(b, x, y).map_err(|e| args.shape_fault(e))
}

fn build_dot(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, y) = (args.array(b, "x")?, args.array(b, "y")?);
    dot(b, x, y).map_err(|e| args.shape_fault(e))
}

/// NumPy's dot: the last axis of `x` with the last but one of `y`; scalars multiply.
fn dot(b: &mut Builder, x: NodeId, y: NodeId) -> Result<NodeId, ShapeError> {
    if b.shape(x).is_empty() || b.shape(y).is_empty() {
        let (x, y) = broadcast_pair(b, x, y)?;
        return Ok(b.mul(x, y));
    }
    check_inner(b.shape(x), b.shape(y))?;
    let rank = b.shape(y).len();
    if rank <= 2 && (is_sparse(b, x) || is_sparse(b, y)) {
        return matmul(b, x, y);
    }
    let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
    if rank > 2 {
        order.remove(rank - 2);
        order.insert(0, rank - 2);
    }
    let y = b.permute(y, &order);
    Ok(b.product(x, y, 0, 1, Absorb::Neither))
}

fn build_outer(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, y) = (args.array(b, "x")?, args.array(b, "y")?);
    let (x, y) = (ravel(b, x), ravel(b, y));
    Ok(b.product(x, y, 0, 0, Absorb::Neither))
}

fn build_cross(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, y) = (args.array(b, "x")?, args.array(b, "y")?);
    let lengths = (b.shape(x).last().copied(), b.shape(y).last().copied());
    if lengths != (Some(3), Some(3)) && lengths != (Some(2), Some(2)) {
        let fault = args.fault(Code::Shape, "a cross product is taken along last axes of length 3, or 2, alike");
        return Err(fault.expected("[..., 3] and [..., 3]", format!("{} and {}", show(b.shape(x)), show(b.shape(y)))));
    }
    let (x, y) = broadcast_pair(b, x, y).map_err(|e| args.shape_fault(e))?;
    let shape: Shape = b.shape(x).clone();
    let axis = shape.len() - 1;
    let turned = |b: &mut Builder, v: NodeId| roll(b, v, -1, axis).map_err(|e| args.shape_fault(e));
    let (next_x, next_y) = (turned(b, x)?, turned(b, y)?);
    let (forth, back) = (b.mul(x, next_y), b.mul(next_x, y));
    let difference = b.sub(forth, back);
    if shape[axis] == 3 {
        return turned(b, difference);
    }
    let mut parts: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
    parts[axis] = (0, 1, 1);
    let z = slice(b, difference, &parts);
    Ok(b.reshape(z, &shape[..axis]))
}

fn build_affine(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, weight) = (args.array(b, "x")?, args.array(b, "weight")?);
    let (Some(&input), &[m, n]) = (b.shape(x).last(), b.shape(weight).as_slice()) else {
        let got = format!("x of shape {} and weight of shape {}", show(b.shape(x)), show(b.shape(weight)));
        let fault = args.fault(Code::Shape, "the weight is a matrix and x has an axis to be multiplied");
        return Err(fault.expected("x of shape [..., n] and weight of shape [m, n]", got));
    };
    if input != n {
        let detail = format!("a weight of shape [{m}, {n}] takes x of shape [..., {n}]");
        return Err(args.fault(Code::Shape, detail).expected(format!("[..., {n}]"), show(b.shape(x))));
    }
    let product = if is_sparse(b, weight) {
        let flipped = b.transposed(weight);
        matmul(b, x, flipped).map_err(|e| args.shape_fault(e))?
    } else if b.shape(x).len() == 1 {
        b.product(weight, x, 0, 1, Absorb::Neither)
    } else {
        let flipped = b.transposed(weight);
        b.product(x, flipped, 0, 1, Absorb::Neither)
    };
    if args.is_none("bias") {
        return Ok(product);
    }
    let shape: Shape = b.shape(product).clone();
    let bias = args.array(b, "bias")?;
    let bias = broadcast_into(b, args, bias, &shape)?;
    Ok(b.add(product, bias))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Product over the last axis of x and the last but one (or only) axis of y; scalars multiply.",
        shape: "the other axes of x, then those of y",
        derivative: "dot(dx, y) + dot(x, dy)",
        cases: &[
            ("dot(x, y)", &[&[3], &[3]]),
            ("dot(x, y)", &[&[2, 3], &[3]]),
            ("dot(x, y)", &[&[2, 2, 3], &[2, 3, 2]]),
            ("dot(x, y)", &[&[3], &[2, 3, 2]]),
            ("dot(x, y)", &[&[], &[2, 2]]),
            ("dot(x, y)", &[&[0], &[0, 2]]),
        ],
        ..Operation::new("dot", "dot(x, y)", Meaning::Build(build_dot))
    },
    Operation {
        summary: "Matrix product, `x @ y`; a vector counts as a row on the left and a column on the right; leading axes broadcast.",
        shape: "[..., m, n] for [..., m, k] and [..., k, n]",
        derivative: "dx @ y + x @ dy",
        cases: &[
            ("x @ y", &[&[2, 3], &[3]]),
            ("x @ y", &[&[3], &[3]]),
            ("x @ y", &[&[3], &[3, 2]]),
            ("x @ x.T", &[&[2, 3]]),
            ("x @ y", &[&[4, 2, 3], &[3, 2]]),
            ("x @ y", &[&[2, 3], &[4, 3, 2]]),
            ("x @ y", &[&[3], &[2, 3, 2]]),
            ("x @ y", &[&[2, 2, 3], &[3]]),
            ("x @ y", &[&[2, 1, 2, 3], &[3, 3, 2]]),
            ("x @ y", &[&[2, 0], &[0, 3]]),
            ("x @ y", &[&[0, 2, 3], &[3, 2]]),
        ],
        ..Operation::new("matmul", "matmul(x, y)", Meaning::Build(build_matmul))
    },
    Operation {
        summary: "All products of an element of x and an element of y, both flattened.",
        shape: "[elements of x, elements of y]",
        derivative: "outer(dx, y) + outer(x, dy)",
        cases: &[
            ("outer(x, y)", &[&[2], &[3]]),
            ("outer(x, x)", &[&[2, 2]]),
            ("outer(x, y)", &[&[], &[2]]),
            ("outer(x, y)", &[&[0], &[2]]),
        ],
        ..Operation::new("outer", "outer(x, y)", Meaning::Build(build_outer))
    },
    Operation {
        summary: "Cross product of vectors of length 3 along the last axis; of length 2, its third component.",
        shape: "the broadcast of x and y; without the last axis for length 2",
        derivative: "cross(dx, y) + cross(x, dy)",
        cases: &[
            ("cross(x, y)", &[&[3], &[3]]),
            ("cross(x, y)", &[&[2, 3], &[3]]),
            ("cross(x, y)", &[&[2, 1, 3], &[4, 3]]),
            ("cross(x, y)", &[&[2], &[3, 2]]),
            ("cross(x, y)", &[&[0, 3], &[3]]),
        ],
        ..Operation::new("cross", "cross(x, y)", Meaning::Build(build_cross))
    },
    Operation {
        summary: "An affine layer, `weight @ x + bias`; leading axes of x are a batch.",
        shape: "[..., m] for x of shape [..., n] and weight of shape [m, n]",
        derivative: "weight @ dx + dweight @ x + dbias",
        cases: &[
            ("affine(x, y, z)", &[&[3], &[2, 3], &[2]]),
            ("affine(x, y, z)", &[&[4, 3], &[2, 3], &[2]]),
            ("affine(x, y, bias=z)", &[&[2, 2, 3], &[2, 3], &[]]),
            ("affine(x, y)", &[&[3], &[2, 3]]),
            ("affine(x, y)", &[&[0, 3], &[2, 3]]),
        ],
        ..Operation::new("affine", "affine(x, weight, bias=None)", Meaning::Build(build_affine))
    },
];
