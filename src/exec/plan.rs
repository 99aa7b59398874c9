//! From a graph to steps: where every value lives, and what runs over it.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::block::Block;
use super::looped::Looped;
use super::scalar::Program;
use super::schedule::{self, origin, schedule, works};
use super::slots::Slots;
use crate::ir::{
    Attr, DenseKernel, Graph, Kernel, LONG, Layout, Node, NodeId, Room, Shape, Single, elements, reachable,
};
use crate::kernel::View;

/// Nodes of a block that runs as a program over lanes and whose results are laid beside each other, at least.
const LONG_AND_JOINED: usize = 6;

/// Most nodes of a block that runs in tiles, so that these stay in the cache.
const MOST_IN_TILES: usize = 128;

/// Where stored elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Home {
    Input(usize),
    Constant(usize),
    Slot(usize),
}

impl Home {
    /// What is stored there: in one of the inputs, of a plan's constants or of a workspace's slots.
    #[inline]
    pub(super) fn data<'a>(
        self,
        input: impl FnOnce(usize) -> &'a [f64],
        constants: &'a [Arc<[f64]>],
        slots: &'a [Vec<f64>],
    ) -> &'a [f64] {
        match self {
            Self::Input(i) => input(i),
            Self::Constant(i) => &constants[i],
            Self::Slot(i) => &slots[i],
        }
    }
}

/// A value as a step reads it: a home, and a layout over it.
#[derive(Debug, Clone)]
pub struct Operand {
    pub(super) home: Home,
    pub(super) layout: Layout,
    /// The elements lie densely in row-major order.
    pub(super) dense: bool,
}

impl Operand {
    pub(super) fn new(home: Home, layout: Layout) -> Self {
        let dense = layout.is_dense();
        Self { home, layout, dense }
    }

    pub(super) fn over<'a>(&'a self, data: &'a [f64]) -> View<'a> {
        View { data, offset: self.layout.offset, shape: &self.layout.shape, strides: &self.layout.strides }
    }
}

/// A step with a kernel of its own.
#[derive(Debug)]
pub(super) struct Dense {
    pub(super) kernel: DenseKernel,
    room: Room,
    pub(super) attr: Attr,
    pub(super) shape: Shape,
    pub(super) length: usize,
    pub(super) args: SmallVec<[Operand; 3]>,
    pub(super) slot: usize,
}

impl Dense {
    /// Bytes that the kernel takes for itself.
    fn room(&self) -> u64 {
        let layouts: SmallVec<[&Layout; 3]> = self.args.iter().map(|a| &a.layout).collect();
        (self.room.elements(&self.attr, &layouts) as u64).saturating_mul(8)
    }
}

/// One step of a run.
#[derive(Debug)]
pub(super) enum Step {
    Block(Block),
    Dense(Box<Dense>),
    Loop(Box<Looped>),
    Copy { from: Operand, length: usize, slot: usize },
    Program(Program),
}

/// A graph made ready to run, as often as wanted.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) constants: Vec<Arc<[f64]>>,
    pub(super) slots: Vec<usize>,
    pub(super) outputs: Vec<Operand>,
    /// Number of loops, each with memory of its own.
    pub(super) loops: usize,
}

/// A plan in the making.
pub(super) struct Planner<'a> {
    pub(super) graph: &'a Graph,
    /// How often a node is still to be read; its slot is given back at zero.
    pub(super) uses: Vec<usize>,
    /// For each node that works, those that read it, be it through views.
    pub(super) readers: Vec<SmallVec<[NodeId; 2]>>,
    /// Whether an output shows it.
    pub(super) shown: Vec<bool>,
    /// What outputs look at lies in slots of its own.
    apart: bool,
    pub(super) places: Vec<Option<Operand>>,
    /// Picks that are made when somebody reads them who does not pick for himself.
    pub(super) waiting: FxHashSet<NodeId>,
    slots: Slots,
    constants: Vec<Arc<[f64]>>,
    pub(super) steps: Vec<Step>,
    loops: usize,
}

impl Plan {
    /// Plans a graph. Costs time in proportion to its nodes and allocates nothing of the arrays' size.
    pub fn new(graph: &Graph) -> Self {
        Self::of_graph(graph, false)
    }

