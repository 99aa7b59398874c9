//! Forward mode: pushes tangents through a graph.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{implicit, loops};
use crate::ir::{Attr, Builder, Node, NodeId, Origin, Rule};
use crate::ops::Algebra;

/// A value that carries a tangent from outside; `None` holds it constant.
pub type Seed = (NodeId, Option<NodeId>);

/// Tangents of `outputs` when each seeded value moves along its tangent. `None` is a tangent that is
/// zero whatever the values are.
///
/// A seeded value may be any node, not only an input: its own arguments are then not followed.
pub fn jvp(b: &mut Builder, outputs: &[NodeId], seeds: &[Seed]) -> Vec<Option<NodeId>> {
    if b.is_unwanted() {
        return vec![None; outputs.len()];
    }
    let live = moving(b.nodes(), outputs);
    let mut tangents: Vec<Option<NodeId>> = vec![None; live.len()];
    let mut seeded = vec![false; live.len()];
    for &(node, tangent) in seeds {
        tangents[node.index()] = tangent;
        seeded[node.index()] = true;
    }
    let wanted = wanted_parts(b, &live, &seeded);
    let mut runs: FxHashMap<NodeId, Vec<Option<NodeId>>> = FxHashMap::default();
    let outer = b.origin;
    for i in 0..live.len() {
        if b.is_unwanted() {
            break;
        }
        let n = NodeId(i as u32);
        if !live[i] || seeded[i] {
            continue;
        }
        if let Some((run, k)) = loops::part_of(b, n) {
            tangents[i] = runs.get(&run).and_then(|parts| parts[k]).filter(|&t| b.fill_value(t) != Some(0.0));
            continue;
        }
        let ts: SmallVec<[Option<NodeId>; 3]> = b.node(n).args.iter().map(|a| tangents[a.index()]).collect();
        if ts.iter().any(Option::is_some) {
            b.origin = Origin { call: b.node(n).origin.call, derivative: true };
            if let (Some(looped), Some(wanted)) = (b.node(n).attr.as_loop().cloned(), wanted.get(&n)) {
                runs.insert(n, loops::tangents(b, n, &looped, &ts, wanted));
                continue;
            }
            tangents[i] = push(b, n, &ts).filter(|&t| b.fill_value(t) != Some(0.0));
        }
    }
    b.origin = outer;
    outputs.iter().map(|o| tangents[o.index()]).collect()
}

/// Marks the nodes through which a derivative of the outputs passes.
fn moving(nodes: &[Node], outputs: &[NodeId]) -> Vec<bool> {
    let mut live = vec![false; nodes.len()];
    for o in outputs {
        live[o.index()] = true;
    }
    for (i, node) in nodes.iter().enumerate().rev() {
        if live[i] {
            node.args.iter().enumerate().for_each(|(k, a)| live[a.index()] |= node.op.rule.passes(k));
        }
    }
    live
}

/// For each loop, which parts of its result are needed.
fn wanted_parts(b: &Builder, live: &[bool], seeded: &[bool]) -> FxHashMap<NodeId, Vec<bool>> {
    let mut wanted: FxHashMap<NodeId, Vec<bool>> = FxHashMap::default();
    for i in (0..live.len()).filter(|&i| live[i] && !seeded[i]) {
        if let Attr::Part(looped, k) = &b.nodes()[i].attr {
            let run = b.nodes()[i].args[0];
            wanted.entry(run).or_insert_with(|| vec![false; looped.count()])[*k] = true;
        }
    }
    wanted
}

/// The tangent of one node from the tangents of its arguments.
pub(super) fn push(b: &mut Builder, n: NodeId, tangents: &[Option<NodeId>]) -> Option<NodeId> {
    let op = b.node(n).op;
    match op.rule {
        // Loops and their parts are pushed through as a whole.
        Rule::Zero | Rule::Loop | Rule::Part => None,
        Rule::Jvp { tangent, .. } => tangent(b, n, tangents),
        Rule::Implicit => implicit::tangent(b, n, tangents),
        Rule::Local(partial) => sum_of(b, tangents, |b, i, t| {
            let slope = partial(b, n, i)?;
            Some(b.scale(slope, t))
        }),
        Rule::Multilinear { term, .. } => sum_of(b, tangents, |b, i, t| Some(term(b, n, i, t))),
        Rule::Linear { fixed, .. } => {
            let args: SmallVec<[NodeId; 3]> = b.node(n).args.clone();
            if (0..args.len()).all(|i| fixed.contains(&i) || tangents[i].is_none()) {
                return None;
            }
            let moved: SmallVec<[NodeId; 3]> = (0..args.len())
                .map(|i| match tangents[i] {
                    _ if fixed.contains(&i) => args[i],
                    Some(t) => t,
                    None => b.fill_like(0.0, args[i]),
                })
                .collect();
            let attr = b.node(n).attr.clone();
            Some(b.make(op, &moved, attr))
        }
    }
}

/// Adds the terms of all arguments that move.
fn sum_of(
    b: &mut Builder,
    tangents: &[Option<NodeId>],
    mut term: impl FnMut(&mut Builder, usize, NodeId) -> Option<NodeId>,
) -> Option<NodeId> {
    let mut total = None;
    for (i, t) in tangents.iter().enumerate() {
        if let Some(t) = *t
            && let Some(next) = term(b, i, t)
        {
            total = Some(match total {
                Some(sum) => b.add(sum, next),
                None => next,
            });
        }
    }
    total
}
