//! Picks made last: what is computed of picked values, each place like any other, is computed for the places that are
//! picked from, where those are fewer, and then picked.
//!
//! A table of a few rows from which many are picked (cameras, each of which made many observations) has its sines
//! computed row by row, not pick by pick. What takes no longer than a pick is computed after it. What is picked by the same
//! indices lies side by side.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Algebra;
use super::index::{GATHER, gather};
use super::inward::{Elements, in_range, resized, through};
use super::structure::{BROADCAST, concatenate, slice};
use crate::ir::{Attr, Builder, Kernel, LONG, Node, NodeId, elements, reachable};

/// So many places are picked for each one that is picked from, at least.
const REPEATS: usize = 4;

/// Operations that take as long as picking an element.
const PICK: u64 = 8;

/// The same where a program over lanes picks, which takes four columns of a row together.
const PICK_OF_ROW: u64 = 2;

/// The same values with what is computed of picks picked last, and the indices that must be what they are known to be for
/// that; `None` where nothing is to be gained. Only picks by indices that are known to be in range are moved: others
/// make NaN of what is picked, which nothing that is done before may hide.
pub fn picked_last(
    b: &mut Builder,
    outputs: &[NodeId],
    known: &mut Elements<'_>,
) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
    if !b.nodes().iter().any(|node| node.is(&GATHER)) {
        return None;
    }
    let live = reachable(b.nodes(), outputs);
    let found = found(b, &live, known);
    let elementwise = |(node, live): &(&Node, &bool)| **live && matches!(node.op.kernel, Kernel::Elementwise(_));
    let by_rows = b.nodes().iter().zip(&live).filter(elementwise).count() >= LONG;
    let pick = if by_rows { PICK_OF_ROW } else { PICK };
    let moved = worth_moving(b, &live, &found, outputs, pick);
    if !moved.contains(&true) {
        return None;
    }
    let mut before = moved.clone();
    for (i, node) in b.nodes()[..live.len()].iter().enumerate().rev() {
        if let Some(found) = found[i].as_ref().filter(|_| before[i]) {
            found.of_places(node).for_each(|a| before[a.index()] = true);
        }
    }
    let mut images: Vec<NodeId> = (0..live.len()).map(|i| NodeId(i as u32)).collect();
    let mut sources: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    let mut indices = Vec::new();
    let outer = b.origin;
    let beside = if by_rows {
        let whole = whole(b, &live, outputs);
        side_by_side(b, &live, &found, [&before, &moved, &whole], &mut images, &mut sources)
    } else {
        vec![false; live.len()]
    };
    for i in (0..live.len()).filter(|&i| live[i]) {
        let n = NodeId(i as u32);
        if let (Some(found), true) = (&found[i], beside[i]) {
            indices.push(found.indices);
            continue;
        }
        images[i] = b.with_images(n, &images);
        let Some(found) = found[i].as_ref().filter(|_| before[i]) else { continue };
        b.origin = b.node(n).origin;
        let source = sources.get(&n).copied().unwrap_or_else(|| found.source(b, n, &images, &sources));
        sources.insert(n, source);
        if moved[i] {
            images[i] = gather(b, source, images[found.indices.index()], found.axis);
            indices.push(found.indices);
        }
    }
    b.origin = outer;
    Some((outputs.iter().map(|o| images[o.index()]).collect(), indices))
}

/// Which values somebody wants in memory, who neither computes element by element nor lays them beside others.
fn whole(b: &Builder, live: &[bool], outputs: &[NodeId]) -> Vec<bool> {
    let mut whole = vec![false; live.len()];
    for o in outputs {
        whole[o.index()] = true;
    }
    for (i, node) in b.nodes()[..live.len()].iter().enumerate().rev().filter(|(i, _)| live[*i]) {
        let wants = match node.op.kernel {
            Kernel::View(_) | Kernel::Reshape => whole[i],
            _ => !node.op.may_pick(),
        };
        node.args.iter().for_each(|a| whole[a.index()] |= wants);
    }
    whole
}

