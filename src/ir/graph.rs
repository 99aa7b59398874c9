//! Nodes, and the finished graph: an arena in topological order with its outputs.

use std::sync::Arc;

use smallvec::SmallVec;

use super::attr::{Attr, Data};
use super::depends::Depends;
use super::primitive::{Batch, Cost, Kernel, Pair, Primitive, Room, Rule, ShapeError, Single};
use super::shape::{Shape, elements};

/// A node's position in its arena. Arguments always come before the nodes that use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One value: an operation applied to earlier values.
#[derive(Debug)]
pub struct Node {
    /// The operation.
    pub op: &'static Primitive,
    /// Its arguments.
    pub args: SmallVec<[NodeId; 3]>,
    /// Its static part.
    pub attr: Attr,
    /// Shape of the value.
    pub shape: Shape,
    /// Where it came from: an index that the graph's maker understands.
    pub origin: Origin,
    /// What no element exceeds in absolute value, all of them being numbers; infinite where that is not known.
    pub bound: f64,
}

/// Where a node came from in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    /// Index into the maker's table of calls (operation, stage, place).
    pub call: u32,
    /// Whether the node belongs to a derivative of that call, not to its value.
    pub derivative: bool,
}

impl Clone for Node {
    fn clone(&self) -> Self {
        // What is derived would copy these element by element.
        let (args, shape) = (SmallVec::from_slice(&self.args), SmallVec::from_slice(&self.shape));
        Self { args, shape, attr: self.attr.clone(), ..*self }
    }
}

impl Node {
    /// The pair of functions that this one is of, and which of the two it is.
    pub fn pair(&self) -> Option<(&'static Pair, usize)> {
        let Single::Paired(pair) = self.op.single else { return None };
        pair.of.iter().position(|name| *name == self.op.name).map(|place| (pair, place))
    }

    /// Operations for each element, by the primitive's own account.
    pub(crate) fn each(&self) -> u64 {
        if let Cost::Each(each) = self.op.cost { each } else { 0 }
    }

    /// Whether this is a node of the given primitive.
    pub fn is(&self, op: &'static Primitive) -> bool {
        std::ptr::eq(self.op, op)
    }

    /// Its single value, if it is one that is known and the same everywhere.
    pub fn fill_value(&self) -> Option<f64> {
        match (&self.op.kernel, &self.attr) {
            (Kernel::Fill, Attr::Fill(_, bits)) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// Elements of this value, or of the largest one it is computed by.
    pub fn largest(&self) -> usize {
        let inside = self.attr.as_loop().map_or(0, |l| l.largest);
        elements(&self.shape).max(inside)
    }

    /// Predicted floating-point operations of this node, saturating.
    pub fn flops(&self, arena: &[Node]) -> u64 {
        match self.op.cost {
            Cost::Free => 0,
            Cost::Each(n) => n.saturating_mul(elements(&self.shape) as u64),
            Cost::Formula(f) => {
                let shapes: SmallVec<[&[usize]; 3]> =
                    self.args.iter().map(|a| arena[a.index()].shape.as_slice()).collect();
                f(&self.attr, &shapes, &self.shape)
            }
        }
    }
}

/// A finished graph.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The arena; arguments come before their users.
    pub nodes: Arc<[Node]>,
    /// What is asked for.
    pub outputs: Vec<NodeId>,
}

impl Graph {
    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Forgets all that neither the outputs nor the nodes `looked_at` depend on, such as what was built and not taken;
    /// the others get new numbers.
    pub fn forget_the_rest<'a>(&mut self, looked_at: impl Iterator<Item = &'a mut NodeId>) {
        let held: Vec<&mut NodeId> = self.outputs.iter_mut().chain(looked_at.map(|n| n as &mut _)).collect();
        let live = needed(&self.nodes, &held);
        let mut nodes: Vec<Node> = Vec::with_capacity(live.iter().filter(|live| **live).count());
        nodes.extend(self.nodes.iter().zip(&live).filter(|(_, live)| **live).map(|(node, _)| node.clone()));
        renumber(&mut nodes, &live, held);
        self.nodes = nodes.into();
    }
}

