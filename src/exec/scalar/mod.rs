//! Work on numbers that are written out one by one: no step for each operation, but a program over registers.
//!
//! At one point the registers hold a number each, over many points a tile of them, a lane for each point. Lanes know
//! nothing of each other, so a point has the same bits alone and among others.

mod code;
mod lanes;
mod long;
mod single;
mod tasks;
mod tile;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::plan::{Home, Operand, Plan, Step};
use super::run::{Cancel, Cancelled, Memory};
use crate::ir::{Attr, Graph, Kernel, Layout, NodeId, Single, elements, reachable};
use code::{Access, Apply, Code, Load, Store};

/// A program, by the number of points it runs over.
#[derive(Debug)]
pub(super) enum Program {
    /// A single point.
    Single(single::Single),
    /// Many.
    Lanes(lanes::Lanes),
}

impl Program {
    /// Numbers that its registers hold.
    pub(super) fn registers(&self) -> usize {
        match self {
            Self::Single(single) => single.registers,
            Self::Lanes(lanes) => lanes.room(),
        }
    }

    pub(super) fn run(&self, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
        match self {
            Self::Single(single) => {
                single.run(memory);
                Ok(())
            }
            Self::Lanes(lanes) => lanes.run(memory, cancel),
        }
    }
}

/// What a node looks at: all that is behind its views.
enum Source {
    Home(Home),
    Number(f64),
    /// What an elementwise node computes, or what a join lays side by side.
    Node(NodeId),
}

struct Planner<'a> {
    graph: &'a Graph,
    /// Points.
    length: usize,
    /// What is computed once.
    once: Code,
    /// What is computed for each point.
    each: Code,
    /// Where the value of a node is in its code.
    values: FxHashMap<NodeId, u32>,
    /// Values computed once that are needed at each point, and their places in the first slot.
    shared: FxHashMap<u32, usize>,
    slots: Vec<usize>,
    constants: Vec<std::sync::Arc<[f64]>>,
}

impl Plan {
    /// Plans a graph whose work is on single numbers, or on one for each point; `None` if it is not.
    pub fn of_scalars(graph: &Graph) -> Option<Self> {
        let live = reachable(&graph.nodes, &graph.outputs);
        let working = graph.nodes.iter().zip(live).filter(|(n, live)| *live && is_elementwise(n.op.kernel));
        let longest = working.map(|(n, _)| elements(&n.shape)).max();
        let joined = graph.outputs.iter().filter_map(|&o| graph.node(bottom(graph, o)).args.first());
        let length = joined.map(|&a| elements(&graph.node(a).shape)).chain(longest).max()?.max(1);
        let mut planner = Planner {
            graph,
            length,
            once: Code::default(),
            each: Code::default(),
            values: FxHashMap::default(),
            shared: FxHashMap::default(),
            slots: vec![0],
            constants: Vec::new(),
        };
        let mut places = FxHashMap::default();
        let outputs = graph.outputs.iter().map(|&o| planner.output(o, &mut places)).collect::<Option<_>>()?;
        let shared = planner.shared.iter().map(|(&value, &offset)| Store { value, slot: 0, offset, stride: 0 });
        planner.once.stores.extend(shared);
        planner.once.stores.sort_by_key(|s| (s.slot, s.offset));
        planner.slots[0] = planner.shared.len();
        let mut steps = Vec::new();
        if !planner.once.stores.is_empty() {
            steps.push(Step::Program(Program::Single(single::Single::new(&planner.once)?)));
        }
        if !planner.each.stores.is_empty() {
            steps.push(Step::Program(Program::Lanes(lanes::Lanes::new(&planner.each, length)?)));
        }
        Some(Self { steps, constants: planner.constants, slots: planner.slots, outputs, loops: 0 })
    }

    /// Plans the body of a loop: as a program, if all its work is on single numbers.
    pub(super) fn of_body(graph: &Graph) -> Self {
        let live = reachable(&graph.nodes, &graph.outputs);
        let mut working = graph.nodes.iter().zip(live).filter(|(_, live)| *live).map(|(node, _)| node);
        let single = working.all(|node| match (node.op.kernel, node.op.single) {
            (Kernel::Elementwise(_), _) => node.shape.is_empty(),
            (Kernel::Dense(_), Single::Joined(_)) => node.args.iter().all(|&a| elements(&graph.node(a).shape) == 1),
            (Kernel::Dense(_) | Kernel::Loop, _) => false,
            _ => true,
        });
        let program = if single { Self::of_scalars(graph) } else { None };
        program.unwrap_or_else(|| Self::of_graph(graph, true))
    }
}

fn is_elementwise(kernel: Kernel) -> bool {
    matches!(kernel, Kernel::Elementwise(_))
}

/// The node behind all views.
fn bottom(graph: &Graph, mut n: NodeId) -> NodeId {
    while matches!(graph.node(n).op.kernel, Kernel::View(_) | Kernel::Reshape) {
        n = graph.node(n).args[0];
    }
    n
}

/// First element and step of a layout along its only axis, if there is one; the step is zero for a single element.
fn line(layout: &Layout) -> Option<(usize, isize)> {
    let mut axes = layout.shape.iter().zip(&layout.strides).filter(|(n, _)| **n != 1);
    let first = axes.next().map_or(0, |(_, s)| *s);
    axes.all(|(_, s)| *s == 0 && first == 0).then_some((layout.offset, first))
}

