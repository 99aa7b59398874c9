//! Loops over single numbers: the body of a loop over small arrays is laid open, so that a step is one program and not
//! an operation after the other.

use std::sync::Arc;

use super::rewritten;
use crate::diff::scalars::scalars;
use crate::ir::{Builder, Loop, NodeId, close, inline, starts};
use crate::ops::Algebra;

/// Most elements and terms of a body that is laid open.
const MOST: u64 = 1 << 13;

/// So many operations on single numbers take as long as starting one on arrays, and so many times as many elements are
/// looked at to see which are left.
const FOR_A_START: u64 = 32;
const SHARE: u64 = 8;

/// The same values, with steps on single numbers where these are predicted to take less time.
pub fn single_steps(b: &mut Builder, roots: &[NodeId]) -> Vec<NodeId> {
    rewritten(b, roots, &mut |b, n, looped, _| {
        let single = laid_open(b, looped)?;
        let args = b.node(n).args.clone();
        let run = b.run(&single, &args);
        Some((0..single.count()).map(|k| Some(b.part(run, k))).collect())
    })
}

/// The loop with steps on single numbers, or with such loops inside.
fn laid_open(b: &mut Builder, looped: &Arc<Loop>) -> Option<Arc<Loop>> {
    let inputs: Vec<NodeId> = (0..looped.body.inputs.len()).map(|i| b.input(looped.input_shape(i))).collect();
    let outputs = inline(b, &looped.body, &inputs);
    let worth = starts(b.nodes(), &outputs).saturating_mul(FOR_A_START);
    let most = worth.saturating_mul(SHARE).min(MOST);
    let opened = scalars(b, &outputs, &[], most as usize).filter(|opened| starts(b.nodes(), &opened.concat()) <= worth);
    let next: Vec<NodeId> = match opened {
        None => single_steps(b, &outputs),
        Some(opened) => outputs
            .iter()
            .zip(opened)
            .map(|(&output, elements)| {
                let shape = b.shape(output).clone();
                if elements.is_empty() { output } else { b.array(&elements, &shape) }
            })
            .collect(),
    };
    if next == outputs {
        return None;
    }
    let (body, captured) = close(b, &inputs, &next);
    if !captured.is_empty() {
        return None;
    }
    let mut single = Loop::new(body, looped.steps, looped.carries, looped.items, looped.extent, looped.backwards);
    // A program starts as a whole: it counts for no more than what it was made of.
    if let Some(single) = Arc::get_mut(&mut single) {
        single.starts = single.starts.min(looped.starts);
    }
    Some(single)
}
