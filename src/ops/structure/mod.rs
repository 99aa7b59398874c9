//! Primitives that move elements and compute nothing: views, padding, joining. All are linear, and
//! the transposes of one are among the others.

mod join;
mod places;
mod views;

use smallvec::SmallVec;

pub(in crate::ops) use self::join::{CONCATENATE, PAD};
pub(in crate::ops) use self::places::at;
pub use self::places::whole_numbers;
pub(in crate::ops) use self::views::{BROADCAST, PERMUTE, RESHAPE, REVERSE, SLICE};
use super::Algebra;
use crate::ir::{
    Adjoint, Attr, Batch, BatchArg, Builder, Cost, Depends, Kernel, Node, NodeId, Primitive, Room, Rule, Shape,
    ShapeError, Single, show,
};

/// First, end and step, or zeros before, after and between: one entry for each axis.
pub type Triple = (usize, usize, usize);

const fn linear(
    name: &'static str,
    shape: fn(&Attr, &[&[usize]]) -> Result<Shape, ShapeError>,
    kernel: Kernel,
    adjoint: Adjoint,
    batch: fn(&mut Builder, &Node, &[BatchArg], usize) -> NodeId,
) -> Primitive {
    Primitive {
        name,
        shape,
        kernel,
        rule: Rule::Linear { fixed: &[], adjoint },
        depends: Depends::Moves,
        batch: Batch::Custom(batch),
        cost: Cost::Free,
        simplify: None,
        kink: None,
        room: Room::None,
        single: Single::Kernel,
    }
}

fn mismatch(attr: &Attr, args: &[&[usize]]) -> ShapeError {
    ShapeError::new("the attribute does not fit the argument", format!("{attr:?}"), format!("{args:?}"))
}

/// A shape with a leading axis.
pub(in crate::ops) fn batched(size: usize, shape: &[usize]) -> Shape {
    std::iter::once(size).chain(shape.iter().copied()).collect()
}

/// A regular part of every axis: (first, end, step) for each.
pub fn slice(b: &mut Builder, x: NodeId, parts: &[Triple]) -> NodeId {
    b.make(&SLICE, &[x], Attr::Slice(parts.into()))
}

/// Zeros (before, after, between) for each axis.
pub fn pad(b: &mut Builder, x: NodeId, widths: &[Triple]) -> NodeId {
    b.make(&PAD, &[x], Attr::Pad(widths.into()))
}

/// Axes walked backwards.
pub fn reverse(b: &mut Builder, x: NodeId, axes: &[usize]) -> NodeId {
    b.make(&REVERSE, &[x], Attr::Axes(axes.into()))
}

/// Arrays joined in one step; more are joined in groups first, because the adjoint by one argument looks
/// at those before it.
const MOST_JOINED: usize = 64;

/// Arrays joined along an axis they have.
pub(in crate::ops) fn concatenate(b: &mut Builder, nodes: &[NodeId], axis: usize) -> Result<NodeId, ShapeError> {
    match nodes {
        [] => Err(ShapeError::new("there is nothing to join", "at least one array", "none")),
        [one] => Ok(*one),
        _ if nodes.len() <= MOST_JOINED => b.try_make(&CONCATENATE, nodes, Attr::Index(axis)),
        _ => {
            let groups = nodes.chunks(MOST_JOINED).map(|group| concatenate(b, group, axis));
            let joined = groups.collect::<Result<SmallVec<[NodeId; 4]>, _>>()?;
            concatenate(b, &joined, axis)
        }
    }
}

/// Arrays of one shape joined along a new axis.
pub(in crate::ops) fn stack(b: &mut Builder, nodes: &[NodeId], axis: usize) -> Result<NodeId, ShapeError> {
    let Some(&first) = nodes.first() else {
        return Err(ShapeError::new("there is nothing to stack", "at least one array", "none"));
    };
    let shape = b.shape(first).clone();
    if let Some(&other) = nodes.iter().find(|&&n| *b.shape(n) != shape) {
        let detail = "the parts of an array literal or stack have one shape";
        return Err(ShapeError::new(detail, show(&shape), show(b.shape(other))));
    }
    let mut unit = shape;
    unit.insert(axis, 1);
    let parts: SmallVec<[NodeId; 4]> = nodes.iter().map(|&n| b.reshape(n, &unit)).collect();
    concatenate(b, &parts, axis)
}
