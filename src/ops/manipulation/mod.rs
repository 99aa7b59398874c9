//! The same elements under other axes: reshaping, reordering, inserting and dropping axes.
//!
//! What moves, repeats or picks elements is in [`arrange`]; triangles and diagonals are in [`diagonal`].

pub(super) mod arrange;
pub(super) mod diagonal;

use super::Algebra;
use super::bind::Bound;
use super::row::{Meaning, Operation};
use super::shaping::broadcast_shapes;
use super::structure::RESHAPE;
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, NodeId, Shape, elements, show};

fn build_reshape(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let lengths = args.integers(b, "shape")?;
    let shape = complete(args, &lengths, b.shape(x))?;
    b.try_make(&RESHAPE, &[x], Attr::Shape(shape)).map_err(|e| args.shape_fault(e))
}

/// The shape that was asked for, with the length written -1 worked out.
fn complete(args: &Bound<'_>, lengths: &[i64], source: &[usize]) -> Result<Shape, Fault> {
    let unknown = lengths.iter().filter(|&&n| n == -1).count();
    if unknown > 1 || lengths.iter().any(|&n| n < -1) {
        let detail = format!("a shape has lengths of 0 or more, at most one of them -1, got {lengths:?}");
        return Err(args.fault(Code::InvalidValue, detail));
    }
    let known: Shape = lengths.iter().filter_map(|&n| usize::try_from(n).ok()).collect();
    let (count, divisor) = (elements(source), elements(&known));
    if unknown == 1 && (divisor == 0 || !count.is_multiple_of(divisor)) {
        let detail = format!("cannot reshape {} into {lengths:?}", show(source));
        let expected =
            if divisor == 0 { "no length 0 beside -1".into() } else { format!("a multiple of {divisor} elements") };
        return Err(args.fault(Code::Shape, detail).expected(expected, format!("{count} elements")));
    }
    Ok(lengths.iter().map(|&n| usize::try_from(n).unwrap_or_else(|_| count / divisor)).collect())
}

fn build_ravel(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    Ok(ravel(b, x))
}

/// All elements along one axis.
pub(in crate::ops) fn ravel(b: &mut Builder, x: NodeId) -> NodeId {
    let count = elements(b.shape(x));
    b.reshape(x, &[count])
}

fn build_transpose(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let rank = b.shape(x).len();
    if args.is_none("axes") {
        let order: Vec<usize> = (0..rank).rev().collect();
        return Ok(b.permute(x, &order));
    }
    let order = distinct_axes(b, args, "axes", rank)?;
    if order.len() != rank {
        let detail = format!("`axes` must name each axis of an array of shape {} once", show(b.shape(x)));
        return Err(args.fault(Code::Index, detail).expected(format!("{rank} axes"), format!("{} axes", order.len())));
    }
    Ok(b.permute(x, &order))
}

