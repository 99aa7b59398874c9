//! A linear graph whose vertices are eliminated, and the orders in which that may be done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use crate::ir::Origin;

/// What is known of an edge without computing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weigh {
    /// 1 or -1.
    Unit,
    /// Another constant.
    Constant,
    /// Anything.
    Any,
}

/// Products and sums of edges.
pub(super) trait Edges<E> {
    fn product(&mut self, first: &E, second: &E) -> E;
    fn sum(&mut self, x: &E, y: &E) -> E;
}

/// Counts the multiplications of edges.
#[derive(Debug, Default)]
struct Count(usize);

impl Edges<Weigh> for Count {
    fn product(&mut self, first: &Weigh, second: &Weigh) -> Weigh {
        match (first, second) {
            (Weigh::Unit, other) | (other, Weigh::Unit) => *other,
            (Weigh::Constant, Weigh::Constant) => Weigh::Constant,
            _ => {
                self.0 += 1;
                Weigh::Any
            }
        }
    }

    fn sum(&mut self, x: &Weigh, y: &Weigh) -> Weigh {
        if *x == Weigh::Any || *y == Weigh::Any { Weigh::Any } else { Weigh::Constant }
    }
}

/// Edges by the vertices at their ends, on both sides.
#[derive(Debug, Clone)]
pub(super) struct Net<E> {
    into: Vec<SmallVec<[(u32, E); 4]>>,
    out_of: Vec<SmallVec<[u32; 4]>>,
}

impl<E: Clone> Net<E> {
    fn grow(&mut self) {
        self.into.push(SmallVec::new());
        self.out_of.push(SmallVec::new());
    }

    /// The edge between two vertices.
    pub(super) fn get(&self, from: u32, to: u32) -> Option<&E> {
        self.into[to as usize].iter().find(|(f, _)| *f == from).map(|(_, edge)| edge)
    }

    /// Adds to the edge between two vertices.
    pub(super) fn add(&mut self, from: u32, to: u32, edge: E, edges: &mut impl Edges<E>) {
        if let Some((_, old)) = self.into[to as usize].iter_mut().find(|(f, _)| *f == from) {
            *old = edges.sum(old, &edge);
        } else {
            self.into[to as usize].push((from, edge));
            self.out_of[from as usize].push(to);
        }
    }

    /// Joins what enters a vertex to what leaves it, and takes it away: no edge enters it any more, though those
    /// before it still name it.
    pub(super) fn eliminate(&mut self, v: u32, edges: &mut impl Edges<E>) {
        let before = std::mem::take(&mut self.into[v as usize]);
        let after = std::mem::take(&mut self.out_of[v as usize]);
        for &to in &after {
            let list = &mut self.into[to as usize];
            let Some(place) = list.iter().position(|(f, _)| *f == v) else { continue };
            let (_, second) = list.remove(place);
            for (from, first) in &before {
                let product = edges.product(first, &second);
                self.add(*from, to, product, edges);
            }
        }
    }
}

impl Net<Weigh> {
    /// Multiplications that eliminating a vertex takes.
    fn cost(&self, v: u32) -> usize {
        let mut count = Count::default();
        for &to in &self.out_of[v as usize] {
            if let Some(second) = self.get(v, to) {
                self.into[v as usize].iter().for_each(|(_, first)| {
                    count.product(first, second);
                });
            }
        }
        count.0
    }
}

/// Most vertices of which the cheapest is looked for again and again.
const MOST_SORTED: usize = 1 << 12;

/// An order of elimination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// From the inputs on.
    Forward,
    /// From the outputs back.
    Reverse,
    /// The vertex with the fewest multiplications first.
    Markowitz,
}

/// A linear graph.
#[derive(Debug)]
pub(super) struct Graph<E> {
    pub(super) edges: Net<E>,
    /// What is known of its edges.
    weights: Net<Weigh>,
    /// Vertices between inputs and outputs, each after those it depends on.
    inner: Vec<u32>,
    pub(super) outputs: Vec<u32>,
    /// Where each vertex came from.
    pub(super) origins: Vec<Origin>,
}

