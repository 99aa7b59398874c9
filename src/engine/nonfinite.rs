//! Why an answer is not finite: finds the first operation, stage and element that made it so.

use std::sync::Arc;

use smallvec::SmallVec;

use super::compiled::Compiled;
use super::document::Document;
use super::run::{Values, cancelled, unravel};
use crate::exec::{Cancel, Plan, Workspace};
use crate::fault::{Code, Fault};
use crate::ir::{Graph, Kernel, Layout, NodeId, elements, reachable};
use crate::ops::{Meaning, find};

/// Recomputing every value to look at it is worth so many elements, no more.
const MOST_ELEMENTS: usize = 1 << 26;

/// The fault of a NaN or an infinity at an element of output `i`: follows it back through the graph to
/// the first value that is not finite while all it was computed from is.
pub(super) fn explain(
    document: &Document,
    compiled: &Compiled,
    values: &Values,
    i: usize,
    element: usize,
    cancel: &Cancel,
) -> Fault {
    let end = compiled.graph.outputs[i];
    let live = reachable(&compiled.graph.nodes, &[end]);
    let nodes: Vec<NodeId> = (0..live.len()).filter(|&n| live[n]).map(|n| NodeId(n as u32)).collect();
    let total = nodes.iter().map(|n| elements(&compiled.graph.node(*n).shape)).fold(0, usize::saturating_add);
    if total > MOST_ELEMENTS {
        return Fault::new(Code::NonFinite, "the answer holds a NaN or an infinity").hint(HINT);
    }
    let graph = Graph { nodes: compiled.graph.nodes.clone(), outputs: nodes.clone() };
    let plan = Plan::new(&graph);
    let mut workspace = Workspace::default();
    if plan.run(values.inputs(), &mut workspace, cancel).is_err() {
        return cancelled();
    }
    let search = Search { graph: &graph, plan: &plan, inputs: values.inputs(), workspace: &workspace };
    let (node, element) = search.origin(end, element);
    search.describe(document, compiled, node, element)
}

const HINT: &str = "ask for \"nonfinite\": \"string\" or \"null\" to receive such values";

struct Search<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    inputs: &'a [Arc<[f64]>],
    workspace: &'a Workspace,
}

impl Search<'_> {
    fn values(&self, n: NodeId) -> Vec<f64> {
        match self.graph.outputs.binary_search(&n) {
            Ok(i) => self.plan.output(i, self.inputs, self.workspace).to_contiguous().into_owned(),
            Err(_) => Vec::new(),
        }
    }

    /// Follows a non-finite element back to where it began.
    fn origin(&self, mut node: NodeId, mut element: usize) -> (NodeId, usize) {
        while let Some((earlier, position)) = self.cause(node, element) {
            (node, element) = (earlier, position);
        }
        (node, element)
    }

    /// A non-finite element that this one was computed from: one of the same value if there is any, for an
    /// infinity that does no harm, such as a mask's, may stand beside a NaN.
    fn cause(&self, node: NodeId, element: usize) -> Option<(NodeId, usize)> {
        let value = self.values(node).get(element).copied().unwrap_or(f64::NAN);
        let alike = |x: f64| x == value || x.is_nan() && value.is_nan();
        self.source(node, element, alike).or_else(|| self.source(node, element, |x| !x.is_finite()))
    }

    /// The first such element that this one was computed from.
    fn source(&self, node: NodeId, element: usize, such: impl Fn(f64) -> bool) -> Option<(NodeId, usize)> {
        let n = self.graph.node(node);
        for (k, &a) in n.args.iter().enumerate() {
            let values = self.values(a);
            let bad = |i: usize| values.get(i).is_some_and(|&x| such(x));
            let found = match n.op.kernel {
                Kernel::Elementwise(_) if self.ignores(node, k, element) => None,
                Kernel::Elementwise(_) | Kernel::Reshape => Some(element).filter(|&i| bad(i)),
                Kernel::View(view) => {
                    let layout = view(&n.attr, &Layout::dense(&self.graph.node(a).shape));
                    Some(position(&layout, element)).filter(|&i| bad(i))
                }
                Kernel::Dense(_) | Kernel::Loop => values.iter().position(|&x| such(x)),
                Kernel::Leaf | Kernel::Fill => None,
            };
            if let Some(i) = found {
                return Some((a, i));
            }
        }
        None
    }

    /// Whether an elementwise result does not depend on its `k`-th argument here: replacing that by zero
    /// leaves the result as it is. So the branch that a selection did not take is never blamed.
    fn ignores(&self, node: NodeId, k: usize, element: usize) -> bool {
        let n = self.graph.node(node);
        let Kernel::Elementwise(kernel) = n.op.kernel else { return false };
        let mut values: SmallVec<[[f64; 1]; 3]> = n.args.iter().map(|&a| [self.values(a)[element]]).collect();
        values[k] = [0.0];
        let slices: SmallVec<[&[f64]; 3]> = values.iter().map(<[f64; 1]>::as_slice).collect();
        let mut result = [0.0];
        kernel(&slices, &mut result);
        n.args.len() == 3 && result[0].to_bits() == self.values(node)[element].to_bits()
    }

    fn describe(&self, document: &Document, compiled: &Compiled, node: NodeId, element: usize) -> Fault {
        let n = self.graph.node(node);
        let site = &compiled.calls[n.origin.call as usize];
        let value = self.values(node).get(element).copied().unwrap_or(f64::NAN);
        let what = if value.is_nan() { "NaN" } else { "an infinity" };
        let index = unravel(element, &n.shape);
        if matches!(n.op.kernel, Kernel::Leaf) || site.operation.is_empty() {
            let detail = format!("{what} is among the values given, at element {index:?}");
            return Fault::new(Code::NonFinite, detail).hint(HINT);
        }
        let row = find(site.operation).map(|(row, _)| *row);
        let of = if n.origin.derivative { "the derivative of " } else { "" };
        let arguments = self.arguments(compiled, node, element);
        let detail =
            format!("{of}`{}`{arguments} in `{}`, element {index:?}, gives {what}", site.operation, site.stage);
        let fault =
            document.definitions.sources.fault(site.span, Code::NonFinite, detail).expected("a finite number", what);
        match row.map(|r| r.undefined).filter(|u| !u.is_empty()) {
            Some(undefined) => fault.hint(format!("undefined: {undefined}; {HINT}")),
            None => fault.hint(HINT),
        }
    }

    /// " of -1.0", where the operands are single numbers of the user's own call.
    fn arguments(&self, compiled: &Compiled, node: NodeId, element: usize) -> String {
        let n = self.graph.node(node);
        let site = find(compiled.calls[n.origin.call as usize].operation);
        let is_call = site.is_some_and(|(row, _)| !matches!(row.meaning, Meaning::Higher(_)));
        if n.origin.derivative || !is_call || !matches!(n.op.kernel, Kernel::Elementwise(_)) {
            return String::new();
        }
        let numbers: Vec<String> = n.args.iter().map(|&a| format!("{:?}", self.values(a)[element])).collect();
        format!(" of {}", numbers.join(" and "))
    }
}

/// Where element `i` of a layout lies in its source.
fn position(layout: &Layout, i: usize) -> usize {
    let index = unravel(i, &layout.shape);
    let moved: isize = index.iter().zip(&layout.strides).map(|(&i, &s)| i as isize * s).sum();
    layout.offset.saturating_add_signed(moved)
}