/// Lays the values that rows are picked from, and that depend on no picks themselves, side by side in a table, so that all
/// that is picked by the same indices is picked row by row, by those who compute with it. Says which values have their
/// images by that.
fn side_by_side(
    b: &mut Builder,
    live: &[bool],
    found: &[Option<Found>],
    [before, moved, whole]: [&[bool]; 3],
    images: &mut [NodeId],
    sources: &mut FxHashMap<NodeId, NodeId>,
) -> Vec<bool> {
    let mut placed = vec![false; live.len()];
    let mut waits = vec![false; live.len()];
    let mut tables: FxHashMap<(NodeId, usize), Vec<NodeId>> = FxHashMap::default();
    for i in (0..live.len()).filter(|&i| live[i]) {
        let (n, node) = (NodeId(i as u32), b.nodes()[i].clone());
        // An argument of its places is computed for those of the table, or is the same at all of them.
        let is_there = |a: NodeId| !waits[a.index()];
        let known = |(&a, axis): (&NodeId, &Option<usize>)| match axis {
            Some(_) => sources.contains_key(&a) || b.node(a).args.iter().all(|&a| is_there(a)),
            None => is_there(a),
        };
        let found = found[i].as_ref().filter(|f| before[i] && node.args.iter().zip(&f.axes).all(known));
        waits[i] = moved[i] || node.args.iter().any(|a| waits[a.index()]);
        let Some(found) = found else { continue };
        b.origin = node.origin;
        let source = found.source(b, n, images, sources);
        sources.insert(n, source);
        if moved[i] && found.axis == 0 && !whole[i] && !waits[found.indices.index()] {
            tables.entry((found.indices, found.from)).or_default().push(n);
        }
    }
    let mut tables: Vec<_> = tables.into_iter().filter(|(_, values)| values.len() > 1).collect();
    tables.sort_unstable();
    for ((indices, from), values) in tables {
        let widths: Vec<usize> = values.iter().map(|v| elements(&b.shape(*v)[1..])).collect();
        let columns: Vec<NodeId> =
            values.iter().zip(&widths).map(|(v, &w)| b.reshape(sources[v], &[from, w])).collect();
        let Ok(table) = concatenate(b, &columns, 1) else { continue };
        let rows = gather(b, table, indices, 0);
        let count = b.shape(rows)[0];
        let mut first = 0;
        for (&v, width) in values.iter().zip(widths) {
            let shape = b.shape(v).clone();
            let part = slice(b, rows, &[(0, count, 1), (first, first + width, 1)]);
            images[v.index()] = b.reshape(part, &shape);
            placed[v.index()] = true;
            first += width;
        }
    }
    placed
}

/// A value each place of which, along an axis, is made of one picked place.
struct Found {
    axis: usize,
    indices: NodeId,
    /// The places that are picked from.
    from: usize,
    /// For each argument, the axis along which its places are those of the value; `None` if it is needed whole.
    axes: SmallVec<[Option<usize>; 3]>,
}

impl Found {
    /// The arguments that are made of the same picks; others are needed whole, or the same everywhere.
    fn of_places<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = NodeId> + 'a {
        node.args.iter().zip(&self.axes).filter(|(_, axis)| axis.is_some()).map(|(&a, _)| a)
    }

    /// The value at the places that are picked from.
    fn source(&self, b: &mut Builder, n: NodeId, images: &[NodeId], sources: &FxHashMap<NodeId, NodeId>) -> NodeId {
        let node = b.node(n).clone();
        if node.is(&GATHER) {
            return images[node.args[0].index()];
        }
        let mut args: SmallVec<[NodeId; 3]> = SmallVec::new();
        for (a, axis) in node.args.iter().zip(&self.axes) {
            args.push(match (*axis, sources.get(a)) {
                (Some(_), Some(&source)) => source,
                (Some(axis), None) => {
                    let repeated = b.node(*a).clone();
                    let args: SmallVec<[NodeId; 3]> = repeated.args.iter().map(|a| images[a.index()]).collect();
                    b.make(repeated.op, &args, resized(&repeated, axis, self.from))
                }
                (None, _) => images[a.index()],
            });
        }
        let attr = resized(&node, self.axis, self.from);
        b.make(node.op, &args, attr)
    }
}

/// Which values are made of picks.
fn found(b: &Builder, live: &[bool], known: &mut Elements<'_>) -> Vec<Option<Found>> {
    let mut found: Vec<Option<Found>> = Vec::with_capacity(live.len());
    for (node, live) in b.nodes().iter().zip(live) {
        let next = if !live {
            None
        } else if node.is(&GATHER) {
            repeats(b, node).filter(|_| in_range(b, node, known))
        } else {
            let picked = node.args.iter().find_map(|a| found[a.index()].as_ref());
            picked.and_then(|p| (0..node.shape.len()).find_map(|axis| along(b, node, axis, p, &found)))
        };
        found.push(next);
    }
    found
}

