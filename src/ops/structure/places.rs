//! Elements at places that are known while the graph is built.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use super::super::Algebra;
use super::{CONCATENATE, RESHAPE, Triple, linear, mismatch, slice};
use crate::ir::{Attr, Builder, Kernel, NodeId, Primitive, Room, Shape, elements};
use crate::tensor::Tensor;

/// Elements picked between two looks at the cancel flag.
const PORTION: usize = 1 << 16;

/// `[…, n] → […, k]`: the elements along the last axis at `k` places, all of them below n.
pub(in crate::ops) static PLACES: Primitive = Primitive {
    room: Room::Copies,
    simplify: Some(|b, args, attr| {
        let Attr::Places(places) = attr else { return None };
        let mut shape: Shape = b.shape(args[0]).clone();
        let last = shape.len().checked_sub(1)?;
        shape[last] = places.len();
        if let Some(value) = b.fill_value(args[0]) {
            return Some(b.fill(value, &shape));
        }
        if let Some(columns) = columns(b, args[0], places) {
            return Some(columns);
        }
        // What lies in steps of one length is a view.
        let first = *places.first()? as usize;
        let step = places.get(1).map_or(Some(1), |&second| (second as usize).checked_sub(first)).filter(|s| *s > 0)?;
        if !places.windows(2).all(|w| w[1] as usize == w[0] as usize + step) {
            return None;
        }
        let mut parts: SmallVec<[Triple; 4]> = shape.iter().map(|&n| (0, n, 1)).collect();
        parts[last] = (first, first + (places.len() - 1) * step + 1, step);
        Some(slice(b, args[0], &parts))
    }),
    ..linear(
        "places",
        |attr, args| match (attr, args[0]) {
            (Attr::Places(places), [lead @ .., _]) => Ok(lead.iter().copied().chain([places.len()]).collect()),
            _ => Err(mismatch(attr, args)),
        },
        Kernel::Dense(|attr, _, args, out, cancel| {
            let (Attr::Places(places), Some(&length)) = (attr, args[0].shape.last()) else { return };
            let x = args[0].contiguous_until(cancel);
            for (row, out) in x.chunks(length.max(1)).zip(out.chunks_mut(places.len().max(1))) {
                for (places, out) in places.chunks(PORTION).zip(out.chunks_mut(PORTION)) {
                    if cancel.load(Ordering::Relaxed) {
                        return;
                    }
                    pick(row, places, out);
                }
            }
        }),
        |b, n, _, ct| {
            let Attr::Places(places) = b.node(n).attr.clone() else { return ct };
            let source: Shape = b.shape(b.arg(n, 0)).clone();
            let Some((&length, lead)) = source.split_last() else { return ct };
            let indices = whole_numbers(b, places.iter().map(|&place| place as usize));
            b.put(ct, indices, lead.len(), length)
        },
        |b, node, args, _| b.make(&PLACES, &[args[0].0], node.attr.clone()),
    )
};

/// Picks from an array that was joined from columns, the same of each row: a join of those columns.
fn columns(b: &mut Builder, x: NodeId, places: &[u32]) -> Option<NodeId> {
    let mut joined = x;
    while b.node(joined).is(&RESHAPE) {
        joined = b.arg(joined, 0);
    }
    let node = b.node(joined);
    let (&[_], Attr::Index(axis), [lead @ .., width]) = (b.shape(x).as_slice(), &node.attr, node.shape.as_slice())
    else {
        return None;
    };
    let rows = elements(lead);
    let is_column = |a: &NodeId| b.shape(*a).last() == Some(&1);
    if !node.is(&CONCATENATE) || *axis != lead.len() || rows < 2 || !node.args.iter().all(is_column) {
        return None;
    }
    let picked = places.len() / rows;
    let first = places.get(..picked).filter(|_| picked > 0 && picked * rows == places.len())?;
    let in_row = |(row, places): (usize, &[u32])| {
        places.iter().zip(first).all(|(&place, &column)| place as usize == row * width + column as usize)
    };
    if first.iter().any(|&column| column as usize >= *width) || !places.chunks(picked).enumerate().all(in_row) {
        return None;
    }
    let kept: SmallVec<[NodeId; 16]> = first.iter().map(|&column| node.args[column as usize]).collect();
    let axis = *axis;
    let beside = b.join(&kept, axis);
    Some(b.reshape(beside, &[places.len()]))
}

/// Elements picked in one turn of a loop, which is else too short for its place in memory not to matter.
const TOGETHER: usize = 8;

/// Writes the elements of a row at as many places as there is room for.
fn pick(row: &[f64], places: &[u32], out: &mut [f64]) {
    let ((places, rest), (cells, last)) = (places.as_chunks::<TOGETHER>(), out.as_chunks_mut::<TOGETHER>());
    for (cells, places) in cells.iter_mut().zip(places) {
        for (cell, &place) in cells.iter_mut().zip(places) {
            *cell = row[place as usize];
        }
    }
    for (cell, &place) in last.iter_mut().zip(rest) {
        *cell = row[place as usize];
    }
}

/// The elements of a vector at some of its places.
pub(in crate::ops) fn at(b: &mut Builder, x: NodeId, places: impl Iterator<Item = usize>) -> NodeId {
    if u32::try_from(elements(b.shape(x))).is_ok() {
        return b.make(&PLACES, &[x], Attr::Places(places.map(|place| place as u32).collect()));
    }
    // Longer vectors than can be counted so are not computed, but what they would cost is predicted.
    let indices = whole_numbers(b, places);
    b.pick(x, indices, 0)
}

/// Whole numbers as a literal vector.
pub fn whole_numbers(b: &mut Builder, numbers: impl Iterator<Item = usize>) -> NodeId {
    let data: Arc<[f64]> = numbers.map(|n| n as f64).collect();
    b.constant(&Tensor { shape: vec![data.len()], data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_columns_of_each_row_are_joined_and_not_picked() {
        let mut b = Builder::default();
        let columns: Vec<NodeId> = (0..3).map(|_| b.input(&[4, 1])).collect();
        let joined = b.join(&columns, 1);
        let flat = b.reshape(joined, &[12]);
        let picked = at(&mut b, flat, [2, 0, 5, 3, 8, 6, 11, 9].into_iter());
        let beside = b.join(&[columns[2], columns[0]], 1);
        assert_eq!(picked, b.reshape(beside, &[8]));
        for others in [vec![2, 0, 5, 3, 8, 6, 9, 11], vec![2, 0, 5], vec![3, 0], vec![]] {
            let count = others.len();
            let picked = at(&mut b, flat, others.into_iter());
            assert!(b.node(picked).is(&PLACES) && b.shape(picked).as_slice() == [count]);
        }
    }
}
