//! Functions inside a graph: a part of a graph made a graph of its own (`close`), put back where it is
//! needed (`inline`), and run over and over (`Loop`).

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use super::attr::Attr;
use super::builder::Builder;
use super::graph::{Graph, INPUT, Node, NodeId, dependent, flops, reachable, starts};
use super::primitive::{Kernel, Rule};
use super::shape::{Shape, elements};

/// A graph with numbered inputs, on its own.
#[derive(Debug, Clone)]
pub struct Body {
    /// The graph; its outputs are the body's.
    pub graph: Graph,
    /// Its inputs, in the order of their numbers.
    pub inputs: Vec<NodeId>,
}

/// The part of a graph between `inputs` (which have no arguments) and `outputs` as a body of its own,
/// and the values from outside that it needs beside them: these are its further inputs.
///
/// What does not depend on the inputs is computed outside, once; but views that repeat elements are
/// taken inside, so that no memory is filled with repetitions.
pub fn close(b: &Builder, inputs: &[NodeId], outputs: &[NodeId]) -> (Body, Vec<NodeId>) {
    let live = reachable(b.nodes(), outputs);
    let depends = dependent(b.nodes(), inputs, live.len());
    let inside = needed(b, &live, &depends, outputs);
    let mut body: Vec<Node> = Vec::new();
    let mut images: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    let mut numbered = Vec::new();
    let mut captured = Vec::new();
    for &n in inputs {
        images.insert(n, input(b, &mut body, n, &mut numbered));
    }
    for (i, &inside) in inside.iter().enumerate().filter(|(_, inside)| **inside != Place::Outside) {
        let n = NodeId(i as u32);
        if images.contains_key(&n) {
            continue;
        }
        let image = if inside == Place::Captured {
            captured.push(n);
            input(b, &mut body, n, &mut numbered)
        } else {
            let node = b.node(n);
            let args = node.args.iter().map(|a| images[a]).collect();
            body.push(Node { args, ..node.clone() });
            NodeId(body.len() as u32 - 1)
        };
        images.insert(n, image);
    }
    let outputs = outputs.iter().map(|o| images[o]).collect();
    (Body { graph: Graph { nodes: body.into(), outputs }, inputs: numbered }, captured)
}

/// What becomes of a node when a body is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is not needed.
    Outside,
    /// It is copied into the body.
    Inside,
    /// It is computed outside and handed in.
    Captured,
}

fn needed(b: &Builder, live: &[bool], depends: &[bool], outputs: &[NodeId]) -> Vec<Place> {
    let mut place = vec![Place::Outside; live.len()];
    let need = |place: &mut [Place], n: NodeId| {
        let inside = depends[n.index()] || is_cheap(b, n);
        place[n.index()] = if inside { Place::Inside } else { Place::Captured };
    };
    for &o in outputs {
        need(&mut place, o);
    }
    for i in (0..live.len()).rev().filter(|&i| live[i]) {
        if place[i] == Place::Inside {
            for &a in &b.nodes()[i].args {
                need(&mut place, a);
            }
        }
    }
    place
}

/// Whether a value that is the same in every step is better made inside: a literal, or a view that does
/// not shrink what it looks at.
fn is_cheap(b: &Builder, n: NodeId) -> bool {
    let node = b.node(n);
    let view = matches!(node.op.kernel, Kernel::View(_) | Kernel::Reshape) && !matches!(node.op.rule, Rule::Part);
    match node.args.first() {
        None => !node.is(&INPUT),
        Some(&source) => view && elements(&node.shape) >= elements(b.shape(source)),
    }
}

fn input(b: &Builder, body: &mut Vec<Node>, n: NodeId, numbered: &mut Vec<NodeId>) -> NodeId {
    let (shape, origin) = (b.shape(n).clone(), b.node(n).origin);
    let attr = Attr::Input(shape.clone(), numbered.len());
    body.push(Node { op: &INPUT, args: SmallVec::new(), attr, shape, origin, bound: f64::INFINITY });
    let id = NodeId(body.len() as u32 - 1);
    numbered.push(id);
    id
}

/// Puts a body into a graph, with these values for its inputs; returns its outputs there.
pub fn inline(b: &mut Builder, body: &Body, args: &[NodeId]) -> Vec<NodeId> {
    let mut images: Vec<NodeId> = Vec::with_capacity(body.graph.nodes.len());
    let outer = b.origin;
    for node in body.graph.nodes.iter() {
        let image = if let Attr::Input(_, number) = node.attr {
            args[number]
        } else {
            let inner: SmallVec<[NodeId; 4]> = node.args.iter().map(|a| images[a.index()]).collect();
            b.origin = node.origin;
            b.make(node.op, &inner, node.attr.clone())
        };
        images.push(image);
    }
    b.origin = outer;
    body.graph.outputs.iter().map(|o| images[o.index()]).collect()
}

/// Bodies are equal when they compute the same; where their nodes come from does not count.
impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Node, &Node)| a.is(b.op) && a.args == b.args && a.attr == b.attr && a.shape == b.shape;
        self.graph.outputs == other.graph.outputs
            && self.graph.nodes.len() == other.graph.nodes.len()
            && self.graph.nodes.iter().zip(other.graph.nodes.iter()).all(same)
    }
}

