//! Random graphs, each step a word that moves, mixes or picks elements.

use super::{agree, built_in};
use crate::diff::tests::numbers;
use crate::ir::{Builder, NodeId};
use crate::ops::{Algebra, reverse as reversed, slice};

/// A vector of six made of two by one of the words, told by a number.
fn step(b: &mut Builder, word: usize, x: NodeId, y: NodeId) -> NodeId {
    let literal = |b: &mut Builder, data: &[f64]| {
        b.constant(&crate::tensor::Tensor { shape: vec![data.len()], data: data.into() })
    };
    let absorb = crate::ir::Absorb::Neither;
    match word {
        0 => b.mul(x, y),
        1 => {
            let mask = literal(b, &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
            b.select(mask, x, y)
        }
        2 => {
            let picks = literal(b, &[5.0, 5.0, -4.0, 0.0, 1.0, 3.0]);
            b.pick(x, picks, 0)
        }
        3 => {
            let places = literal(b, &[0.0, 2.0, 2.0, 5.0, 0.0, -1.0]);
            b.put(y, places, 0, 6)
        }
        4 => {
            let (x, y) = (b.reshape(x, &[2, 3]), b.reshape(y, &[3, 2]));
            let square = b.product(x, y, 0, 1, absorb);
            let padded = b.reshape(square, &[4]);
            let rest = b.fill(0.25, &[2]);
            b.join(&[padded, rest], 0)
        }
        5 => {
            let factor = literal(b, &[0.0, 1.5, 0.0, -1.0, 0.0, 2.0]);
            let matrix = b.broadcast(factor, &[6, 6], &[1]);
            let turned = b.transposed(matrix);
            let known = b.mul(matrix, turned);
            b.product(known, x, 0, 1, absorb)
        }
        6 => {
            let table = b.reshape(x, &[2, 3]);
            let sums = b.sum(table, &[0]);
            b.join(&[sums, sums], 0)
        }
        7 => built_in(b, "cumsum", &[y]),
        8 => {
            let table = b.reshape(x, &[2, 3]);
            let turned = b.transposed(table);
            b.reshape(turned, &[6])
        }
        9 => {
            let turned = reversed(b, x, &[0]);
            b.add(turned, y)
        }
        10 => {
            let matrix = slice(b, x, &[(0, 4, 1)]);
            let matrix = b.reshape(matrix, &[2, 2]);
            let eye = b.eye(2);
            let eye = b.times(7.0, eye);
            let matrix = b.add(matrix, eye);
            let inverse = built_in(b, "inv", &[matrix]);
            let rest = slice(b, y, &[(4, 6, 1)]);
            let flat = b.reshape(inverse, &[4]);
            b.join(&[flat, rest], 0)
        }
        11 => built_in(b, "tanh", &[x]),
        12 => built_in(b, "maximum", &[x, y]),
        13 => {
            let largest = built_in(b, "max", &[y]);
            let wide = b.broadcast_to(largest, &[6]);
            b.mul(wide, x)
        }
        14 => b.at(x, [5, 5, 2, 0, 1, 3].into_iter()),
        15 => {
            let parts: Vec<NodeId> =
                [(0, 2, 1), (2, 3, 1), (3, 6, 1)].iter().map(|&part| slice(b, y, &[part])).collect();
            let whole = b.join(&parts, 0);
            b.add(whole, x)
        }
        _ => built_in(b, "floor", &[x]),
    }
}

#[test]
fn any_graph_has_the_same_derivative_sparse_and_dense() {
    for seed in 0..60 {
        let choices = numbers(24, (0.0, 1.0), 13 * seed);
        agree(&[&[6], &[6]], seed, |b, x| {
            let mut made = x.to_vec();
            for step_choices in choices.chunks(3) {
                let pick = |c: f64| made[(c * made.len() as f64) as usize];
                let (x, y) = (pick(step_choices[0]), pick(step_choices[1]));
                let next = step(b, (step_choices[2] * 17.0) as usize, x, y);
                made.push(next);
            }
            made[made.len() - 2..].to_vec()
        });
    }
}
