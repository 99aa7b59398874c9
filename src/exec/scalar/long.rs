//! Long blocks of elementwise nodes, as programs over lanes.
//!
//! A block whose values do not all fit into the cache with tiles of hundreds of elements is run with short tiles. Its
//! results go straight to where they belong in an array that is joined of them.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::super::plan::{Operand, Planner, Step, axis_of_picks};
use super::super::schedule::{origin, works};
use super::code::{Access, Apply, Code, Load, Rows, Store};
use super::{Program, lanes, line};
use crate::ir::{Kernel, Layout, NodeId, Single, elements};

impl Planner<'_> {
    /// Plans a block as a program; `None`, with nothing planned but copies that any plan of it reads, where something
    /// is not read along a line.
    pub(in super::super) fn long_block(&mut self, nodes: &[NodeId]) -> Option<()> {
        let graph = self.graph;
        let length = elements(&graph.node(*nodes.first()?).shape);
        let mut code = Code::default();
        let mut values: FxHashMap<NodeId, u32> = FxHashMap::default();
        for &n in nodes {
            let node = graph.node(n);
            let mut args: SmallVec<[u32; 3]> = SmallVec::new();
            for &a in &node.args {
                let value = match (values.get(&origin(graph, a).0), graph.node(a).fill_value()) {
                    (Some(&value), _) => value,
                    (None, Some(number)) => code.number(number),
                    (None, None) => self.read(a, &mut code)?,
                };
                args.push(value);
            }
            values.insert(n, code.apply(Apply::of(node, &args)?));
        }
        let mut joined: FxHashSet<NodeId> = FxHashSet::default();
        let readers: Vec<NodeId> = nodes.iter().flat_map(|n| self.readers[n.index()].clone()).collect();
        for n in readers {
            if self.places[n.index()].is_none()
                && let Some(stores) = self.joins(n, &values, &mut code)
            {
                let slot = self.store(n);
                code.stores.extend(stores.into_iter().map(|store| Store { slot, ..store }));
                joined.insert(n);
            }
        }
        for &n in nodes {
            let inside = |reader: &NodeId| values.contains_key(reader) || joined.contains(reader);
            if self.shown[n.index()] || !self.readers[n.index()].iter().all(inside) {
                let slot = self.store(n);
                code.stores.push(Store { value: values[&n], slot, offset: 0, stride: 1 });
            }
        }
        let Some(program) = lanes::Lanes::new(&code, length) else {
            unreachable!("so few values have registers, and all stores have targets")
        };
        self.steps.push(Step::Program(Program::Lanes(program)));
        for &n in nodes {
            self.release(&graph.node(n).args);
        }
        Some(())
    }

    /// Whether a node is stored, or picks that wait to be made.
    fn is_there(&self, n: NodeId) -> bool {
        !works(self.graph, n) || self.places[n.index()].is_some() || self.waiting.contains(&n)
    }

    /// The value of a node that is looked at along a line.
    fn read(&mut self, n: NodeId, code: &mut Code) -> Option<u32> {
        let picked = self.picked(n, code);
        if picked.is_some() {
            return picked;
        }
        let Operand { home, layout, .. } = self.operand(n);
        let (offset, stride) = line(&layout)?;
        Some(code.load(Load::Line(Access { home, offset, stride })))
    }

    /// The value of a node that looks along a line at picks which wait to be made: it picks for itself.
    fn picked(&mut self, n: NodeId, code: &mut Code) -> Option<u32> {
        let graph = self.graph;
        let (source, _) = origin(graph, n);
        let picks = graph.node(source);
        let axis = self.waiting.contains(&source).then(|| axis_of_picks(picks))??;
        let shape = &graph.node(picks.args[0]).shape;
        let (lead, inner) = (elements(&shape[..axis]), elements(&shape[axis + 1..]));
        let (column, step) = line(&self.seen(n)?)?;
        if lead != 1 || usize::try_from(step) != Ok(inner) || column >= inner {
            return None;
        }
        let (from, indices) = (self.operand(picks.args[0]), self.operand(picks.args[1]));
        if !from.dense || from.layout.offset != 0 {
            return None;
        }
        let (offset, stride) = line(&indices.layout)?;
        let rows = Rows { count: shape[axis], length: inner };
        let starts = code.load(Load::Starts(Access { home: indices.home, offset, stride }, rows));
        Some(code.load(Load::Picked { starts, home: from.home, column }))
    }

    /// How a node looks at the node that works behind it.
    fn seen(&self, n: NodeId) -> Option<Layout> {
        let node = self.graph.node(n);
        match node.op.kernel {
            Kernel::View(view) => Some(view(&node.attr, &self.seen(node.args[0])?)),
            Kernel::Reshape => self.seen(node.args[0])?.reshaped(&node.shape),
            _ => Some(Layout::dense(&node.shape)),
        }
    }

    /// Where values go in a node, if that lays nothing but these and what is there already beside each other, each
    /// along a line.
    fn joins(&mut self, n: NodeId, values: &FxHashMap<NodeId, u32>, code: &mut Code) -> Option<Vec<Store>> {
        let graph = self.graph;
        let node = graph.node(n);
        let Single::Joined(place) = node.op.single else { return None };
        let shapes: SmallVec<[&[usize]; 8]> = node.args.iter().map(|&a| graph.node(a).shape.as_slice()).collect();
        let mut stores = Vec::with_capacity(shapes.len());
        for (&a, layout) in node.args.iter().zip(place(&node.attr, &node.shape, &shapes)) {
            let (source, direct) = origin(graph, a);
            let value = match (values.get(&source), graph.node(a).fill_value()) {
                (Some(&value), _) if direct => value,
                (Some(_), _) => return None,
                (None, Some(number)) => code.number(number),
                (None, None) if !self.is_there(source) => return None,
                (None, None) => self.read(a, code)?,
            };
            let (offset, stride) = line(&layout)?;
            stores.push(Store { value, slot: 0, offset, stride });
        }
        // All of them have an element for each lane.
        let length = elements(shapes.first()?);
        shapes.iter().all(|shape| elements(shape) == length).then_some(stores)
    }
}