    /// Plans a graph; its outputs may lie `apart`, each in a slot that is nobody else's.
    pub(super) fn of_graph(graph: &Graph, apart: bool) -> Self {
        let live = reachable(&graph.nodes, &graph.outputs);
        let mut uses = vec![0; graph.nodes.len()];
        for (node, _) in graph.nodes.iter().zip(&live).filter(|(_, live)| **live) {
            node.args.iter().for_each(|a| uses[a.index()] += 1);
        }
        graph.outputs.iter().for_each(|o| uses[o.index()] += 1);
        let mut planner = Planner {
            graph,
            uses,
            readers: readers(graph, &live),
            shown: shown(graph),
            apart,
            places: vec![None; graph.nodes.len()],
            waiting: FxHashSet::default(),
            slots: Slots::default(),
            constants: Vec::new(),
            steps: Vec::new(),
            loops: 0,
        };
        for work in schedule(graph) {
            match work {
                schedule::Work::Single(n) => planner.single(n),
                schedule::Work::Block(nodes) => planner.block(&nodes),
            }
        }
        let outputs = graph.outputs.iter().map(|&o| planner.operand(o)).collect();
        Self {
            steps: planner.steps,
            constants: planner.constants,
            slots: planner.slots.into_sizes(),
            outputs,
            loops: planner.loops,
        }
    }

    /// Whether each run does the same, and so takes about the same time: it has no loops, which may end by themselves.
    pub fn is_steady(&self) -> bool {
        self.loops == 0
    }

    /// Gives up the memory of the slot that an output fills, and tells which it is: whoever runs the plan lends it some of
    /// his own. `None` if the output fills no slot.
    pub(super) fn lend(&mut self, output: usize) -> Option<usize> {
        let Operand { home: Home::Slot(slot), layout, dense: true } = &self.outputs[output] else { return None };
        let fills = layout.offset == 0 && elements(&layout.shape) == self.slots[*slot];
        fills.then(|| {
            self.slots[*slot] = 0;
            *slot
        })
    }

    /// Bytes of all slots, of what loops need inside, of the registers that programs share, and of the most that a kernel
    /// takes for itself or that an output takes which must be copied to be read in order: what a run needs beside its
    /// inputs and constants.
    pub fn bytes(&self) -> u64 {
        let slots = self.slots.iter().map(|&s| (s as u64).saturating_mul(8));
        let loops = self.steps.iter().map(|step| if let Step::Loop(looped) = step { looped.bytes() } else { 0 });
        let registers = self.steps.iter().map(|step| match step {
            Step::Program(program) => program.registers() as u64 * 8,
            _ => 0,
        });
        let rooms = self.steps.iter().map(|step| if let Step::Dense(dense) = step { dense.room() } else { 0 });
        let copies = self.outputs.iter().filter(|o| !o.dense).map(|o| elements(&o.layout.shape) as u64 * 8);
        slots.chain(loops).chain(registers.max()).chain(rooms.chain(copies).max()).fold(0, u64::saturating_add)
    }
}

