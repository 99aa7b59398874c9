//! Constants taken at their word: what a plan may assume of their elements, where it gains much by it.
//!
//! A plan serves any constants of the same shapes. One that assumes more is kept under the elements of the constants it
//! looked at as well, so it is made again for others.

use std::sync::Arc;

use crate::diff::{Given, Known};
use crate::ir::{Builder, NodeId, reachable};
use crate::ops::{Elements, picked_first, picked_last};
use crate::tensor::Tensor;

/// Constants that are inputs of the graph with their elements, by name; those differentiated by are left out.
pub(super) fn constants(
    arrays: &[(String, Tensor)],
    inputs: &[NodeId],
    nodes: &[(String, NodeId)],
) -> Vec<(String, Given)> {
    let held = nodes.iter().filter(|(_, node)| !inputs.contains(node));
    let with_elements = held.filter_map(|(name, node)| {
        let (_, tensor) = arrays.iter().find(|(n, _)| n == name)?;
        Some((name.clone(), (*node, Arc::clone(&tensor.data))))
    });
    with_elements.collect()
}

/// Without their names.
pub(super) fn given(constants: &[(String, Given)]) -> Vec<Given> {
    constants.iter().map(|c| c.1.clone()).collect()
}

/// The constants that some values depend on.
pub(super) fn used<'a>(
    b: &Builder,
    values: &[NodeId],
    constants: &'a [(String, Given)],
) -> impl Iterator<Item = &'a String> + use<'a> {
    let live = reachable(b.nodes(), values);
    constants.iter().filter(move |(_, (node, _))| live[node.index()]).map(|(name, _)| name)
}

/// Makes picks by constant indices before what they pick from, and says which constants that takes at their word.
pub(super) fn pick_first(
    b: &mut Builder,
    outputs: &mut [(String, NodeId)],
    constants: &[(String, Given)],
) -> Vec<String> {
    let mut values: Vec<NodeId> = outputs.iter().map(|o| o.1).collect();
    let names = pick(b, &mut values, constants, picked_first);
    for (output, picked) in outputs.iter_mut().zip(values) {
        output.1 = picked;
    }
    names
}

/// Makes picks by constant indices after what is computed of them alone, and says which constants that takes at their
/// word.
pub(super) fn pick_last(b: &mut Builder, roots: &mut Vec<NodeId>, constants: &[(String, Given)]) -> Vec<String> {
    pick(b, roots, constants, picked_last)
}

/// Values with their picks made elsewhere, and the indices that this takes at their word.
type Moved = Option<(Vec<NodeId>, Vec<NodeId>)>;

/// Makes picks where `moved` would have them, and names the constants that this takes at their word.
fn pick(
    b: &mut Builder,
    values: &mut Vec<NodeId>,
    constants: &[(String, Given)],
    moved: fn(&mut Builder, &[NodeId], &mut Elements<'_>) -> Moved,
) -> Vec<String> {
    let mut known = Known::new(&given(constants));
    let Some((picked, indices)) = moved(b, values, &mut |b, n| known.value(b, n)) else { return Vec::new() };
    *values = picked;
    used(b, &indices, constants).cloned().collect()
}
