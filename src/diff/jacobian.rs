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
        let held: Vec<Seed> = held.iter().filter(|h| **h != x).map(|&h| (h, None)).collect();
        for (row, block) in blocks.iter_mut().zip(push(b, outputs, x, &held, None)) {
            row.push(block);
        }
    }
    blocks
}

/// By rows: one reverse sweep for each element of each output. Values in `held` count as constants.
pub fn reverse(b: &mut Builder, outputs: &[NodeId], inputs: &[NodeId], held: &[NodeId]) -> Jacobian {
    let held: Vec<Seed> = held.iter().filter(|h| !inputs.contains(h)).map(|&h| (h, None)).collect();
    let (linear, tangents) = linearised(b, outputs, inputs, &held);
    let rows = outputs.iter().zip(linear).map(|(&y, linear)| pull(b, (y, linear), (inputs, &tangents), None));
    rows.collect()
}

/// The derivatives of `outputs` by `x`, as they are or times the matrix `columns` on their right, by
/// columns. Values in `held` count as constants.
pub(super) fn push(
    b: &mut Builder,
    outputs: &[NodeId],
    x: NodeId,
    held: &[Seed],
    columns: Option<NodeId>,
) -> Vec<NodeId> {
    let shape: Shape = b.shape(x).clone();
    let n = columns.map_or(elements(&shape), |c| b.shape(c)[1]);
    // A single column needs no batch: it is the tangent.
    let tangent = match columns {
        _ if n != 1 => b.input(&shape),
        Some(column) => b.reshape(column, &shape),
        None => b.fill(1.0, &shape),
    };
    let seeds: Vec<Seed> = held.iter().copied().chain([(x, Some(tangent))]).collect();
    let moved = jvp(b, outputs, &seeds);
    let moving: SmallVec<[NodeId; 4]> = moved.iter().copied().flatten().collect();
    let swept = if n == 1 {
        moving
    } else {
        let rows = columns.map(|c| b.permute(c, &[1, 0]));
        sweep(b, &moving, tangent, rows)
    };
    let mut swept = swept.into_iter();
    let blocks = outputs.iter().zip(&moved).map(|(&y, moved)| {
        let m = elements(b.shape(y));
        match moved.and_then(|_| swept.next()) {
            None => b.fill(0.0, &[m, n]),
            Some(t) if n == 1 => b.reshape(t, &[m, 1]),
            Some(t) => {
                let rows = b.reshape(t, &[n, m]);
                b.permute(rows, &[1, 0])
            }
        }
    });
    blocks.collect()
}

/// The derivative of an output by `inputs`, as it is or times the matrix `rows` on its left, by rows.
/// The output comes with its tangent, which is linear in the `tangents` of the inputs.
pub(super) fn pull(
    b: &mut Builder,
    (y, linear): (NodeId, Option<NodeId>),
    (inputs, tangents): (&[NodeId], &[NodeId]),
    rows: Option<NodeId>,
) -> Vec<NodeId> {
    let shape: Shape = b.shape(y).clone();
    let m = rows.map_or(elements(&shape), |r| b.shape(r)[0]);
    // A single row needs no batch: it is the cotangent.
    let cotangent = match rows {
        _ if m != 1 => b.input(&shape),
        Some(row) => b.reshape(row, &shape),
        None => b.fill(1.0, &shape),
    };
    let pulled = match linear {
        None => vec![None; inputs.len()],
        Some(linear) => transpose(b, &[(linear, cotangent)], tangents),
    };
    let moving: SmallVec<[NodeId; 4]> = pulled.iter().copied().flatten().collect();
    let swept = if m == 1 { moving } else { sweep(b, &moving, cotangent, rows) };
    let mut swept = swept.into_iter();
    let blocks = inputs.iter().zip(&pulled).map(|(&x, pulled)| {
        let n = elements(b.shape(x));
        match pulled.and_then(|_| swept.next()) {
            None => b.fill(0.0, &[m, n]),
            Some(ct) => b.reshape(ct, &[m, n]),
        }
    });
    blocks.collect()
}

/// Tangents of `outputs`, linear in new ones of `inputs`, and those.
pub(super) fn linearised(
    b: &mut Builder,
    outputs: &[NodeId],
    inputs: &[NodeId],
    held: &[Seed],
) -> (Vec<Option<NodeId>>, Vec<NodeId>) {
    let mut tangents = Vec::with_capacity(inputs.len());
    for &x in inputs {
        tangents.push(b.input_like(x));
    }
    let moving = inputs.iter().zip(&tangents).map(|(&x, &t)| (x, Some(t)));
    let seeds: Vec<Seed> = held.iter().copied().chain(moving).collect();
    (jvp(b, outputs, &seeds), tangents)
}

/// Runs a linear program at once for every row of a matrix, or for every unit vector.
fn sweep(b: &mut Builder, outputs: &[NodeId], input: NodeId, rows: Option<NodeId>) -> SmallVec<[NodeId; 4]> {
    let shape: Shape = b.shape(input).clone();
    let rows = rows.unwrap_or_else(|| b.eye(elements(&shape)));
    let count = b.shape(rows)[0];
    let seed_shape: Shape = std::iter::once(count).chain(shape.iter().copied()).collect();
    let seed = b.reshape(rows, &seed_shape);
    batch(b, outputs, &[(input, seed)], count).into()
}
