//! One step of the pair of orders 5 and 4 of Dormand and Prince, and what its error says of the next
//! (J. R. Dormand and P. J. Prince, "A family of embedded Runge-Kutta formulae", 1980; E. Hairer, S. P. Nørsett
//! and G. Wanner, Solving Ordinary Differential Equations I, II.4 and table II.5.2).

use super::super::Algebra;
use super::super::elementwise::exponential::{EXP, LOG};
use super::super::elementwise::power::SQRT;
use super::super::elementwise::rounding::ABS;
use crate::ir::{Builder, NodeId};

/// Nodes of the stages.
const NODES: [f64; 7] = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];

/// Weights of earlier slopes in each stage; the last row is the result of order 5.
const WEIGHTS: [&[f64]; 7] = [
    &[],
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// Weights of the difference between the results of order 5 and 4.
const DIFFERENCE: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339_200.0, 22.0 / 525.0, -1.0 / 40.0];

/// What the error of a step may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) relative: f64,
    pub(super) absolute: f64,
}

/// A step taken both ways.
pub(super) struct Pair {
    /// The result of order 5.
    pub(super) end: NodeId,
    /// Its difference from that of order 4.
    difference: NodeId,
}

impl Pair {
    /// A step from a vector at a time.
    pub(super) fn at(
        b: &mut Builder,
        slope: impl Fn(&mut Builder, NodeId, NodeId) -> NodeId,
        (y, t, step): (NodeId, NodeId, NodeId),
    ) -> Self {
        let mut slopes: Vec<NodeId> = Vec::with_capacity(NODES.len());
        let mut end = y;
        for (node, weights) in NODES.into_iter().zip(WEIGHTS) {
            let moved = weighted(b, step, weights, &slopes);
            end = moved.map_or(y, |moved| b.add(y, moved));
            let later = b.times(node, step);
            let time = b.add(t, later);
            slopes.push(slope(b, end, time));
        }
        let difference = weighted(b, step, &DIFFERENCE, &slopes).unwrap_or(y);
        Self { end, difference }
    }

    /// The root mean square of the error in units of what it may be; 0 for a vector of no elements.
    pub(super) fn error(&self, b: &mut Builder, y: NodeId, tolerance: Tolerance) -> NodeId {
        let [before, after] = [y, self.end].map(|x| b.apply(&ABS, &[x]));
        let larger = b.greater(before, after);
        let size = b.select(larger, before, after);
        let size = b.times(tolerance.relative, size);
        let most = b.plus(tolerance.absolute, size);
        let error = b.div(self.difference, most);
        let squares = b.mul(error, error);
        let count = b.shape(squares)[0].max(1) as f64;
        let sum = b.sum(squares, &[0]);
        let mean = b.times(1.0 / count, sum);
        b.apply(&SQRT, &[mean])
    }
}

/// `step · Σ wᵢ kᵢ`; nothing if there are no slopes yet.
fn weighted(b: &mut Builder, step: NodeId, weights: &[f64], slopes: &[NodeId]) -> Option<NodeId> {
    let mut sum = None;
    for (&weight, &slope) in weights.iter().zip(slopes).filter(|(w, _)| **w != 0.0) {
        let term = b.times(weight, slope);
        sum = Some(sum.map_or(term, |sum| b.add(sum, term)));
    }
    let sum = sum?;
    let shape = b.shape(sum).clone();
    let step = b.broadcast_to(step, &shape);
    Some(b.mul(step, sum))
}

/// By how much the next step may be longer: `0.9 · error^(-1/5)`, between a fifth and five.
pub(super) fn factor(b: &mut Builder, error: NodeId) -> NodeId {
    let logarithm = b.apply(&LOG, &[error]);
    let scaled = b.times(-0.2, logarithm);
    let grown = b.apply(&EXP, &[scaled]);
    let grown = b.times(0.9, grown);
    let (least, most) = (b.fill_like(0.2, grown), b.fill_like(5.0, grown));
    let high = b.greater(grown, most);
    let capped = b.select(high, most, grown);
    let low = b.greater(least, capped);
    b.select(low, least, capped)
}
