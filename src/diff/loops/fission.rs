//! Loops taken apart: what does not need the carry is done for all steps at once before the loop, what no later step
//! needs after it, and sums over the steps are sums of arrays. A loop keeps only what leads from one step to the next.
//!
//! A step of small arrays takes longer to start its operations than to do them; for all steps at once they are large.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Opened, rewritten};
use crate::diff::batch::batch;
use crate::ir::{
    Arithmetic, Attr, Builder, Extent, Kernel, Loop, NodeId, Rule, Single, dependent, elements, reachable,
};
use crate::ops::{Algebra, Carried, Steps};

/// Most elements of a value that is kept for all steps at once.
const MOST: usize = 1 << 18;

/// Most elements of such a value in one step: of longer ones starting an operation takes little, and keeping them all
/// takes memory that a loop was cut into segments to save.
const SMALL: usize = 256;

/// The same values, loops taken apart.
pub fn fission(b: &mut Builder, roots: &[NodeId]) -> Vec<NodeId> {
    rewritten(b, roots, &mut apart)
}

/// The parts of a loop's result, as far as they are wanted; `None` where nothing is to be taken out of it.
fn apart(
    b: &mut Builder,
    n: NodeId,
    looped: &Arc<Loop>,
    wanted: &dyn Fn(usize) -> bool,
) -> Option<Vec<Option<NodeId>>> {
    if looped.extent != Extent::All || looped.steps < 2 {
        return None;
    }
    let mut opened = Opened::new(b, n, looped, |_| false);
    let outputs = fission(b, &opened.outputs);
    let inside = outputs != opened.outputs;
    opened.outputs = outputs;
    let split = Split::new(b, &opened, wanted);
    (inside || split.gains()).then(|| split.run(b))
}

/// What becomes of a body.
struct Split<'a> {
    opened: &'a Opened,
    wanted: Vec<bool>,
    /// For carries that only add up: what is added, and whether it is taken away instead.
    sums: Vec<Option<(NodeId, bool)>>,
    /// Computed before the loop.
    before: Vec<NodeId>,
    /// Made by the loop: sequences asked for, or what work after it needs.
    made: Vec<NodeId>,
    /// Computed after the loop.
    after: Vec<NodeId>,
}

impl<'a> Split<'a> {
    fn new(b: &Builder, opened: &'a Opened, wanted: &dyn Fn(usize) -> bool) -> Self {
        let (carries, looped) = (opened.looped.carries, &opened.looped);
        let inner = carries + looped.items;
        let wanted: Vec<bool> = (0..looped.count()).map(wanted).collect();
        let inputs: Vec<NodeId> =
            opened.inputs[..inner].iter().copied().filter(|&n| b.fill_value(n).is_none()).collect();
        let varying = dependent(b.nodes(), &inputs, b.nodes().len());
        let free = standing_alone(b, &varying, looped.steps);
        let alone = |n: NodeId| free[n.index()];
        let reads = reads(b, &opened.outputs);
        let sums: Vec<Option<(NodeId, bool)>> =
            (0..carries).map(|i| added(b, opened, i, &reads).filter(|(x, _)| alone(*x))).collect();
        let kept = |i: &usize| sums[*i].is_none();
        let states: Vec<NodeId> = (0..carries).filter(kept).map(|i| opened.inputs[i]).collect();
        let carried = dependent(b.nodes(), &states, b.nodes().len());
        let asked: Vec<NodeId> =
            (carries..opened.outputs.len()).filter(|&k| wanted[k]).map(|k| opened.outputs[k]).collect();
        let (mut after, mut made): (Vec<NodeId>, Vec<NodeId>) = asked.into_iter().partition(|&n| alone(n));
        after.extend(sums.iter().flatten().map(|sum| sum.0));
        let next = (0..carries).filter(kept).map(|i| opened.outputs[i]);
        let roots: Vec<NodeId> = next.chain(made.iter().copied()).collect();
        let core = reachable(b.nodes(), &roots);
        // What the loop has in any case is looked at where it is made, and not through a view.
        let is_view = |n: NodeId| {
            let op = b.node(n).op;
            matches!(op.kernel, Kernel::View(_) | Kernel::Reshape) && !matches!(op.rule, Rule::Part)
        };
        let is_leaf = |n: NodeId| b.node(n).args.is_empty();
        let mut found = FxHashSet::default();
        let mut open = after.clone();
        while let Some(n) = open.pop() {
            if !varying[n.index()] || !carried[n.index()] || !found.insert(n) {
                continue;
            }
            if states.contains(&n) || core[n.index()] && !is_view(n) {
                made.push(n);
            } else {
                open.extend(&b.node(n).args);
            }
        }
        let mut before = Vec::new();
        let mut found = FxHashSet::default();
        let mut open = roots;
        while let Some(n) = open.pop() {
            if !varying[n.index()] || !found.insert(n) {
                continue;
            }
            if carried[n.index()] || is_view(n) || !alone(n) {
                open.extend(&b.node(n).args);
            } else if !is_leaf(n) {
                before.push(n);
            }
        }
        made.sort_unstable();
        made.dedup();
        before.sort_unstable();
        Self { opened, wanted, sums, before, made, after }
    }

