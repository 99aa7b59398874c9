//! The ways to build a Jacobian: each is tried, weighed by its predicted operations, and the cheapest
//! is kept, unless the document forces one.
//!
//! A way is a function in [`WAYS`]; it may find that it does not apply, or give up half-way when it
//! takes too many sweeps over too large a graph.

use super::compiled::Method;
use super::document::Mode;
use super::limits::Limits;
use crate::diff::{Bracketing, Jacobian, forward, reverse};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId};

/// Most nodes looked at to build a derivative one way, a node once for each sweep.
const MOST_VISITS: usize = 200_000_000;

/// What is to be differentiated, and what that may take.
struct Task<'a> {
    values: &'a [NodeId],
    inputs: &'a [NodeId],
    mode: Mode,
    limits: &'a Limits,
}

/// One way to build a Jacobian.
struct Way {
    mode: Mode,
    name: &'static str,
    /// Fails, with the reason, where the way does not apply or would outgrow the limits.
    build: fn(&mut Builder, &Task<'_>) -> Result<Built, Fault>,
}

/// All ways, in the order in which they are shown; of equally cheap ones the first is taken.
const WAYS: [Way; 3] = [
    Way { mode: Mode::Forward, name: "forward", build: by_columns },
    Way { mode: Mode::Reverse, name: "reverse", build: by_rows },
    Way { mode: Mode::Mixed, name: "mixed", build: by_factors },
];

/// A Jacobian, and what is to be said of how it was built.
struct Built {
    jacobian: Jacobian,
    bracketing: Option<String>,
}

/// Builds the Jacobian.
///
/// # Errors
/// If no way is left that applies and keeps the limits, or not the one that is forced.
pub(super) fn choose(
    b: &mut Builder,
    values: &[NodeId],
    inputs: &[NodeId],
    mode: Mode,
    limits: &Limits,
) -> Result<(Jacobian, Method), Vec<Fault>> {
    let task = Task { values, inputs, mode, limits };
    let mut candidates: Vec<(&Way, Built, u64)> = Vec::with_capacity(WAYS.len());
    let mut reason = None;
    for way in &WAYS {
        let allowed = mode == Mode::Auto || mode == way.mode;
        match (way.build)(b, &task) {
            Ok(built) => {
                let roots: Vec<NodeId> = values.iter().chain(built.jacobian.iter().flatten()).copied().collect();
                candidates.push((way, built, b.flops(&roots)));
            }
            Err(fault) if allowed => reason = reason.or(Some(fault)),
            Err(_) => {}
        }
    }
    let ways = candidates.iter().map(|(way, _, flops)| (way.name, *flops)).collect();
    let allowed = candidates.into_iter().filter(|(way, ..)| mode == Mode::Auto || mode == way.mode);
    match allowed.min_by_key(|(_, _, flops)| *flops) {
        Some((way, built, chosen)) => {
            Ok((built.jacobian, Method { mode: way.name, ways, chosen, bracketing: built.bracketing }))
        }
        None => Err(reason.into_iter().collect()),
    }
}

/// Forward mode, some inputs at a time.
fn by_columns(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    let mut blocks: Jacobian = vec![Vec::with_capacity(task.inputs.len()); task.values.len()];
    let whole = in_parts(b, task.inputs, task.limits, |b, part| {
        for (row, more) in blocks.iter_mut().zip(forward(b, task.values, part, &[])) {
            row.extend(more);
        }
    });
    if whole { Ok(Built { jacobian: blocks, bracketing: None }) } else { Err(too_large(b, task)) }
}

/// Reverse mode, some outputs at a time.
fn by_rows(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    let mut blocks = Jacobian::with_capacity(task.values.len());
    let whole = in_parts(b, task.values, task.limits, |b, part| blocks.extend(reverse(b, part, task.inputs, &[])));
    if whole { Ok(Built { jacobian: blocks, bracketing: None }) } else { Err(too_large(b, task)) }
}

/// Most arrays, inputs and outputs together, between which factors are multiplied.
const MOST_ENDS: usize = 64;

/// Mixed mode: the factors of the chain rule multiplied in the cheapest order. Unless it is asked for,
/// it is left out where it is a sweep from one end to the other.
fn by_factors(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    if task.values.len() + task.inputs.len() > MOST_ENDS || b.nodes().len() > task.limits.max_nodes {
        return Err(too_large(b, task));
    }
    let find = if task.mode == Mode::Mixed { Bracketing::find } else { Bracketing::find_better };
    let Some(found) = find(b, task.values, task.inputs) else {
        let detail = "there is no bracketing to choose: no value lies between the inputs and the outputs through \
                      which all of the derivative passes";
        let hint = "leave out `mode`: the cheapest way is then found by itself";
        return Err(Fault::new(Code::Unsupported, detail).hint(hint).at("/mode"));
    };
    let bracketing = Some(found.in_words(&|i| format!("J{}", i + 1)));
    Ok(Built { jacobian: found.build(b), bracketing })
}

/// Sweeps for all `nodes`, part after part; whether the limits allowed it. A single part is always done.
fn in_parts(
    b: &mut Builder,
    nodes: &[NodeId],
    limits: &Limits,
    mut sweep: impl FnMut(&mut Builder, &[NodeId]),
) -> bool {
    let size = (limits.max_nodes / b.nodes().len().max(1)).clamp(1, 64);
    let mut visits = 0usize;
    for (i, part) in nodes.chunks(size).enumerate() {
        if i > 0 && (b.nodes().len() > limits.max_nodes || visits > MOST_VISITS) {
            return false;
        }
        sweep(b, part);
        visits = visits.saturating_add(part.len().saturating_mul(b.nodes().len()));
    }
    true
}

fn too_large(b: &Builder, task: &Task<'_>) -> Fault {
    let detail = format!(
        "the derivative of {} outputs by {} inputs of a graph of this size expands into too many operations; gather \
         scalar inputs into arrays, or name fewer in `of` and `wrt`",
        task.values.len(),
        task.inputs.len()
    );
    Fault::new(Code::Limit, detail).expected("fewer operations", format!("more than {}", b.nodes().len()))
}
