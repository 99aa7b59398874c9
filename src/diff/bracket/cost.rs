//! What it costs to go through a segment, predicted by building it apart from everything else.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::super::jacobian::{forward, linearised, pull, push, reverse};
use super::cuts::Chain;
use super::order::{Link, Sweep};
use crate::ir::{Attr, Builder, NodeId, elements};

/// Predicts the costs of every segment of a chain.
pub(super) fn links(b: &Builder, chain: &Chain) -> Vec<Link> {
    chain.stops.windows(2).map(|ends| Segment::new(b, ends, &chain.active).link()).collect()
}

/// A segment on its own: what it depends on beside its first stop is given.
struct Segment {
    b: Builder,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

impl Segment {
    fn new(from: &Builder, ends: &[Vec<NodeId>], active: &[bool]) -> Self {
        let (first, last) = (&ends[0], &ends[1]);
        let is_active = |n: NodeId| active.get(n.index()).copied().unwrap_or(false);
        let mut needed: Vec<NodeId> = Vec::new();
        let mut images: FxHashMap<NodeId, Option<NodeId>> = FxHashMap::default();
        let mut open: Vec<NodeId> = first.iter().chain(last).copied().collect();
        while let Some(n) = open.pop() {
            if images.insert(n, None).is_some() {
                continue;
            }
            needed.push(n);
            if is_active(n) && !first.contains(&n) {
                open.extend(&from.node(n).args);
            }
        }
        needed.sort_unstable();
        let mut b = Builder::until(from.unwanted().clone(), 0);
        for n in needed {
            let node = from.node(n);
            let is_literal = matches!(node.attr, Attr::Input(..) | Attr::Data(_));
            let image = if first.contains(&n) || is_literal || !(is_active(n) || node.args.is_empty()) {
                b.input(&node.shape)
            } else {
                let args: SmallVec<[NodeId; 3]> = node.args.iter().filter_map(|a| images[a]).collect();
                b.make(node.op, &args, node.attr.clone())
            };
            images.insert(n, Some(image));
        }
        let found = |nodes: &[NodeId]| nodes.iter().filter_map(|n| images[n]).collect();
        Self { inputs: found(first), outputs: found(last), b }
    }

    fn link(mut self) -> Link {
        let columns = forward(&mut self.b, &self.outputs, &self.inputs, &[]);
        let rows = reverse(&mut self.b, &self.outputs, &self.inputs, &[]);
        let units = [columns, rows].map(|blocks| self.flops(blocks.into_iter().flatten()));
        let pushed = [2, 3].map(|count| self.pushed(count));
        let pulled = [2, 3].map(|count| self.pulled(count));
        Link { forward: affine(units[0], pushed), reverse: affine(units[1], pulled) }
    }

    /// Operations that derivatives take beside the values, which are there in any case.
    fn flops(&self, derivatives: impl Iterator<Item = NodeId>) -> u64 {
        let all: Vec<NodeId> = derivatives.chain(self.outputs.iter().copied()).collect();
        self.b.flops(&all).saturating_sub(self.b.flops(&self.outputs))
    }

    /// So many columns pushed through.
    fn pushed(&mut self, count: usize) -> u64 {
        // A derivative is pushed on from a single value.
        let [x] = self.inputs[..] else { return 0 };
        let matrix = self.b.input(&[elements(self.b.shape(x)), count]);
        let blocks = push(&mut self.b, &self.outputs, x, &[], Some(matrix));
        self.flops(blocks.into_iter())
    }

    /// So many rows pulled through.
    fn pulled(&mut self, count: usize) -> u64 {
        let [y] = self.outputs[..] else { return 0 };
        let matrix = self.b.input(&[count, elements(self.b.shape(y))]);
        let (linear, tangents) = linearised(&mut self.b, &[y], &self.inputs, &[]);
        let blocks = pull(&mut self.b, (y, linear[0]), (&self.inputs, &tangents), Some(matrix));
        self.flops(blocks.into_iter())
    }
}

/// From the operations for two vectors and for three.
fn affine(units: u64, [two, three]: [u64; 2]) -> Sweep {
    let each = three.saturating_sub(two);
    Sweep { units, each, once: two.saturating_sub(each.saturating_mul(2)) }
}