/// Axes in the order given, none of them twice.
fn distinct_axes(b: &Builder, args: &Bound<'_>, name: &str, rank: usize) -> Result<Vec<usize>, Fault> {
    let given = args.integers(b, name)?;
    let axes = given.iter().map(|&a| args.resolve_axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    if axes.iter().enumerate().any(|(i, a)| axes[..i].contains(a)) {
        return Err(args.fault(Code::Index, format!("`{name}` names an axis twice: {given:?}")));
    }
    Ok(axes)
}

fn build_swapaxes(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let mut order: Vec<usize> = (0..b.shape(x).len()).collect();
    let (first, second) = (args.axis(b, "axis1", order.len())?, args.axis(b, "axis2", order.len())?);
    order.swap(first, second);
    Ok(b.permute(x, &order))
}

fn build_moveaxis(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let rank = b.shape(x).len();
    let from = distinct_axes(b, args, "source", rank)?;
    let to = distinct_axes(b, args, "destination", rank)?;
    if from.len() != to.len() {
        let detail = "`source` and `destination` name equally many axes";
        return Err(args.fault(Code::InvalidValue, detail).expected(from.len().to_string(), to.len().to_string()));
    }
    let mut order: Vec<usize> = (0..rank).filter(|i| !from.contains(i)).collect();
    let mut moves: Vec<(usize, usize)> = to.into_iter().zip(from).collect();
    moves.sort_unstable();
    for (place, axis) in moves {
        order.insert(place, axis);
    }
    Ok(b.permute(x, &order))
}

fn build_squeeze(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let source = b.shape(x).clone();
    let mut dropped = args.axes(b, "axis", source.len())?;
    if args.is_none("axis") {
        dropped.retain(|&i| source[i] == 1);
    }
    if let Some(&i) = dropped.iter().find(|&&i| source[i] != 1) {
        let detail = format!("axis {i} of an array of shape {} cannot be dropped", show(&source));
        return Err(args.fault(Code::Shape, detail).expected("length 1", format!("length {}", source[i])));
    }
    let kept: Shape = (0..source.len()).filter(|i| !dropped.contains(i)).map(|i| source[i]).collect();
    Ok(b.reshape(x, &kept))
}

fn build_expand_dims(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let mut shape = b.shape(x).clone();
    let rank = shape.len() + args.integers(b, "axis")?.len();
    for axis in args.axes(b, "axis", rank)? {
        shape.insert(axis, 1);
    }
    Ok(b.reshape(x, &shape))
}

fn build_broadcast_to(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let shape = args.shape(b, "shape")?;
    broadcast_into(b, args, x, &shape)
}

/// Broadcasts to a shape that is given and not to be enlarged.
pub(super) fn broadcast_into(b: &mut Builder, args: &Bound<'_>, x: NodeId, shape: &[usize]) -> Result<NodeId, Fault> {
    let source = b.shape(x);
    if broadcast_shapes(&[source, shape]).is_ok_and(|common| common.as_slice() == shape) {
        return Ok(b.broadcast_to(x, shape));
    }
    let detail = format!("an array of shape {} does not broadcast to {}", show(source), show(shape));
    Err(args.fault(Code::Shape, detail).expected(show(shape), show(source)))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "The same elements, row-major, under another shape; one length may be -1.",
        shape: "`shape`",
        derivative: "reshape(dx, shape)",
        cases: &[
            ("reshape(x, (3, -1))", &[&[2, 6]]),
            ("reshape(x, -1)", &[&[2, 3, 2]]),
            ("reshape(x, [])", &[&[1, 1]]),
            ("reshape(x, (2, 0, 5))", &[&[0, 3]]),
            ("reshape(sin(x).T, (2, 2, 3))", &[&[4, 3]]),
        ],
        ..Operation::new("reshape", "reshape(x, shape)", Meaning::Build(build_reshape))
    },
    Operation {
        summary: "All elements, row-major, along one axis.",
        shape: "[number of elements]",
        derivative: "ravel(dx)",
        cases: &[
            ("ravel(x)", &[&[2, 3, 2]]),
            ("ravel(x.T)", &[&[2, 3]]),
            ("ravel(x)", &[&[]]),
            ("ravel(x)", &[&[2, 0]]),
        ],
        ..Operation::new("ravel", "ravel(x)", Meaning::Build(build_ravel))
    },
    Operation {
        aliases: &["permute_dims"],
        summary: "The axes reordered, or reversed if no order is given, `x.T`.",
        shape: "the lengths of x in the order of `axes`",
        derivative: "transpose(dx, axes)",
        cases: &[
            ("x.T", &[&[2, 3]]),
            ("transpose(x)", &[&[4]]),
            ("transpose(x, (2, 0, 1))", &[&[2, 3, 4]]),
            ("transpose(x, (0, -1, -2))", &[&[2, 0, 3]]),
        ],
        ..Operation::new("transpose", "transpose(x, axes=None)", Meaning::Build(build_transpose))
    },
    Operation {
        summary: "Two axes exchanged.",
        shape: "as x, with two lengths exchanged",
        derivative: "swapaxes(dx, axis1, axis2)",
        cases: &[("swapaxes(x, 0, -1)", &[&[2, 3, 4]]), ("swapaxes(x, 0, 1)", &[&[0, 2]])],
        ..Operation::new("swapaxes", "swapaxes(x, axis1, axis2)", Meaning::Build(build_swapaxes))
    },
    Operation {
        summary: "Axes moved to other places; the rest keep their order.",
        shape: "the lengths of x, moved",
        derivative: "moveaxis(dx, source, destination)",
        cases: &[("moveaxis(x, 0, -1)", &[&[2, 3, 4]]), ("moveaxis(x, (0, 2), (1, 0))", &[&[2, 3, 4]])],
        ..Operation::new("moveaxis", "moveaxis(x, source, destination)", Meaning::Build(build_moveaxis))
    },
    Operation {
        summary: "Axes of length 1 dropped: all of them, or those named.",
        shape: "as x, without those axes",
        derivative: "squeeze(dx, axis)",
        cases: &[("squeeze(x)", &[&[1, 3, 1]]), ("squeeze(x, axis=-1)", &[&[1, 3, 1]]), ("squeeze(x)", &[&[0, 1]])],
        ..Operation::new("squeeze", "squeeze(x, axis=None)", Meaning::Build(build_squeeze))
    },
    Operation {
        summary: "New axes of length 1, at places counted in the result.",
        shape: "as x, with axes of length 1 put in",
        derivative: "expand_dims(dx, axis)",
        cases: &[
            ("expand_dims(x, 0)", &[&[3]]),
            ("expand_dims(x, (0, -1))", &[&[2, 3]]),
            ("expand_dims(x, -2)", &[&[0]]),
        ],
        ..Operation::new("expand_dims", "expand_dims(x, axis)", Meaning::Build(build_expand_dims))
    },
    Operation {
        summary: "The array repeated to a shape that it broadcasts to.",
        shape: "`shape`",
        derivative: "broadcast_to(dx, shape)",
        cases: &[
            ("broadcast_to(x, (2, 3))", &[&[3]]),
            ("broadcast_to(x, (4, 2, 3))", &[&[2, 1]]),
            ("broadcast_to(x, 5)", &[&[]]),
            ("broadcast_to(x, (0, 3))", &[&[1, 3]]),
        ],
        ..Operation::new("broadcast_to", "broadcast_to(x, shape)", Meaning::Build(build_broadcast_to))
    },
];
