//! What may be relied on: equal nodes are one, what is known while building is computed then, and a
//! broken graph is told from a sound one.

use super::{Builder, Graph, Layout, Node, elements, print, verify};
use crate::ops::Algebra;
use crate::tensor::Tensor;

#[test]
fn equal_nodes_are_one() {
    let mut b = Builder::default();
    let (x, y) = (b.input(&[3]), b.input(&[3]));
    assert_ne!(x, y, "inputs are told apart by their number");
    assert_eq!(b.mul(x, y), b.mul(x, y));
    assert_ne!(b.sub(x, y), b.sub(y, x));
    let constant = |b: &mut Builder| b.constant(&Tensor::new(vec![2], vec![0.0, 1.0]).expect("two elements"));
    assert_eq!(constant(&mut b), constant(&mut b));
    assert_ne!(b.fill(0.0, &[2]), b.fill(-0.0, &[2]), "the two zeros are told apart");
    assert_ne!(b.fill(0.0, &[2]), b.fill(0.0, &[3]));
}

#[test]
fn known_values_are_folded_and_identities_vanish() {
    let mut b = Builder::default();
    let x = b.input(&[2]);
    let (zero, one, two) = (b.fill_like(0.0, x), b.fill_like(1.0, x), b.fill_like(2.0, x));
    let sum = b.add(one, two);
    assert_eq!(b.fill_value(sum), Some(3.0));
    let (plus, times, over) = (b.add(x, zero), b.mul(one, x), b.div(x, one));
    assert_eq!([plus, times, over], [x; 3]);
    let negative = b.neg(x);
    assert_eq!(b.neg(negative), x);
    assert_eq!(b.select(x, two, two), two);
    assert_eq!(b.scale(x, zero), zero, "zero absorbs in derivatives");
    let product = b.mul(x, zero);
    assert_eq!(b.fill_value(product), None, "and not in values: x may be infinite");
}

#[test]
fn a_graph_is_printed_a_line_for_each_value_that_counts() {
    let mut b = Builder::default();
    let (x, unused) = (b.input(&[2]), b.input(&[5]));
    b.neg(unused);
    let square = b.mul(x, x);
    let y = b.sum(square, &[0]);
    let text = print(&b.finish(vec![y]));
    let names: Vec<&str> = text.lines().map(|l| l.split(" = ").last().unwrap_or(l)).collect();
    assert_eq!(names.len(), 4, "{text}");
    assert!(names[1].starts_with("multiply(%0, %0)") && text.ends_with("return %4\n"), "{text}");
}

#[test]
fn breaches_of_the_contract_are_found() {
    let mut b = Builder::default();
    let x = b.input(&[2]);
    let y = b.mul(x, x);
    let graph = b.finish(vec![y]);
    assert_eq!(verify(&graph), Ok(()));
    let broken = |change: fn(&mut Vec<Node>)| {
        let mut nodes = graph.nodes.to_vec();
        change(&mut nodes);
        verify(&Graph { nodes: nodes.into(), outputs: vec![y] })
    };
    assert!(broken(|nodes| nodes.swap(0, 1)).expect_err("order").contains("before it is made"));
    assert!(broken(|nodes| nodes[1].shape.push(7)).expect_err("shape").contains("[2, 7]"));
    assert!(broken(|nodes| nodes.truncate(1)).expect_err("output").contains("does not exist"));
}

#[test]
fn absurd_sizes_saturate() {
    assert_eq!(elements(&[usize::MAX, 2]), usize::MAX);
    assert_eq!(elements(&[usize::MAX, 2, 0]), 0);
    let mut b = Builder::default();
    let huge = b.fill(0.0, &[usize::MAX / 2, 8]);
    let x = b.neg(huge);
    assert_eq!(b.flops(&[x]), 0, "one value everywhere is folded");
    let input = b.input(&[usize::MAX / 2, 8]);
    let y = b.mul(input, input);
    assert_eq!(b.flops(&[y]), u64::MAX);
}

#[test]
fn layouts_are_reshaped_without_a_copy_where_that_is_possible() {
    let dense = Layout::dense(&[2, 3, 4]);
    assert!(dense.reshaped(&[6, 4]).is_some_and(|l| l.is_dense()));
    assert!(Layout::repeated(&[2, 3]).reshaped(&[6]).is_some());
    let turned = Layout { shape: [3, 2].as_slice().into(), strides: [1, 3].as_slice().into(), offset: 0 };
    assert_eq!(turned.reshaped(&[6]), None);
    let spread = turned.reshaped(&[3, 1, 2]).expect("an axis of length 1 is free");
    assert_eq!((spread.strides[0], spread.strides[2]), (1, 3));
}
