//! Sweeps that carry their columns: where they can, how many there are, and what they cost.

use super::{MOST, bratu, built_in, burgers};
use crate::diff::sparse::{Carried, carried, pattern};
use crate::ir::{Builder, NodeId};
use crate::ops::Algebra;

fn carry(b: &mut Builder, outputs: &[NodeId], inputs: &[NodeId], mirrored: bool) -> Option<Carried> {
    let found = pattern(b, outputs, inputs, &[], MOST).expect("few enough");
    carried(b, (outputs, inputs), &[], &found, mirrored, MOST).into_iter().next()
}

fn flops(b: &Builder, carried: &Carried) -> u64 {
    b.flops(&carried.blocks.iter().flatten().map(|block| block.values).collect::<Vec<_>>())
}

#[test]
fn a_stencil_has_a_sweep_for_each_neighbour_and_computes_what_changes_alone() {
    let mut b = Builder::default();
    let u = b.input(&[900]);
    let f = bratu(&mut b, u, 30);
    let found = carry(&mut b, &[f], &[u], false).expect("carried");
    assert_eq!(found.sweeps, 5);
    // An exponential, and three operations on each point.
    assert!(flops(&b, &found) <= 900 * (20 + 3), "{}", flops(&b, &found));
    let u = b.input(&[1000]);
    let f = burgers(&mut b, u, 1000);
    let found = carry(&mut b, &[f], &[u], false).expect("carried");
    assert_eq!(found.sweeps, 3);
}

#[test]
fn short_axes_are_parted_and_long_ones_are_not() {
    let mut b = Builder::default();
    let (x, m) = (b.input(&[50, 3]), b.input(&[3, 3]));
    let absorb = crate::ir::Absorb::Neither;
    let turned = b.product(x, m, 0, 1, absorb);
    let found = carry(&mut b, &[turned], &[x], false).expect("three places");
    assert_eq!(found.sweeps, 3);
    let squares = b.mul(x, x);
    let lengths = b.sum(squares, &[1]);
    let found = carry(&mut b, &[lengths], &[x], false).expect("three places");
    assert_eq!(found.sweeps, 3);
    let all = b.sum(squares, &[0]);
    assert!(carry(&mut b, &[all], &[x], false).is_none(), "fifty places");
}

/// Distances of points from stations, each seen so many times.
fn distances(b: &mut Builder, stations: NodeId, points: NodeId, count: usize) -> NodeId {
    let [station, point] = [stations, points].map(|table| {
        let rows = b.shape(table)[0];
        let which = crate::ops::whole_numbers(b, (0..count).map(|i| i * 7 % rows));
        b.pick(table, which, 0)
    });
    let apart = b.sub(station, point);
    let squares = b.mul(apart, apart);
    let sum = b.sum(squares, &[1]);
    built_in(b, "sqrt", &[sum])
}

#[test]
fn observations_that_are_made_alike_are_differentiated_as_one() {
    super::agree(&[&[5, 3], &[9, 3]], 4, |b, x| vec![distances(b, x[0], x[1], 40)]);
    let mut b = Builder::default();
    let (stations, points) = (b.input(&[5, 3]), b.input(&[9, 3]));
    let seen = distances(&mut b, stations, points, 400);
    let found = pattern(&b, &[seen], &[stations, points], &[], MOST).expect("few enough");
    let ways = carried(&mut b, (&[seen], &[stations, points]), &[], &found, false, MOST);
    let [straight, items] = ways.as_slice() else { panic!("{} ways", ways.len()) };
    assert_eq!((straight.sweeps, items.sweeps), (6, 6));
    // By items a difference, its square, the root and its reciprocal are there once, and six products.
    assert!(flops(&b, items) < flops(&b, straight), "{} {}", flops(&b, items), flops(&b, straight));
    assert_ne!(items.values, [seen]);
}

#[test]
fn a_value_that_is_used_in_many_places_is_swept_once() {
    let mut b = Builder::default();
    let x = b.input(&[40]);
    let e = built_in(&mut b, "exp", &[x]);
    let y = built_in(&mut b, "tanh", &[e]);
    let z = b.mul(y, x);
    let found = carry(&mut b, &[z], &[x], false).expect("each by itself");
    assert_eq!(found.sweeps, 1);
}
