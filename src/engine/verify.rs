//! Compares gradients, Jacobians and Hessians with finite differences: an estimate that shares nothing with the rules.

use std::sync::Arc;

use super::compiled::Compiled;
use super::document::Document;
use super::limits::Limits;
use super::run::{Values, cancelled};
use crate::exec::{Cancel, Plan, Workspace};
use crate::fault::{Code, Fault};
use crate::ir::{Graph, NodeId, elements};
use crate::json::Writer;

/// The largest difference found, and where.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    difference: f64,
    relative: f64,
    output: String,
    input: String,
    point: Option<usize>,
    element: [usize; 2],
    exact: f64,
    estimate: f64,
}

/// Steps relative to the size of the input: the fifth root of the rounding unit balances rounding
/// against the fourth-order error of the extrapolated central difference.
const STEP: f64 = 7.4e-4;

/// Predicted floating-point operations and bytes of a verification.
pub(super) fn cost(document: &Document, compiled: &Compiled) -> (u64, u64) {
    let size = |shape: &[usize]| elements(shape) as u64;
    let values: u64 = compiled.places.checked.iter().map(|c| size(compiled.value_shape(c.value))).sum();
    let points = compiled.batch.unwrap_or(1) as u64;
    let input = compiled.wrt.iter().map(|name| size(compiled.input_shape(document, name))).max().unwrap_or(0);
    // Beside a run of the values: an input twice, and the values at four points with two slopes and their estimate.
    let copies = points.saturating_mul(2 * input + 7 * values).saturating_mul(8);
    (flops(document, compiled), values_alone(compiled).bytes().saturating_add(copies))
}

/// Predicted floating-point operations of a verification.
fn flops(document: &Document, compiled: &Compiled) -> u64 {
    let outputs: Vec<NodeId> = compiled.places.checked.iter().map(|c| compiled.graph.outputs[c.value]).collect();
    let columns: usize =
        compiled.wrt.iter().map(|name| elements(compiled.input_shape(document, name))).fold(0, usize::saturating_add);
    let once = crate::ir::flops(&compiled.graph.nodes, &outputs).saturating_add(1);
    once.saturating_mul(4).saturating_mul(columns as u64)
}

/// A plan of what is differentiated.
fn values_alone(compiled: &Compiled) -> Plan {
    let outputs = compiled.places.checked.iter().map(|c| compiled.graph.outputs[c.value]).collect();
    Plan::new(&Graph { nodes: compiled.graph.nodes.clone(), outputs })
}

/// Evaluates the functions at shifted points, four for each element of each input.
pub(super) fn verify(
    document: &Document,
    compiled: &Compiled,
    values: &Values,
    limits: &Limits,
    cancel: &Cancel,
) -> Result<Verified, Vec<Fault>> {
    if compiled.places.checked.is_empty() {
        let detail = "`verify` compares a gradient, Jacobian or Hessian, and none is asked for";
        return Err(vec![Fault::new(Code::InvalidValue, detail).at("/verify")]);
    }
    let need = flops(document, compiled);
    if need > limits.max_flops {
        let detail = format!("verifying needs {need} floating-point operations, more than {}", limits.max_flops);
        return Err(vec![Fault::new(Code::OverBudget, detail).at("/verify")]);
    }
    let mut probe = Probe { plan: values_alone(compiled), workspace: Workspace::default(), cancel };
    let mut worst: Option<Verified> = None;
    for (w, input) in compiled.wrt.iter().enumerate() {
        let Some(number) = compiled.number(input) else { continue };
        for j in 0..elements(compiled.input_shape(document, input)) {
            let estimates = probe.column(values.inputs(), number, j, compiled.stride(document, input))?;
            for (checked, estimate) in compiled.places.checked.iter().zip(&estimates) {
                let (exact, _) = values.get(compiled, checked.blocks[w]);
                let m = elements(compiled.value_shape(checked.value));
                let n = elements(compiled.input_shape(document, input));
                for (k, &estimate) in estimate.iter().enumerate() {
                    let (point, i) = (k / m.max(1), k % m.max(1));
                    let exact = exact[(point * m + i) * n + j];
                    let difference = (exact - estimate).abs();
                    if worst.as_ref().is_none_or(|w| difference > w.difference || difference.is_nan()) {
                        worst = Some(Verified {
                            difference,
                            relative: difference / exact.abs().max(estimate.abs()).max(f64::MIN_POSITIVE),
                            output: checked.what.clone(),
                            input: input.clone(),
                            point: compiled.batch.map(|_| point),
                            element: [i, j],
                            exact,
                            estimate,
                        });
                    }
                }
            }
        }
    }
    let nothing = Fault::new(Code::InvalidValue, "there is nothing to verify: the Jacobian has no elements");
    worst.ok_or_else(|| vec![nothing.at("/verify")])
}

