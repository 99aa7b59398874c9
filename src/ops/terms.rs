//! Sums, extrema, products and picks written out in single elements: what a graph is laid open by.
//!
//! Terms are added in the order in which the kernels add them where one run of elements is summed, so that a small
//! sum has the same bits laid open or not.

use smallvec::SmallVec;

use super::Algebra;
use super::compare::{MAXIMUM, MINIMUM};
use crate::ir::{Absorb, Attr, Builder, Node, NodeId, Primitive, elements};

/// Terms added straight on, in interleaved lanes, before partial sums are paired; as the kernel does.
const BLOCK: usize = 128;
const LANES: usize = 8;

/// Terms of a sum over axes.
#[allow(clippy::unnecessary_wraps, reason = "the contract of terms")]
pub(super) fn of_sum(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let groups = groups(b, node, args[0]);
    Some(groups.into_iter().map(|group| added(b, &group)).collect())
}

/// Terms of the largest along axes.
pub(super) fn of_max(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    extremum(b, node, args, &MAXIMUM)
}

/// Terms of the smallest along axes.
pub(super) fn of_min(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    extremum(b, node, args, &MINIMUM)
}

/// The first of equal ones is kept, as by the kernel; there is no term for the extremum of nothing.
fn extremum(b: &mut Builder, node: &Node, args: &[&[NodeId]], op: &'static Primitive) -> Option<Vec<NodeId>> {
    let groups = groups(b, node, args[0]);
    let of_group = |group: Vec<NodeId>| group.into_iter().reduce(|found, next| b.apply(op, &[next, found]));
    groups.into_iter().map(of_group).collect()
}

/// The elements of an argument that go into each element of a result without the axes of the attribute.
fn groups(b: &Builder, node: &Node, x: &[NodeId]) -> Vec<Vec<NodeId>> {
    let Attr::Axes(axes) = &node.attr else { return Vec::new() };
    let shape = b.shape(node.args[0]);
    let mut places = vec![0];
    for (axis, &length) in shape.iter().enumerate() {
        places = if axes.contains(&axis) {
            places.iter().flat_map(|&p| std::iter::repeat_n(p, length)).collect()
        } else {
            places.iter().flat_map(|&p| (0..length).map(move |i| p * length + i)).collect()
        };
    }
    let mut groups = vec![Vec::new(); elements(&node.shape)];
    places.into_iter().zip(x).for_each(|(place, &x)| groups[place].push(x));
    groups
}

/// The sum of scalars.
pub(super) fn added(b: &mut Builder, terms: &[NodeId]) -> NodeId {
    if terms.len() > BLOCK {
        let (low, high) = terms.split_at((terms.len() / 2).next_multiple_of(LANES));
        let (low, high) = (added(b, low), added(b, high));
        return b.add(low, high);
    }
    let (chunks, tail) = terms.as_chunks::<LANES>();
    let tail = tail.iter().copied().reduce(|sum, x| b.add(sum, x));
    let lanes = chunks.iter().copied().reduce(|sum, x| std::array::from_fn(|i| b.add(sum[i], x[i])));
    let joined = lanes.map(|lanes| {
        let mut level: SmallVec<[NodeId; LANES]> = lanes.into();
        while level.len() > 1 {
            level = level.chunks_exact(2).map(|pair| b.add(pair[0], pair[1])).collect();
        }
        level[0]
    });
    match (joined, tail) {
        (Some(joined), Some(tail)) => b.add(joined, tail),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => b.fill(0.0, &[]),
    }
}

/// Terms of a running sum.
#[allow(clippy::unnecessary_wraps, reason = "the contract of terms")]
pub(super) fn of_cumsum(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let Attr::Directed(axis, backwards) = node.attr else { return None };
    let (length, inner) = (node.shape[axis], elements(&node.shape[axis + 1..]));
    let mut out = args[0].to_vec();
    for block in out.chunks_mut((length * inner).max(1)) {
        for k in 1..length {
            let (before, here) = if backwards { (length - k, length - k - 1) } else { (k - 1, k) };
            for i in 0..inner {
                block[here * inner + i] = b.add(block[here * inner + i], block[before * inner + i]);
            }
        }
    }
    Some(out)
}

/// Terms of the position of the first nonzero element after the leading axes that are kept.
#[allow(clippy::unnecessary_wraps, reason = "the contract of terms")]
pub(super) fn of_first(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let count = elements(&node.shape);
    let size = args[0].len().checked_div(count).unwrap_or(0);
    let found = (0..count).map(|i| {
        let none = b.fill(-1.0, &[]);
        args[0][i * size..(i + 1) * size].iter().enumerate().rev().fold(none, |later, (p, &x)| {
            let place = b.fill(p as f64, &[]);
            b.select(x, place, later)
        })
    });
    Some(found.collect())
}

/// Terms of a product of arrays.
pub(super) fn of_product(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let Attr::Contract(batch, contracted, absorb) = node.attr else { return None };
    let (left, right) = (b.shape(node.args[0]).clone(), b.shape(node.args[1]).clone());
    let inner = elements(&right[batch..batch + contracted]);
    let rows = elements(&left[batch..left.len() - contracted]);
    let columns = elements(&right[batch + contracted..]);
    let mut out = Vec::with_capacity(elements(&node.shape));
    for g in 0..elements(&left[..batch]) {
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let sum = (0..inner).fold(None, |sum, l| {
                let (x, y) = (args[0][(g * rows + row) * inner + l], args[1][(g * inner + l) * columns + column]);
                let term = match absorb {
                    Absorb::Neither => b.mul(x, y),
                    Absorb::Left => b.scale(y, x),
                    Absorb::Right => b.scale(x, y),
                    Absorb::Both => b.chain(x, y),
                };
                Some(match sum {
                    Some(sum) => b.add(sum, term),
                    None => term,
                })
            });
            out.push(sum.unwrap_or_else(|| b.fill(0.0, &[])));
        }
    }
    Some(out)
}