impl<E: Clone> Graph<E> {
    /// A graph of so many inputs, which are its first vertices.
    pub(super) fn new(inputs: usize) -> Self {
        let mut graph = Self {
            edges: Net { into: Vec::new(), out_of: Vec::new() },
            weights: Net { into: Vec::new(), out_of: Vec::new() },
            inner: Vec::new(),
            outputs: Vec::new(),
            origins: Vec::new(),
        };
        (0..inputs).for_each(|_| graph.grow(Origin::default()));
        graph
    }

    fn grow(&mut self, origin: Origin) {
        self.edges.grow();
        self.origins.push(origin);
    }

    /// A new vertex between inputs and outputs.
    pub(super) fn vertex(&mut self, origin: Origin) -> u32 {
        let v = self.origins.len() as u32;
        self.grow(origin);
        self.inner.push(v);
        v
    }

    /// A new output.
    pub(super) fn output(&mut self) -> u32 {
        let v = self.origins.len() as u32;
        self.grow(Origin::default());
        self.outputs.push(v);
        v
    }

    /// Says what is known of the edges, once all are there.
    pub(super) fn weigh(&mut self, of: impl Fn(&E) -> Weigh) {
        let into = self.edges.into.iter().map(|list| list.iter().map(|(from, edge)| (*from, of(edge))).collect());
        self.weights = Net { into: into.collect(), out_of: self.edges.out_of.clone() };
    }

    /// The cheapest of the orders, and its multiplications.
    pub(super) fn cheapest(&self) -> (Vec<u32>, usize) {
        let sorted = self.inner.len() <= MOST_SORTED;
        let orders =
            [Order::Markowitz, Order::Reverse, Order::Forward].into_iter().filter(|o| sorted || *o != Order::Markowitz);
        let mut best: Option<(Vec<u32>, usize)> = None;
        for order in orders {
            let most = best.as_ref().map_or(usize::MAX, |(_, count)| *count);
            let (vertices, count) = self.order(order, most);
            if count < most {
                best = Some((vertices, count));
            }
        }
        best.unwrap_or_default()
    }

    /// The vertices in an order, and the multiplications it takes; those are not counted further than to `most`.
    pub(super) fn order(&self, order: Order, most: usize) -> (Vec<u32>, usize) {
        let mut net = self.weights.clone();
        let mut count = Count::default();
        let vertices = match order {
            Order::Forward => self.inner.clone(),
            Order::Reverse => self.inner.iter().rev().copied().collect(),
            Order::Markowitz => return self.markowitz(net),
        };
        for &v in &vertices {
            if count.0 >= most {
                break;
            }
            net.eliminate(v, &mut count);
        }
        (vertices, count.0)
    }

    fn markowitz(&self, mut net: Net<Weigh>) -> (Vec<u32>, usize) {
        let mut costs = vec![usize::MAX; self.origins.len()];
        let mut waiting = BinaryHeap::new();
        for &v in &self.inner {
            costs[v as usize] = net.cost(v);
            waiting.push(Reverse((costs[v as usize], Reverse(v))));
        }
        let mut order = Vec::with_capacity(self.inner.len());
        let mut count = Count::default();
        while let Some(Reverse((cost, Reverse(v)))) = waiting.pop() {
            // What is out of date stands again further on, and what is gone has no cost.
            if costs[v as usize] != cost {
                continue;
            }
            let before: SmallVec<[u32; 8]> = net.into[v as usize].iter().map(|e| e.0).collect();
            let after = net.out_of[v as usize].clone();
            net.eliminate(v, &mut count);
            costs[v as usize] = usize::MAX;
            order.push(v);
            for &w in before.iter().chain(&after) {
                if costs[w as usize] == usize::MAX {
                    continue;
                }
                let cost = net.cost(w);
                if cost != costs[w as usize] {
                    costs[w as usize] = cost;
                    waiting.push(Reverse((cost, Reverse(w))));
                }
            }
        }
        (order, count.0)
    }
}
