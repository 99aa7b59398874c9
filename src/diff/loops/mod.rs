//! Loops: the body is differentiated, turned round or given an axis like any graph, and run in a loop again.
//!
//! What linear loops need of the loop they come from, the carry before each step, is read from a sequence
//! that the loop makes. Everything here is made of plain loops, so derivatives of derivatives nest.

mod batch;
mod fission;
mod jvp;
mod kinks;
mod singles;
mod transpose;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

pub(super) use self::batch::{Image, batched};
pub use self::fission::fission;
pub(super) use self::jvp::tangents;
pub(super) use self::kinks::kink;
pub use self::singles::single_steps;
pub(super) use self::transpose::cotangents;
use crate::ir::{Attr, Builder, Extent, Graph, Kernel, Loop, NodeId, inline, reachable};
use crate::ops::Algebra;

/// The run that a node is a part of, and which part.
pub(super) fn part_of(b: &Builder, n: NodeId) -> Option<(NodeId, usize)> {
    match b.node(n).attr {
        Attr::Part(_, k) => Some((b.node(n).args[0], k)),
        _ => None,
    }
}

/// A loop's body laid open: its nodes stand in the graph, with nodes of their own for what changes from
/// step to step.
struct Opened {
    looped: Arc<Loop>,
    /// Arguments of the loop.
    args: Vec<NodeId>,
    /// Inputs of the body: what is captured is itself, unless it was to be a node of its own.
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

impl Opened {
    /// Lays open the loop that `n` runs.
    fn new(b: &mut Builder, n: NodeId, looped: &Arc<Loop>, own: impl Fn(usize) -> bool) -> Self {
        let args = b.node(n).args.to_vec();
        let inner = looped.carries + looped.items;
        let mut inputs = Vec::with_capacity(looped.body.inputs.len());
        for (i, &arg) in args.iter().enumerate().take(looped.body.inputs.len()) {
            let shape = looped.input_shape(i);
            inputs.push(match b.fill_value(arg) {
                // Items of a sequence that is the same everywhere are known.
                Some(value) if (looped.carries..inner).contains(&i) && !own(i) => b.fill(value, shape),
                _ if i < inner || own(i) => b.input(shape),
                _ => arg,
            });
        }
        let outputs = inline(b, &looped.body, &inputs);
        Self { looped: looped.clone(), args, inputs, outputs }
    }

    /// The count of a loop that takes as many steps as this one.
    fn count(&self, b: &mut Builder, n: NodeId) -> Option<NodeId> {
        match self.looped.extent {
            Extent::All => None,
            Extent::Counted => self.args.last().copied(),
            Extent::Until => Some(b.part(n, self.looped.count() - 1)),
        }
    }

    /// Items that a loop derived from this one may read: the carry before each step, as far as `used`, and
    /// what the loop itself reads.
    fn items(&self, b: &mut Builder, n: NodeId, used: impl Fn(NodeId) -> bool) -> Vec<(NodeId, NodeId)> {
        let carries: Vec<usize> = (0..self.looped.carries).filter(|&i| used(self.inputs[i])).collect();
        let states = states(b, n, &self.looped, &carries);
        let read = self.looped.carries..self.looped.carries + self.looped.items;
        let read = read.map(|i| (self.inputs[i], self.args[i])).filter(|(input, _)| used(*input));
        carries.iter().map(|&i| self.inputs[i]).zip(states).chain(read).collect()
    }
}

/// The sequences of carries before each step. A loop that does not make them is run again as one that does.
fn states(b: &mut Builder, n: NodeId, looped: &Arc<Loop>, carries: &[usize]) -> Vec<NodeId> {
    let (first, made, outputs) = (looped.carries, looped.made(), &looped.body.graph.outputs);
    let known = |i: usize| (first..first + made).find(|&k| outputs[k] == looped.body.inputs[i]);
    let missing: Vec<usize> = carries.iter().copied().filter(|&i| known(i).is_none()).collect();
    let run = if missing.is_empty() {
        n
    } else {
        let mut body = looped.body.clone();
        let mut outputs = outputs.clone();
        outputs.splice(first + made..first + made, missing.iter().map(|&i| looped.body.inputs[i]));
        body.graph = Graph { outputs, ..body.graph };
        let more = Loop::new(body, looped.steps, first, looped.items, looped.extent, looped.backwards);
        let args = b.node(n).args.clone();
        b.run(&more, &args)
    };
    let place = |i: usize| match (known(i), missing.iter().position(|&m| m == i)) {
        (Some(k), _) => k,
        (None, position) => first + made + position.unwrap_or(0),
    };
    let places: Vec<usize> = carries.iter().map(|&i| place(i)).collect();
    places.into_iter().map(|k| b.part(run, k)).collect()
}

/// Parts of a loop's result that take the place of its own, those that are `None` excepted; of which parts are wanted
/// it is told by number.
type Rewrite<'a> =
    dyn FnMut(&mut Builder, NodeId, &Arc<Loop>, &dyn Fn(usize) -> bool) -> Option<Vec<Option<NodeId>>> + 'a;

/// The same values, with other parts for those of the loops that `rewrite` gives some for.
fn rewritten(b: &mut Builder, roots: &[NodeId], rewrite: &mut Rewrite<'_>) -> Vec<NodeId> {
    let live = reachable(b.nodes(), roots);
    if !b.nodes().iter().zip(&live).any(|(node, live)| *live && matches!(node.op.kernel, Kernel::Loop)) {
        return roots.to_vec();
    }
    let mut wanted: FxHashSet<(NodeId, usize)> = FxHashSet::default();
    wanted.extend((0..live.len()).filter(|&i| live[i]).filter_map(|i| part_of(b, NodeId(i as u32))));
    let mut images: Vec<NodeId> = (0..live.len()).map(|i| NodeId(i as u32)).collect();
    let mut runs: FxHashMap<NodeId, Vec<Option<NodeId>>> = FxHashMap::default();
    let outer = b.origin;
    for i in (0..live.len()).filter(|&i| live[i]) {
        let n = NodeId(i as u32);
        if let Some((run, k)) = part_of(b, n)
            && let Some(Some(part)) = runs.get(&run).map(|parts| parts[k])
        {
            images[i] = part;
            continue;
        }
        images[i] = b.with_images(n, &images);
        if let Some(looped) = b.node(n).attr.as_loop().cloned() {
            b.origin = b.node(n).origin;
            if let Some(parts) = rewrite(b, images[i], &looped, &|k| wanted.contains(&(n, k))) {
                runs.insert(n, parts);
            }
        }
    }
    b.origin = outer;
    roots.iter().map(|r| images[r.index()]).collect()
}
