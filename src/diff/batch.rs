//! Many at once: adds a leading axis to a graph.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::loops;
use crate::ir::{Batch, BatchArg, Builder, NodeId, dependent, reachable};
use crate::ops::Algebra;

/// Recomputes `outputs` with each replaced value standing for `size` of them along a new leading axis.
/// Every result carries the axis, by repetition if it does not depend on the replaced values.
pub fn batch(b: &mut Builder, outputs: &[NodeId], replaced: &[(NodeId, NodeId)], size: usize) -> Vec<NodeId> {
    if b.is_unwanted() {
        return outputs.iter().map(|o| b.lead(*o, size)).collect();
    }
    let live = reachable(b.nodes(), outputs);
    let sources: SmallVec<[NodeId; 4]> = replaced.iter().map(|r| r.0).collect();
    let carries = dependent(b.nodes(), &sources, live.len());
    let mut images: Vec<Option<NodeId>> = vec![None; live.len()];
    for &(node, image) in replaced {
        images[node.index()] = Some(image);
    }
    let mut runs: FxHashMap<NodeId, loops::Image> = FxHashMap::default();
    let outer = b.origin;
    for i in 0..live.len() {
        if b.is_unwanted() {
            break;
        }
        if !live[i] || !carries[i] || images[i].is_some() {
            continue;
        }
        let node = b.nodes()[i].clone();
        b.origin = node.origin;
        if let Some((run, k)) = loops::part_of(b, NodeId(i as u32)) {
            images[i] = runs.get(&run).map(|parts| parts[k]);
            continue;
        }
        let args: SmallVec<[BatchArg; 3]> =
            node.args.iter().map(|a| images[a.index()].map_or((*a, false), |image| (image, true))).collect();
        if let Some(looped) = node.attr.as_loop() {
            runs.insert(NodeId(i as u32), loops::batched(b, NodeId(i as u32), looped, &args, size));
            continue;
        }
        images[i] = Some(match node.op.batch {
            Batch::Custom(rule) => rule(b, &node, &args, size),
            Batch::Leading | Batch::Loop => {
                let led: SmallVec<[NodeId; 3]> =
                    args.iter().map(|&(a, carries)| if carries { a } else { b.lead(a, size) }).collect();
                b.make(node.op, &led, node.attr.clone())
            }
        });
    }
    b.origin = outer;
    outputs.iter().map(|o| images[o.index()].unwrap_or_else(|| b.lead(*o, size))).collect()
}
