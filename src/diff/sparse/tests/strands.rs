//! Sweeps that carry their columns: where they can, how many there are, and what they cost.

use super::{MOST, bratu, built_in, burgers};
use crate::diff::sparse::{Carried, carried, pattern};
use crate::ir::{Builder, NodeId};
use crate::ops::Algebra;

fn carry(b: &mut Builder, outputs: &[NodeId], inputs: &[NodeId], mirrored: bool) -> Option<Carried> {
    let found = pattern(b, outputs, inputs, &[], MOST).expect("few enough");
    carried(b, (outputs, inputs), &[], &found, mirrored, MOST)
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
