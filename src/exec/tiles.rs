//! Plans a block that runs over tiles: where each instruction reads, and whether what it writes is kept.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::block::{Block, Instruction, Load, MOST_READ, Read, Work, Write, row};
use super::plan::{Home, Operand, Planner, Step};
use super::schedule::origin;
use crate::ir::{Kernel, Layout, Node, NodeId, Pair, Shape, elements};

impl Planner<'_> {
    /// A copy that is read in order, of what is else read out of order, and more than once.
    fn in_order(&mut self, operand: &Operand) -> Option<Operand> {
        let Layout { shape, strides, .. } = &operand.layout;
        let last = shape.iter().zip(strides).rev().find(|(length, _)| **length > 1).map_or(1, |(_, stride)| *stride);
        let once: Shape = shape.iter().zip(strides).map(|(&length, &s)| if s == 0 { 1 } else { length }).collect();
        if matches!(last, 0 | 1) || 2 * elements(&once) > elements(shape) {
            return None;
        }
        let mut from = operand.clone();
        from.layout.shape.clone_from(&once);
        let mut copy = self.copied(from, &once);
        for ((stride, length), &before) in copy.layout.strides.iter_mut().zip(shape).zip(strides) {
            *stride = if before == 0 && *length > 1 { 0 } else { *stride };
        }
        copy.layout.shape.clone_from(shape);
        Some(Operand::new(copy.home, copy.layout))
    }

    /// Plans elementwise nodes of one length as a block.
    pub(super) fn tiles(&mut self, nodes: &[NodeId]) {
        let members: FxHashMap<NodeId, usize> = nodes.iter().enumerate().map(|(i, &n)| (n, i)).collect();
        let last_read = self.last_reads(nodes, &members);
        let inside = self.reads_inside(nodes, &members);
        let mut block = Block {
            length: elements(&self.graph.node(nodes[0]).shape),
            row: 0,
            loads: Vec::new(),
            stores: Vec::new(),
            registers: 0,
            instructions: Vec::with_capacity(nodes.len()),
        };
        let mut loaded: FxHashMap<NodeId, usize> = FxHashMap::default();
        let mut copies: SmallVec<[Home; 2]> = SmallVec::new();
        let mut written: Vec<Option<Write>> = vec![None; nodes.len()];
        let mut free: Vec<usize> = Vec::new();
        for (i, &n) in nodes.iter().enumerate() {
            let node = self.graph.node(n);
            let Kernel::Elementwise(kernel) = node.op.kernel else { continue };
            if written[i].is_none() {
                let partner = self.partner(i, nodes);
                let reads: SmallVec<[Read; MOST_READ]> = node
                    .args
                    .iter()
                    .map(|&a| match members.get(&origin(self.graph, a).0).and_then(|&k| written[k]) {
                        Some(Write::Register(r)) => Read::Register(r),
                        Some(Write::Stored(s)) => Read::Stored(s),
                        None => Read::Load(*loaded.entry(a).or_insert_with(|| {
                            let operand = self.operand(a);
                            let ordered = self.in_order(&operand);
                            copies.extend(ordered.as_ref().map(|copy| copy.home));
                            block.loads.push(Load::new(ordered.unwrap_or(operand)));
                            block.loads.len() - 1
                        })),
                    })
                    .collect();
                let mut write = |k: usize| {
                    let write = if inside[k] < self.uses[nodes[k].index()] {
                        block.stores.push(self.store(nodes[k]));
                        Write::Stored(block.stores.len() - 1)
                    } else {
                        Write::Register(free.pop().unwrap_or_else(|| {
                            block.registers += 1;
                            block.registers - 1
                        }))
                    };
                    *written[k].insert(write)
                };
                let work = match partner {
                    Some((pair, place, k)) => {
                        let [own, other] = [write(i), write(k)];
                        Work::Both(pair, if place == 0 { [own, other] } else { [other, own] })
                    }
                    None => Work::One(kernel, write(i)),
                };
                block.instructions.push(Instruction {
                    work,
                    reads,
                    each: node.each() + partner.map_or(0, |(.., k)| self.graph.node(nodes[k]).each()),
                });
            }
            for &k in &last_read[i] {
                if let Some(Write::Register(r)) = written[k] {
                    free.push(r);
                }
            }
        }
        block.row = row(&block.loads, block.length, &block.instructions);
        self.steps.push(Step::Block(block));
        for &n in nodes {
            let args = self.graph.node(n).args.clone();
            self.release(&args);
        }
        for copy in copies {
            self.give_back(copy);
        }
    }

    /// The pair that a function is of, its place there, and the other one of the same argument, if it comes later.
    fn partner(&self, i: usize, nodes: &[NodeId]) -> Option<(&'static Pair, usize, usize)> {
        let node = self.graph.node(nodes[i]);
        let (pair, place) = node.pair()?;
        let is_other = |other: &Node| other.op.name == pair.of[1 - place] && other.args == node.args;
        let ahead = nodes[i..].iter().position(|&other| is_other(self.graph.node(other)))?;
        Some((pair, place, i + ahead))
    }

    /// For each instruction, the members that are read by it for the last time.
    fn last_reads(&self, nodes: &[NodeId], members: &FxHashMap<NodeId, usize>) -> Vec<SmallVec<[usize; 2]>> {
        let mut last = vec![None; nodes.len()];
        for (i, &n) in nodes.iter().enumerate() {
            for &a in &self.graph.node(n).args {
                if let Some(&k) = members.get(&origin(self.graph, a).0) {
                    last[k] = Some(i);
                }
            }
        }
        let mut reads = vec![SmallVec::new(); nodes.len()];
        for (k, i) in last.into_iter().enumerate() {
            if let Some(i) = i {
                reads[i].push(k);
            }
        }
        reads
    }

    /// How often each member is read by members, as it is; a value with more uses must be stored.
    fn reads_inside(&self, nodes: &[NodeId], members: &FxHashMap<NodeId, usize>) -> Vec<usize> {
        let mut reads = vec![0; nodes.len()];
        for a in nodes.iter().flat_map(|n| &self.graph.node(*n).args) {
            if let Some(&k) = members.get(a) {
                reads[k] += 1;
            }
        }
        reads
    }
}