    /// Whether the loop has less to do than it had.
    fn gains(&self) -> bool {
        let later = |n: &NodeId| !self.made.contains(n) && !self.opened.inputs.contains(n);
        !self.before.is_empty() || self.sums.iter().any(Option::is_some) || self.after.iter().any(later)
    }

    fn run(&self, b: &mut Builder) -> Vec<Option<NodeId>> {
        let (opened, looped) = (self.opened, &self.opened.looped);
        let (carries, inner) = (looped.carries, looped.carries + looped.items);
        let items = (carries..inner).map(|i| (opened.inputs[i], opened.args[i]));
        let items: Vec<(NodeId, NodeId)> = items.filter(|(input, _)| b.fill_value(*input).is_none()).collect();
        let sequences = batch(b, &self.before, &items, looped.steps);
        let own: Vec<NodeId> = self.before.iter().map(|&n| b.input_like(n)).collect();
        let pairs: Vec<(NodeId, NodeId)> = self.before.iter().copied().zip(own.iter().copied()).collect();
        let images = replaced(b, &[opened.outputs.as_slice(), &self.made].concat(), &pairs);
        let (outputs, made) = images.split_at(opened.outputs.len());
        let kept: Vec<usize> = (0..carries).filter(|&i| self.sums[i].is_none()).collect();
        let carried = kept.iter().map(|&i| Carried {
            inside: opened.inputs[i],
            first: opened.args[i],
            next: outputs[i],
            wanted: self.wanted[i],
        });
        let steps = Steps {
            carried: carried.collect(),
            items: items.iter().copied().chain(own.into_iter().zip(sequences)).collect(),
            made: made.to_vec(),
            backwards: looped.backwards,
            ..Steps::new(looped.steps)
        };
        let idle = self.made.is_empty() && !kept.iter().any(|&i| self.wanted[i]);
        let results = if idle { None } else { Some(steps.run(b)) };
        let (last, made) = results.map_or_else(|| (vec![None; kept.len()], Vec::new()), |r| (r.carried, r.made));
        let all: Vec<(NodeId, NodeId)> = items.into_iter().chain(self.made.iter().copied().zip(made)).collect();
        let mut parts = vec![None; looped.count()];
        kept.iter().zip(last).for_each(|(&i, last)| parts[i] = last);
        for (i, sum) in self.sums.iter().enumerate() {
            if let (Some((x, taken)), true) = (*sum, self.wanted[i]) {
                let terms = batch(b, &[x], &all, looped.steps)[0];
                let total = b.sum(terms, &[0]);
                let first = opened.args[i];
                parts[i] = Some(if taken { b.sub(first, total) } else { b.add(first, total) });
            }
        }
        for k in (carries..looped.count()).filter(|&k| self.wanted[k]) {
            parts[k] = Some(batch(b, &[opened.outputs[k]], &all, looped.steps)[0]);
        }
        parts
    }
}

/// How often each value is read on the way to some outputs, and by these themselves.
fn reads(b: &Builder, outputs: &[NodeId]) -> Vec<usize> {
    let live = reachable(b.nodes(), outputs);
    let mut reads = vec![0; live.len()];
    let readers = b.nodes().iter().zip(live).filter(|(_, live)| *live).flat_map(|(node, _)| &node.args);
    readers.chain(outputs).for_each(|a| reads[a.index()] += 1);
    reads
}

/// What is added to a carry that does nothing else, or taken away from it.
fn added(b: &Builder, opened: &Opened, i: usize, reads: &[usize]) -> Option<(NodeId, bool)> {
    let (carry, next) = (opened.inputs[i], opened.outputs[i]);
    match (b.node(next).op.single, b.node(next).args.as_slice()) {
        _ if reads[carry.index()] != 1 => None,
        (Single::Arithmetic(Arithmetic::Add), &[x, y]) if x == carry => Some((y, false)),
        (Single::Arithmetic(Arithmetic::Add), &[x, y]) if y == carry => Some((x, false)),
        (Single::Arithmetic(Arithmetic::Subtract), &[x, y]) if x == carry => Some((y, true)),
        _ => None,
    }
}

/// Which values may be had for all steps at once: those of which no loop makes what varies, and nothing that does is
/// too large.
fn standing_alone(b: &Builder, varying: &[bool], steps: usize) -> Vec<bool> {
    let mut alone: Vec<bool> = Vec::with_capacity(varying.len());
    for (node, &varies) in b.nodes().iter().zip(varying) {
        let is_loop = matches!(node.attr, Attr::Loop(_) | Attr::Part(..));
        let size = elements(&node.shape);
        let fits = !is_loop && size <= SMALL && size.saturating_mul(steps) <= MOST;
        alone.push(!varies || fits && node.args.iter().all(|a| alone[a.index()]));
    }
    alone
}

/// The same values with others in the place of some that they are made of.
fn replaced(b: &mut Builder, values: &[NodeId], pairs: &[(NodeId, NodeId)]) -> Vec<NodeId> {
    let live = reachable(b.nodes(), values);
    let mut images: Vec<NodeId> = (0..live.len()).map(|i| NodeId(i as u32)).collect();
    for &(node, image) in pairs {
        images[node.index()] = image;
    }
    for i in (0..live.len()).filter(|&i| live[i]) {
        if images[i].index() == i {
            images[i] = b.with_images(images[i], &images);
        }
    }
    values.iter().map(|v| images[v.index()]).collect()
}
