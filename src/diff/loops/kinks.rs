//! Kinks inside a loop: the steps are gone through once more, and tell whether they meet one.

use std::sync::Arc;

use super::Opened;
use super::transpose::linear_inputs;
use crate::diff::active::kinks;
use crate::ir::{Builder, Loop, NodeId};
use crate::ops::{Algebra, Carried, Steps};
use crate::tensor::Tensor;

/// The first step in which a derivative passes a kink, -1 if there is none; `None` if the body has no kinks.
pub(in crate::diff) fn kink(b: &mut Builder, n: NodeId, looped: &Arc<Loop>, moving: &[bool]) -> Option<NodeId> {
    let opened = Opened::new(b, n, looped, |i| moving[i]);
    let inner = looped.carries + looped.items;
    let moves = linear_inputs(b, &opened, moving);
    let inputs: Vec<NodeId> = opened.inputs.iter().zip(&moves).filter(|(_, moves)| **moves).map(|(&x, _)| x).collect();
    let watched = kinks(b, &opened.outputs[..looped.carries + looped.made()], &inputs);
    let mut found: Option<NodeId> = None;
    let mut length = 1;
    for (node, first) in watched {
        let segment = b.node(node).attr.as_loop().filter(|_| b.node(node).origin.call == b.node(n).origin.call);
        // A segment of this loop tells the step in it; anything else tells that there is one.
        let place = if let Some(steps) = segment.map(|segment| segment.steps) {
            length = steps;
            b.plus(1.0, first)
        } else {
            let none = b.fill_like(-1.0, first);
            b.greater(first, none)
        };
        found = Some(match found {
            Some(other) => {
                let larger = b.greater(other, place);
                b.select(larger, other, place)
            }
            None => place,
        });
    }
    let mut steps = Steps { made: vec![found?], backwards: looped.backwards, ..Steps::new(looped.steps) };
    let used = steps.needs(b);
    steps.items = opened.items(b, n, &used);
    for i in (inner..opened.inputs.len()).filter(|&i| moving[i] && used(opened.inputs[i])) {
        let inside = opened.inputs[i];
        steps.carried.push(Carried { inside, first: opened.args[i], next: inside, wanted: true });
    }
    steps.count = opened.count(b, n);
    let places = steps.run(b).made[0];
    Some(first_step(b, places, length))
}

/// The smallest of the steps that are told, one place more than they are, each by its segment; -1 if all are 0.
fn first_step(b: &mut Builder, places: NodeId, length: usize) -> NodeId {
    let count = b.shape(places)[0];
    let starts: Vec<f64> = (0..count).map(|i| (i * length) as f64 - 1.0).collect();
    let starts = b.constant(&Tensor { shape: vec![count], data: starts.into() });
    let (steps, nothing) = (b.add(starts, places), b.fill_like(0.0, places));
    let (told, late) = (b.greater(places, nothing), b.fill_like(f64::MAX, places));
    let steps = b.select(told, steps, late);
    let before = b.neg(steps);
    let nearest = b.largest(before);
    let first = b.neg(nearest);
    let (end, none) = (b.fill(f64::MAX, &[]), b.fill(-1.0, &[]));
    let there = b.greater(end, first);
    b.select(there, first, none)
}