struct Probe<'a> {
    plan: Plan,
    workspace: Workspace,
    cancel: &'a Cancel,
}

impl Probe<'_> {
    /// The derivative of every output by element `j` of one input: central differences with two steps,
    /// extrapolated (Richardson). A batched input is shifted at all its points together.
    fn column(
        &mut self,
        inputs: &[Arc<[f64]>],
        number: usize,
        j: usize,
        stride: usize,
    ) -> Result<Vec<Vec<f64>>, Vec<Fault>> {
        let size = inputs[number].iter().skip(j).step_by(stride.max(1)).fold(1.0, |m: f64, x| m.max(x.abs()));
        let mut slope = |h: f64| -> Result<Vec<Vec<f64>>, Vec<Fault>> {
            let (high, low) =
                (self.shifted(inputs, number, j, stride, h)?, self.shifted(inputs, number, j, stride, -h)?);
            let quotient = |(a, b): (&f64, &f64)| (a - b) / (2.0 * h);
            Ok(high.iter().zip(&low).map(|(a, b)| a.iter().zip(b).map(quotient).collect()).collect())
        };
        let h = STEP * size;
        let (coarse, fine) = (slope(h)?, slope(h / 2.0)?);
        let extrapolate = |(c, f): (&f64, &f64)| (4.0 * f - c) / 3.0;
        Ok(coarse.iter().zip(&fine).map(|(c, f)| c.iter().zip(f).map(extrapolate).collect()).collect())
    }

    fn shifted(
        &mut self,
        inputs: &[Arc<[f64]>],
        number: usize,
        j: usize,
        stride: usize,
        h: f64,
    ) -> Result<Vec<Vec<f64>>, Vec<Fault>> {
        let mut moved = inputs.to_vec();
        let mut data = moved[number].to_vec();
        data.iter_mut().skip(j).step_by(stride.max(1)).for_each(|x| *x += h);
        moved[number] = data.into();
        self.plan.run(&moved, &mut self.workspace, self.cancel).map_err(|_| vec![cancelled()])?;
        let count = self.plan.count();
        Ok((0..count)
            .map(|i| self.plan.output(i, &moved, &self.workspace).contiguous_until(self.cancel).into_owned())
            .collect())
    }
}

impl Verified {
    /// Writes it as JSON; a difference that is not a number is `null`.
    pub(super) fn write(&self, w: &mut Writer) {
        w.begin_object();
        for (key, number) in [
            ("max_difference", self.difference),
            ("relative", self.relative),
            ("exact", self.exact),
            ("estimate", self.estimate),
        ] {
            w.key(key);
            if number.is_finite() { w.number(number) } else { w.null() }
        }
        w.key("output");
        w.string(&self.output);
        w.key("input");
        w.string(&self.input);
        w.key("element");
        w.usizes(&self.element);
        if let Some(point) = self.point {
            w.key("point");
            w.usize(point);
        }
        w.end_object();
    }
}
