//! Jacobians by eliminating vertices: the linearised graph of scalars is made smaller, vertex by vertex, until only
//! inputs and outputs are left, and the edges between them are the Jacobian.
//!
//! A vertex goes by multiplying each edge that enters it with each that leaves it. Edges that are one, minus one or
//! constant cost nothing or little, and those that are zero are not there. Forward and reverse mode are two orders of
//! elimination; Markowitz's, the vertex with the fewest products first, is often much cheaper than both. (A. Griewank,
//! A. Walther, Evaluating Derivatives, 2nd edition, chapters 9 and 10.)

mod graph;

#[cfg(test)]
mod tests;

use super::jacobian::{Jacobian, linearised};
use super::known::Given;
use super::scalars::{fits, scalars};
use super::transpose::pull;
use crate::ir::{Builder, NodeId, Origin, dependent, elements, reachable};
use crate::ops::Algebra;
use graph::{Edges, Graph, Weigh};

/// A Jacobian by elimination.
#[derive(Debug)]
pub struct Eliminated {
    /// The blocks.
    pub jacobian: Jacobian,
    /// The outputs themselves, laid open: the products are made of what they are.
    pub values: Vec<NodeId>,
}

/// An elimination before it is done.
#[derive(Debug)]
pub struct Elimination<'a> {
    outputs: &'a [NodeId],
    inputs: &'a [NodeId],
    graph: Graph<NodeId>,
    /// The vertices in the cheapest order.
    order: Vec<u32>,
    /// Multiplications of edges, neither of which is constant or one of which is neither 1 nor -1.
    pub multiplications: usize,
    /// The elements of the outputs.
    values: Vec<Vec<NodeId>>,
    /// Which outputs depend on the inputs at all.
    moves: Vec<bool>,
}

impl<'a> Elimination<'a> {
    /// Linearises and finds the cheapest order; `None` where the derivative cannot be laid open into scalars, or more
    /// than `most` would be looked at. Inputs that are `given` become numbers.
    pub fn find(
        b: &mut Builder,
        outputs: &'a [NodeId],
        inputs: &'a [NodeId],
        given: &[Given],
        most: usize,
    ) -> Option<Self> {
        if !fits(b, outputs, given, most) {
            return None;
        }
        let (linear, tangents) = linearised(b, outputs, inputs, &[]);
        let moving: Vec<NodeId> = linear.iter().copied().flatten().collect();
        let roots: Vec<NodeId> = moving.iter().chain(&tangents).chain(outputs).copied().collect();
        let mut opened = scalars(b, &roots, given, most)?;
        let values = opened.split_off(moving.len() + tangents.len());
        let (ends, starts) = opened.split_at(moving.len());
        let graph = linear_graph(b, &ends.concat(), &starts.concat());
        let (order, multiplications) = graph.cheapest();
        let moves = linear.iter().map(Option::is_some).collect();
        Some(Self { outputs, inputs, graph, order, multiplications, values, moves })
    }

    /// Does it.
    pub fn build(self, b: &mut Builder) -> Eliminated {
        let Self { outputs, inputs, graph, .. } = self;
        let mut edges = graph.edges;
        let mut products = Products { b };
        let outer = products.b.origin;
        for &v in &self.order {
            products.b.origin = graph.origins[v as usize];
            edges.eliminate(v, &mut products);
        }
        b.origin = outer;
        let zero = b.fill(0.0, &[]);
        let mut row = graph.outputs.iter();
        let mut jacobian = Jacobian::with_capacity(outputs.len());
        for (&y, moves) in outputs.iter().zip(self.moves) {
            let m = elements(b.shape(y));
            let rows: Vec<u32> = if moves { row.by_ref().take(m).copied().collect() } else { Vec::new() };
            let mut column = 0;
            let blocks = inputs.iter().map(|&x| {
                let n = elements(b.shape(x));
                let found = rows.iter().flat_map(|&r| (column..column + n).map(move |c| (c, r)));
                let block: Vec<NodeId> = found.map(|(c, r)| edges.get(c as u32, r).copied().unwrap_or(zero)).collect();
                column += n;
                if block.is_empty() { b.fill(0.0, &[m, n]) } else { b.array(&block, &[m, n]) }
            });
            jacobian.push(blocks.collect());
        }
        let values = outputs.iter().zip(&self.values).map(|(&y, elements)| {
            let shape = b.shape(y).clone();
            if elements.is_empty() { y } else { b.array(elements, &shape) }
        });
        Eliminated { values: values.collect(), jacobian }
    }
}

/// The linearised graph: the first vertices are the tangents of the inputs.
fn linear_graph(b: &mut Builder, ends: &[NodeId], starts: &[NodeId]) -> Graph<NodeId> {
    let live = reachable(b.nodes(), ends);
    let linear = dependent(b.nodes(), starts, live.len());
    let one = b.fill(1.0, &[]);
    let outer = b.origin;
    let mut graph = Graph::new(starts.len());
    let mut vertices: Vec<Option<u32>> = vec![None; live.len()];
    for (v, s) in starts.iter().enumerate() {
        if let Some(vertex) = vertices.get_mut(s.index()) {
            *vertex = Some(v as u32);
        }
    }
    for i in (0..live.len()).filter(|&i| live[i] && linear[i]) {
        let n = NodeId(i as u32);
        if vertices[i].is_some() {
            continue;
        }
        let origin = Origin { call: b.node(n).origin.call, derivative: true };
        b.origin = origin;
        let v = graph.vertex(origin);
        vertices[i] = Some(v);
        for k in 0..b.node(n).args.len() {
            let a = b.arg(n, k);
            if let (true, Some(from)) = (linear[a.index()], vertices[a.index()])
                && let Some(weight) = pull(b, n, k, one)
                && b.fill_value(weight) != Some(0.0)
            {
                graph.edges.add(from, v, weight, &mut Products { b });
            }
        }
    }
    b.origin = outer;
    for end in ends {
        let output = graph.output();
        if let Some(Some(v)) = vertices.get(end.index()) {
            graph.edges.add(*v, output, one, &mut Products { b });
        }
    }
    graph.weigh(|n| match b.fill_value(*n) {
        Some(x) if x.abs() == 1.0 => Weigh::Unit,
        Some(_) => Weigh::Constant,
        None => Weigh::Any,
    });
    graph
}

/// Edges as nodes.
struct Products<'a> {
    b: &'a mut Builder,
}

impl Edges<NodeId> for Products<'_> {
    fn product(&mut self, first: &NodeId, second: &NodeId) -> NodeId {
        self.b.chain(*second, *first)
    }

    fn sum(&mut self, x: &NodeId, y: &NodeId) -> NodeId {
        self.b.add(*x, *y)
    }
}
