//! The values that everything passes through: where the graph between inputs and outputs narrows to
//! one node.

use super::super::active::active;
use crate::ir::{Builder, Kernel, NodeId, Rule, elements};

/// Most values at which a chain is cut.
const MOST_CUTS: usize = 32;

/// A chain of stops: the inputs jointly, values through which every derivative passes, and the outputs
/// jointly.
#[derive(Debug)]
pub(super) struct Chain {
    /// At least the two ends.
    pub(super) stops: Vec<Vec<NodeId>>,
    /// Elements of each stop that derivatives pass through.
    pub(super) widths: Vec<usize>,
    /// Whether a derivative passes through each node.
    pub(super) active: Vec<bool>,
}

/// Cuts the graph where it narrows. Values that come from each other elementwise count as one place,
/// the last of them; those next to an end as that end. Of more than [`MOST_CUTS`] the narrowest are kept.
pub(super) fn chain(b: &Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Chain {
    let active = active(b, outputs, inputs);
    let moving = |nodes: &[NodeId]| -> Vec<NodeId> { nodes.iter().copied().filter(|n| active[n.index()]).collect() };
    let (first, last) = (moving(inputs), moving(outputs));
    let size = |n: NodeId| elements(b.shape(n));
    let mut cuts = Vec::new();
    let mut before = alone(&first);
    let mut at_start = before.is_some();
    let found = separators(b, &first, &last, &active);
    for (i, &cut) in found.iter().enumerate() {
        at_start &= before.is_some_and(|n| is_elementwise(b, n, cut, &active));
        before = Some(cut);
        let after = found.get(i + 1).copied().or(alone(&last));
        if !at_start && !after.is_some_and(|n| is_elementwise(b, cut, n, &active)) {
            cuts.push(cut);
        }
    }
    if cuts.len() > MOST_CUTS {
        cuts.sort_by_key(|&n| size(n));
        cuts.truncate(MOST_CUTS);
        cuts.sort_unstable();
    }
    let width = |nodes: &[NodeId]| nodes.iter().map(|&n| size(n)).fold(0, usize::saturating_add);
    let widths = [width(&first)].into_iter().chain(cuts.iter().map(|&n| size(n))).chain([width(&last)]).collect();
    let stops = [inputs.to_vec()].into_iter().chain(cuts.iter().map(|&n| vec![n])).chain([outputs.to_vec()]).collect();
    Chain { stops, widths, active }
}

fn alone(nodes: &[NodeId]) -> Option<NodeId> {
    if let [one] = nodes { Some(*one) } else { None }
}

/// The nodes between the two ends, in order, that every derivative passes through. In the order of the
/// arena a node is one of them if no edge leads past it.
fn separators(b: &Builder, first: &[NodeId], last: &[NodeId], active: &[bool]) -> Vec<NodeId> {
    let count = active.len();
    let mut starts = vec![0usize; count + 1];
    let mut ends = vec![0usize; count + 1];
    let mut lead_past = |from: usize, to: usize| {
        // Nodes strictly between the two.
        starts[from] += 1;
        ends[to] += 1;
    };
    for n in first {
        lead_past(0, n.index());
    }
    for n in last {
        lead_past(n.index() + 1, count);
    }
    for (i, node) in b.nodes()[..count].iter().enumerate() {
        if active[i] && !first.contains(&NodeId(i as u32)) {
            let tails = node.args.iter().enumerate().filter(|&(k, a)| active[a.index()] && node.op.rule.passes(k));
            tails.for_each(|(_, a)| lead_past(a.index() + 1, i));
        }
    }
    let mut open = 0;
    let mut found = Vec::new();
    for i in 0..count {
        open = open + starts[i] - ends[i];
        let n = NodeId(i as u32);
        // The result of a loop has no derivative of its own, only its parts have.
        let whole = !matches!(b.node(n).op.rule, Rule::Loop);
        if active[i] && open == 0 && whole && !first.contains(&n) && alone(last) != Some(n) {
            found.push(n);
        }
    }
    found
}

/// Whether each element of `to` depends on one element of `from`, by elementwise operations and views.
fn is_elementwise(b: &Builder, from: NodeId, to: NodeId, active: &[bool]) -> bool {
    let size = elements(b.shape(from));
    (from.index() + 1..=to.index()).filter(|&i| active[i]).all(|i| {
        let node = &b.nodes()[i];
        let moves_nothing = matches!(node.op.kernel, Kernel::Elementwise(_) | Kernel::View(_) | Kernel::Reshape);
        moves_nothing && elements(&node.shape) == size
    })
}
