//! A graph laid open: every element of its arrays a scalar node.
//!
//! Small arrays cost more to hand about than to compute with. Laid open, moving elements costs nothing, constants are
//! folded, zeros and ones vanish, and equal elements are one. What literals and given inputs determine is computed in
//! advance: it is laid open as numbers.

use smallvec::SmallVec;

use super::known::{Given, Known};
use crate::ir::{Attr, Builder, Kernel, Node, NodeId, Rule, elements, reachable};
use crate::ops::{Algebra, slice};

/// The elements of `outputs`, row-major; `None` if something between the inputs and them has no elements that
/// could be written on their own, or if more than `most` would be looked at. Inputs that are `given` become numbers.
pub fn scalars(b: &mut Builder, outputs: &[NodeId], given: &[Given], most: usize) -> Option<Vec<Vec<NodeId>>> {
    let parts = Parts::new(b, outputs, given);
    let mut known = Known::new(given);
    if parts.predicted(b, &mut known, most)? > most {
        return None;
    }
    let mut found: Vec<Vec<NodeId>> = vec![Vec::new(); parts.live.len()];
    let outer = b.origin;
    for i in (0..found.len()).filter(|&i| parts.live[i]) {
        if parts.determined[i] {
            let numbers = known.value(b, NodeId(i as u32))?;
            found[i] = numbers.iter().map(|&x| b.fill(x, &[])).collect();
            continue;
        }
        let node = &b.nodes()[i];
        if is_single(node) && node.args.iter().all(|&a| found[a.index()] == [a]) {
            found[i] = vec![NodeId(i as u32)];
            continue;
        }
        let node = node.clone();
        b.origin = node.origin;
        let args: SmallVec<[&[NodeId]; 3]> = node.args.iter().map(|a| found[a.index()].as_slice()).collect();
        let opened = open(b, NodeId(i as u32), &node, &args);
        drop(args);
        b.origin = outer;
        found[i] = opened?;
    }
    Some(outputs.iter().map(|o| found[o.index()].clone()).collect())
}

/// Whether a node computes one element of one or of several.
fn is_single(node: &Node) -> bool {
    node.shape.is_empty() && matches!(node.op.kernel, Kernel::Elementwise(_))
}

/// Whether laying `outputs` open may be tried: see [`scalars`].
pub(super) fn fits(b: &Builder, outputs: &[NodeId], given: &[Given], most: usize) -> bool {
    let live = reachable(b.nodes(), outputs);
    let loops = b.nodes().iter().zip(&live).any(|(node, live)| *live && matches!(node.op.kernel, Kernel::Loop));
    let predicted = || Parts::new(b, outputs, given).predicted(b, &mut Known::new(given), most);
    !loops && predicted().is_some_and(|predicted| predicted <= most)
}

/// What of a graph is to be laid open.
struct Parts {
    /// What the outputs depend on, down to what is determined.
    live: Vec<bool>,
    /// What depends on nothing but literals and given inputs.
    determined: Vec<bool>,
}

impl Parts {
    fn new(b: &Builder, outputs: &[NodeId], given: &[Given]) -> Self {
        let mut determined: Vec<bool> = Vec::with_capacity(b.nodes().len());
        for (i, node) in b.nodes().iter().enumerate() {
            determined.push(match (node.op.kernel, &node.attr) {
                (Kernel::Leaf, Attr::Input(..)) => given.iter().any(|g| g.0.index() == i),
                (Kernel::Loop, _) => false,
                _ => node.args.iter().all(|a| determined[a.index()]),
            });
        }
        let mut live = vec![false; determined.len()];
        for o in outputs {
            live[o.index()] = true;
        }
        for i in (0..live.len()).rev().filter(|&i| !determined[i]) {
            if live[i] {
                b.nodes()[i].args.iter().for_each(|a| live[a.index()] = true);
            }
        }
        Self { live, determined }
    }

    /// How many elements and terms would be looked at, saturating; `None` where these are more than `most` for
    /// their number alone, or where what is determined is too much to be computed in advance.
    fn predicted(&self, b: &Builder, known: &mut Known, most: usize) -> Option<usize> {
        let size = |i: usize| elements(&b.nodes()[i].shape);
        let count = (0..self.live.len()).filter(|&i| self.live[i]).map(size).fold(0, usize::saturating_add);
        if count > most {
            return None;
        }
        let mut more = 0usize;
        for i in (0..self.live.len()).filter(|&i| self.live[i] && !self.determined[i]) {
            let node = &b.nodes()[i];
            if node.op.single.terms().is_some() {
                let terms = usize::try_from(node.flops(b.nodes())).unwrap_or(usize::MAX);
                if terms > size(i) {
                    more = more.saturating_add(self.without_zeros(b, node, terms, known)?.saturating_sub(size(i)));
                }
            }
        }
        Some(count.saturating_add(more))
    }

    /// How many of the terms of a node are not zero because of a factor that is determined.
    fn without_zeros(&self, b: &Builder, node: &Node, terms: usize, known: &mut Known) -> Option<usize> {
        if !matches!(node.op.rule, Rule::Multilinear { .. }) {
            return Some(terms);
        }
        let mut left = terms as f64;
        for &a in node.args.iter().filter(|a| self.determined[a.index()]) {
            let numbers = known.value(b, a)?;
            let others = numbers.iter().filter(|x| **x != 0.0).count();
            left *= others as f64 / numbers.len().max(1) as f64;
        }
        Some(left.ceil() as usize)
    }
}

fn open(b: &mut Builder, n: NodeId, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let count = elements(&node.shape);
    if let Some(terms) = node.op.single.terms() {
        return terms(b, node, args);
    }
    match (node.op.kernel, &node.attr) {
        (Kernel::Leaf, Attr::Input(..)) if node.shape.is_empty() => Some(vec![n]),
        (Kernel::Leaf, Attr::Input(..)) => {
            let flat = b.reshape(n, &[count]);
            let element = |i| {
                let one = slice(b, flat, &[(i, i + 1, 1)]);
                b.reshape(one, &[])
            };
            Some((0..count).map(element).collect())
        }
        (Kernel::Elementwise(_), _) => {
            let element = |i| {
                let args: SmallVec<[NodeId; 3]> = args.iter().map(|a| a[i]).collect();
                b.make(node.op, &args, node.attr.clone())
            };
            Some((0..count).map(element).collect())
        }
        (Kernel::Reshape, _) => Some(args[0].to_vec()),
        (Kernel::View(_) | Kernel::Dense(_), _) if matches!(node.op.depends, crate::ir::Depends::Moves) => {
            moved(b, node, args)
        }
        (Kernel::Leaf | Kernel::Fill | Kernel::View(_) | Kernel::Dense(_) | Kernel::Loop, _) => None,
    }
}

/// Elements copied to other places, or zeros: the kernel is run on their numbers.
fn moved(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let mut sources = vec![b.fill(0.0, &[])];
    let mut numbers: SmallVec<[Vec<f64>; 3]> = SmallVec::new();
    for arg in args {
        numbers.push((sources.len()..sources.len() + arg.len()).map(|i| i as f64).collect());
        sources.extend_from_slice(arg);
    }
    let shapes: SmallVec<[_; 3]> = node.args.iter().map(|&a| b.shape(a).clone()).collect();
    let args: SmallVec<[(&[f64], &[usize]); 3]> =
        numbers.iter().zip(&shapes).map(|(n, s)| (n.as_slice(), s.as_slice())).collect();
    Some(node.compute(&args, b.unwanted())?.into_iter().map(|number| sources[number as usize]).collect())
}
