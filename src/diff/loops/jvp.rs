//! Forward mode through a loop: the linearised step, run along the states of the loop.

use std::sync::Arc;

use super::Opened;
use crate::diff::jvp::{Seed, jvp};
use crate::ir::{Builder, Loop, NodeId};
use crate::ops::{Carried, Steps};

/// Tangents of the parts of a loop's result from those of its arguments. Parts that are not wanted, and
/// those that do not move, have none.
pub(in crate::diff) fn tangents(
    b: &mut Builder,
    n: NodeId,
    looped: &Arc<Loop>,
    moved: &[Option<NodeId>],
    wanted: &[bool],
) -> Vec<Option<NodeId>> {
    let opened = Opened::new(b, n, looped, |_| false);
    let (carries, inner, made) = (looped.carries, looped.carries + looped.items, looped.made());
    let own: Vec<NodeId> = (0..inner).map(|i| b.input(looped.input_shape(i))).collect();
    let mut moves: Vec<bool> = moved.iter().map(Option::is_some).collect();
    // A carry moves if it begins so, or if a step moves it.
    let found = loop {
        let tangent = |i: usize| if i < inner { moves[i].then(|| own[i]) } else { moved[i] };
        let seeds: Vec<Seed> = opened.inputs.iter().enumerate().map(|(i, &input)| (input, tangent(i))).collect();
        let found = jvp(b, &opened.outputs[..carries + made], &seeds);
        let more: Vec<usize> = (0..carries).filter(|&i| !moves[i] && found[i].is_some()).collect();
        if more.is_empty() {
            break found;
        }
        for i in more {
            moves[i] = true;
        }
    };
    let zero = |b: &mut Builder, i: usize| b.fill(0.0, looped.input_shape(i));
    let moving: Vec<usize> = (0..carries).filter(|&i| moves[i]).collect();
    let carried = moving.iter().map(|&i| Carried {
        inside: own[i],
        first: moved[i].unwrap_or_else(|| zero(b, i)),
        next: found[i].unwrap_or_else(|| zero(b, i)),
        wanted: wanted[i],
    });
    let carried = carried.collect();
    let emitted: Vec<usize> = (carries..carries + made).filter(|&k| wanted[k] && found[k].is_some()).collect();
    let mut steps = Steps {
        carried,
        made: emitted.iter().filter_map(|&k| found[k]).collect(),
        backwards: looped.backwards,
        ..Steps::new(looped.steps)
    };
    let used = steps.needs(b);
    steps.items = opened.items(b, n, &used);
    let read = (carries..inner).filter_map(|i| moved[i].map(|sequence| (own[i], sequence)));
    steps.items.extend(read.filter(|(input, _)| used(*input)));
    steps.count = opened.count(b, n);
    let results = steps.run(b);
    let mut tangents = vec![None; looped.count()];
    moving.iter().zip(results.carried).for_each(|(&i, tangent)| tangents[i] = tangent);
    emitted.iter().zip(results.made).for_each(|(&k, tangent)| tangents[k] = Some(tangent));
    tangents
}
