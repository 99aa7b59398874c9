//! Axes reordered where that costs nothing. Elementwise work and sums are done in the order in which their arrays lie in
//! memory, and what comes out is reordered, which is a view; two reorderings after each other often undo each other.
//! What is made of repeated elements alone lies in no order, and is made in the one in which it is read.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Algebra;
use super::reduce::SUM;
use super::structure::{BROADCAST, PERMUTE};
use crate::ir::{Attr, Builder, Kernel, NodeId, elements, reachable};

type Order = SmallVec<[usize; 4]>;

/// Most operations that a reordering goes through one after another.
const DEEPEST: usize = 64;

/// The same values with less to be read or answered in another order than it lies in, if that can be.
pub fn turned(b: &mut Builder, outputs: &[NodeId]) -> Vec<NodeId> {
    let live = reachable(b.nodes(), outputs);
    if !(0..live.len()).any(|i| live[i] && b.nodes()[i].is(&PERMUTE)) {
        return outputs.to_vec();
    }
    let readers = Readers::new(b, &live, outputs);
    let mut images: Vec<NodeId> = (0..live.len()).map(|i| NodeId(i as u32)).collect();
    let mut turner = Turner { b, uses: FxHashMap::default() };
    let outer = turner.b.origin;
    for i in (0..live.len()).filter(|&i| live[i]) {
        let image = turner.b.with_images(NodeId(i as u32), &images);
        turner.b.origin = turner.b.node(image).origin;
        images[i] = turner.better(image, readers.order[i].as_deref()).unwrap_or(image);
        *turner.uses.entry(images[i]).or_default() += readers.uses[i];
    }
    b.origin = outer;
    let images: Vec<NodeId> = outputs.iter().map(|o| images[o.index()]).collect();
    if out_of_order(b, &images) < out_of_order(b, outputs) { images } else { outputs.to_vec() }
}

/// Who reads the values of a graph.
struct Readers {
    /// How often each value is read.
    uses: Vec<u32>,
    /// The order in which it is read first, where it is never read in its own.
    order: Vec<Option<Order>>,
}

impl Readers {
    fn new(b: &Builder, live: &[bool], outputs: &[NodeId]) -> Self {
        let mut uses = vec![0u32; live.len()];
        let mut direct = vec![false; live.len()];
        let mut order: Vec<Option<Order>> = vec![None; live.len()];
        for &o in outputs {
            uses[o.index()] += 1;
            direct[o.index()] = true;
        }
        for (node, _) in b.nodes().iter().zip(live).filter(|(_, live)| **live) {
            for a in &node.args {
                uses[a.index()] += 1;
                match &node.attr {
                    Attr::Axes(axes) if node.is(&PERMUTE) => {
                        order[a.index()].get_or_insert_with(|| axes.iter().copied().collect());
                    }
                    _ => direct[a.index()] = true,
                }
            }
        }
        order.iter_mut().zip(direct).filter(|(_, direct)| *direct).for_each(|(order, _)| *order = None);
        Self { uses, order }
    }
}

/// Elements that are read by elementwise work, by sums or as an answer in another order than they lie in.
fn out_of_order(b: &Builder, outputs: &[NodeId]) -> usize {
    let live = reachable(b.nodes(), outputs);
    let working = b
        .nodes()
        .iter()
        .zip(live)
        .filter(|(node, live)| *live && (node.is(&SUM) || matches!(node.op.kernel, Kernel::Elementwise(_))));
    let read = working.flat_map(|(node, _)| &node.args).chain(outputs);
    let turned = read.filter(|n| b.node(**n).is(&PERMUTE) && !repeats(b, b.node(**n).args[0]));
    turned.map(|n| elements(b.shape(*n))).fold(0, usize::saturating_add)
}

/// Whether a value repeats fewer elements than it has.
fn repeats(b: &Builder, n: NodeId) -> bool {
    let node = b.node(n);
    match node.op.kernel {
        Kernel::Fill => true,
        _ if node.is(&PERMUTE) => repeats(b, node.args[0]),
        _ => node.is(&BROADCAST) && elements(b.shape(node.args[0])) < elements(&node.shape),
    }
}

fn inverse(order: &[usize]) -> Order {
    let mut inverse = SmallVec::from_elem(0, order.len());
    order.iter().enumerate().for_each(|(i, &o)| inverse[o] = i);
    inverse
}

struct Turner<'a> {
    b: &'a mut Builder,
    /// How often what is made so far is read.
    uses: FxHashMap<NodeId, u32>,
}

