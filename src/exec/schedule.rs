//! The order of work: which nodes run when, and which elementwise nodes run together.
//!
//! A node is ready when all it needs is done. Ready elementwise nodes join the open block as long as
//! they have its length and read its values element by element; anything else that is ready runs
//! before the block, which closes when nothing more can join.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::ir::{Graph, Kernel, NodeId, elements, reachable};

/// One piece of work: a fused block of elementwise nodes, or a single other node.
#[derive(Debug)]
pub(super) enum Work {
    /// Elementwise nodes of one length, in order.
    Block(Vec<NodeId>),
    /// One node with a kernel of its own.
    Single(NodeId),
}

/// A block never grows past this many nodes: so many values of a program can be numbered.
const MAX_BLOCK: usize = 1 << 12;

struct Scheduler<'a> {
    graph: &'a Graph,
    /// For each working node, those it waits for, and whether it reads them element by element.
    needs: Vec<SmallVec<[(u32, bool); 3]>>,
    users: Vec<SmallVec<[u32; 4]>>,
    pending: Vec<usize>,
    open: Vec<bool>,
    singles: BinaryHeap<Reverse<u32>>,
    /// Elementwise nodes that may run now, by length; those of the open block's length may join it.
    ready: FxHashMap<usize, BinaryHeap<Reverse<u32>>>,
    /// The same nodes, short ones first, and which of them have found a block meanwhile.
    starts: BinaryHeap<Reverse<(usize, u32)>>,
    placed: Vec<bool>,
    waiting: Vec<u32>,
    block: Vec<NodeId>,
    work: Vec<Work>,
}

/// Orders all nodes that do work and that the outputs depend on.
pub(super) fn schedule(graph: &Graph) -> Vec<Work> {
    let live = reachable(&graph.nodes, &graph.outputs);
    let count = graph.nodes.len();
    let mut s = Scheduler {
        graph,
        needs: vec![SmallVec::new(); count],
        users: vec![SmallVec::new(); count],
        pending: vec![0; count],
        open: vec![false; count],
        singles: BinaryHeap::new(),
        ready: FxHashMap::default(),
        starts: BinaryHeap::new(),
        placed: vec![false; count],
        waiting: Vec::new(),
        block: Vec::new(),
        work: Vec::new(),
    };
    let workers: Vec<u32> = (0..count as u32).filter(|&i| live[i as usize] && works(graph, NodeId(i))).collect();
    for &i in &workers {
        for &a in &graph.nodes[i as usize].args {
            let (source, direct) = origin(graph, a);
            if works(graph, source) {
                s.needs[i as usize].push((source.0, direct));
                s.users[source.index()].push(i);
                s.pending[i as usize] += 1;
            }
        }
    }
    for &i in &workers {
        if s.pending[i as usize] == 0 {
            s.offer(i);
        }
    }
    s.drain();
    s.work
}

impl Scheduler<'_> {
    fn length(&self, i: u32) -> usize {
        elements(&self.graph.nodes[i as usize].shape)
    }

    fn is_elementwise(&self, i: u32) -> bool {
        matches!(self.graph.nodes[i as usize].op.kernel, Kernel::Elementwise(_))
    }

    /// Puts a node, all of whose needs are done or in the open block, where it can be found.
    fn offer(&mut self, i: u32) {
        let touches_open = self.needs[i as usize].iter().any(|(n, _)| self.open[*n as usize]);
        let direct = self.needs[i as usize].iter().all(|(n, direct)| *direct || !self.open[*n as usize]);
        if !self.is_elementwise(i) {
            if touches_open {
                self.waiting.push(i);
            } else {
                self.singles.push(Reverse(i));
            }
            return;
        }
        let fits = self.open_length() == Some(self.length(i));
        if touches_open && !(fits && direct) {
            self.waiting.push(i);
        } else {
            self.ready.entry(self.length(i)).or_default().push(Reverse(i));
            self.starts.push(Reverse((self.length(i), i)));
        }
    }

    /// Length of the open block.
    fn open_length(&self) -> Option<usize> {
        self.block.first().map(|first| self.length(first.0))
    }

    /// The first node that may join the open block.
    fn joining(&mut self) -> Option<u32> {
        let ready = self.ready.get_mut(&self.open_length()?)?;
        std::iter::from_fn(|| ready.pop()).map(|r| r.0).find(|&i| !self.placed[i as usize])
    }

    /// The first node that may open a block: of the shortest, since what comes of it may join longer ones.
    fn starting(&mut self) -> Option<u32> {
        std::iter::from_fn(|| self.starts.pop()).map(|r| r.0.1).find(|&i| !self.placed[i as usize])
    }

    fn release_users(&mut self, i: u32) {
        for user in std::mem::take(&mut self.users[i as usize]) {
            self.pending[user as usize] -= 1;
            if self.pending[user as usize] == 0 {
                self.offer(user);
            }
        }
    }

    fn drain(&mut self) {
        loop {
            if let Some(Reverse(i)) = self.singles.pop() {
                self.work.push(Work::Single(NodeId(i)));
                self.release_users(i);
            } else if self.block.len() < MAX_BLOCK
                && let Some(i) = self.joining()
            {
                self.join(i);
            } else if !self.block.is_empty() {
                self.close();
            } else if let Some(i) = self.starting() {
                self.join(i);
            } else {
                return;
            }
        }
    }

    fn join(&mut self, i: u32) {
        self.block.push(NodeId(i));
        self.open[i as usize] = true;
        self.placed[i as usize] = true;
        self.release_users(i);
    }

    fn close(&mut self) {
        let block = std::mem::take(&mut self.block);
        for n in &block {
            self.open[n.index()] = false;
        }
        self.work.push(Work::Block(block));
        for i in std::mem::take(&mut self.waiting) {
            self.offer(i);
        }
    }
}

/// Whether a node does work of its own when the graph is run.
pub(super) fn works(graph: &Graph, n: NodeId) -> bool {
    match graph.node(n).op.kernel {
        Kernel::Elementwise(_) | Kernel::Dense(_) | Kernel::Loop => true,
        Kernel::Leaf | Kernel::Fill | Kernel::View(_) | Kernel::Reshape => false,
    }
}

/// The node whose elements `n` looks at, and whether it looks at all of them in their order.
pub(super) fn origin(graph: &Graph, mut n: NodeId) -> (NodeId, bool) {
    let mut direct = true;
    loop {
        let node = graph.node(n);
        match node.op.kernel {
            Kernel::Reshape => n = node.args[0],
            Kernel::View(_) => {
                direct = false;
                n = node.args[0];
            }
            Kernel::Leaf | Kernel::Fill | Kernel::Elementwise(_) | Kernel::Dense(_) | Kernel::Loop => {
                return (n, direct);
            }
        }
    }
}