/// A pick along one axis of many more places than there are.
fn repeats(b: &Builder, node: &Node) -> Option<Found> {
    let Attr::Axes(at) = &node.attr else { return None };
    let [picks] = *b.shape(node.args[1]).as_slice() else { return None };
    let (axis, from) = (at[1], b.shape(node.args[0])[at[1]]);
    let axes = SmallVec::from_iter([None, None]);
    (at[0] == 0 && picks / REPEATS >= from).then_some(Found { axis, indices: node.args[1], from, axes })
}

/// A value that is made, along an axis, of the same picks as an argument.
fn along(b: &Builder, node: &Node, axis: usize, picked: &Found, found: &[Option<Found>]) -> Option<Found> {
    let axes = through(b, node, axis)?;
    let mut is_made = false;
    for (&a, along) in node.args.iter().zip(&axes) {
        let Some(along) = *along else { continue };
        let same = |f: &Found| f.axis == along && f.indices == picked.indices && f.from == picked.from;
        let of_places = found[a.index()].as_ref().is_some_and(same);
        if !of_places && !is_repeated(b.node(a), along) {
            return None;
        }
        is_made |= of_places;
    }
    is_made.then_some(Found { axis, indices: picked.indices, from: picked.from, axes })
}

/// Whether a value is the same at all places of an axis.
fn is_repeated(node: &Node, axis: usize) -> bool {
    match &node.attr {
        Attr::Fill(..) => true,
        Attr::Broadcast(_, places) => node.is(&BROADCAST) && !places.contains(&axis),
        _ => false,
    }
}

/// Which values are to be picked after they were computed: those for which, and for nothing else, work is done that takes
/// longer than picking them.
fn worth_moving(b: &Builder, live: &[bool], found: &[Option<Found>], outputs: &[NodeId], pick: u64) -> Vec<bool> {
    let mut moved = vec![false; live.len()];
    if found.iter().all(Option::is_none) {
        return moved;
    }
    let saved = saved(b, live, found, outputs, pick);
    let mut needed = vec![false; live.len()];
    for o in outputs {
        needed[o.index()] = true;
    }
    for (i, node) in b.nodes()[..live.len()].iter().enumerate().rev() {
        if !needed[i] {
            continue;
        }
        moved[i] = found[i].is_some() && !node.is(&GATHER) && saved[i] > picking(node, pick);
        let whole = |axis: Option<&Option<usize>>| !moved[i] || axis.is_some_and(Option::is_none);
        let axes = found[i].as_ref().map(|f| f.axes.as_slice()).unwrap_or_default();
        for (k, a) in node.args.iter().enumerate() {
            needed[a.index()] |= whole(axes.get(k));
        }
    }
    moved
}

/// Operations that take as long as picking a value.
fn picking(node: &Node, pick: u64) -> u64 {
    (elements(&node.shape) as u64).saturating_mul(pick)
}