impl Turner<'_> {
    /// The same value made in a better order, if there is one; `read` is the one in which it is read, if not its own.
    fn better(&mut self, n: NodeId, read: Option<&[usize]>) -> Option<NodeId> {
        let node = self.b.node(n);
        // A single axis has one order.
        if node.args.iter().all(|&a| self.b.shape(a).len() < 2) {
            return None;
        }
        let node = node.clone();
        match &node.attr {
            Attr::Axes(summed) if node.is(&SUM) => self.sum(node.args[0], summed),
            _ if matches!(node.op.kernel, Kernel::Elementwise(_)) => {
                // The order of memory, or else, where there is none, that of who reads it.
                let found = node.args.iter().find_map(|&a| self.order(a));
                let order = found.or_else(|| read.map(inverse))?;
                let alike = |&a: &NodeId| self.order(a).map_or_else(|| self.is_free(a, 0), |other| other == order);
                if !node.args.iter().all(alike) {
                    return None;
                }
                let back = inverse(&order);
                let args: SmallVec<[NodeId; 3]> = node.args.iter().map(|&a| self.turn(a, &back)).collect();
                let made = self.b.make(node.op, &args, node.attr.clone());
                *self.uses.entry(made).or_default() += 1;
                Some(self.b.permute(made, &order))
            }
            _ => None,
        }
    }

    /// The order that a value has been brought to from the one it lies in.
    fn order(&self, n: NodeId) -> Option<Order> {
        let node = self.b.node(n);
        match &node.attr {
            Attr::Axes(order) if node.is(&PERMUTE) && !repeats(self.b, node.args[0]) => {
                Some(order.iter().copied().collect())
            }
            _ => None,
        }
    }

    /// Whether a value can as well be made in any other order: it repeats elements, or is made of such values and for
    /// one reader.
    fn is_free(&self, n: NodeId, depth: usize) -> bool {
        let node = self.b.node(n);
        let once = || self.uses.get(&n).is_some_and(|uses| *uses == 1);
        let elementwise = matches!(node.op.kernel, Kernel::Elementwise(_)) && depth < DEEPEST;
        repeats(self.b, n) || elementwise && once() && node.args.iter().all(|&a| self.is_free(a, depth + 1))
    }

    /// A value with its axes reordered, made in that order if it is free.
    fn turn(&mut self, n: NodeId, order: &[usize]) -> NodeId {
        let node = self.b.node(n);
        if !matches!(node.op.kernel, Kernel::Elementwise(_)) {
            return self.b.permute(n, order);
        }
        let node = node.clone();
        let args: SmallVec<[NodeId; 3]> = node.args.iter().map(|&a| self.turn(a, order)).collect();
        self.b.make(node.op, &args, node.attr)
    }

    /// A sum over axes of a reordered value.
    fn sum(&mut self, n: NodeId, summed: &[usize]) -> Option<NodeId> {
        let order = self.order(n)?;
        let source = self.b.arg(n, 0);
        let mut axes: Order = summed.iter().map(|&axis| order[axis]).collect();
        axes.sort_unstable();
        let kept = || (0..order.len()).filter(|axis| !summed.contains(axis)).map(|axis| order[axis]);
        // Axes of the source that are left, each counted among them.
        let left: Order = kept().map(|axis| kept().filter(|other| *other < axis).count()).collect();
        let sum = self.b.sum(source, &axes);
        Some(self.b.permute(sum, &left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_in_the_order_of_memory_and_reorderings_undo_each_other() {
        let mut b = Builder::default();
        let (x, s) = (b.input(&[4, 3, 5]), b.input(&[4]));
        let turned_x = b.permute(x, &[0, 2, 1]);
        let spread = b.broadcast(s, &[4, 5, 3], &[0]);
        let scaled = b.scale(spread, turned_x);
        let total = b.sum(turned_x, &[2]);
        let apart = b.sub(scaled, spread);
        let back = b.permute(apart, &[0, 2, 1]);
        let outputs = [back, total];
        assert_eq!(out_of_order(&b, &outputs), 180);
        let better = turned(&mut b, &outputs);
        assert_eq!(out_of_order(&b, &better), 0);
        for (&new, &old) in better.iter().zip(&outputs) {
            assert_eq!(b.shape(new), b.shape(old));
            assert!(!b.node(new).is(&PERMUTE));
        }
    }

    #[test]
    fn what_is_made_of_repeated_elements_is_made_in_the_order_it_is_read_in() {
        let mut b = Builder::default();
        let (x, y) = (b.input(&[6]), b.input(&[4]));
        let (rows, columns) = (b.broadcast(x, &[6, 4], &[0]), b.broadcast(y, &[6, 4], &[1]));
        let product = b.mul(rows, columns);
        let back = b.permute(product, &[1, 0]);
        let better = turned(&mut b, &[back]);
        assert_eq!(b.shape(better[0]).as_slice(), [4, 6]);
        assert!(!b.node(better[0]).is(&PERMUTE));
        let kept = turned(&mut b, &[back, product]);
        assert_eq!(kept, [back, product], "it is needed in both orders");
    }
}
