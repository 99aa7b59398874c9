//! Reverse mode along one cotangent: vᵀJ, and the gradient of a scalar.

use super::jvp::{Seed, jvp};
use super::transpose::transpose;
use crate::ir::{Builder, NodeId};
use crate::ops::Algebra;

/// The cotangents of `inputs` from those of some values, `(value, cotangent)`; each has its input's shape.
pub fn pullback(b: &mut Builder, ends: &[(NodeId, NodeId)], inputs: &[NodeId]) -> Vec<NodeId> {
    let tangents: Vec<NodeId> = inputs.iter().map(|&x| b.input_like(x)).collect();
    let seeds: Vec<Seed> = inputs.iter().zip(&tangents).map(|(&x, &t)| (x, Some(t))).collect();
    let values: Vec<NodeId> = ends.iter().map(|e| e.0).collect();
    let linear = jvp(b, &values, &seeds);
    let moving: Vec<(NodeId, NodeId)> = linear.iter().zip(ends).filter_map(|(t, end)| Some(((*t)?, end.1))).collect();
    let pulled = if moving.is_empty() { vec![None; inputs.len()] } else { transpose(b, &moving, &tangents) };
    pulled.into_iter().zip(inputs).map(|(ct, &x)| ct.unwrap_or_else(|| b.fill_like(0.0, x))).collect()
}

/// The derivative of a scalar by each input, in the input's shape.
pub fn gradient(b: &mut Builder, value: NodeId, inputs: &[NodeId]) -> Vec<NodeId> {
    let one = b.fill_like(1.0, value);
    pullback(b, &[(value, one)], inputs)
}
