//! Makes graphs: infers shapes, simplifies, and gives equal nodes one identity (hash-consing).

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use super::attr::{Attr, Data};
use super::bound::bound;
use super::graph::{CONSTANT, FILL, Graph, INPUT, Node, NodeId, Origin, needed, renumber};
use super::primitive::{Kernel, Primitive, ShapeError, Single};
use super::shape::Shape;
use crate::tensor::Tensor;

/// A graph under construction. Nodes are only ever appended, so a node's arguments precede it.
#[derive(Debug, Default)]
pub struct Builder {
    nodes: Vec<Node>,
    /// The nodes by what they compute, each with its hash.
    seen: HashTable<(u64, NodeId)>,
    inputs: u32,
    /// Set when nobody wants the graph any more.
    unwanted: Arc<AtomicBool>,
    /// Stamped on every node made from now on.
    pub origin: Origin,
}

impl Builder {
    /// A builder whose graph is wanted until the flag is set, with room for so many nodes.
    pub fn until(unwanted: Arc<AtomicBool>, expected: usize) -> Self {
        let (nodes, seen) = (Vec::with_capacity(expected), HashTable::with_capacity(expected));
        Self { nodes, seen, unwanted, ..Self::default() }
    }

    /// Whether nobody wants the graph any more. A transform then ends where it is: what it gives back has the right
    /// shapes and no meaning, and whoever started it looks here before using it.
    pub fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed)
    }

    /// The flag by which the graph is given up.
    pub fn unwanted(&self) -> &Arc<AtomicBool> {
        &self.unwanted
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The shape of a node.
    pub fn shape(&self, id: NodeId) -> &Shape {
        &self.nodes[id.index()].shape
    }

    /// All nodes so far.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A new input of the given shape; inputs are numbered in the order of creation.
    pub fn input(&mut self, shape: &[usize]) -> NodeId {
        let number = self.inputs as usize;
        self.inputs += 1;
        self.push(&INPUT, &[], Attr::Input(shape.into(), number), shape.into())
    }

    /// A new input that stands for finite numbers.
    pub fn finite_input(&mut self, shape: &[usize]) -> NodeId {
        let n = self.input(shape);
        self.nodes[n.index()].bound = f64::MAX;
        n
    }

    /// A node with images in the place of its arguments, by their positions; itself where they are its own.
    pub fn with_images(&mut self, n: NodeId, images: &[NodeId]) -> NodeId {
        let node = self.node(n);
        if node.args.iter().all(|a| images[a.index()] == *a) {
            return n;
        }
        let node = node.clone();
        let args: SmallVec<[NodeId; 3]> = node.args.iter().map(|a| images[a.index()]).collect();
        let outer = std::mem::replace(&mut self.origin, node.origin);
        let image = self.make(node.op, &args, node.attr);
        self.origin = outer;
        image
    }

    /// A new input of a node's shape.
    pub fn input_like(&mut self, n: NodeId) -> NodeId {
        let shape = self.shape(n).clone();
        self.input(&shape)
    }

    /// One value everywhere.
    pub fn fill(&mut self, value: f64, shape: &[usize]) -> NodeId {
        let attr = Attr::Fill(SmallVec::from_slice(shape), value.to_bits());
        self.push(&FILL, &[], attr, SmallVec::from_slice(shape))
    }

    /// Literal elements.
    pub fn constant(&mut self, tensor: &Tensor) -> NodeId {
        let data = Data { shape: tensor.shape.as_slice().into(), elements: tensor.data.clone() };
        self.push(&CONSTANT, &[], Attr::Data(data), tensor.shape.as_slice().into())
    }

    /// A node, or why its arguments do not fit.
    pub fn try_make(&mut self, op: &'static Primitive, args: &[NodeId], attr: Attr) -> Result<NodeId, ShapeError> {
        let of = |a: NodeId| self.shape(a).as_slice();
        let shape = match *args {
            [x] => (op.shape)(&attr, &[of(x)]),
            [x, y] => (op.shape)(&attr, &[of(x), of(y)]),
            _ => (op.shape)(&attr, &args.iter().map(|&a| of(a)).collect::<SmallVec<[_; 4]>>()),
        }?;
        if let Some(simplify) = op.simplify
            && let Some(id) = simplify(self, args, &attr)
        {
            debug_assert_eq!(self.shape(id), &shape, "{} simplified to another shape", op.name);
            return Ok(id);
        }
        if let Some(value) = self.fold(op, args) {
            return Ok(self.fill(value, &shape));
        }
        Ok(self.push(op, args, attr, shape))
    }

    /// A node inside a rule, where the shapes are known to fit.
    ///
    /// # Panics
    /// When they do not: a defect of the rule, never of the user's document.
    pub fn make(&mut self, op: &'static Primitive, args: &[NodeId], attr: Attr) -> NodeId {
        match self.try_make(op, args, attr) {
            Ok(id) => id,
            Err(e) => panic!("rule made an ill-shaped {}: {e:?}", op.name),
        }
    }

    /// The single value of a node that is the same everywhere, if it is known while building.
    pub fn fill_value(&self, id: NodeId) -> Option<f64> {
        self.node(id).fill_value()
    }

    /// Applies an elementwise kernel to values known while building.
    fn fold(&self, op: &'static Primitive, args: &[NodeId]) -> Option<f64> {
        let Kernel::Elementwise(kernel) = op.kernel else { return None };
        if args.is_empty() {
            return None;
        }
        let values: SmallVec<[[f64; 1]; 3]> =
            args.iter().map(|&a| self.fill_value(a).map(|v| [v])).collect::<Option<_>>()?;
        let slices: SmallVec<[&[f64]; 3]> = values.iter().map(<[f64; 1]>::as_slice).collect();
        let mut out = [0.0];
        kernel(&slices, &mut out);
        Some(out[0])
    }

    /// Closes the graph.
    pub fn finish(self, outputs: Vec<NodeId>) -> Graph {
        Graph { nodes: self.nodes.into(), outputs }
    }

    /// Closes the graph, and leaves out all that neither the outputs nor `others` depend on; these get their new numbers.
    pub fn finish_with<'a>(mut self, mut outputs: Vec<NodeId>, others: impl Iterator<Item = &'a mut NodeId>) -> Graph {
        let held: Vec<&mut NodeId> = outputs.iter_mut().chain(others.map(|n| n as &mut _)).collect();
        let live = needed(&self.nodes, &held);
        let mut kept = live.iter();
        self.nodes.retain(|_| kept.next().is_some_and(|live| *live));
        renumber(&mut self.nodes, &live, held);
        Graph { nodes: self.nodes.into(), outputs }
    }

    /// Predicted floating-point operations of everything that `outputs` depend on.
    pub fn flops(&self, outputs: &[NodeId]) -> u64 {
        super::graph::flops(&self.nodes, outputs)
    }

    fn push(&mut self, op: &'static Primitive, args: &[NodeId], attr: Attr, shape: Shape) -> NodeId {
        let turned = match (op.single, args) {
            (Single::Arithmetic(arithmetic), &[x, y]) if arithmetic.commutes() => Some([y, x]),
            _ => None,
        };
        let key = hash(op, turned.as_ref().map_or(args, |turned| args.min(turned)), &attr);
        let nodes = &self.nodes;
        let equal = |&(its, id): &(u64, NodeId)| {
            let node = &nodes[id.index()];
            let args = || node.args.as_slice() == args || turned.is_some_and(|turned| node.args.as_slice() == turned);
            its == key && std::ptr::eq(node.op, op) && args() && node.attr == attr
        };
        if let Some(&(_, id)) = self.seen.find(key, equal) {
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        let bound = bound(&self.nodes, op, args, &attr);
        self.nodes.push(Node { op, args: SmallVec::from_slice(args), attr, shape, origin: self.origin, bound });
        self.seen.insert_unique(key, (key, id), |&(key, _)| key);
        id
    }
}

fn hash(op: &'static Primitive, args: &[NodeId], attr: &Attr) -> u64 {
    let mut h = FxBuildHasher.build_hasher();
    std::ptr::from_ref(op).hash(&mut h);
    args.hash(&mut h);
    attr.hash(&mut h);
    h.finish()
}
