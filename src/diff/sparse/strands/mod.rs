//! Sweeps that carry their columns with them.
//!
//! A sweep along a colour moves inputs' elements that are far apart, and to each element of each value belongs at most
//! one of them. Which one is known without any colours: it can be carried through the graph beside the tangent. Such a
//! tangent, with a column for each of its elements, is a *strand*. Each value has as many strands as one of its
//! elements has columns, or a few more: a value that depends on few inputs costs little, though others depend on many,
//! and what does not change along a strand is a number. All strands together are the derivative in the form that is
//! known as ELLPACK (D. Kincaid, J. Respess, D. Young, R. Grimes, ITPACK 2C, 1982): so many columns and values a row.
//!
//! A strand passes a node if each element of the result depends on one column at most. Where a sum or product mixes
//! elements along a short axis, each place of the axis becomes a strand of its own. Where many are mixed, there are
//! none, and the pattern is coloured.

mod items;
mod recover;
mod strand;

use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

pub(super) use items::itemised;
pub(super) use recover::recover;
pub(super) use strand::Strand;

use super::super::jvp::push;
use super::super::known::{Given, Known};
use super::passage::Passage;
use super::propagate::{needed, passing, uses};
use crate::ir::{Builder, Cost, Kernel, Node, NodeId, Origin, Rule, Sets, Single, elements};
use crate::ops::Algebra;
use strand::columns_of_part;

/// Most strands of a value.
const MOST_STRANDS: usize = 64;

/// Longest axis each place of which becomes a strand.
const MOST_PARTS: usize = 16;

/// Elements looked at for each position that the pattern may have, at most.
const WORK: usize = 16;

/// The strands of each output, columns counted over all inputs; `None` where a value has too many, or more than `most`
/// elements in all, or something mixes more than a strand can tell. `given` are inputs whose elements are known.
pub(super) fn strands(
    b: &mut Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    given: &[Given],
    most: usize,
) -> Option<Vec<Vec<Strand>>> {
    let needed = needed(b, outputs, inputs);
    let mut uses = uses(b, &needed, outputs);
    let found = vec![None; needed.len()];
    let left = most.saturating_mul(WORK);
    let mut walk = Walk { known: Known::new(given), seen: FxHashMap::default(), found, most, left };
    let mut next = 1u32;
    for &x in inputs {
        let end = next.checked_add(u32::try_from(elements(b.shape(x))).ok()?)?;
        let tangent = b.fill_like(1.0, x);
        walk.found[x.index()] = Some(vec![Strand::new(tangent, walk.kept((next..end).collect()), true)].into());
        next = end;
    }
    let outer = b.origin;
    for i in (0..needed.len()).filter(|&i| needed[i]) {
        if b.is_unwanted() {
            return None;
        }
        if walk.found[i].is_some() {
            continue;
        }
        let n = NodeId(i as u32);
        b.origin = Origin { call: b.node(n).origin.call, derivative: true };
        let strands = walk.node(b, n);
        b.origin = outer;
        walk.found[i] = Some(strands?.into());
        let args: SmallVec<[NodeId; 3]> = passing(b.node(n)).collect();
        for a in args {
            uses[a.index()] -= 1;
            if uses[a.index()] == 0 {
                walk.found[a.index()] = None;
            }
        }
    }
    Some(outputs.iter().map(|o| walk.found[o.index()].as_deref().unwrap_or_default().to_vec()).collect())
}

/// At most one strand for each argument of a node, which pass it together.
type Group = SmallVec<[Option<Strand>; 3]>;

struct Walk {
    known: Known,
    /// Columns by their hash, so that equal ones are the same.
    seen: FxHashMap<u64, Arc<[u32]>>,
    found: Vec<Option<Arc<[Strand]>>>,
    most: usize,
    /// Elements that may still be looked at.
    left: usize,
}

impl Walk {
    fn kept(&mut self, columns: Arc<[u32]>) -> Arc<[u32]> {
        let known = self.seen.entry(FxBuildHasher.hash_one(&columns)).or_insert_with(|| Arc::clone(&columns));
        if *known == columns { Arc::clone(known) } else { columns }
    }

    /// The strands of a node from those of its arguments.
    fn node(&mut self, b: &mut Builder, n: NodeId) -> Option<Vec<Strand>> {
        let node = b.node(n);
        let of = |k: usize| self.found[node.args[k].index()].clone().filter(|_| node.op.rule.passes(k));
        let args: SmallVec<[Arc<[Strand]>; 3]> = (0..node.args.len()).map(|k| of(k).unwrap_or_default()).collect();
        if args.iter().all(|strands| strands.is_empty()) {
            return Some(Vec::new());
        }
        if matches!(node.op.rule, Rule::Loop | Rule::Part | Rule::Implicit) {
            return None;
        }
        let groups = if matches!(node.op.single, Single::Joined(_)) { side_by_side(&args) } else { together(&args) };
        let mut passed = Vec::new();
        for group in groups {
            self.pass(b, n, &group, 0, &mut passed)?;
        }
        let mut strands: Vec<Strand> = Vec::with_capacity(passed.len());
        for strand in passed {
            let same = strands.iter().position(|s| Arc::ptr_eq(&s.columns, &strand.columns));
            let joined =
                same.into_iter().chain(0..strands.len()).find_map(|i| Some((i, strands[i].joined(b, &strand)?)));
            match joined {
                Some((i, both)) => strands[i] = Strand { columns: self.kept(both.columns), ..both },
                None => strands.push(strand),
            }
        }
        Some(strands)
    }

