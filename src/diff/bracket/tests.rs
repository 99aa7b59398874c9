//! What may be relied on: every order gives the same Jacobian, the chain is cut at the values that
//! everything passes through, and zeros absorb whatever is multiplied.

use super::super::tests::{numbers, plan, run};
use super::super::{Jacobian, forward, reverse};
use super::cuts::{Chain, chain};
use super::order::Order;
use super::{Bracketing, cost, order};
use crate::ir::{Absorb, Builder, NodeId};
use crate::ops::Algebra;

/// `x ↦ (A x)²`, elementwise, for a matrix of the given rows.
fn layer(b: &mut Builder, x: NodeId, rows: usize, inputs: &mut Vec<Vec<f64>>) -> NodeId {
    let columns = b.shape(x)[0];
    let matrix = b.input(&[rows, columns]);
    inputs.push(numbers(rows * columns, (-1.0, 1.0), rows));
    let y = b.product(matrix, x, 0, 1, Absorb::Neither);
    b.mul(y, y)
}

/// A chain of layers of the given widths: its ends, and numbers for all inputs made so far.
fn layers(b: &mut Builder, widths: &[usize]) -> (NodeId, NodeId, Vec<Vec<f64>>) {
    let x = b.input(&[widths[0]]);
    let mut inputs = vec![numbers(widths[0], (0.5, 1.5), 1)];
    let y = widths[1..].iter().fold(x, |h, &rows| layer(b, h, rows, &mut inputs));
    (x, y, inputs)
}

/// All ways from stop `i` to stop `k`.
fn orders(i: usize, k: usize) -> Vec<Order> {
    if k == i + 1 {
        return vec![Order::Columns(i), Order::Rows(i)];
    }
    let mut all: Vec<Order> = orders(i, k - 1).into_iter().map(|before| Order::Push(k - 1, Box::new(before))).collect();
    all.extend(orders(i + 1, k).into_iter().map(|after| Order::Pull(Box::new(after), i)));
    for j in i + 1..k {
        for after in orders(j, k) {
            let product = |before| Order::Product(Box::new(after.clone()), Box::new(before));
            all.extend(orders(i, j).into_iter().map(product));
        }
    }
    all
}

/// Values of Jacobians, each flattened into one list. Inputs made for sweeps are never read.
fn values(b: Builder, jacobians: &[Jacobian], inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let nodes: Vec<NodeId> = jacobians.iter().flatten().flatten().copied().collect();
    let mut found = run(&plan(b, &nodes), inputs).into_iter();
    jacobians.iter().map(|j| found.by_ref().take(j.iter().flatten().count()).flatten().collect()).collect()
}

/// Every order of a chain, built.
fn in_every_order(b: &mut Builder, y: &[NodeId], x: &[NodeId]) -> Vec<(Order, Jacobian)> {
    let last = chain(b, y, x).stops.len() - 1;
    let build = |order: Order| {
        let found = Bracketing { chain: chain(b, y, x), order };
        let jacobian = found.build(b);
        (found.order, jacobian)
    };
    orders(0, last).into_iter().map(build).collect()
}

#[test]
fn every_order_gives_the_same_jacobian() {
    let mut b = Builder::default();
    let (x, y, mut inputs) = layers(&mut b, &[4, 2, 3]);
    // A second input, and a second output: both are taken jointly.
    let (outer, square) = (b.input(&[3]), b.mul(y, y));
    inputs.push(numbers(3, (-1.0, 1.0), 9));
    let (ends, starts) = ([square, y], [x, outer]);
    let mut all = vec![forward(&mut b, &ends, &starts, &[]), reverse(&mut b, &ends, &starts, &[])];
    let built = in_every_order(&mut b, &ends, &starts);
    assert!(built.len() == 48, "{} orders", built.len());
    all.extend(built.iter().map(|(_, jacobian)| jacobian.clone()));
    let found = values(b, &all, &inputs);
    let size = found[0].iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    assert!(size > 0.0);
    for (j, jacobian) in found.iter().enumerate() {
        let order = j.checked_sub(2).map(|j| &built[j].0);
        let near = jacobian.iter().zip(&found[0]).all(|(a, b)| (a - b).abs() <= 1e-13 * size);
        assert!(near && jacobian.len() == found[0].len(), "{order:?}: {jacobian:?} is not {:?}", found[0]);
    }
}