/// Marks the nodes that those held depend on.
pub(super) fn needed(nodes: &[Node], held: &[&mut NodeId]) -> Vec<bool> {
    reachable(nodes, &held.iter().map(|n| **n).collect::<Vec<_>>())
}

/// Gives new numbers to the nodes that are live, which are the ones that are left, and to those held.
pub(super) fn renumber(nodes: &mut [Node], live: &[bool], held: Vec<&mut NodeId>) {
    let mut numbers = Vec::with_capacity(live.len());
    let mut count = 0;
    for &live in live {
        numbers.push(NodeId(count));
        count += u32::from(live);
    }
    nodes.iter_mut().flat_map(|node| &mut node.args).chain(held).for_each(|n| *n = numbers[n.index()]);
}

/// Marks the nodes that `outputs` depend on.
pub fn reachable(nodes: &[Node], outputs: &[NodeId]) -> Vec<bool> {
    let mut live = vec![false; nodes.len()];
    for o in outputs {
        live[o.index()] = true;
    }
    for i in (0..nodes.len()).rev() {
        if live[i] {
            for a in &nodes[i].args {
                live[a.index()] = true;
            }
        }
    }
    live
}

/// Operations that computing `outputs` starts, those of every step of a loop; saturating.
pub fn starts(nodes: &[Node], outputs: &[NodeId]) -> u64 {
    let live = reachable(nodes, outputs);
    let working = nodes.iter().zip(live).filter(|(_, live)| *live).map(|(node, _)| match node.op.kernel {
        Kernel::Leaf | Kernel::Fill | Kernel::View(_) | Kernel::Reshape => 0,
        Kernel::Elementwise(_) | Kernel::Dense(_) => 1,
        Kernel::Loop => node.attr.as_loop().map_or(0, |l| l.starts),
    });
    working.fold(0, u64::saturating_add)
}

/// Which of the first `count` nodes depend on `inputs`.
pub fn dependent(nodes: &[Node], inputs: &[NodeId], count: usize) -> Vec<bool> {
    let mut depends = vec![false; count];
    for i in inputs {
        depends[i.index()] = true;
    }
    for (i, node) in nodes[..count].iter().enumerate() {
        if node.args.iter().any(|a| depends[a.index()]) {
            depends[i] = true;
        }
    }
    depends
}

/// Predicted floating-point operations of everything that `outputs` depend on, saturating.
pub fn flops(nodes: &[Node], outputs: &[NodeId]) -> u64 {
    let live = reachable(nodes, outputs);
    let working = nodes.iter().zip(live).filter(|(_, live)| *live);
    working.fold(0, |sum: u64, (node, _)| sum.saturating_add(node.flops(nodes)))
}

fn leaf_shape(attr: &Attr, _: &[&[usize]]) -> Result<Shape, ShapeError> {
    match attr {
        Attr::Data(Data { shape, .. }) | Attr::Input(shape, _) | Attr::Fill(shape, _) => Ok(shape.clone()),
        _ => Err(ShapeError::new("a leaf carries its shape", "a shape", format!("{attr:?}"))),
    }
}

const fn leaf(name: &'static str, kernel: Kernel) -> Primitive {
    Primitive {
        name,
        shape: leaf_shape,
        kernel,
        rule: Rule::Zero,
        depends: Depends::Each,
        batch: Batch::Leading,
        cost: Cost::Free,
        simplify: None,
        kink: None,
        room: Room::None,
        single: Single::Kernel,
    }
}

/// An input, bound when the graph is run.
pub static INPUT: Primitive = leaf("input", Kernel::Leaf);

/// Literal elements.
pub static CONSTANT: Primitive = leaf("constant", Kernel::Leaf);

/// One value everywhere, of any shape: it takes no memory.
pub static FILL: Primitive = leaf("fill", Kernel::Fill);
