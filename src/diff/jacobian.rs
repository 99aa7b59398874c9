//! Jacobians from the transforms: by columns (a batch of forward sweeps) and by rows (a batch of
//! reverse sweeps).

use smallvec::SmallVec;

use super::batch::batch;
use super::jvp::{Seed, jvp};
use super::transpose::transpose;
use crate::ir::{Builder, NodeId, Shape, elements};
use crate::ops::Algebra;

/// `blocks[i][j]`: the derivative of output `i` by input `j`, a matrix m × n of the flattened two.
pub type Jacobian = Vec<Vec<NodeId>>;

/// By columns: one forward sweep for each element of each input. Values in `held` count as constants.
pub fn forward(b: &mut Builder, outputs: &[NodeId], inputs: &[NodeId], held: &[NodeId]) -> Jacobian {
    let mut blocks: Jacobian = vec![Vec::with_capacity(inputs.len()); outputs.len()];
    for &x in inputs {
        let shape: Shape = b.shape(x).clone();
        let n = elements(&shape);
        // A single column needs no batch: its seed is one.
        let tangent = if n == 1 { b.fill(1.0, &shape) } else { b.input(&shape) };
        let seeds: Vec<Seed> =
            held.iter().filter(|h| **h != x).map(|&h| (h, None)).chain([(x, Some(tangent))]).collect();
        let columns = jvp(b, outputs, &seeds);
        let moving: SmallVec<[NodeId; 4]> = columns.iter().copied().flatten().collect();
        let swept = if n == 1 { moving } else { sweep(b, &moving, tangent) };
        let mut swept = swept.into_iter();
        for (i, (&y, column)) in outputs.iter().zip(&columns).enumerate() {
            let m = elements(b.shape(y));
            let block = match column.and_then(|_| swept.next()) {
                None => b.fill(0.0, &[m, n]),
                Some(t) if n == 1 => b.reshape(t, &[m, 1]),
                Some(t) => {
                    let rows = b.reshape(t, &[n, m]);
                    b.permute(rows, &[1, 0])
                }
            };
            blocks[i].push(block);
        }
    }
    blocks
}

/// By rows: one reverse sweep for each element of each output. Values in `held` count as constants.
pub fn reverse(b: &mut Builder, outputs: &[NodeId], inputs: &[NodeId], held: &[NodeId]) -> Jacobian {
    let tangents: Vec<NodeId> = inputs
        .iter()
        .map(|&x| {
            let shape = b.shape(x).clone();
            b.input(&shape)
        })
        .collect();
    let seeds: Vec<Seed> = held
        .iter()
        .filter(|h| !inputs.contains(h))
        .map(|&h| (h, None))
        .chain(inputs.iter().zip(&tangents).map(|(&x, &t)| (x, Some(t))))
        .collect();
    let linear = jvp(b, outputs, &seeds);
    let mut blocks = Vec::with_capacity(outputs.len());
    for (&y, linear) in outputs.iter().zip(linear) {
        let shape: Shape = b.shape(y).clone();
        let m = elements(&shape);
        let cotangent = if m == 1 { b.fill(1.0, &shape) } else { b.input(&shape) };
        let rows = match linear {
            None => vec![None; inputs.len()],
            Some(linear) => transpose(b, &[(linear, cotangent)], &tangents),
        };
        let moving: SmallVec<[NodeId; 4]> = rows.iter().copied().flatten().collect();
        let swept = if m == 1 { moving } else { sweep(b, &moving, cotangent) };
        let mut swept = swept.into_iter();
        let row = inputs.iter().zip(&rows).map(|(&x, row)| {
            let n = elements(b.shape(x));
            match row.and_then(|_| swept.next()) {
                None => b.fill(0.0, &[m, n]),
                Some(ct) => b.reshape(ct, &[m, n]),
            }
        });
        blocks.push(row.collect());
    }
    blocks
}

/// Runs a linear program for every unit vector of its input at once.
fn sweep(b: &mut Builder, outputs: &[NodeId], input: NodeId) -> SmallVec<[NodeId; 4]> {
    let shape: Shape = b.shape(input).clone();
    let n = elements(&shape);
    let units = b.eye(n);
    let seed_shape: Shape = std::iter::once(n).chain(shape.iter().copied()).collect();
    let seed = b.reshape(units, &seed_shape);
    batch(b, outputs, &[(input, seed)], n).into()
}