#[test]
fn zeros_absorb_infinities_in_every_order() {
    // The value between is infinitely steep on one side, and not used on the other.
    for steep_first in [true, false] {
        let mut b = Builder::default();
        let x = b.input(&[3]);
        let no = b.input(&[]);
        let total = b.sum(x, &[0]);
        let (one, zero) = (b.fill(1.0, &[]), b.fill(0.0, &[]));
        let dropped = |b: &mut Builder, z: NodeId| b.select(no, z, zero);
        let steep = |b: &mut Builder, z: NodeId| b.div(one, z);
        let z = if steep_first { steep(&mut b, total) } else { dropped(&mut b, total) };
        let weights = b.constant(&crate::tensor::Tensor { shape: vec![1], data: std::sync::Arc::new([2.0]) });
        // A product keeps the two from being one elementwise place.
        let row = b.reshape(z, &[1]);
        let between = b.product(row, weights, 0, 1, Absorb::Neither);
        let end = if steep_first { dropped(&mut b, between) } else { steep(&mut b, between) };
        let y = b.broadcast_to(end, &[3]);
        let built = in_every_order(&mut b, &[y], &[x]);
        assert!(built.len() > 2, "something lies between");
        let jacobians: Vec<Jacobian> = built.iter().map(|(_, j)| j.clone()).collect();
        for (found, (order, _)) in values(b, &jacobians, &[vec![0.0; 3], vec![0.0]]).iter().zip(&built) {
            assert_eq!(found, &vec![0.0; 9], "{order:?}, steep first: {steep_first}");
        }
    }
}

/// Widths of the stops.
fn widths(b: &Builder, y: &[NodeId], x: &[NodeId]) -> Vec<usize> {
    let Chain { widths, stops, .. } = chain(b, y, x);
    assert_eq!(widths.len(), stops.len());
    widths
}

#[test]
fn the_chain_is_cut_where_everything_passes() {
    let mut b = Builder::default();
    let (x, y, mut more) = layers(&mut b, &[4, 3, 2, 5]);
    assert_eq!(widths(&b, &[y], &[x]), [4, 3, 2, 5], "squares are one place with what they are of");
    let other = b.input(&[5]);
    let sum = b.add(y, other);
    assert_eq!(widths(&b, &[sum], &[x]), [4, 3, 2, 5], "what stands still does not count");
    assert_eq!(widths(&b, &[sum], &[x, other]), [9, 5], "an input that enters late passes by");
    let z = layer(&mut b, sum, 2, &mut more);
    assert_eq!(widths(&b, &[z], &[x, other]), [9, 5, 2], "after that all is together again");
    assert_eq!(widths(&b, &[z, y], &[x]), [4, 3, 2, 5, 7], "outputs are taken jointly, and one may be between");
    let condition = b.greater(y, other);
    let chosen = b.select(condition, sum, other);
    assert_eq!(widths(&b, &[chosen], &[x]), [4, 3, 2, 5], "conditions carry no derivative");
    let bypass = b.sum(x, &[0]);
    let spread = b.broadcast_to(bypass, &[5]);
    let both = b.mul(y, spread);
    assert_eq!(widths(&b, &[both], &[x]), [4, 5], "a second path goes around the layers");
}

#[test]
fn of_many_cuts_the_narrowest_are_kept() {
    let mut b = Builder::default();
    let sizes: Vec<usize> = [6].into_iter().chain((0..40).flat_map(|i| [4 + i % 3, 2])).chain([6]).collect();
    let (x, y, _) = layers(&mut b, &sizes);
    let kept = widths(&b, &[y], &[x]);
    assert_eq!(kept[1..kept.len() - 1], [2; 32]);
}

#[test]
fn an_order_costs_what_its_graph_does() {
    let mut b = Builder::default();
    for sizes in [&[9, 7, 2, 8, 3, 9][..], &[12, 3, 12], &[5, 8, 8, 1, 6], &[1, 4, 2, 7]] {
        let (x, y, _) = layers(&mut b, sizes);
        let found = chain(&b, &[y], &[x]);
        let (order, predicted) = order::cheapest(&found.widths, &cost::links(&b, &found));
        let jacobian = Bracketing { chain: found, order: order.clone() }.build(&mut b);
        let whole: Vec<NodeId> = jacobian.into_iter().flatten().chain([y]).collect();
        let built = b.flops(&whole) - b.flops(&[y]);
        assert!(built.abs_diff(predicted) * 100 <= built, "{order:?}: {predicted} predicted, {built} built");
    }
}

#[test]
fn where_a_sweep_is_as_good_nothing_else_is_looked_at() {
    let mut b = Builder::default();
    for (sizes, pays) in
        [(&[9, 9, 9, 9][..], false), (&[9, 5, 3, 1], false), (&[1, 5, 9], false), (&[9, 9, 2, 9, 9], true)]
    {
        let (x, y, _) = layers(&mut b, sizes);
        assert_eq!(Bracketing::find_better(&b, &[y], &[x]).is_some(), pays, "{sizes:?}");
        assert!(Bracketing::find(&b, &[y], &[x]).is_some(), "{sizes:?}");
    }
    let x = b.input(&[3]);
    let y = b.mul(x, x);
    assert!(Bracketing::find(&b, &[y], &[x]).is_none(), "nothing lies between");
}
