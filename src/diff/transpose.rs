//! Reverse mode: turns a linear graph round.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::loops;
use crate::ir::{Attr, Builder, NodeId, Origin, Rule, dependent, reachable};
use crate::ops::Algebra;

/// Given `outputs` that are linear in `inputs`, the cotangents of the inputs from those of the outputs.
/// `None` is a cotangent that is zero whatever the values are.
///
/// Values that do not depend on the inputs are coefficients and stay as they are.
pub fn transpose(b: &mut Builder, outputs: &[(NodeId, NodeId)], inputs: &[NodeId]) -> Vec<Option<NodeId>> {
    if b.is_unwanted() {
        return vec![None; inputs.len()];
    }
    let roots: SmallVec<[NodeId; 2]> = outputs.iter().map(|o| o.0).collect();
    let live = reachable(b.nodes(), &roots);
    let linear = dependent(b.nodes(), inputs, live.len());
    let mut cotangents: Vec<Option<NodeId>> = vec![None; live.len()];
    for &(output, ct) in outputs {
        accumulate(b, &mut cotangents[output.index()], ct);
    }
    let mut runs: FxHashMap<NodeId, Vec<Option<NodeId>>> = FxHashMap::default();
    let outer = b.origin;
    for i in (0..live.len()).rev() {
        if b.is_unwanted() {
            break;
        }
        let n = NodeId(i as u32);
        if let Some(parts) = runs.remove(&n) {
            if let Some(looped) = b.node(n).attr.as_loop().cloned() {
                b.origin = Origin { call: b.node(n).origin.call, derivative: true };
                let args: SmallVec<[NodeId; 3]> = b.node(n).args.clone();
                let moves: SmallVec<[bool; 8]> = args.iter().map(|a| linear[a.index()]).collect();
                let pulled = loops::cotangents(b, n, &looped, &parts, &moves);
                for (a, ct) in args.iter().zip(pulled) {
                    if let Some(ct) = ct {
                        accumulate(b, &mut cotangents[a.index()], ct);
                    }
                }
            }
            continue;
        }
        let Some(ct) = cotangents[i] else { continue };
        if !live[i] || !linear[i] || inputs.contains(&n) || b.fill_value(ct) == Some(0.0) {
            continue;
        }
        if let Attr::Part(looped, k) = &b.node(n).attr {
            let (run, k, count) = (b.arg(n, 0), *k, looped.count());
            runs.entry(run).or_insert_with(|| vec![None; count])[k] = Some(ct);
            continue;
        }
        b.origin = Origin { call: b.node(n).origin.call, derivative: true };
        let args: SmallVec<[NodeId; 3]> = b.node(n).args.clone();
        for (k, a) in args.iter().enumerate() {
            if linear[a.index()]
                && let Some(pulled) = pull(b, n, k, ct)
            {
                accumulate(b, &mut cotangents[a.index()], pulled);
            }
        }
    }
    b.origin = outer;
    inputs.iter().map(|i| cotangents[i.index()].filter(|&ct| b.fill_value(ct) != Some(0.0))).collect()
}

/// The cotangent of one argument of a linear node.
pub(super) fn pull(b: &mut Builder, n: NodeId, k: usize, ct: NodeId) -> Option<NodeId> {
    match b.node(n).op.rule {
        Rule::Linear { fixed, .. } if fixed.contains(&k) => None,
        Rule::Linear { adjoint, .. } | Rule::Multilinear { adjoint, .. } | Rule::Jvp { adjoint: Some(adjoint), .. } => {
            Some(adjoint(b, n, k, ct))
        }
        Rule::Local(partial) => {
            let slope = partial(b, n, k)?;
            Some(b.scale(slope, ct))
        }
        Rule::Zero | Rule::Loop | Rule::Part | Rule::Implicit | Rule::Jvp { adjoint: None, .. } => None,
    }
}

fn accumulate(b: &mut Builder, slot: &mut Option<NodeId>, ct: NodeId) {
    *slot = Some(match *slot {
        Some(sum) => b.add(sum, ct),
        None => ct,
    });
}
