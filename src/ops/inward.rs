//! Picks made first: what is computed along an axis and then picked from is computed for the picked places alone.
//!
//! A pick along an axis goes through whatever keeps the places along it apart: through elementwise operations, views,
//! joins along other axes, sums and extrema over other axes, and into the factor of a product that has the axis free.
//! The pick of a value that other work needs whole would be computed twice, so all of it is kept only if it takes fewer
//! operations.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::contract::CONTRACT;
use super::index::{GATHER, gather};
use super::reduce::{MAX, MIN, SUM};
use super::structure::{BROADCAST, CONCATENATE, PERMUTE, RESHAPE, REVERSE, SLICE};
use crate::ir::{Attr, Builder, Kernel, Node, NodeId, Shape, elements, reachable};
use crate::kernel::position;

/// Most operations that a pick goes through one after another.
const DEEPEST: usize = 256;

/// The elements of a node, if they are known before anything runs.
pub type Elements<'a> = dyn FnMut(&Builder, NodeId) -> Option<Arc<[f64]>> + 'a;

/// The same values with their picks made first, and the indices that must be what they are known to be for that; `None`
/// where that takes no fewer operations. Indices that may be out of range make NaN of what is picked, which nothing
/// that follows may hide: only such as are known to be in range are moved.
pub fn picked_first(
    b: &mut Builder,
    outputs: &[NodeId],
    known: &mut Elements<'_>,
) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
    let live = reachable(b.nodes(), outputs);
    let picks = |b: &Builder, i: usize| live[i] && narrows(b, &b.nodes()[i]);
    if !(0..live.len()).any(|i| picks(b, i)) {
        return None;
    }
    let mut images: Vec<NodeId> = (0..live.len()).map(|i| NodeId(i as u32)).collect();
    let mut moved = Vec::new();
    let outer = b.origin;
    for i in (0..live.len()).filter(|&i| live[i]) {
        let node = &b.nodes()[i];
        if picks(b, i) && in_range(b, node, known) {
            let Attr::Axes(at) = &node.attr else { continue };
            let (axis, [from, indices]) = (at[1], [0, 1].map(|k| images[node.args[k].index()]));
            b.origin = node.origin;
            let length = b.shape(indices)[0];
            let look = &mut |b: &mut Builder, n, axis| gather(b, n, indices, axis);
            images[i] = Pick { b, length, look, made: FxHashMap::default() }.of(from, axis, 0);
            moved.push(indices);
        } else {
            images[i] = b.with_images(NodeId(i as u32), &images);
        }
    }
    b.origin = outer;
    let picked: Vec<NodeId> = outputs.iter().map(|o| images[o.index()]).collect();
    (b.flops(&picked) < b.flops(outputs)).then_some((picked, moved))
}

/// Whether a node picks fewer places along one axis than there are.
fn narrows(b: &Builder, node: &Node) -> bool {
    let Attr::Axes(at) = &node.attr else { return false };
    node.is(&GATHER)
        && at[0] == 0
        && matches!(b.shape(node.args[1]).as_slice(), [picks] if *picks < b.shape(node.args[0])[at[1]])
}

/// Whether a pick's indices are known, and all in range.
pub(super) fn in_range(b: &Builder, node: &Node, known: &mut Elements<'_>) -> bool {
    let Attr::Axes(at) = &node.attr else { return false };
    let length = b.shape(node.args[0])[at[1]];
    known(b, node.args[1]).is_some_and(|indices| indices.iter().all(|&i| position(i, length).is_some()))
}

/// A value whose places along an axis become those of an item of its own.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// The value, of many places.
    pub node: NodeId,
    /// The axis.
    pub axis: usize,
    /// An input that stands for one place of it, the axis having length 1.
    pub item: NodeId,
}

/// What `nodes` are at one place of their first axis, which has length 1 in the result; and what that is made of.
/// Each place is computed like any other, so the whole is a batch of these items.
pub fn items(b: &mut Builder, nodes: &[NodeId]) -> (Vec<NodeId>, Vec<Cut>) {
    let mut cuts: Vec<Cut> = Vec::new();
    let look = &mut |b: &mut Builder, node: NodeId, axis: usize| {
        let mut shape: Shape = b.shape(node).clone();
        shape[axis] = 1;
        let item = b.input(&shape);
        cuts.push(Cut { node, axis, item });
        item
    };
    let mut walk = Pick { b, length: 1, look, made: FxHashMap::default() };
    let items = nodes.iter().map(|&n| walk.of(n, 0, 0)).collect();
    (items, cuts)
}

/// How one place of an axis, or a few, is looked at where that must be done.
type Look<'a> = dyn FnMut(&mut Builder, NodeId, usize) -> NodeId + 'a;

/// A number of places along an axis, and what has been picked so.
struct Pick<'a> {
    b: &'a mut Builder,
    length: usize,
    look: &'a mut Look<'a>,
    made: FxHashMap<(NodeId, usize), NodeId>,
}

impl Pick<'_> {
    /// The places along an axis of a node.
    fn of(&mut self, n: NodeId, axis: usize, depth: usize) -> NodeId {
        if let Some(&made) = self.made.get(&(n, axis)) {
            return made;
        }
        let node = self.b.node(n).clone();
        let through = if depth < DEEPEST { through(self.b, &node, axis) } else { None };
        let made = match through {
            None => (self.look)(self.b, n, axis),
            Some(axes) => {
                let pairs = node.args.iter().zip(axes);
                let args: SmallVec<[NodeId; 3]> =
                    pairs.map(|(&a, axis)| axis.map_or(a, |axis| self.of(a, axis, depth + 1))).collect();
                let attr = resized(&node, axis, self.length);
                self.b.make(node.op, &args, attr)
            }
        };
        self.made.insert((n, axis), made);
        made
    }
}

