//! Dependence carried through one node: from the sets of its arguments' elements to those of its result's.

use std::sync::Arc;

use smallvec::SmallVec;

use super::super::known::Known;
use crate::ir::{Argument, Builder, Depends, Flow, Node, NodeId, Sets, elements};

/// What carrying sets through a node takes.
pub(super) struct Passage<'a> {
    pub(super) b: &'a Builder,
    pub(super) known: &'a mut Known,
    /// Makes the unions.
    pub(super) sets: &'a mut dyn Sets,
    /// Most elements of a node.
    pub(super) most: usize,
}

impl Passage<'_> {
    /// The sets of a node's elements from those of its arguments, `None` for an argument that passes nothing:
    /// `Some(None)` if it depends on nothing.
    #[allow(clippy::option_option, reason = "too many to tell, and none at all, are two things")]
    pub(super) fn through(&mut self, node: &Node, sets: &[Option<Arc<[u32]>>]) -> Option<Option<Arc<[u32]>>> {
        if sets.iter().all(Option::is_none) {
            return Some(None);
        }
        let size = elements(&node.shape);
        if size > self.most {
            return None;
        }
        let found = match node.op.depends {
            Depends::Each => self.each(sets)?,
            Depends::Moves => self.moved(node, sets)?,
            Depends::Along(axes) => {
                let axes = axes(&node.attr);
                self.grouped(node, sets, size, |shape| keep(shape, &axes), &kept_of_result(node, &axes, self.b))?
            }
            Depends::Trailing(count) => {
                let shape = self.b.shape(node.args[0]);
                let groups = elements(&shape[..shape.len().saturating_sub(count)]);
                let width = size / groups.max(1);
                let result: Vec<usize> = (0..size).map(|i| i / width.max(1)).collect();
                self.grouped(node, sets, size, |shape| trailing(shape, count), &result)?
            }
            Depends::All => {
                let all: Vec<u32> = sets.iter().flatten().flat_map(|s| s.iter().copied()).collect();
                vec![self.sets.all(&all)?; size].into()
            }
            Depends::Custom(rule) => self.custom(node, sets, rule)?,
        };
        Some(Some(found))
    }

    fn each(&mut self, sets: &[Option<Arc<[u32]>>]) -> Option<Arc<[u32]>> {
        let mut moving = sets.iter().flatten();
        let mut total = Arc::clone(moving.next()?);
        for other in moving {
            if !Arc::ptr_eq(&total, other) {
                total = total.iter().zip(other.iter()).map(|(&a, &b)| self.sets.pair(a, b)).collect::<Option<_>>()?;
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
        let unions: Vec<u32> = members.iter().map(|m| self.sets.all(m)).collect::<Option<_>>()?;
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
        rule(&flow, self.sets).map(Arc::from)
    }

    fn value(&mut self, node: NodeId) -> Option<Arc<[f64]>> {
        self.known.value(self.b, node)
    }
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
