//! Many at once: adds a leading axis to a graph.

use smallvec::SmallVec;

use super::transpose::dependent;
use crate::ir::{Batch, BatchArg, Builder, NodeId, reachable};
use crate::ops::Algebra;

/// Recomputes `outputs` with each replaced value standing for `size` of them along a new leading axis.
/// Every result carries the axis, by repetition if it does not depend on the replaced values.
pub fn batch(b: &mut Builder, outputs: &[NodeId], replaced: &[(NodeId, NodeId)], size: usize) -> Vec<NodeId> {
    let live = reachable(b.nodes(), outputs);
    let sources: SmallVec<[NodeId; 4]> = replaced.iter().map(|r| r.0).collect();
    let carries = dependent(b, &sources, live.len());
    let mut images: Vec<Option<NodeId>> = vec![None; live.len()];
    for &(node, image) in replaced {
        images[node.index()] = Some(image);
    }
    let outer = b.origin;
    for i in 0..live.len() {
        if !live[i] || !carries[i] || images[i].is_some() {
            continue;
        }
        let node = b.nodes()[i].clone();
        b.origin = node.origin;
        let args: SmallVec<[BatchArg; 3]> =
            node.args.iter().map(|a| images[a.index()].map_or((*a, false), |image| (image, true))).collect();
        images[i] = Some(match node.op.batch {
            Batch::Custom(rule) => rule(b, &node, &args, size),
            Batch::Leading => {
                let led: SmallVec<[NodeId; 3]> =
                    args.iter().map(|&(a, carries)| if carries { a } else { b.lead(a, size) }).collect();
                b.make(node.op, &led, node.attr.clone())
            }
        });
    }
    b.origin = outer;
    outputs.iter().map(|o| images[o.index()].unwrap_or_else(|| b.lead(*o, size))).collect()
}
