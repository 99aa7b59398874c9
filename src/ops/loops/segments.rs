//! Long loops with much to carry are loops over short ones: √n segments of √n steps.
//!
//! A loop keeps the carry before each of its steps, which is what its derivative needs. Of the inner loops
//! it is kept only while a segment is gone through again, so reverse mode holds 2·√n carries instead of n
//! and computes each step twice (Griewank and Walther, Evaluating Derivatives, 2nd ed., section 12.3, with
//! two levels).

use super::steps::{Carried, Results, Steps};
use crate::ir::{Builder, NodeId, Shape, ShapeError, elements};
use crate::ops::Algebra;
use crate::ops::structure::{concatenate, slice};

/// A loop of no more steps is not cut.
const SHORT: usize = 32;

/// Nor is one whose carries before all steps are no more numbers together.
const KEPT: usize = 1 << 16;

/// Runs a loop that keeps its carries, in segments if it is long.
pub(in crate::ops) fn run(b: &mut Builder, mut steps: Steps) -> Result<Results, ShapeError> {
    let made = steps.made.len();
    let carry = steps.carried.iter().fold(0usize, |sum, c| sum.saturating_add(elements(b.shape(c.inside))));
    if steps.steps <= SHORT || steps.steps.saturating_mul(carry) <= KEPT {
        steps.made.extend(steps.carried.iter().map(|c| c.inside));
        let mut results = steps.run(b);
        results.made.truncate(made);
        return Ok(results);
    }
    let length = segment(steps.steps);
    let count = steps.steps / length;
    let rest = steps.steps - count * length;
    let main = segments(b, &steps, count, length);
    if rest == 0 {
        return Ok(main);
    }
    let mut more = Steps { steps: rest, ..steps };
    for (carried, last) in more.carried.iter_mut().zip(&main.carried) {
        carried.first = last.unwrap_or(carried.first);
    }
    for (_, sequence) in &mut more.items {
        *sequence = part(b, *sequence, count * length, count * length + rest);
    }
    let mut results = run(b, more)?;
    for (made, before) in results.made.iter_mut().zip(main.made) {
        *made = concatenate(b, &[before, *made], 0)?;
    }
    Ok(results)
}

/// Steps of a segment: near √n, and a divisor of n if there is one near enough.
fn segment(steps: usize) -> usize {
    let root = steps.isqrt();
    (root.div_ceil(2)..=root).rev().find(|&d| steps.is_multiple_of(d)).unwrap_or(root)
}

/// A loop over segments; steps that would fill no whole one are left over.
fn segments(b: &mut Builder, steps: &Steps, count: usize, length: usize) -> Results {
    let inside: Vec<NodeId> = steps.carried.iter().map(|c| b.input_like(c.inside)).collect();
    let carried = steps.carried.iter().zip(&inside).map(|(c, &first)| Carried { first, ..c.clone() }).collect();
    let mut items = Vec::new();
    let mut outer = Steps::new(count);
    for &(item, sequence) in &steps.items {
        let shape: Shape = std::iter::once(length).chain(b.shape(item).iter().copied()).collect();
        let own = b.input(&shape);
        items.push((item, own));
        let whole = part(b, sequence, 0, count * length);
        let shape: Shape = std::iter::once(count).chain(shape).collect();
        outer.items.push((own, b.reshape(whole, &shape)));
    }
    let inner = Steps { carried, items, made: steps.made.clone(), go: steps.go, ..Steps::new(length) };
    let segment = inner.run(b);
    outer.carried = (steps.carried.iter().zip(&inside).zip(segment.carried))
        .map(|((c, &inside), next)| Carried { inside, first: c.first, next: next.unwrap_or(inside), wanted: true })
        .collect();
    // A segment in which no step was taken is the first after the end.
    outer.go = segment.taken;
    outer.made = segment.made.into_iter().chain(inside).collect();
    let mut results = outer.run(b);
    results.made.truncate(steps.made.len());
    for made in &mut results.made {
        let shape: Shape = std::iter::once(count * length).chain(b.shape(*made)[2..].iter().copied()).collect();
        *made = b.reshape(*made, &shape);
    }
    results
}

/// Entries along the first axis.
fn part(b: &mut Builder, x: NodeId, first: usize, end: usize) -> NodeId {
    let mut parts: Vec<_> = b.shape(x).iter().map(|&n| (0, n, 1)).collect();
    parts[0] = (first, end, 1);
    slice(b, x, &parts)
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn segments_are_about_as_many_as_their_steps() {
        for n in 33..5000 {
            let length = segment(n);
            let (count, rest) = (n / length, n % length);
            let root = n.isqrt();
            assert!(length <= root && length + 1 >= root / 2 && rest < length && count <= 2 * root + 4, "{n}");
        }
        assert_eq!(segment(1000), 25);
    }
}
