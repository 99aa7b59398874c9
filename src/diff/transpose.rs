//! Reverse mode: turns a linear graph round.

use smallvec::SmallVec;

use crate::ir::{Builder, NodeId, Origin, Rule, reachable};
use crate::ops::Algebra;

/// Given `outputs` that are linear in `inputs`, the cotangents of the inputs from those of the outputs.
/// `None` is a cotangent that is zero whatever the values are.
///
/// Values that do not depend on the inputs are coefficients and stay as they are.
pub fn transpose(b: &mut Builder, outputs: &[(NodeId, NodeId)], inputs: &[NodeId]) -> Vec<Option<NodeId>> {
    let roots: SmallVec<[NodeId; 2]> = outputs.iter().map(|o| o.0).collect();
    let live = reachable(b.nodes(), &roots);
    let linear = dependent(b, inputs, live.len());
    let mut cotangents: Vec<Option<NodeId>> = vec![None; live.len()];
    for &(output, ct) in outputs {
        accumulate(b, &mut cotangents[output.index()], ct);
    }
    let outer = b.origin;
    for i in (0..live.len()).rev() {
        let n = NodeId(i as u32);
        let Some(ct) = cotangents[i] else { continue };
        if !live[i] || !linear[i] || inputs.contains(&n) || b.fill_value(ct) == Some(0.0) {
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

/// Which of the first `count` nodes depend on `inputs`.
pub fn dependent(b: &Builder, inputs: &[NodeId], count: usize) -> Vec<bool> {
    let mut depends = vec![false; count];
    for i in inputs {
        depends[i.index()] = true;
    }
    for (i, node) in b.nodes()[..count].iter().enumerate() {
        if node.args.iter().any(|a| depends[a.index()]) {
            depends[i] = true;
        }
    }
    depends
}

/// The cotangent of one argument of a linear node.
fn pull(b: &mut Builder, n: NodeId, k: usize, ct: NodeId) -> Option<NodeId> {
    match b.node(n).op.rule {
        Rule::Linear { fixed, .. } if fixed.contains(&k) => None,
        Rule::Linear { adjoint, .. } | Rule::Multilinear { adjoint, .. } | Rule::Jvp { adjoint: Some(adjoint), .. } => {
            Some(adjoint(b, n, k, ct))
        }
        Rule::Local(partial) => {
            let slope = partial(b, n, k)?;
            Some(b.scale(slope, ct))
        }
        Rule::Zero | Rule::Jvp { adjoint: None, .. } => None,
    }
}

fn accumulate(b: &mut Builder, slot: &mut Option<NodeId>, ct: NodeId) {
    *slot = Some(match *slot {
        Some(sum) => b.add(sum, ct),
        None => ct,
    });
}
