//! A batch in portions: a loop over some points at a time, whose values stay in the cache from one operation to the
//! next, where those of all points would pass through memory.

use super::batch::batch;
use crate::ir::{Builder, Extent, Kernel, Loop, NodeId, close, dependent, elements, reachable};
use crate::ops::{Algebra, turned};

/// Elements of the largest value in a portion, at most: it passes through no more than the caches, and a product of
/// matrices is long enough for what it costs to start one. A batch whose values have fewer is computed as a whole.
const LARGEST: usize = 1 << 17;

/// Points of a portion, at least: starting operations is then a small part of the time.
const LEAST: usize = 8;

/// The roots with a batch axis, from what they are at one point, computed in portions; `whole` are the same computed
/// for all points at once. `None` where that is not predicted to take less time, or where no portions of one size make
/// up the batch.
pub fn in_portions(
    b: &mut Builder,
    points: &[NodeId],
    whole: &[NodeId],
    replaced: &[(NodeId, NodeId)],
    size: usize,
) -> Option<Vec<NodeId>> {
    let live = reachable(b.nodes(), whole);
    let nodes = || b.nodes().iter().zip(&live).filter(|(_, live)| **live).map(|(node, _)| node);
    let working = nodes().filter(|node| matches!(node.op.kernel, Kernel::Elementwise(_) | Kernel::Dense(_)));
    let largest = working.map(|node| elements(&node.shape)).max()?;
    // Elementwise work alone is done a tile at a time in any case, and loops stay as they are.
    let dense = nodes().any(|node| matches!(node.op.kernel, Kernel::Dense(_)));
    if largest < LARGEST || !dense || nodes().any(|node| matches!(node.op.kernel, Kernel::Loop)) {
        return None;
    }
    let most = (LARGEST / (largest / size).max(1)).min(size / 2);
    let portion = (LEAST..=most).rev().find(|portion| size.is_multiple_of(*portion))?;
    let steps = size / portion;
    let mut items = Vec::with_capacity(replaced.len());
    let mut sequences = Vec::with_capacity(replaced.len());
    for &(point, image) in replaced {
        let shape = b.shape(point).clone();
        let portioned: Vec<usize> = [portion].into_iter().chain(shape.iter().copied()).collect();
        let sequence: Vec<usize> = [steps].into_iter().chain(portioned.iter().copied()).collect();
        items.push((point, b.input(&portioned)));
        sequences.push(b.reshape(image, &sequence));
    }
    let sources: Vec<NodeId> = replaced.iter().map(|r| r.0).collect();
    let moving = dependent(b.nodes(), &sources, b.nodes().len());
    // What is the same at all points is made once.
    let moving: Vec<usize> = (0..points.len()).filter(|&k| moving[points[k].index()]).collect();
    let outputs: Vec<NodeId> = moving.iter().map(|&k| points[k]).collect();
    let outputs = batch(b, &outputs, &items, portion);
    let outputs = turned(b, &outputs);
    let inputs: Vec<NodeId> = items.iter().map(|item| item.1).collect();
    let (body, captured) = close(b, &inputs, &outputs);
    let looped = Loop::new(body, steps, 0, inputs.len(), Extent::All, false);
    sequences.extend(captured);
    let run = b.run(&looped, &sequences);
    let mut roots = whole.to_vec();
    for (part, k) in moving.into_iter().enumerate() {
        let shape = b.shape(whole[k]).clone();
        let sequence = b.part(run, part);
        roots[k] = b.reshape(sequence, &shape);
    }
    Some(roots)
}
