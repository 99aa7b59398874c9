//! What may be relied on: elimination takes no more multiplications than sweeps, and Markowitz's order fewer where
//! values are shared.

use super::graph::{Edges, Graph, Order, Weigh};
use crate::ir::Origin;

/// Edges as numbers.
struct Numbers;

impl Edges<f64> for Numbers {
    fn product(&mut self, first: &f64, second: &f64) -> f64 {
        first * second
    }

    fn sum(&mut self, x: &f64, y: &f64) -> f64 {
        x + y
    }
}

/// Layers of vertices, each joined to all of the next.
fn layers(widths: &[usize]) -> Graph<f64> {
    let mut graph = Graph::new(widths[0]);
    let mut before: Vec<u32> = (0..widths[0] as u32).collect();
    for (i, &width) in widths.iter().enumerate().skip(1) {
        let last = i + 1 == widths.len();
        let next: Vec<u32> =
            (0..width).map(|_| if last { graph.output() } else { graph.vertex(Origin::default()) }).collect();
        for (&to, &from) in next.iter().flat_map(|to| before.iter().map(move |from| (to, from))) {
            graph.edges.add(from, to, 2.0 + f64::from(to * 7 + from) % 5.0, &mut Numbers);
        }
        before = next;
    }
    graph.weigh(|_| Weigh::Any);
    graph
}

#[test]
fn layers_take_the_multiplications_of_their_matrix_products() {
    for (widths, [forward, reverse, best]) in [
        (vec![8, 2, 8, 2, 8], [384, 384, 192]),
        (vec![4, 4, 1], [16, 16, 16]),
        (vec![6, 5, 3, 2, 1], [6 * (15 + 6 + 2), 2 * 3 + 3 * 5 + 5 * 6, 51]),
    ] {
        let graph = layers(&widths);
        assert_eq!(graph.order(Order::Forward, usize::MAX).1, forward, "{widths:?}");
        assert_eq!(graph.order(Order::Reverse, usize::MAX).1, reverse, "{widths:?}");
        assert_eq!(graph.cheapest().1, best, "{widths:?}");
    }
}

#[test]
fn every_order_leaves_the_same_edges() {
    let whole = |order: Order| {
        let graph = layers(&[3, 4, 2, 5, 3]);
        let (order, _) = graph.order(order, usize::MAX);
        let mut edges = graph.edges;
        for &v in &order {
            edges.eliminate(v, &mut Numbers);
        }
        let ends = graph.outputs.iter().flat_map(|&o| (0..3).map(move |i| (i, o)));
        ends.map(|(i, o)| *edges.get(i, o).expect("all are joined")).collect::<Vec<_>>()
    };
    // Whole numbers below 2^53: sums and products are exact in any order.
    let known = whole(Order::Forward);
    assert_eq!(whole(Order::Reverse), known);
    assert_eq!(whole(Order::Markowitz), known);
}

#[test]
fn units_and_constants_cost_nothing_among_themselves() {
    let mut graph: Graph<f64> = Graph::new(1);
    let mut last = 0;
    for weight in [1.0, -1.0, 3.0, 0.5] {
        let v = graph.vertex(Origin::default());
        graph.edges.add(last, v, weight, &mut Numbers);
        last = v;
    }
    let output = graph.output();
    graph.edges.add(last, output, 1.0, &mut Numbers);
    graph.weigh(|x| if x.abs() == 1.0 { Weigh::Unit } else { Weigh::Constant });
    assert_eq!(graph.cheapest().1, 0);
}