impl Planner<'_> {
    /// What a node looks at, and how.
    fn source(&self, n: NodeId) -> Option<(Source, Layout)> {
        let node = self.graph.node(n);
        match (node.op.kernel, &node.attr) {
            (Kernel::Leaf, Attr::Input(_, number)) => {
                Some((Source::Home(Home::Input(*number)), Layout::dense(&node.shape)))
            }
            (Kernel::Fill, Attr::Fill(_, bits)) => {
                Some((Source::Number(f64::from_bits(*bits)), Layout::repeated(&node.shape)))
            }
            (Kernel::Elementwise(_) | Kernel::Dense(_), _) => Some((Source::Node(n), Layout::dense(&node.shape))),
            (Kernel::View(view), attr) => {
                let (source, layout) = self.source(node.args[0])?;
                Some((source, view(attr, &layout)))
            }
            (Kernel::Reshape, _) => {
                let (source, layout) = self.source(node.args[0])?;
                Some((source, layout.reshaped(&node.shape)?))
            }
            (Kernel::Leaf | Kernel::Fill | Kernel::Loop, _) => None,
        }
    }

    /// Where an output is; what it is made of is computed and stored.
    fn output(&mut self, o: NodeId, places: &mut FxHashMap<NodeId, usize>) -> Option<Operand> {
        let (source, layout) = self.source(o)?;
        let home = match source {
            Source::Home(home) => home,
            Source::Number(value) => {
                self.constants.push(std::sync::Arc::new([value]));
                Home::Constant(self.constants.len() - 1)
            }
            Source::Node(n) => {
                let slot = if let Some(&slot) = places.get(&n) {
                    slot
                } else {
                    self.slots.push(elements(&self.graph.node(n).shape));
                    let slot = self.slots.len() - 1;
                    self.fill(n, slot)?;
                    places.insert(n, slot);
                    slot
                };
                Home::Slot(slot)
            }
        };
        Some(Operand::new(home, layout))
    }

    /// Stores a node's elements in a slot.
    fn fill(&mut self, n: NodeId, slot: usize) -> Option<()> {
        let node = self.graph.node(n);
        if is_elementwise(node.op.kernel) {
            return self.store(n, slot, (0, 1));
        }
        let Single::Joined(place) = node.op.single else { return None };
        let shapes: Vec<&[usize]> = node.args.iter().map(|&a| self.graph.node(a).shape.as_slice()).collect();
        for (&a, layout) in node.args.iter().zip(place(&node.attr, &node.shape, &shapes)) {
            self.store(a, slot, line(&layout)?)?;
        }
        Some(())
    }

    fn store(&mut self, n: NodeId, slot: usize, (offset, stride): (usize, isize)) -> Option<()> {
        let count = elements(&self.graph.node(n).shape);
        let value = self.value(n)?;
        self.code(count)?.stores.push(Store { value, slot, offset, stride });
        Some(())
    }

    /// The code that computes values of so many elements.
    fn code(&mut self, count: usize) -> Option<&mut Code> {
        match count {
            1 => Some(&mut self.once),
            n if n == self.length => Some(&mut self.each),
            _ => None,
        }
    }

    /// The value of a node in the code of its length, computed if it is not yet.
    fn value(&mut self, n: NodeId) -> Option<u32> {
        let mut waiting = vec![bottom(self.graph, n)];
        while let Some(&next) = waiting.last() {
            let node = self.graph.node(next);
            let missing = || {
                let sources = node.args.iter().map(|&a| bottom(self.graph, a));
                sources
                    .into_iter()
                    .find(|a| is_elementwise(self.graph.node(*a).op.kernel) && !self.values.contains_key(a))
            };
            if !is_elementwise(node.op.kernel) || self.values.contains_key(&next) {
                waiting.pop();
            } else if let Some(argument) = missing() {
                waiting.push(argument);
            } else {
                self.compute(next)?;
                waiting.pop();
            }
        }
        self.operand(n)
    }

    /// Computes an elementwise node all of whose arguments are.
    fn compute(&mut self, n: NodeId) -> Option<()> {
        let node = self.graph.node(n);
        let mut args: SmallVec<[u32; 3]> = SmallVec::new();
        for &a in &node.args {
            args.push(self.operand(a)?);
        }
        let apply = Apply::of(node, &args)?;
        let value = self.code(elements(&node.shape))?.apply(apply);
        self.values.insert(n, value);
        Some(())
    }

    /// The value that a node looks at, in the code of its own length.
    fn operand(&mut self, n: NodeId) -> Option<u32> {
        let count = elements(&self.graph.node(n).shape);
        let (source, layout) = self.source(n)?;
        let (offset, stride) = line(&layout)?;
        match source {
            Source::Number(number) => Some(self.code(count)?.number(number)),
            Source::Home(home) => Some(self.code(count)?.load(Load::Line(Access { home, offset, stride }))),
            Source::Node(m) => {
                let value = *self.values.get(&m)?;
                let whole = elements(&self.graph.node(m).shape);
                if whole == count && (count == 1 || (offset, stride) == (0, 1)) {
                    return Some(value);
                }
                if whole != 1 {
                    return None;
                }
                let next = self.shared.len();
                let offset = *self.shared.entry(value).or_insert(next);
                Some(self.code(count)?.load(Load::Line(Access { home: Home::Slot(0), offset, stride: 0 })))
            }
        }
    }
}