impl Eq for Body {}

/// How many of a loop's steps are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All.
    All,
    /// So many as the last argument says, a scalar. Stacked outputs of the others are zero.
    Counted,
    /// Until the body's last output, a scalar, is zero; that step is not counted and leaves no trace.
    Until,
}

/// A body run over and over: a scan. Its inputs are the carry, one item of each sequence, and what is the
/// same in every step; its outputs are the next carry, and items of the sequences it makes.
///
/// A node with this attribute has as arguments the first carry, the sequences (along their first axis),
/// the values captured, and the count, if there is one. Its value holds all results, one behind the other;
/// they are taken out as *parts*: each carry after the last step, each sequence made, and the number of
/// steps taken, where the body decides it.
#[derive(Debug)]
pub struct Loop {
    /// What is done in each step.
    pub body: Body,
    /// Steps, at most.
    pub steps: usize,
    /// Number of values carried from step to step.
    pub carries: usize,
    /// Number of sequences read.
    pub items: usize,
    /// How many steps are taken.
    pub extent: Extent,
    /// Whether sequences are read and made from their end.
    pub backwards: bool,
    /// Predicted floating-point operations of all steps.
    pub flops: u64,
    /// Operations started in all steps, however small.
    pub starts: u64,
    /// Elements of the largest value in the body.
    pub largest: usize,
    /// How deep loops are nested here.
    pub depth: usize,
    /// Nodes of the body and of the bodies in it.
    pub nodes: usize,
    parts: Vec<(usize, Shape)>,
    length: usize,
    hash: u64,
}

impl Loop {
    /// A loop over a body.
    pub fn new(body: Body, steps: usize, carries: usize, items: usize, extent: Extent, backwards: bool) -> Arc<Self> {
        let nodes = &body.graph.nodes;
        let mut hasher = FxBuildHasher.build_hasher();
        for node in nodes.iter() {
            (std::ptr::from_ref(node.op), &node.args, &node.attr, &node.shape).hash(&mut hasher);
        }
        (&body.graph.outputs, steps, carries, items, extent, backwards).hash(&mut hasher);
        let each = flops(nodes, &body.graph.outputs).saturating_add(1);
        let starts = starts(nodes, &body.graph.outputs).saturating_add(1).saturating_mul(steps as u64);
        let inner = || nodes.iter().filter_map(|n| n.attr.as_loop());
        let largest = nodes.iter().map(Node::largest).max().unwrap_or(0);
        let depth = 1 + inner().map(|l| l.depth).max().unwrap_or(0);
        let count = nodes.len() + inner().map(|l| l.nodes).sum::<usize>();
        let (parts, length) = layout(&body, steps, carries, extent);
        let (flops, hash) = (each.saturating_mul(steps as u64), hasher.finish());
        Arc::new(Self {
            body,
            steps,
            carries,
            items,
            extent,
            backwards,
            flops,
            starts,
            largest,
            depth,
            nodes: count,
            parts,
            length,
            hash,
        })
    }

    /// Number of sequences made.
    pub fn made(&self) -> usize {
        self.body.graph.outputs.len() - self.carries - usize::from(self.extent == Extent::Until)
    }

    /// Number of values captured.
    pub fn captured(&self) -> usize {
        self.body.inputs.len() - self.carries - self.items
    }

    /// Number of parts of the result.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// Where a part of the result begins, and its shape.
    pub fn part(&self, k: usize) -> (usize, &Shape) {
        (self.parts[k].0, &self.parts[k].1)
    }

    /// Elements of the whole result.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Shape of an input of the body.
    pub fn input_shape(&self, i: usize) -> &Shape {
        &self.body.graph.node(self.body.inputs[i]).shape
    }

    /// Shape of the argument for input `i` of the body: a sequence has an axis more.
    pub fn argument_shape(&self, i: usize) -> Shape {
        let shape = self.input_shape(i);
        if (self.carries..self.carries + self.items).contains(&i) { sequence(self.steps, shape) } else { shape.clone() }
    }
}

fn sequence(steps: usize, shape: &Shape) -> Shape {
    std::iter::once(steps).chain(shape.iter().copied()).collect()
}

fn layout(body: &Body, steps: usize, carries: usize, extent: Extent) -> (Vec<(usize, Shape)>, usize) {
    let mut end = 0usize;
    let parts = body.graph.outputs.iter().enumerate().map(|(k, &o)| {
        let shape = &body.graph.node(o).shape;
        // The condition is an output of each step; the number of steps is a part of the result in its place.
        let last = extent == Extent::Until && k + 1 == body.graph.outputs.len();
        let shape = if k < carries || last { shape.clone() } else { sequence(steps, shape) };
        let start = end;
        end = end.saturating_add(elements(&shape));
        (start, shape)
    });
    let parts = parts.collect();
    (parts, end)
}

impl PartialEq for Loop {
    fn eq(&self, other: &Self) -> bool {
        let shape = |l: &Self| (l.hash, l.steps, l.carries, l.items, l.extent, l.backwards);
        std::ptr::eq(self, other) || (shape(self) == shape(other) && self.body == other.body)
    }
}

impl Eq for Loop {}

impl Hash for Loop {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}