impl Planner<'_> {
    /// Where a node's elements are, making views (and copies, where a view will not do) on the way.
    pub(super) fn operand(&mut self, n: NodeId) -> Operand {
        if let Some(place) = &self.places[n.index()] {
            return place.clone();
        }
        let node = self.graph.node(n);
        let place = match node.op.kernel {
            Kernel::Leaf => match &node.attr {
                Attr::Data(data) => self.constant(data.elements.clone(), Layout::dense(&node.shape)),
                Attr::Input(_, number) => Operand::new(Home::Input(*number), Layout::dense(&node.shape)),
                _ => unreachable!("a leaf is an input or a constant"),
            },
            Kernel::Fill => {
                let bits = if let Attr::Fill(_, bits) = node.attr { bits } else { 0 };
                self.constant(Arc::new([f64::from_bits(bits)]), Layout::repeated(&node.shape))
            }
            Kernel::View(view) => {
                let source = self.operand(node.args[0]);
                Operand::new(source.home, view(&node.attr, &source.layout))
            }
            Kernel::Reshape => {
                let source = self.operand(node.args[0]);
                match source.layout.reshaped(&node.shape) {
                    Some(layout) => Operand::new(source.home, layout),
                    None => self.copied(source, &node.shape),
                }
            }
            Kernel::Dense(kernel) if self.waiting.remove(&n) => {
                let slot = self.dense(n, kernel);
                self.release(&node.args);
                Operand::new(Home::Slot(slot), Layout::dense(&node.shape))
            }
            Kernel::Elementwise(_) | Kernel::Dense(_) | Kernel::Loop => {
                unreachable!("work is planned before it is read")
            }
        };
        self.places[n.index()] = Some(place.clone());
        place
    }

    fn constant(&mut self, elements: Arc<[f64]>, layout: Layout) -> Operand {
        self.constants.push(elements);
        Operand::new(Home::Constant(self.constants.len() - 1), layout)
    }

    /// A dense copy.
    pub(super) fn copied(&mut self, from: Operand, shape: &[usize]) -> Operand {
        let length = elements(shape);
        let slot = self.slots.take(length);
        self.steps.push(Step::Copy { from, length, slot });
        Operand::new(Home::Slot(slot), Layout::dense(shape))
    }

    fn single(&mut self, n: NodeId) {
        let node = self.graph.node(n);
        match (node.op.kernel, node.attr.as_loop()) {
            // What a program has written on its way is there.
            _ if self.places[n.index()].is_some() => {}
            (Kernel::Dense(_), _) if self.may_wait(n) => {
                self.waiting.insert(n);
                return;
            }
            (Kernel::Dense(kernel), _) => {
                self.dense(n, kernel);
            }
            (Kernel::Loop, Some(looped)) => {
                let args = node.args.iter().map(|&a| self.operand(a)).collect();
                let slot = self.store(n);
                self.steps.push(Step::Loop(Box::new(Looped::new(looped, args, slot, self.loops))));
                self.loops += 1;
            }
            _ => {}
        }
        self.release(&node.args);
    }

    /// Lets others have memory that was taken for a copy.
    pub(super) fn give_back(&mut self, home: Home) {
        if let Home::Slot(slot) = home {
            self.slots.give(slot);
        }
    }

    /// Plans a step with a kernel of its own, and says where its result goes.
    fn dense(&mut self, n: NodeId, kernel: DenseKernel) -> usize {
        let node = self.graph.node(n);
        let args = node.args.iter().map(|&a| self.operand(a)).collect();
        let length = elements(&node.shape);
        let slot = self.store(n);
        let dense = Dense {
            kernel,
            room: node.op.room,
            attr: node.attr.clone(),
            shape: node.shape.clone(),
            length,
            args,
            slot,
        };
        self.steps.push(Step::Dense(Box::new(dense)));
        slot
    }

    /// Whether these are picks that elementwise work alone reads, or what lays its results beside each other, which may
    /// pick for themselves.
    fn may_wait(&self, n: NodeId) -> bool {
        axis_of_picks(self.graph.node(n)).is_some()
            && !self.shown[n.index()]
            && self.readers[n.index()].iter().all(|&reader| self.graph.node(reader).op.may_pick())
    }

    pub(super) fn store(&mut self, n: NodeId) -> usize {
        let shape = &self.graph.node(n).shape;
        let alone = self.apart && self.shown[n.index()];
        let slot = if alone { self.slots.add(elements(shape)) } else { self.slots.take(elements(shape)) };
        self.places[n.index()] = Some(Operand::new(Home::Slot(slot), Layout::dense(shape)));
        slot
    }

    /// Counts reads as done; a value (seen through its views) that nobody will read again gives its slot back.
    pub(super) fn release(&mut self, args: &[NodeId]) {
        for &a in args {
            let mut n = a;
            loop {
                self.uses[n.index()] -= 1;
                if self.uses[n.index()] > 0 {
                    break;
                }
                let home = |n: NodeId| self.places[n.index()].as_ref().map(|p| p.home);
                let source = if works(self.graph, n) { None } else { self.graph.node(n).args.first().copied() };
                // A view shares its source's home; a value of its own, or a copy, has one to give back.
                if let Some(Home::Slot(slot)) = home(n)
                    && home(n) != source.and_then(home)
                {
                    self.slots.give(slot);
                }
                if self.waiting.remove(&n) {
                    // All who read it have picked for themselves.
                    self.release(&self.graph.node(n).args);
                }
                match source {
                    Some(source) => n = source,
                    None => break,
                }
            }
        }
    }

    /// Plans a block as a program if it is long, else with tiles that stay in the cache.
    fn block(&mut self, nodes: &[NodeId]) {
        if (nodes.len() >= LONG || self.feeds_a_join(nodes)) && self.long_block(nodes).is_some() {
            return;
        }
        for nodes in nodes.chunks(MOST_IN_TILES) {
            self.tiles(nodes);
        }
    }

    /// Whether what is laid beside each other is made by a block that is not very short.
    fn feeds_a_join(&self, nodes: &[NodeId]) -> bool {
        let readers = || nodes.iter().flat_map(|n| &self.readers[n.index()]);
        nodes.len() >= LONG_AND_JOINED && readers().any(|&r| matches!(self.graph.node(r).op.single, Single::Joined(_)))
    }
}

/// The axis along which a node picks by a vector of numbers, if it does.
pub(super) fn axis_of_picks(node: &Node) -> Option<usize> {
    if let Single::Picked(_, axis) = node.op.single { axis(&node.attr) } else { None }
}

/// For each node that works, those that read it, be it through views.
fn readers(graph: &Graph, live: &[bool]) -> Vec<SmallVec<[NodeId; 2]>> {
    let mut readers = vec![SmallVec::new(); live.len()];
    for n in (0..live.len() as u32).map(NodeId).filter(|&n| live[n.index()] && works(graph, n)) {
        for &a in &graph.node(n).args {
            readers[origin(graph, a).0.index()].push(n);
        }
    }
    readers
}

/// Which nodes outputs look at, be it through views.
fn shown(graph: &Graph) -> Vec<bool> {
    let mut shown = vec![false; graph.nodes.len()];
    graph.outputs.iter().for_each(|&o| shown[origin(graph, o).0.index()] = true);
    shown
}
