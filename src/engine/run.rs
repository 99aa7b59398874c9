//! Runs a compiled document at its point and looks at what came out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::compiled::Compiled;
use super::document::Document;
use super::nonfinite;
use super::warning::Warning;
use crate::exec::{Cancel, Workspace};
use crate::fault::Fault;
use crate::ir::NodeId;
use crate::json::{Nonfinite, Style, room};

/// What a run produced: the plan's outputs, and the warnings it gave rise to.
#[derive(Debug)]
pub(super) struct Values {
    inputs: Vec<Arc<[f64]>>,
    workspace: Workspace,
    cancel: Cancel,
    /// Warnings of the document and of this point.
    pub(super) warnings: Vec<Warning>,
}

impl Values {
    /// Nothing was run.
    pub(super) fn none(compiled: &Compiled) -> Self {
        Self {
            inputs: Vec::new(),
            workspace: Workspace::default(),
            cancel: Cancel::default(),
            warnings: compiled.warnings.clone(),
        }
    }

    /// Elements and shape of output `i` of the plan; what is not copied once nobody wants it is zero.
    pub(super) fn get<'a>(&'a self, compiled: &'a Compiled, i: usize) -> (std::borrow::Cow<'a, [f64]>, &'a [usize]) {
        let view = compiled.plan.output(i, &self.inputs, &self.workspace);
        let shape = compiled.graph.node(compiled.graph.outputs[i]).shape.as_slice();
        (view.contiguous_until(&self.cancel), shape)
    }

    /// Bytes to reserve for the text of output `i` of the plan.
    pub(super) fn room(&self, compiled: &Compiled, i: usize, style: Style) -> usize {
        let view = compiled.plan.output(i, &self.inputs, &self.workspace);
        let row = view.shape.last().copied().unwrap_or(1);
        room(view.len(), row, style, |start, part| view.copy_range(start, part))
    }

    /// The memory of the run, for the next one.
    pub(super) fn into_workspace(self) -> Workspace {
        self.workspace
    }

    /// The bound inputs.
    pub(super) fn inputs(&self) -> &[Arc<[f64]>] {
        &self.inputs
    }
}

/// Runs the plan, collects warnings at kinks, and refuses a non-finite answer unless the document allows it.
pub(super) fn run(document: &Document, compiled: &Compiled, cancel: &Cancel) -> Result<Values, Vec<Fault>> {
    let inputs = compiled.bind(document);
    let mut workspace = compiled.workspace();
    compiled.plan.run(&inputs, &mut workspace, cancel).map_err(|_| vec![cancelled()])?;
    let mut values = Values { inputs, workspace, cancel: cancel.clone(), warnings: compiled.warnings.clone() };
    for &(place, node) in &compiled.places.kinks {
        if let Some(warning) = kink(document, compiled, &values, place, node)
            && !values.warnings.contains(&warning)
        {
            values.warnings.push(warning);
        }
    }
    if document.style.nonfinite == Nonfinite::Error {
        let monitors: Vec<usize> = compiled.places.kinks.iter().map(|k| k.0).collect();
        let unbounded = compiled.unbounded();
        for i in (0..compiled.graph.outputs.len()).filter(|i| !monitors.contains(i)) {
            let allowed = |x: &f64| x.is_finite() || (x.is_infinite() && unbounded.contains(&i));
            let bad = first(&values.get(compiled, i).0, |x| !allowed(x), cancel);
            wanted_still(cancel)?;
            if let Some(element) = bad {
                return Err(vec![nonfinite::explain(document, compiled, &values, i, element, cancel)]);
            }
        }
    }
    Ok(values)
}

/// The first element of its kind; none is found after `cancel` is set.
fn first(data: &[f64], is_sought: impl Fn(&f64) -> bool, cancel: &Cancel) -> Option<usize> {
    let mut parts = data.chunks(PORTION).enumerate().take_while(|_| !cancel.load(Ordering::Relaxed));
    parts.find_map(|(i, part)| Some(i * PORTION + part.iter().position(&is_sought)?))
}

/// Elements looked at between two looks at the flag.
const PORTION: usize = 1 << 18;

/// Gives up when nobody wants the answer any more.
pub(super) fn wanted_still(cancel: &Cancel) -> Result<(), Vec<Fault>> {
    if cancel.load(Ordering::Relaxed) { Err(vec![cancelled()]) } else { Ok(()) }
}

/// The fault of a run that was given up.
pub(super) fn cancelled() -> Fault {
    Fault::cancelled()
}

/// The warning of a kink monitor that found one.
fn kink(document: &Document, compiled: &Compiled, values: &Values, place: usize, node: NodeId) -> Option<Warning> {
    let (found, _) = values.get(compiled, place);
    let (point, first) = found.iter().enumerate().find(|(_, i)| **i >= 0.0)?;
    let watched = compiled.graph.node(node);
    // Of a loop the step is known, not the element.
    let looped = watched.attr.as_loop().is_some();
    let mut element = if looped { Vec::new() } else { unravel(*first as usize, &watched.shape) };
    if compiled.batch.is_some() {
        element.insert(0, point);
    }
    let site = &compiled.calls[watched.origin.call as usize];
    let convention = crate::ops::find(site.operation).map_or("", |(row, _)| row.kinks);
    let convention = if convention.is_empty() { String::new() } else { format!(" ({convention})") };
    let place = if looped { format!("step {first}") } else { format!("element {element:?}") };
    let message = format!(
        "the derivative of `{}` in `{}` is taken at a kink, {place}, by convention{convention}",
        site.operation, site.stage
    );
    Some(Warning {
        operation: Some(site.operation.to_owned()),
        stage: Some(site.stage.clone()),
        element: Some(element),
        pointer: Some(document.definitions.sources.pointer(site.span)),
        place: document.definitions.sources.place(site.span),
        ..Warning::new("kink", message)
    })
}

/// A position in row-major order as an index for each axis.
pub(super) fn unravel(mut position: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &n) in shape.iter().enumerate().rev() {
        index[i] = position % n.max(1);
        position /= n.max(1);
    }
    index
}
