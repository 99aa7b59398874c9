//! Values that are known before anything runs: what literals, and inputs whose elements are given,
//! determine.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::ir::{Builder, NodeId, elements};

/// Most elements of all values computed in advance together, and most operations.
const MOST_ELEMENTS: usize = 1 << 23;
const MOST_FLOPS: u64 = 1 << 27;

/// Inputs whose elements are known in advance.
pub type Given = (NodeId, Arc<[f64]>);

/// The values known in advance, computed when they are asked for.
#[derive(Debug)]
pub struct Known {
    computed: FxHashMap<NodeId, Option<Arc<[f64]>>>,
    elements: usize,
    flops: u64,
}

impl Known {
    /// Nothing computed yet; inputs have the elements given.
    pub fn new(given: &[Given]) -> Self {
        let computed = given.iter().map(|(node, elements)| (*node, Some(Arc::clone(elements)))).collect();
        Self { computed, elements: 0, flops: 0 }
    }

    /// The elements of a node, if they are known in advance and not too many.
    pub fn value(&mut self, b: &Builder, node: NodeId) -> Option<Arc<[f64]>> {
        // Depth first by hand: a graph may be deeper than the stack.
        let mut waiting = vec![node];
        while let Some(&n) = waiting.last() {
            if self.computed.contains_key(&n) {
                waiting.pop();
                continue;
            }
            let missing = b.node(n).args.iter().find(|a| !self.computed.contains_key(*a));
            if let Some(&argument) = missing {
                waiting.push(argument);
                continue;
            }
            let value = self.compute(b, n);
            self.computed.insert(n, value);
            waiting.pop();
        }
        self.computed.get(&node).cloned().flatten()
    }

    fn compute(&mut self, b: &Builder, n: NodeId) -> Option<Arc<[f64]>> {
        let node = b.node(n);
        let values: SmallVec<[Arc<[f64]>; 3]> =
            node.args.iter().map(|a| self.computed.get(a).cloned().flatten()).collect::<Option<_>>()?;
        let size = self.elements.saturating_add(elements(&node.shape));
        let flops = self.flops.saturating_add(node.flops(b.nodes()));
        if size > MOST_ELEMENTS || flops > MOST_FLOPS {
            return None;
        }
        (self.elements, self.flops) = (size, flops);
        let args: SmallVec<[(&[f64], &[usize]); 3]> =
            node.args.iter().zip(&values).map(|(&a, v)| (&**v, b.shape(a).as_slice())).collect();
        node.compute(&args, b.unwanted()).map(Arc::from)
    }
}
