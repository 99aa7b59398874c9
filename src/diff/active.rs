//! Which values a derivative passes through, and where it follows a convention there.

use smallvec::SmallVec;

use super::loops;
use crate::ir::{Builder, NodeId, dependent};
use crate::ops::first_nonzero;

/// Which nodes a derivative passes through on its way from `inputs` to `outputs`: all nodes to the last of these,
/// be it an input that no output knows.
pub(super) fn active(b: &Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Vec<bool> {
    let count = outputs.iter().chain(inputs).map(|n| n.index() + 1).max().unwrap_or(0);
    let mut moves = vec![false; b.nodes().len()];
    for i in inputs {
        moves[i.index()] = true;
    }
    for (i, node) in b.nodes()[..count].iter().enumerate() {
        moves[i] |= node.args.iter().enumerate().any(|(k, a)| moves[a.index()] && node.op.rule.passes(k));
    }
    let mut used = vec![false; count];
    for o in outputs {
        used[o.index()] = true;
    }
    for i in (0..count).rev().filter(|&i| moves[i]) {
        // An input's own arguments stand still.
        if used[i] && !inputs.contains(&NodeId(i as u32)) {
            let node = &b.nodes()[i];
            let tails = node.args.iter().enumerate().filter(|&(k, _)| node.op.rule.passes(k));
            tails.for_each(|(_, a)| used[a.index()] = true);
        }
    }
    used.iter().zip(&moves).map(|(used, moves)| *used && *moves).collect()
}

/// For every node with a kink on the way from `inputs` to `outputs`: the node, and a value that is the
/// position of its first element at a kink, -1 where there is none. Of a loop it is the first step with one.
pub fn kinks(b: &mut Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    let count = b.nodes().len();
    let moves = dependent(b.nodes(), inputs, count);
    let mut used = vec![false; count];
    for o in outputs {
        used[o.index()] = true;
    }
    let mut found = Vec::new();
    for i in (0..count).rev().filter(|&i| moves[i]) {
        let node = &b.nodes()[i];
        if !used[i] {
            continue;
        }
        if node.op.kink.is_some() || node.attr.as_loop().is_some() {
            let moving: SmallVec<[bool; 3]> = node.args.iter().map(|a| moves[a.index()]).collect();
            found.push((NodeId(i as u32), moving));
        }
        for (k, a) in node.args.iter().enumerate() {
            used[a.index()] |= node.op.rule.passes(k);
        }
    }
    found.reverse();
    let watched = found.into_iter().filter_map(|(n, moving)| {
        if b.is_unwanted() {
            return None;
        }
        if let Some(looped) = b.node(n).attr.as_loop().cloned() {
            return Some((n, loops::kink(b, n, &looped, &moving)?));
        }
        let mask = b.node(n).op.kink?(b, n, &moving)?;
        Some((n, first_nonzero(b, mask)))
    });
    watched.collect()
}
