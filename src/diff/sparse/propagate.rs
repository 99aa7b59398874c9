//! The pattern of a Jacobian, found by carrying sets of inputs' elements through the graph.

use std::sync::Arc;

use smallvec::SmallVec;

use super::super::known::{Given, Known};
use super::arena::Arena;
use super::pattern::Pattern;
use crate::ir::{Argument, Attr, Builder, Depends, Flow, Node, NodeId, Sets, dependent, elements};

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
    let mut uses = vec![0u32; needed.len()];
    for i in (0..needed.len()).filter(|&i| needed[i]) {
        passing(&b.nodes()[i]).for_each(|a| uses[a.index()] += 1);
    }
    for o in outputs {
        uses[o.index()] += 1;
    }
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
        let sets: SmallVec<[Option<Arc<[u32]>>; 3]> = (0..node.args.len())
            .map(|k| self.sets[node.args[k].index()].clone().filter(|_| node.op.rule.passes(k)))
            .collect();
        if sets.iter().all(Option::is_none) {
            return Some(None);
        }
        let size = elements(&node.shape);
        if size > self.most {
            return None;
        }
        let found = match node.op.depends {
            Depends::Each => self.each(&sets)?,
            Depends::Moves => self.moved(node, &sets)?,
            Depends::Along(axes) => {
                let axes = axes(&node.attr);
                self.grouped(node, &sets, size, |shape| keep(shape, &axes), &kept_of_result(node, &axes, self.b))?
            }
            Depends::Trailing(count) => {
                let shape = self.b.shape(node.args[0]);
                let groups = elements(&shape[..shape.len().saturating_sub(count)]);
                let width = size / groups.max(1);
                let result: Vec<usize> = (0..size).map(|i| i / width.max(1)).collect();
                self.grouped(node, &sets, size, |shape| trailing(shape, count), &result)?
            }
            Depends::All => {
                let all: Vec<u32> = sets.iter().flatten().flat_map(|s| s.iter().copied()).collect();
                vec![self.arena.all(&all)?; size].into()
            }
            Depends::Custom(rule) => self.custom(node, &sets, rule)?,
        };
        Some(Some(found))
    }

    fn each(&mut self, sets: &[Option<Arc<[u32]>>]) -> Option<Arc<[u32]>> {
        let mut moving = sets.iter().flatten();
        let mut total = Arc::clone(moving.next()?);
        for other in moving {
            if !Arc::ptr_eq(&total, other) {
                total = total.iter().zip(other.iter()).map(|(&a, &b)| self.arena.pair(a, b)).collect::<Option<_>>()?;
            }
        }
        Some(total)
    }

    /// Runs the kernel on the sets' numbers in place of elements.
    fn moved(&self, node: &Node, sets: &[Option<Arc<[u32]>>]) -> Option<Arc<[u32]>> {
        let numbers: SmallVec<[Vec<f64>; 3]> = node
            .args
            .iter()
            .zip(sets)
            .map(|(&a, sets)| match sets {
                Some(sets) => sets.iter().map(|&s| f64::from(s)).collect(),
                None => vec![0.0; elements(self.b.shape(a))],
            })
            .collect();
        let args: SmallVec<[(&[f64], &[usize]); 3]> =
            node.args.iter().zip(&numbers).map(|(&a, n)| (n.as_slice(), self.b.shape(a).as_slice())).collect();
        Some(node.compute(&args, self.b.unwanted())?.into_iter().map(|number| number as u32).collect())
    }

    /// Every element of the result depends on the elements of its group: `result` says which that is, and
    /// `group` for the elements of an argument of some shape.
    fn grouped(
        &mut self,
        node: &Node,
        sets: &[Option<Arc<[u32]>>],
        size: usize,
        group: impl Fn(&[usize]) -> Vec<usize>,
        result: &[usize],
    ) -> Option<Arc<[u32]>> {
        let count = result.iter().max().map_or(0, |last| last + 1);
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (&a, sets) in node.args.iter().zip(sets) {
            let Some(sets) = sets else { continue };
            for (&set, group) in sets.iter().zip(group(self.b.shape(a))) {
                // Groups without a result do not matter.
                if let Some(members) = members.get_mut(group).filter(|m| set != 0 && m.last() != Some(&set)) {
                    members.push(set);
                }
            }
        }
        let unions: Vec<u32> = members.iter().map(|m| self.arena.all(m)).collect::<Option<_>>()?;
        debug_assert_eq!(result.len(), size, "{} has a group for each element", node.op.name);
        Some(result.iter().map(|&g| unions[g]).collect())
    }

    fn custom(
        &mut self,
        node: &Node,
        sets: &[Option<Arc<[u32]>>],
        rule: fn(&Flow<'_>, &mut dyn Sets) -> Option<Vec<u32>>,
    ) -> Option<Arc<[u32]>> {
        let values: SmallVec<[Option<Arc<[f64]>>; 3]> =
            node.args.iter().zip(sets).map(|(&a, s)| if s.is_some() { None } else { self.value(a) }).collect();
        let args: SmallVec<[Argument<'_>; 3]> = node
            .args
            .iter()
            .zip(sets.iter().zip(&values))
            .map(|(&a, (sets, value))| Argument {
                shape: self.b.shape(a),
                sets: sets.as_deref(),
                value: value.as_deref(),
            })
            .collect();
        let flow = Flow { attr: &node.attr, shape: &node.shape, args: &args };
        rule(&flow, &mut self.arena).map(Arc::from)
    }

    fn value(&mut self, node: NodeId) -> Option<Arc<[f64]>> {
        self.known.value(self.b, node)
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
fn needed(b: &Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Vec<bool> {
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
fn passing(node: &Node) -> impl Iterator<Item = NodeId> {
    node.args.iter().enumerate().filter(|&(k, _)| node.op.rule.passes(k)).map(|(_, &a)| a)
}

/// For each element of a shape, in order, its position when the mixed axes are left out.
fn keep(shape: &[usize], mixed: &[usize]) -> Vec<usize> {
    let mut groups = vec![0];
    for (axis, &length) in shape.iter().enumerate() {
        groups = if mixed.contains(&axis) {
            groups.iter().flat_map(|&g| std::iter::repeat_n(g, length)).collect()
        } else {
            groups.iter().flat_map(|&g| (0..length).map(move |i| g * length + i)).collect()
        };
    }
    groups
}

/// For each element of the result of a node that mixes axes, the position of its group.
fn kept_of_result(node: &Node, mixed: &[usize], b: &Builder) -> Vec<usize> {
    let rank = b.shape(node.args[0]).len();
    if node.shape.len() == rank { keep(&node.shape, mixed) } else { (0..elements(&node.shape)).collect() }
}

/// For each element of a shape its position among the leading axes.
fn trailing(shape: &[usize], count: usize) -> Vec<usize> {
    let split = shape.len().saturating_sub(count);
    let width = elements(&shape[split..]);
    (0..elements(&shape[..split])).flat_map(|g| std::iter::repeat_n(g, width)).collect()
}