/// For each value that is made of picks, the operations that are done for it and for nothing else: those of the values
/// that it dominates.
fn saved(b: &Builder, live: &[bool], found: &[Option<Found>], outputs: &[NodeId], pick: u64) -> Vec<u64> {
    /// Beyond all values: what anything else asks for.
    const ANYTHING: usize = usize::MAX;
    let mut dominator: Vec<Option<usize>> = vec![None; live.len()];
    for o in outputs {
        dominator[o.index()] = Some(ANYTHING);
    }
    for i in (0..live.len()).rev().filter(|&i| live[i]) {
        let node = &b.nodes()[i];
        for (k, a) in node.args.iter().enumerate() {
            let inside = found[i].as_ref().is_some_and(|f| f.axes[k].is_some());
            let user = if inside { i } else { ANYTHING };
            let nearest = dominator[a.index()].map_or(user, |mut other| {
                let mut user = user;
                // What dominates a value comes after it.
                while user != other {
                    let earlier = if user < other { &mut user } else { &mut other };
                    *earlier = dominator[*earlier].unwrap_or(ANYTHING);
                }
                user
            });
            dominator[a.index()] = Some(nearest);
        }
    }
    let mut saved = vec![0u64; live.len()];
    for (i, (node, found)) in b.nodes().iter().zip(found).enumerate() {
        let Some(found) = found else { continue };
        let takes = if node.is(&GATHER) { picking(node, pick) } else { node.flops(b.nodes()) };
        let share = takes / (node.shape[found.axis].max(1) as u64) * found.from as u64;
        saved[i] = saved[i].saturating_add(takes.saturating_sub(share));
        if let Some(by) = dominator[i].filter(|&by| by != ANYTHING) {
            saved[by] = saved[by].saturating_add(saved[i]);
        }
    }
    saved
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::elementwise as e;
    use super::*;
    use crate::tensor::Tensor;

    fn elements_of(b: &Builder, n: NodeId) -> Option<Arc<[f64]>> {
        if let Attr::Data(data) = &b.node(n).attr { Some(Arc::clone(&data.elements)) } else { None }
    }

    /// Two rows of four, of which many are picked, and as many rows of others.
    fn rows(b: &mut Builder, picked: &[f64]) -> (NodeId, NodeId) {
        let (table, others) = (b.input(&[2, 4]), b.input(&[picked.len(), 4]));
        let indices = b.constant(&Tensor { shape: vec![picked.len()], data: picked.into() });
        (gather(b, table, indices, 0), others)
    }

    const PICKED: [f64; 12] = [0.0, 1.0, -1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, -2.0, 0.0, 1.0];

    #[test]
    fn what_takes_long_is_done_for_each_row_and_not_for_each_pick() {
        let mut b = Builder::default();
        let (row, others) = rows(&mut b, &PICKED);
        let grown = b.apply(&e::exponential::EXP, &[row]);
        let half = b.fill(0.5, &[12, 4]);
        let halved = b.mul(grown, half);
        let y = b.mul(halved, others);
        let alone = [b.flops(&[grown]), b.flops(&[halved]) - b.flops(&[grown]), b.flops(&[y]) - b.flops(&[halved])];
        let (moved, indices) = picked_last(&mut b, &[y], &mut elements_of).expect("it takes less");
        assert_eq!((b.shape(moved[0]).as_slice(), indices.len()), ([12, 4].as_slice(), 1));
        assert_eq!(b.flops(&moved), (alone[0] + alone[1]) / 6 + alone[2]);
    }

    #[test]
    fn sums_over_what_was_picked_are_taken_for_each_row() {
        let mut b = Builder::default();
        let (row, others) = rows(&mut b, &PICKED);
        let grown = b.apply(&e::exponential::EXP, &[row]);
        let weight = b.input(&[4]);
        let weight = b.broadcast(weight, &[12, 4], &[1]);
        let weighted = b.mul(grown, weight);
        let sum = b.sum(weighted, &[1]);
        let sum = b.expand(sum, &[1], &[12, 4]);
        let y = b.mul(sum, others);
        let before = b.flops(&[sum]);
        let (moved, _) = picked_last(&mut b, &[y], &mut elements_of).expect("it takes less");
        assert_eq!(b.flops(&moved), before / 6 + 48);
    }

    #[test]
    fn what_is_picked_by_the_same_indices_is_picked_row_by_row_but_for_what_is_wanted_whole() {
        let mut b = Builder::default();
        let (row, others) = rows(&mut b, &PICKED);
        let exponentials = b.apply(&e::exponential::EXP, &[row]);
        let roots = b.apply(&e::power::SQRT, &[row]);
        let both = [exponentials, roots].map(|x| b.mul(x, others));
        let y = b.add(both[0], both[1]);
        let mut logs = row;
        for _ in 0..LONG {
            logs = b.apply(&e::exponential::LOG, &[logs]);
        }
        let (moved, _) = picked_last(&mut b, &[y, logs], &mut elements_of).expect("it takes less");
        let live = reachable(b.nodes(), &moved);
        let picks = b.nodes().iter().zip(live).filter(|(node, live)| *live && node.is(&GATHER));
        let tables: Vec<_> = picks.map(|(node, _)| b.shape(node.args[0]).to_vec()).collect();
        assert_eq!(tables, [vec![2, 8], vec![2, 4]]);
    }

    #[test]
    fn what_takes_no_longer_than_a_pick_or_is_picked_seldom_or_by_anything_stays() {
        let mut b = Builder::default();
        let (row, others) = rows(&mut b, &PICKED);
        let doubled = b.add(row, row);
        let y = b.mul(doubled, others);
        assert!(picked_last(&mut b, &[y], &mut elements_of).is_none(), "a sum is no more work than a pick");
        for seldom in [&PICKED[..6], &[2.0; 12]] {
            let mut b = Builder::default();
            let (row, others) = rows(&mut b, seldom);
            let grown = b.apply(&e::exponential::EXP, &[row]);
            let y = b.mul(grown, others);
            assert!(picked_last(&mut b, &[y], &mut elements_of).is_none(), "{seldom:?}");
        }
    }
}
