//! A graph laid open: every element of its arrays a scalar node.
//!
//! Small arrays cost more to hand about than to compute with. Laid open, moving elements costs nothing, constants are
//! folded, zeros and ones vanish, and equal elements are one.

use smallvec::SmallVec;

use crate::ir::{Attr, Builder, Kernel, Node, NodeId, Single, elements, reachable};
use crate::ops::{Algebra, slice};

/// The elements of `outputs`, row-major; `None` if something between the inputs and them has no elements that
/// could be written on their own, or if more than `most` would be looked at.
pub fn scalars(b: &mut Builder, outputs: &[NodeId], most: usize) -> Option<Vec<Vec<NodeId>>> {
    let live = reachable(b.nodes(), outputs);
    if predicted(b.nodes(), &live) > most {
        return None;
    }
    let mut found: Vec<Vec<NodeId>> = vec![Vec::new(); live.len()];
    let outer = b.origin;
    for i in (0..live.len()).filter(|&i| live[i]) {
        let node = b.nodes()[i].clone();
        b.origin = node.origin;
        let args: SmallVec<[&[NodeId]; 3]> = node.args.iter().map(|a| found[a.index()].as_slice()).collect();
        let opened = open(b, NodeId(i as u32), &node, &args);
        drop(args);
        b.origin = outer;
        found[i] = opened?;
    }
    Some(outputs.iter().map(|o| found[o.index()].clone()).collect())
}

/// Whether laying `outputs` open may be tried: see [`scalars`].
pub(super) fn fits(b: &Builder, outputs: &[NodeId], most: usize) -> bool {
    let live = reachable(b.nodes(), outputs);
    let loops = b.nodes().iter().zip(&live).any(|(node, live)| *live && matches!(node.op.kernel, Kernel::Loop));
    !loops && predicted(b.nodes(), &live) <= most
}

/// How many elements and terms would be looked at, saturating.
fn predicted(nodes: &[Node], live: &[bool]) -> usize {
    let each = nodes.iter().zip(live).filter(|(_, live)| **live).map(|(node, _)| {
        let terms = if let Single::Terms(_) = node.op.single { node.flops(nodes) } else { 0 };
        elements(&node.shape).max(usize::try_from(terms).unwrap_or(usize::MAX))
    });
    each.fold(0, usize::saturating_add)
}

fn open(b: &mut Builder, n: NodeId, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let count = elements(&node.shape);
    if let Single::Terms(terms) = node.op.single {
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
        (Kernel::Fill, &Attr::Fill(_, bits)) => Some(vec![b.fill(f64::from_bits(bits), &[]); count]),
        (Kernel::Elementwise(_), _) => {
            let element = |i| {
                let args: SmallVec<[NodeId; 3]> = args.iter().map(|a| a[i]).collect();
                b.make(node.op, &args, node.attr.clone())
            };
            Some((0..count).map(element).collect())
        }
        (Kernel::Leaf | Kernel::Dense(_), _) if args.is_empty() => {
            let numbers = node.compute(&[], b.unwanted())?;
            Some(numbers.into_iter().map(|x| b.fill(x, &[])).collect())
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