/// For each argument, along which axis it is picked from so that the node is picked from along `axis`; `None` where
/// that cannot be.
pub(super) fn through(b: &Builder, node: &Node, axis: usize) -> Option<SmallVec<[Option<usize>; 3]>> {
    let every = |axis: usize| Some(node.args.iter().map(|_| Some(axis)).collect());
    let one = |axis: Option<usize>| Some(SmallVec::from_iter([axis]));
    match &node.attr {
        _ if matches!(node.op.kernel, Kernel::Elementwise(_)) => every(axis),
        Attr::Fill(..) if matches!(node.op.kernel, Kernel::Fill) => every(axis),
        Attr::Index(joined) if node.is(&CONCATENATE) && *joined != axis => every(axis),
        Attr::Axes(order) if node.is(&PERMUTE) => one(Some(order[axis])),
        Attr::Axes(turned) if node.is(&REVERSE) && !turned.contains(&axis) => one(Some(axis)),
        Attr::Axes(reduced) if [&SUM, &MAX, &MIN].iter().any(|op| node.is(op)) => {
            one((0..b.shape(node.args[0]).len()).filter(|i| !reduced.contains(i)).nth(axis))
        }
        Attr::Slice(parts) if node.is(&SLICE) && parts[axis] == (0, b.shape(node.args[0])[axis], 1) => one(Some(axis)),
        Attr::Broadcast(shape, places) if node.is(&BROADCAST) => {
            let source = b.shape(node.args[0]);
            one(places.iter().position(|&p| p == axis).filter(|&i| source[i] == shape[axis] && source[i] != 1))
        }
        Attr::Shape(shape) if node.is(&RESHAPE) => {
            let source = b.shape(node.args[0]);
            let same = |&i: &usize| source[i] == shape[axis] && elements(&source[..i]) == elements(&shape[..axis]);
            (0..source.len()).find(same).and_then(|i| one(Some(i)))
        }
        &Attr::Contract(batch, contracted, _) if node.is(&CONTRACT) => {
            let free_a = b.shape(node.args[0]).len() - batch - contracted;
            Some(SmallVec::from_iter(match axis {
                _ if axis < batch => [Some(axis), Some(axis)],
                _ if axis < batch + free_a => [Some(axis), None],
                _ => [None, Some(axis - free_a + contracted)],
            }))
        }
        _ => None,
    }
}

/// The attributes of a node when an axis of its result gets another length.
pub(super) fn resized(node: &Node, axis: usize, length: usize) -> Attr {
    let with = |shape: &Shape| {
        let mut shape = shape.clone();
        shape[axis] = length;
        shape
    };
    match &node.attr {
        Attr::Fill(shape, bits) => Attr::Fill(with(shape), *bits),
        Attr::Broadcast(shape, places) => Attr::Broadcast(with(shape), places.clone()),
        Attr::Shape(shape) => Attr::Shape(with(shape)),
        Attr::Slice(parts) => {
            let mut parts = parts.clone();
            parts[axis] = (0, length, 1);
            Attr::Slice(parts)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Absorb;
    use crate::ops::Algebra;
    use crate::tensor::Tensor;

    fn literal(b: &mut Builder, indices: &[f64]) -> NodeId {
        b.constant(&Tensor { shape: vec![indices.len()], data: indices.into() })
    }

    fn elements_of(b: &Builder, n: NodeId) -> Option<Arc<[f64]>> {
        if let Attr::Data(data) = &b.node(n).attr { Some(Arc::clone(&data.elements)) } else { None }
    }

    /// Rows of `tanh(x y + z) w`, `picked` of which are asked for.
    fn rows(b: &mut Builder, picked: &[f64]) -> (NodeId, NodeId) {
        let (x, y, z, w) = (b.input(&[50, 4]), b.input(&[4, 6]), b.input(&[6]), b.input(&[6, 2]));
        let product = b.product(x, y, 0, 1, Absorb::Neither);
        let spread = b.broadcast(z, &[50, 6], &[1]);
        let sum = b.add(product, spread);
        let square = b.mul(sum, sum);
        let whole = b.product(square, w, 0, 1, Absorb::Neither);
        let indices = literal(b, picked);
        let turned = b.permute(whole, &[1, 0]);
        (whole, gather(b, turned, indices, 1))
    }

    #[test]
    fn rows_that_nobody_picks_are_not_computed() {
        let mut b = Builder::default();
        let (whole, y) = rows(&mut b, &[7.0, -1.0, 7.0]);
        let before = b.flops(&[y]);
        let (picked, moved) = picked_first(&mut b, &[y], &mut elements_of).expect("it takes less");
        assert_eq!(b.shape(picked[0]), b.shape(y));
        assert_eq!(moved.len(), 1);
        assert_eq!(b.flops(&picked) * 50, before * 3);
        assert!(picked_first(&mut b, &[y, whole], &mut elements_of).is_none(), "all rows are needed in any case");
    }

    #[test]
    fn what_may_be_out_of_range_stays_where_it_is() {
        let mut b = Builder::default();
        let (_, y) = rows(&mut b, &[50.0]);
        assert!(picked_first(&mut b, &[y], &mut elements_of).is_none());
        let (whole, _) = rows(&mut b, &[1.0]);
        let indices = b.input(&[3]);
        let y = gather(&mut b, whole, indices, 0);
        assert!(picked_first(&mut b, &[y], &mut elements_of).is_none());
    }
}
