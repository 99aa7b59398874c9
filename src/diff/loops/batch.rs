//! A batch of loops is a loop over a batch: the body gets the axis, sequences keep theirs in front.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Opened;
use crate::diff::batch::batch;
use crate::ir::{BatchArg, Builder, Extent, Loop, NodeId, dependent};
use crate::ops::{Algebra, Carried, Steps};

/// What a loop became in a batch: its parts, each with the batch axis.
pub(in crate::diff) type Image = Vec<NodeId>;

/// The parts of a loop's result for `size` loops at once.
pub(in crate::diff) fn batched(
    b: &mut Builder,
    n: NodeId,
    looped: &Arc<Loop>,
    args: &[BatchArg],
    size: usize,
) -> Image {
    let (carries, inner, inputs) = (looped.carries, looped.carries + looped.items, looped.body.inputs.len());
    let opened = Opened::new(b, n, looped, |i| args[i].1);
    let mut carrying: Vec<bool> = args.iter().map(|a| a.1).collect();
    // A carry has the axis if it begins so, or if a step brings it in.
    let depends = loop {
        let sources: Vec<NodeId> = (0..inputs).filter(|&i| carrying[i]).map(|i| opened.inputs[i]).collect();
        let depends = dependent(b.nodes(), &sources, b.nodes().len());
        let more = (0..carries).filter(|&i| !carrying[i] && depends[opened.outputs[i].index()]);
        let more: Vec<usize> = more.collect();
        if more.is_empty() {
            break depends;
        }
        for i in more {
            carrying[i] = true;
        }
    };
    let image = |b: &mut Builder, i: usize| match carrying[i] {
        false => opened.inputs[i],
        true if i >= inner => args[i].0,
        true => {
            let shape: SmallVec<[usize; 4]> =
                std::iter::once(size).chain(looped.input_shape(i).iter().copied()).collect();
            b.input(&shape)
        }
    };
    let images: Vec<NodeId> = (0..inputs).map(|i| image(b, i)).collect();
    let replaced: Vec<(NodeId, NodeId)> =
        (0..inputs).filter(|&i| carrying[i]).map(|i| (opened.inputs[i], images[i])).collect();
    let with_axis = |k: usize| if k < carries { carrying[k] } else { depends[opened.outputs[k].index()] };
    let asked: Vec<NodeId> = (0..opened.outputs.len()).filter(|&k| with_axis(k)).map(|k| opened.outputs[k]).collect();
    let mut found = batch(b, &asked, &replaced, size).into_iter();
    let mut output = |k: usize| if with_axis(k) { found.next() } else { None }.unwrap_or(opened.outputs[k]);
    let outputs: Vec<NodeId> = (0..opened.outputs.len()).map(&mut output).collect();
    let mut steps = Steps { backwards: looped.backwards, ..Steps::new(looped.steps) };
    for i in 0..carries {
        let first = if carrying[i] && !args[i].1 { b.lead(args[i].0, size) } else { args[i].0 };
        steps.carried.push(Carried { inside: images[i], first, next: outputs[i], wanted: true });
    }
    for i in carries..inner {
        let sequence = if carrying[i] { swapped(b, args[i].0) } else { args[i].0 };
        steps.items.push((images[i], sequence));
    }
    steps.made = outputs[carries..carries + looped.made()].to_vec();
    let last = outputs.len() - 1;
    match looped.extent {
        Extent::All => {}
        // The longest of the loops decides; in the others, steps past their end change nothing.
        Extent::Counted => {
            let (count, carries) = args[inputs];
            steps.count = Some(if carries { b.largest(count) } else { count });
        }
        Extent::Until => {
            steps.go = Some(if with_axis(last) { b.sum(outputs[last], &[0]) } else { outputs[last] });
        }
    }
    let results = steps.run(b);
    let mut parts = Vec::with_capacity(looped.count());
    for (i, final_carry) in results.carried.into_iter().enumerate() {
        let value = final_carry.unwrap_or(opened.inputs[i]);
        parts.push(if carrying[i] { value } else { b.lead(value, size) });
    }
    for (k, sequence) in (carries..).zip(results.made) {
        parts.push(if with_axis(k) { swapped(b, sequence) } else { b.lead(sequence, size) });
    }
    parts.extend(results.taken.map(|taken| b.lead(taken, size)));
    parts
}

/// The first two axes exchanged.
fn swapped(b: &mut Builder, x: NodeId) -> NodeId {
    let mut order: SmallVec<[usize; 4]> = (0..b.shape(x).len()).collect();
    order.swap(0, 1);
    b.permute(x, &order)
}
