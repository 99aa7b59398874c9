//! Sweeps through many items that are all computed alike.
//!
//! Where each place of an axis is made of the same few numbers in the same way (an observation of its camera and its
//! point), the function of one place is a small one. Its Jacobian is found by elimination, number by number, and a
//! batch of it over all places gives the strands: one for each number that a place is made of.

use std::sync::Arc;

use super::super::super::batch::batch;
use super::super::super::eliminate::Elimination;
use super::super::super::known::Given;
use super::{MOST_STRANDS, Strand, strands};
use crate::ir::{Builder, NodeId, Shape, dependent, elements};
use crate::ops::{Algebra, Cut, items, slice};

/// Fewest places for which a function of one is looked for.
const FEWEST_PLACES: usize = 8;

/// Most outputs whose items are looked for.
const MOST_OUTPUTS: usize = 16;

/// Most elements and terms of the linearised function of one place.
const MOST_OF_ONE: usize = 1 << 12;

/// Strands of the outputs, and the outputs themselves as they are computed on the way.
pub(in super::super) struct Itemised {
    pub(in super::super) strands: Vec<Vec<Strand>>,
    pub(in super::super) values: Vec<NodeId>,
}

/// The strands through items: as [`strands`]; `None` also where no output has items.
pub(in super::super) fn itemised(
    b: &mut Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    given: &[Given],
    most: usize,
) -> Option<Itemised> {
    if outputs.len() > MOST_OUTPUTS {
        return None;
    }
    let found: Vec<Option<OfItems>> = outputs.iter().map(|&o| OfItems::new(b, o, inputs)).collect();
    if found.iter().all(Option::is_none) {
        return None;
    }
    // Where the items are cut off, strands come from the inputs; so they do where there are none.
    let mut ends = Vec::new();
    for (&output, found) in outputs.iter().zip(&found) {
        match found {
            Some(of_items) => ends.extend(of_items.moving.iter().map(|m| m.cut.node)),
            None => ends.push(output),
        }
    }
    let mut carried = strands(b, &ends, inputs, given, most)?.into_iter();
    let mut all = Itemised { strands: Vec::new(), values: Vec::new() };
    for (&output, found) in outputs.iter().zip(found) {
        if let Some(of_items) = found {
            let mut strands = Vec::new();
            for moving in &of_items.moving {
                for strand in carried.next()? {
                    moving.pass(b, output, &strand, &mut strands)?;
                }
            }
            all.strands.push(strands);
            all.values.push(of_items.value);
        } else {
            all.strands.push(carried.next()?);
            all.values.push(output);
        }
    }
    Some(all)
}

/// A value that is a batch of items.
struct OfItems {
    /// What moves of that an item is made of.
    moving: Vec<Moving>,
    /// The value, by items.
    value: NodeId,
}

/// What items are made of, and their derivatives by it: places × elements of an item × elements of a cut.
struct Moving {
    cut: Cut,
    jacobian: NodeId,
}

impl OfItems {
    fn new(b: &mut Builder, output: NodeId, inputs: &[NodeId]) -> Option<Self> {
        let places = *b.shape(output).first().filter(|&&places| places >= FEWEST_PLACES)?;
        let shape: Shape = b.shape(output).clone();
        let (ones, cuts) = items(b, &[output]);
        let moves = dependent(b.nodes(), inputs, b.nodes().len());
        // What all items share would move them all.
        if moves[ones[0].index()] || cuts.iter().any(|cut| cut.node == output) {
            return None;
        }
        let moving: Vec<Cut> = cuts.iter().copied().filter(|cut| moves[cut.node.index()]).collect();
        let by: Vec<NodeId> = moving.iter().map(|cut| cut.item).collect();
        let of_one = Elimination::find(b, &ones, &by, &[], MOST_OF_ONE)?.build(b);
        let replaced: Vec<(NodeId, NodeId)> = cuts.iter().map(|cut| (cut.item, leading(b, cut))).collect();
        let wanted: Vec<NodeId> = of_one.jacobian.concat().into_iter().chain(of_one.values).collect();
        let mut all = batch(b, &wanted, &replaced, places);
        let value = all.pop()?;
        let value = b.reshape(value, &shape);
        Some(Self {
            moving: moving.into_iter().zip(all).map(|(cut, jacobian)| Moving { cut, jacobian }).collect(),
            value,
        })
    }
}

impl Moving {
    /// The strands of the value from one of what its items are made of.
    fn pass(&self, b: &mut Builder, output: NodeId, strand: &Strand, passed: &mut Vec<Strand>) -> Option<()> {
        let shape: Shape = b.shape(output).clone();
        let [places, of_item, by_item] = *b.shape(self.jacobian).as_slice() else { return None };
        let cut_shape: Shape = b.shape(self.cut.node).clone();
        let inner = elements(&cut_shape[self.cut.axis + 1..]);
        for e in 0..by_item {
            if passed.len() >= MOST_STRANDS {
                return None;
            }
            let slope = slice(b, self.jacobian, &[(0, places, 1), (0, of_item, 1), (e, e + 1, 1)]);
            let slope = b.reshape(slope, &shape);
            if b.fill_value(slope) == Some(0.0) {
                continue;
            }
            let at = |place: usize| (e / inner * places + place) * inner + e % inner;
            let of_place = |place: usize| std::iter::repeat_n(strand.columns[at(place)], of_item);
            let columns: Arc<[u32]> = (0..places).flat_map(of_place).collect();
            let along = leading(b, &Cut { node: strand.tangent, ..self.cut });
            let along = b.reshape(along, &[places, by_item]);
            let along = slice(b, along, &[(0, places, 1), (e, e + 1, 1)]);
            let along = b.reshape(along, &[places]);
            let along = b.broadcast(along, &shape, &[0]);
            passed.push(Strand::new(b.chain(slope, along), columns, false));
        }
        Some(())
    }
}

/// A value that is cut, with its places leading and each of them in the shape of an item.
fn leading(b: &mut Builder, cut: &Cut) -> NodeId {
    let rank = b.shape(cut.node).len();
    let order: Vec<usize> = std::iter::once(cut.axis).chain((0..rank).filter(|&i| i != cut.axis)).collect();
    let mut shape: Shape = b.shape(cut.node).clone();
    let places = std::mem::replace(&mut shape[cut.axis], 1);
    shape.insert(0, places);
    let first = b.permute(cut.node, &order);
    b.reshape(first, &shape)
}
