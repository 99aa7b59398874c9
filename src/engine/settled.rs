//! Constants taken at their word: what a plan may assume of their elements, where it gains much by it.
//!
//! A plan serves any constants of the same shapes. One that assumes more is kept under the elements of the constants it
//! looked at as well, so it is made again for others.

use std::sync::Arc;

use crate::diff::{Given, Known};
use crate::ir::{Builder, NodeId, reachable};
use crate::ops::{picked_first, picked_last};
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
    let mut known = Known::new(&given(constants));
    let values: Vec<NodeId> = outputs.iter().map(|o| o.1).collect();
    let Some((picked, indices)) = picked_first(b, &values, &mut |b, n| known.value(b, n)) else { return Vec::new() };
    for (output, picked) in outputs.iter_mut().zip(picked) {
        output.1 = picked;
    }
    used(b, &indices, constants).cloned().collect()
}

/// Makes picks by constant indices after what is computed of them alone, and says which constants that takes at their
/// word.
pub(super) fn pick_last(b: &mut Builder, roots: &mut Vec<NodeId>, constants: &[(String, Given)]) -> Vec<String> {
    let mut known = Known::new(&given(constants));
    let Some((picked, indices)) = picked_last(b, roots, &mut |b, n| known.value(b, n)) else { return Vec::new() };
    *roots = picked;
    used(b, &indices, constants).cloned().collect()
}
