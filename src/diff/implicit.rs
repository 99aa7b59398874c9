//! Derivatives of values defined by equations, by the implicit function theorem: r(z, c) = 0 moves with c
//! so that `∂r/∂z · z' = -∂r/∂c · c'`.
//!
//! How the value was found does not matter. The tangent is written in terms of the value itself, so that it
//! can be differentiated again, to any order.

use smallvec::SmallVec;

use super::batch::batch;
use super::jacobian::forward;
use super::jvp::{Seed, jvp};
use crate::ir::{Attr, Builder, Implicit, Level, NodeId, Shape, inline};
use crate::ops::Algebra;

type Args = SmallVec<[NodeId; 8]>;
type Tangents = SmallVec<[Option<NodeId>; 8]>;

/// The tangent of an implicit value from those of its arguments; the first one's does not count.
pub(super) fn tangent(b: &mut Builder, n: NodeId, tangents: &[Option<NodeId>]) -> Option<NodeId> {
    let Attr::Implicit(implicit) = b.node(n).attr.clone() else { return None };
    // The node itself stands for the value, so that the tangent moves with it.
    let args: Args = [n].into_iter().chain(b.node(n).args[1..].iter().copied()).collect();
    let tangents: Tangents = [None].into_iter().chain(tangents[1..].iter().copied()).collect();
    moved(b, &implicit, &implicit.levels, &args, &tangents)
}

/// The same with the batch axes of some levels: what one point makes of its arguments, batched.
fn moved(b: &mut Builder, implicit: &Implicit, levels: &[Level], args: &Args, tangents: &Tangents) -> Option<NodeId> {
    let Some((level, inner)) = levels.split_last() else { return solved(b, implicit, args, tangents) };
    let mut replaced = Vec::new();
    let mut one = |b: &mut Builder, i: usize, x: NodeId| {
        if !level.carrying[i] {
            return x;
        }
        let shape: Shape = b.shape(x)[1..].into();
        let inside = b.input(&shape);
        replaced.push((inside, x));
        inside
    };
    let inside: Args = args.iter().enumerate().map(|(i, &x)| one(b, i, x)).collect();
    let pushed: Tangents = tangents.iter().enumerate().map(|(i, t)| t.map(|t| one(b, i, t))).collect();
    let value = moved(b, implicit, inner, &inside, &pushed)?;
    batch(b, &[value], &replaced, level.size).pop()
}

/// `z' = -(∂r/∂z)⁻¹ (∂r/∂c · c')` at one point.
fn solved(b: &mut Builder, implicit: &Implicit, args: &Args, tangents: &Tangents) -> Option<NodeId> {
    let residual = inline(b, &implicit.equations, args)[0];
    let seeds: Vec<Seed> = args.iter().copied().zip(tangents.iter().copied()).collect();
    let change = jvp(b, &[residual], &seeds)[0]?;
    let jacobian = forward(b, &[residual], &[args[0]], &args[1..])[0][0];
    let pushed = b.solve(jacobian, change);
    Some(b.neg(pushed))
}
