//! The pattern of a Jacobian, found by carrying sets of inputs' elements through the graph.

use std::sync::Arc;

use smallvec::SmallVec;

use super::super::known::{Given, Known};
use super::arena::Arena;
use super::passage::Passage;
use super::pattern::Pattern;
use crate::ir::{Attr, Builder, Depends, Node, NodeId, dependent, elements};

/// Where the Jacobian of `outputs` by `inputs` may differ from zero: rows are the elements of all
/// outputs one after another, columns those of all inputs. `given` are inputs whose elements are known.
///
/// `None` if the pattern would hold more than `most` positions, take too long to find, or is not wanted any more.
pub fn pattern(b: &Builder, outputs: &[NodeId], inputs: &[NodeId], given: &[Given], most: usize) -> Option<Pattern> {
    let columns = inputs.iter().fold(0usize, |sum, &x| sum.saturating_add(elements(b.shape(x))));
    let arena = Arena::new(columns, most, b.unwanted())?;
    let mut walk = Walk { b, arena, known: Known::new(given), sets: vec![None; b.nodes().len()], most };
    let mut column = 0;
    for &x in inputs {
        let end = column + elements(b.shape(x));
        walk.sets[x.index()] = Some((column..end).map(Arena::single).collect());
        column = end;
    }
    let needed = needed(b, outputs, inputs);
    let mut uses = uses(b, &needed, outputs);
    for (i, &needed) in needed.iter().enumerate() {
        if b.is_unwanted() {
            return None;
        }
        if needed && walk.sets[i].is_none() {
            walk.sets[i] = walk.visit(&b.nodes()[i])?;
            for a in passing(&b.nodes()[i]) {
                uses[a.index()] -= 1;
                if uses[a.index()] == 0 {
                    walk.sets[a.index()] = None;
                }
            }
        }
    }
    walk.collect(outputs, columns)
}

/// What has been found so far of each node's elements.
struct Walk<'a> {
    b: &'a Builder,
    arena: Arena,
    known: Known,
    sets: Vec<Option<Arc<[u32]>>>,
    most: usize,
}

impl Walk<'_> {
    /// The sets of a node's elements: `Some(None)` if it depends on nothing.
    #[allow(clippy::option_option, reason = "too many to tell, and none at all, are two things")]
    fn visit(&mut self, node: &Node) -> Option<Option<Arc<[u32]>>> {
        let passing = |k: usize| self.sets[node.args[k].index()].clone().filter(|_| node.op.rule.passes(k));
        let sets: SmallVec<[Option<Arc<[u32]>>; 3]> = (0..node.args.len()).map(passing).collect();
        Passage { b: self.b, known: &mut self.known, sets: &mut self.arena, most: self.most }.through(node, &sets)
    }

    /// The rows of the outputs, if they hold few enough positions.
    fn collect(&self, outputs: &[NodeId], columns: usize) -> Option<Pattern> {
        let mut rows: Vec<u32> = Vec::new();
        let mut positions = 0;
        for o in outputs {
            let start = rows.len();
            match &self.sets[o.index()] {
                Some(sets) => rows.extend_from_slice(sets),
                None => rows.resize(start + elements(self.b.shape(*o)), 0),
            }
            positions += rows[start..].iter().map(|&s| self.arena.get(s).len()).sum::<usize>();
            if positions > self.most || rows.len() > self.most {
                return None;
            }
        }
        Some(Pattern::from_rows(columns, rows.iter().map(|&s| self.arena.get(s))))
    }
}

/// Which nodes lie between the inputs and the outputs and pass a derivative on.
pub(super) fn needed(b: &Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Vec<bool> {
    let count = b.nodes().len();
    let moves = dependent(b.nodes(), inputs, count);
    let mut needed = vec![false; count];
    for o in outputs {
        needed[o.index()] = moves[o.index()];
    }
    for i in (0..count).rev() {
        if needed[i] && !inputs.contains(&NodeId(i as u32)) {
            passing(&b.nodes()[i]).for_each(|a| needed[a.index()] |= moves[a.index()]);
        }
    }
    needed
}

/// How often each node passes its derivative on: to nodes that are needed, and as an output.
pub(super) fn uses(b: &Builder, needed: &[bool], outputs: &[NodeId]) -> Vec<u32> {
    let mut uses = vec![0u32; needed.len()];
    for i in (0..needed.len()).filter(|&i| needed[i]) {
        passing(&b.nodes()[i]).for_each(|a| uses[a.index()] += 1);
    }
    for o in outputs {
        uses[o.index()] += 1;
    }
    uses
}

/// Which of `constants` decide where elements go: those that determine, with nothing else but literals,
/// an argument that a rule holds fixed, such as indices or the condition of a selection.
pub fn structural(b: &Builder, outputs: &[NodeId], inputs: &[NodeId], constants: &[NodeId]) -> Vec<NodeId> {
    let needed = needed(b, outputs, inputs);
    let constant = |n: &NodeId| constants.contains(n);
    // What depends on anything that is bound when the plan runs, constants excepted.
    let mut unknown = vec![false; b.nodes().len()];
    for (i, node) in b.nodes().iter().enumerate() {
        let bound = matches!(node.attr, Attr::Input(..)) && !constant(&NodeId(i as u32));
        unknown[i] = bound || node.args.iter().any(|a| unknown[a.index()]);
    }
    let mut decides = vec![false; b.nodes().len()];
    for (i, node) in b.nodes().iter().enumerate() {
        if needed[i] && matches!(node.op.depends, Depends::Custom(_)) {
            let held = node.args.iter().enumerate().filter(|&(k, a)| !node.op.rule.passes(k) && !unknown[a.index()]);
            held.for_each(|(_, a)| decides[a.index()] = true);
        }
    }
    for i in (0..decides.len()).rev() {
        if decides[i] {
            b.nodes()[i].args.iter().for_each(|a| decides[a.index()] = true);
        }
    }
    constants.iter().copied().filter(|c| decides[c.index()]).collect()
}

/// The arguments from which a derivative passes.
pub(super) fn passing(node: &Node) -> impl Iterator<Item = NodeId> {
    node.args.iter().enumerate().filter(|&(k, _)| node.op.rule.passes(k)).map(|(_, &a)| a)
}
