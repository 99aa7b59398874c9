//! Reverse mode through a linear loop: the transposed step, run from the end to the beginning.

use std::sync::Arc;

use super::Opened;
use crate::diff::transpose::transpose;
use crate::ir::{Builder, Loop, NodeId, dependent};
use crate::ops::{Algebra, Carried, Steps};

/// Cotangents of the arguments in which a loop is linear, from those of the parts of its result. What is
/// captured is used in every step: its cotangents add up in the carry.
pub(in crate::diff) fn cotangents(
    b: &mut Builder,
    n: NodeId,
    looped: &Arc<Loop>,
    given: &[Option<NodeId>],
    linear: &[bool],
) -> Vec<Option<NodeId>> {
    let opened = Opened::new(b, n, looped, |i| linear[i]);
    let (carries, inner, inputs) = (looped.carries, looped.carries + looped.items, looped.body.inputs.len());
    let moves = linear_inputs(b, &opened, linear);
    let sources: Vec<usize> = (0..inputs).filter(|&i| moves[i]).collect();
    let nodes: Vec<NodeId> = sources.iter().map(|&i| opened.inputs[i]).collect();
    let own: Vec<NodeId> = opened.outputs.iter().map(|&o| b.input_like(o)).collect();
    let mut pulls: Vec<bool> = given.iter().map(Option::is_some).collect();
    // A carry has a cotangent if it is given one at the end, or if a step gives it one.
    let found = loop {
        let outputs: Vec<(NodeId, NodeId)> =
            (0..carries + looped.made()).filter(|&k| pulls[k]).map(|k| (opened.outputs[k], own[k])).collect();
        let mut found = vec![None; inputs];
        sources.iter().zip(transpose(b, &outputs, &nodes)).for_each(|(&i, ct)| found[i] = ct);
        let more: Vec<usize> = (0..carries).filter(|&i| !pulls[i] && found[i].is_some()).collect();
        if more.is_empty() {
            break found;
        }
        for i in more {
            pulls[i] = true;
        }
    };
    let zero = |b: &mut Builder, i: usize| b.fill(0.0, looped.input_shape(i));
    let pulled: Vec<usize> = (0..carries).filter(|&i| pulls[i] && moves[i]).collect();
    let mut carried = Vec::new();
    for &i in &pulled {
        let first = given[i].unwrap_or_else(|| zero(b, i));
        let next = found[i].unwrap_or_else(|| zero(b, i));
        carried.push(Carried { inside: own[i], first, next, wanted: linear[i] });
    }
    let summed: Vec<usize> = (inner..inputs).filter(|&i| found[i].is_some()).collect();
    for &i in &summed {
        let (sum, first) = (b.input(looped.input_shape(i)), zero(b, i));
        let next = found[i].map_or(sum, |ct| b.add(sum, ct));
        carried.push(Carried { inside: sum, first, next, wanted: true });
    }
    let read: Vec<usize> = (carries..inner).filter(|&i| found[i].is_some()).collect();
    let mut steps = Steps {
        carried,
        made: read.iter().filter_map(|&i| found[i]).collect(),
        backwards: !looped.backwards,
        ..Steps::new(looped.steps)
    };
    let used = steps.needs(b);
    steps.items = opened.items(b, n, &used);
    let cotangents = (carries..carries + looped.made()).filter_map(|k| given[k].map(|ct| (own[k], ct)));
    steps.items.extend(cotangents.filter(|(input, _)| used(*input)));
    steps.count = opened.count(b, n);
    let results = steps.run(b);
    let mut cotangents = vec![None; opened.args.len()];
    pulled.iter().chain(&summed).zip(results.carried).for_each(|(&i, ct)| cotangents[i] = ct);
    read.iter().zip(results.made).for_each(|(&i, ct)| cotangents[i] = Some(ct));
    cotangents
}

/// Inputs of the body that depend on what the loop is linear in: the arguments themselves, and carries that
/// a step makes of them.
pub(super) fn linear_inputs(b: &Builder, opened: &Opened, linear: &[bool]) -> Vec<bool> {
    let mut moves = linear[..opened.inputs.len()].to_vec();
    loop {
        let sources: Vec<NodeId> = opened.inputs.iter().zip(&moves).filter(|(_, m)| **m).map(|(&n, _)| n).collect();
        let depends = dependent(b.nodes(), &sources, b.nodes().len());
        let more = (0..opened.looped.carries).filter(|&i| !moves[i] && depends[opened.outputs[i].index()]);
        let more: Vec<usize> = more.collect();
        if more.is_empty() {
            return moves;
        }
        for i in more {
            moves[i] = true;
        }
    }
}
