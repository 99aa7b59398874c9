//! Forward or reverse: builds the Jacobian both ways and keeps the cheaper one, unless the document
//! forces one. A way that takes too many sweeps over too large a graph is given up half-way.

use super::compiled::Method;
use super::document::Mode;
use super::limits::Limits;
use crate::diff::{Jacobian, forward, reverse};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId};

/// Most nodes looked at to build a derivative one way, a node once for each sweep.
const MOST_VISITS: usize = 200_000_000;

/// Builds the Jacobian.
///
/// # Errors
/// If every way allowed would outgrow the limits.
pub(super) fn choose(
    b: &mut Builder,
    values: &[NodeId],
    inputs: &[NodeId],
    mode: Mode,
    limits: &Limits,
) -> Result<(Jacobian, Method), Vec<Fault>> {
    let columns = by_columns(b, values, inputs, limits);
    let rows = by_rows(b, values, inputs, limits);
    let cost = |j: &Jacobian| {
        let roots: Vec<NodeId> = values.iter().copied().chain(j.iter().flatten().copied()).collect();
        b.flops(&roots)
    };
    let (forward, reverse) = (columns.as_ref().map(cost), rows.as_ref().map(cost));
    let cheaper = match (mode, forward, reverse) {
        (Mode::Auto, Some(f), Some(r)) if f <= r => (columns, "forward", forward),
        (Mode::Forward, ..) | (Mode::Auto, _, None) => (columns, "forward", forward),
        (Mode::Reverse | Mode::Auto, ..) => (rows, "reverse", reverse),
    };
    match cheaper {
        (Some(jacobian), mode, Some(chosen)) => Ok((jacobian, Method { mode, forward, reverse, chosen })),
        _ => Err(vec![too_large(b, values.len(), inputs.len())]),
    }
}

/// Forward mode, some inputs at a time.
fn by_columns(b: &mut Builder, values: &[NodeId], inputs: &[NodeId], limits: &Limits) -> Option<Jacobian> {
    let mut blocks: Jacobian = vec![Vec::with_capacity(inputs.len()); values.len()];
    in_parts(b, inputs, limits, |b, part| {
        for (row, more) in blocks.iter_mut().zip(forward(b, values, part, &[])) {
            row.extend(more);
        }
    })
    .then_some(blocks)
}

/// Reverse mode, some outputs at a time.
fn by_rows(b: &mut Builder, values: &[NodeId], inputs: &[NodeId], limits: &Limits) -> Option<Jacobian> {
    let mut blocks = Jacobian::with_capacity(values.len());
    in_parts(b, values, limits, |b, part| blocks.extend(reverse(b, part, inputs, &[]))).then_some(blocks)
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

fn too_large(b: &Builder, outputs: usize, inputs: usize) -> Fault {
    let detail = format!(
        "the derivative of {outputs} outputs by {inputs} inputs of a graph of this size expands into too many \
         operations; gather scalar inputs into arrays, or name fewer in `of` and `wrt`"
    );
    Fault::new(Code::Limit, detail).expected("fewer operations", format!("more than {}", b.nodes().len()))
}