    /// Lets strands pass a node, in parts where it mixes their columns; `split` marks the axes that were parted.
    fn pass(&mut self, b: &mut Builder, n: NodeId, group: &Group, split: u64, passed: &mut Vec<Strand>) -> Option<()> {
        if passed.len() >= MOST_STRANDS {
            return None;
        }
        let columns: SmallVec<[_; 3]> = group.iter().map(|s| s.as_ref().map(|s| Arc::clone(&s.columns))).collect();
        if let Some(columns) = self.through(b, n, &columns) {
            passed.extend(self.pushed(b, n, group, columns));
            return Some(());
        }
        let moving: SmallVec<[usize; 3]> = (0..group.len()).filter(|&k| group[k].is_some()).collect();
        let [k] = *moving.as_slice() else {
            for k in moving {
                let alone = group.iter().enumerate().map(|(i, s)| s.clone().filter(|_| i == k)).collect();
                self.pass(b, n, &alone, split, passed)?;
            }
            return Some(());
        };
        let strand = group[k].clone()?;
        let shape = b.shape(strand.tangent).clone();
        let is_short = |&axis: &usize| (2..=MOST_PARTS).contains(&shape[axis]) && axis < 64 && split >> axis & 1 == 0;
        let short: SmallVec<[usize; 4]> = (0..shape.len()).rev().filter(is_short).collect();
        // One axis is enough if what lies at its first place passes.
        let suffices = |&axis: &usize| {
            let mut columns = columns.clone();
            columns[k] = Some(columns_of_part(&strand.columns, &shape, axis, 0));
            self.through(b, n, &columns).is_some()
        };
        let axis = short.iter().copied().find(suffices).or(short.first().copied())?;
        for place in 0..shape[axis] {
            let mut part: Group = SmallVec::from_elem(None, group.len());
            part[k] = Some(strand.part(b, axis, place));
            self.pass(b, n, &part, split | 1 << axis, passed)?;
        }
        Some(())
    }

    /// The columns of a node's elements from those of its arguments'; `None` if one would have several.
    fn through(&mut self, b: &Builder, n: NodeId, columns: &[Option<Arc<[u32]>>]) -> Option<Arc<[u32]>> {
        let node = b.node(n);
        let looked_at = columns.iter().flatten().map(|c| c.len()).sum::<usize>();
        self.left = self.left.checked_sub(looked_at.max(elements(&node.shape)))?;
        let mut passage = Passage { b, known: &mut self.known, sets: &mut OneColumn, most: self.most };
        passage.through(node, columns).flatten()
    }

    /// The strand that has passed; `None` if it is zero everywhere.
    fn pushed(&mut self, b: &mut Builder, n: NodeId, group: &Group, columns: Arc<[u32]>) -> Option<Strand> {
        if columns.iter().all(|&c| c == 0) {
            return None;
        }
        let columns = self.kept(columns);
        let node = b.node(n);
        let moves = only_moves(node);
        let mixes = !moves && !matches!(node.op.kernel, Kernel::Elementwise(_));
        let mut numbers = group.iter().flatten().map(|s| b.fill_value(s.tangent).map(f64::to_bits));
        let first = numbers.next().flatten();
        if let (true, Some(bits)) = (moves && numbers.all(|other| other == first), first) {
            let shape = node.shape.clone();
            return Some(Strand::new(b.fill(f64::from_bits(bits), &shape), columns, false));
        }
        let tangents: SmallVec<[Option<NodeId>; 3]> = if mixes {
            group.iter().map(|s| s.as_ref().map(|s| s.cleaned(b))).collect()
        } else {
            group.iter().map(|s| s.as_ref().map(|s| s.tangent)).collect()
        };
        let tangent = push(b, n, &tangents).filter(|&t| b.fill_value(t) != Some(0.0))?;
        let unchanged = |s: &Strand| moves || Arc::ptr_eq(&s.columns, &columns);
        let clean = !mixes && group.iter().flatten().all(|s| s.clean && unchanged(s));
        Some(Strand::new(tangent, columns, clean))
    }
}

/// Whether a node moves elements and computes nothing.
fn only_moves(node: &Node) -> bool {
    matches!((node.op.rule, node.op.cost), (Rule::Linear { .. }, Cost::Free))
}

/// Strands with the same columns pass together.
fn together(args: &[Arc<[Strand]>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (k, strands) in args.iter().enumerate() {
        for strand in strands.iter() {
            let same = |s: &Strand| Arc::ptr_eq(&s.columns, &strand.columns);
            let group = groups.iter_mut().find(|group| group[k].is_none() && group.iter().flatten().all(same));
            if let Some(group) = group {
                group[k] = Some(strand.clone());
            } else {
                let mut group: Group = SmallVec::from_elem(None, args.len());
                group[k] = Some(strand.clone());
                groups.push(group);
            }
        }
    }
    groups
}

/// Where arguments lie beside each other, strands of different ones never meet.
fn side_by_side(args: &[Arc<[Strand]>]) -> Vec<Group> {
    let most = args.iter().map(|strands| strands.len()).max().unwrap_or(0);
    (0..most).map(|i| args.iter().map(|strands| strands.get(i).cloned()).collect()).collect()
}

/// Sets of one column at most; larger ones are none.
struct OneColumn;

impl Sets for OneColumn {
    fn pair(&mut self, a: u32, b: u32) -> Option<u32> {
        (a == b || a == 0 || b == 0).then_some(a.max(b))
    }

    fn all(&mut self, sets: &[u32]) -> Option<u32> {
        sets.iter().try_fold(0, |one, &set| self.pair(one, set))
    }
}
