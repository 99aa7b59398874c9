//! Newton's method with a line search, as a loop of the graph.

use super::super::Algebra;
use super::super::loops::{Carried, Steps};
use crate::ir::{Body, Builder, NodeId, close, inline};

/// Most steps of the method.
const STEPS: usize = 60;
/// Most halvings of one step.
const HALVINGS: usize = 24;
/// The steps have become so small, squared and relative to the value, that one more is exact.
const CLOSE: f64 = 1e-20;
/// A step that is not below this, squared and relative to the value, when no better one is found means that
/// there is no solution nearby.
const NEAR: f64 = 1e-12;
/// Keeps zero apart from what is merely small.
const TINY: f64 = 1e-300;

/// Functions of the vector that is sought, ready to be put wherever they are needed.
pub(super) struct At {
    body: Body,
    captured: Vec<NodeId>,
}

impl At {
    /// Several values that depend on `x`.
    pub(super) fn new(b: &Builder, x: NodeId, values: &[NodeId]) -> Self {
        let (body, captured) = close(b, &[x], values);
        Self { body, captured }
    }

    /// The values at another vector.
    pub(super) fn at(&self, b: &mut Builder, x: NodeId) -> Vec<NodeId> {
        let args: Vec<NodeId> = [x].into_iter().chain(self.captured.iter().copied()).collect();
        inline(b, &self.body, &args)
    }

    /// The body, and what it needs beside the vector.
    pub(super) fn into_parts(self) -> (Body, Vec<NodeId>) {
        (self.body, self.captured)
    }
}

/// What is to be solved, as the method sees it.
pub(super) trait Problem {
    /// The full step to be subtracted at `x`, a vector; and what [`Problem::worse`] compares with.
    fn step(&self, b: &mut Builder, x: NodeId) -> (NodeId, NodeId);

    /// 1 where a shortened step is not good enough: `now` comes from [`Problem::step`].
    fn worse(&self, b: &mut Builder, trial: NodeId, now: NodeId, ratio: NodeId) -> NodeId;
}

/// Searches from `first`, a vector. Returns what was found, and 1 where nothing was.
pub(super) fn search(b: &mut Builder, problem: &dyn Problem, first: NodeId) -> (NodeId, NodeId) {
    let (x, ratio) = (b.input_like(first), b.input(&[]));
    let (step, now) = problem.step(b, x);
    let far = far(b, step, x, CLOSE);
    let least = b.fill(0.5f64.powi(HALVINGS as i32 - 1), &[]);
    let able = b.greater(ratio, least);
    let go = b.mul(far, able);
    let shortened = shorten(b, problem, x, step, now);
    let next = shifted(b, x, step, shortened);
    // In a batch some go on where others have ended.
    let next = b.choose(go, next, x);
    let next_ratio = b.select(go, shortened, ratio);
    let one = b.fill(1.0, &[]);
    let steps = Steps {
        carried: vec![
            Carried { inside: x, first, next, wanted: true },
            Carried { inside: ratio, first: one, next: next_ratio, wanted: false },
        ],
        go: Some(go),
        ..Steps::new(STEPS)
    };
    let last = steps.run(b).carried[0].unwrap_or(first);
    let (step, _) = problem.step(b, last);
    let far = self::far(b, step, last, NEAR);
    let lost = not_a_number(b, step);
    let failed = b.add(far, lost);
    (b.sub(last, step), failed)
}

/// The share of a step that is taken: halved until it is good enough.
fn shorten(b: &mut Builder, problem: &dyn Problem, x: NodeId, step: NodeId, now: NodeId) -> NodeId {
    let ratio = b.input(&[]);
    let trial = shifted(b, x, step, ratio);
    let worse = problem.worse(b, trial, now, ratio);
    let half = b.times(0.5, ratio);
    let next = b.select(worse, half, ratio);
    let one = b.fill(1.0, &[]);
    let carried = vec![Carried { inside: ratio, first: one, next, wanted: true }];
    let steps = Steps { carried, go: Some(worse), ..Steps::new(HALVINGS) };
    steps.run(b).carried[0].unwrap_or(one)
}

/// `x - ratio · step`.
fn shifted(b: &mut Builder, x: NodeId, step: NodeId, ratio: NodeId) -> NodeId {
    let shape = b.shape(x).clone();
    let ratio = b.broadcast_to(ratio, &shape);
    let part = b.mul(ratio, step);
    b.sub(x, part)
}

/// 1 where the square of a step is more than so much of that of the value.
pub(super) fn far(b: &mut Builder, step: NodeId, x: NodeId, share: f64) -> NodeId {
    let (step, size) = (square(b, step), square(b, x));
    let size = b.times(share, size);
    let size = b.plus(TINY, size);
    b.greater(step, size)
}

/// 1 where a vector has an element that is not a number.
fn not_a_number(b: &mut Builder, x: NodeId) -> NodeId {
    let sum = square(b, x);
    let sound = b.equal(sum, sum);
    b.is(sound, 0.0)
}

/// The sum of the squares of a vector.
pub(super) fn square(b: &mut Builder, x: NodeId) -> NodeId {
    let squares = b.mul(x, x);
    b.sum(squares, &[0])
}
