//! Document → plan: lowers the functions, adds what is wanted of their derivatives, chooses the mode
//! by cost, and refuses what is over the budget, all before anything is computed.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use rustc_hash::FxHashMap;

use super::chain::{self, Chain};
use super::compiled::{Binding, Compiled, Cost, Method, Places, Source};
use super::directions::{self, Directed};
use super::document::{Document, Wanted};
use super::limits::Limits;
use super::lower::lower;
use super::run::wanted_still;
use super::settled;
use super::wanted::{self, Request};
use crate::diff::{Given, batch, fission, in_portions, kinks, scalars, single_steps};
use crate::exec::{Cancel, Plan};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, Graph, NodeId, elements};
use crate::ops::{Algebra, is_total, turned};
use crate::suggest::suggest;

impl Compiled {
    /// Compiles a document.
    ///
    /// # Errors
    /// All that is wrong with its functions, or that the cost is over the limits.
    pub fn new(document: &Document, want: &[Wanted], limits: &Limits) -> Result<Self, Vec<Fault>> {
        Self::unless(&Cancel::new(false), document, want, limits, true)
    }

    /// Compiles a document, unless `cancel` is raised before that is done. Constants may be taken at their word where
    /// they are `settled`; the plan then depends on them.
    ///
    /// # Errors
    /// As [`Compiled::new`], or that it was given up.
    pub fn unless(
        cancel: &Cancel,
        document: &Document,
        want: &[Wanted],
        limits: &Limits,
        settled: bool,
    ) -> Result<Self, Vec<Fault>> {
        let shapes = point_shapes(document);
        let borrowed: Vec<(&str, &[usize])> = shapes.iter().map(|(n, s)| (n.as_str(), s.as_slice())).collect();
        let lowering = lower(document, &borrowed, limits, cancel)?;
        let mut b = lowering.builder;
        let wrt = differentiated(document, &lowering.inputs, &lowering.constants)?;
        let mut outputs = lowering.outputs;
        let inputs: Vec<NodeId> = wrt.iter().map(|w| w.1).collect();
        let settled =
            if settled { settled::constants(&document.constants, &inputs, &lowering.constants) } else { Vec::new() };
        // What is traced stays as it is written.
        let mut assumed = if document.trace { Vec::new() } else { settled::pick_first(&mut b, &mut outputs, &settled) };
        let values: Vec<NodeId> = outputs.iter().map(|o| o.1).collect();
        let mut roots = Roots::default();
        let mut places = Places::default();
        // Where a function has no value, none of its derivatives is given.
        if document.trace || !is_total(&b, &values) {
            for &value in &values {
                roots.add(value);
            }
        }
        let constants = &lowering.constants;
        let request =
            Request { cancel, document, want, limits, outputs: &outputs, wrt: &wrt, constants, settled: &settled };
        let built = wanted::build(&mut b, &request, &mut roots)?;
        places.checked = built.checked;
        wanted_still(cancel)?;
        if built.first.is_some() || built.second.is_some() {
            let watched = kinks(&mut b, &values, &inputs);
            places.kinks = watched.iter().map(|&(node, mask)| (roots.add(mask), node)).collect();
        }
        let main = built.first.or_else(|| built.second.clone());
        let method = main.unwrap_or_else(|| Method::only("value", b.flops(&values)));
        let chain = document.trace.then(|| -> Result<Chain, Fault> {
            let ends: Vec<(&str, NodeId)> = outputs.iter().map(|o| (o.0.as_str(), o.1)).collect();
            let sources: Vec<(&str, NodeId)> = wrt.iter().map(|(n, id)| (n.as_str(), *id)).collect();
            chain::build(&mut b, &lowering.stages, &ends, &sources, &mut roots)
        });
        let chain = chain.transpose().map_err(|fault| vec![fault])?;
        wanted_still(cancel)?;
        let named: Vec<(String, NodeId)> = lowering.inputs.into_iter().chain(lowering.constants).collect();
        if !document.trace {
            roots.replace(&built.computed);
            assumed.extend(settled::pick_last(&mut b, &mut roots.nodes, &settled));
        }
        let mut roots = fission(&mut b, &roots.nodes);
        let count = roots.len();
        let opened = laid_open(&mut b, &roots, &settled, built.settled);
        if opened.as_ref().is_some_and(|o| o.settled) {
            assumed.extend(settled::used(&b, &roots, &settled).cloned());
        }
        assumed.extend(built.structural);
        assumed.sort_unstable();
        assumed.dedup();
        roots.extend(opened.into_iter().flat_map(|o| o.roots));
        let points = roots[..count].to_vec();
        let (mut roots, bindings, axis) = add_batch(&mut b, document, &named, &built.directed, roots);
        let mut opened = roots.split_off(count);
        if axis.is_none() {
            roots = single_steps(&mut b, &roots);
        }
        roots = turned(&mut b, &roots);
        let portions = axis.as_ref().filter(|_| opened.is_empty());
        let mut portions = portions.and_then(|axis| in_portions(&mut b, &points, &roots, &axis.replaced, axis.size));
        let length = axis.map(|axis| axis.size);
        wanted_still(cancel)?;
        let outputs = outputs.into_iter().map(|(name, value)| (name, b.shape(value).to_vec())).collect();
        let kinks = places.kinks.iter_mut().map(|kink| &mut kink.1);
        let mut graph = b.finish_with(roots, kinks.chain(&mut opened).chain(portions.iter_mut().flatten()));
        let (plan, cost) = admit(&graph, opened, portions, limits)?;
        graph.forget_the_rest(places.kinks.iter_mut().map(|kink| &mut kink.1));
        Ok(Self {
            plan,
            graph,
            outputs,
            members: built.members,
            wrt: wrt.into_iter().map(|w| w.0).collect(),
            places,
            bindings,
            shapes,
            method,
            second: built.second,
            chain,
            calls: lowering.calls,
            warnings: lowering.warnings,
            structural: assumed,
            batch: length,
            cost,
            spare: Mutex::default(),
            quickest: AtomicU64::new(u64::MAX),
        })
    }
}

/// The plan's outputs as they are collected.
#[derive(Debug, Default)]
pub(super) struct Roots {
    nodes: Vec<NodeId>,
    places: FxHashMap<NodeId, usize>,
}

impl Roots {
    /// Asks for a node; the same node is asked for once.
    pub(super) fn add(&mut self, node: NodeId) -> usize {
        *self.places.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// Asks for values in the form in which they are computed in any case.
    fn replace(&mut self, computed: &[(NodeId, NodeId)]) {
        for (value, other) in computed {
            self.nodes.iter_mut().filter(|node| *node == value).for_each(|node| *node = *other);
        }
    }

    /// The node asked for at a place.
    pub(super) fn node(&self, place: usize) -> NodeId {
        self.nodes[place]
    }
}

/// Shapes of inputs at one point.
fn point_shapes(document: &Document) -> Vec<(String, Vec<usize>)> {
    let one = |name: &String, shape: &[usize]| {
        if document.batch.contains(name) { shape[1..].to_vec() } else { shape.to_vec() }
    };
    document.at.iter().map(|(name, t)| (name.clone(), one(name, &t.shape))).collect()
}

/// The inputs and constants differentiated by: those named, else every input.
fn differentiated(
    document: &Document,
    inputs: &[(String, NodeId)],
    constants: &[(String, NodeId)],
) -> Result<Vec<(String, NodeId)>, Vec<Fault>> {
    let Some(names) = &document.wrt else { return Ok(inputs.to_vec()) };
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let known = || inputs.iter().chain(constants);
        if let Some(named) = known().find(|k| k.0 == *name) {
            found.push(named.clone());
            continue;
        }
        let detail = format!("`wrt` names `{name}`, which is neither an input nor a constant");
        let fault = Fault::new(Code::UnknownName, detail).at(format!("/wrt/{i}"));
        faults.push(crate::json::fields::with_hint(fault, suggest(name, known().map(|k| k.0.as_str()))));
        if faults.len() >= super::MOST_FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// Length of the batch axis, if there is one.
pub(super) fn batch_length(document: &Document) -> Option<usize> {
    document.at.iter().find(|(name, _)| document.batch.contains(name)).map(|(_, t)| t.shape[0])
}

/// The batch axis: its length, and what stands for many along it, each with what takes its place.
struct Axis {
    size: usize,
    replaced: Vec<(NodeId, NodeId)>,
}

/// Gives everything asked for the batch axis, if there is one, and says where inputs are bound.
fn add_batch(
    b: &mut Builder,
    document: &Document,
    named: &[(String, NodeId)],
    directed: &[Directed],
    roots: Vec<NodeId>,
) -> (Vec<NodeId>, Vec<Binding>, Option<Axis>) {
    let length = batch_length(document);
    let mut replaced = Vec::new();
    let mut bindings = Vec::new();
    for (name, node) in named {
        let tensor = document.at.iter().find(|(n, _)| n == name).filter(|(n, _)| document.batch.contains(n));
        let bound = match tensor {
            Some((_, tensor)) => {
                let image = b.input(&tensor.shape);
                replaced.push((*node, image));
                image
            }
            None => *node,
        };
        bindings.push(Binding { source: Source::Named(name.clone()), number: input_number(b, bound) });
    }
    for direction in directed {
        let bound = match length.filter(|_| direction.by_point) {
            Some(size) => {
                let (input, image) = directions::by_point(b, direction, size);
                replaced.push((direction.node, image));
                input
            }
            None => direction.node,
        };
        let source = Source::Direction(direction.side, direction.index);
        bindings.push(Binding { source, number: input_number(b, bound) });
    }
    match length {
        Some(size) => (batch(b, &roots, &replaced, size), bindings, Some(Axis { size, replaced })),
        None => (roots, bindings, None),
    }
}

/// Most elements and terms of a graph that is laid open, and most for each operation on arrays: arrays that are large
/// for their number pay for the time that starting an operation on them takes. More is looked at where constants are
/// taken at their word, as their zeros and indices may leave one in so many.
const MOST_LAID_OPEN: u64 = 1 << 13;
const MOST_SETTLED: u64 = 1 << 16;
const SETTLED_SHARE: u64 = 4;
const MOST_FOR_A_START: u64 = 64;

/// Most elements and terms for which laying a graph open is predicted to pay.
pub(super) fn most_laid_open(b: &Builder, roots: &[NodeId]) -> usize {
    crate::ir::starts(b.nodes(), roots).saturating_mul(MOST_FOR_A_START).min(MOST_LAID_OPEN) as usize
}

/// What is asked for, made of single elements.
struct Opened {
    roots: Vec<NodeId>,
    /// Whether constants are taken at their word.
    settled: bool,
}

/// What is asked for, made of single elements, where that is predicted to take less time; in any case if it was made
/// of such already that take the constants at their word.
fn laid_open(b: &mut Builder, roots: &[NodeId], constants: &[(String, Given)], in_any_case: bool) -> Option<Opened> {
    let starts = crate::ir::starts(b.nodes(), roots);
    let mut settled = in_any_case;
    let mut opened = if settled { None } else { scalars(b, roots, &[], most_laid_open(b, roots)) };
    if opened.is_none() && !constants.is_empty() {
        let worth = if settled { u64::MAX } else { starts.saturating_mul(MOST_FOR_A_START) };
        let most = if settled { u64::MAX } else { worth.saturating_mul(SETTLED_SHARE).min(MOST_SETTLED) };
        opened = scalars(b, roots, &settled::given(constants), most as usize);
        opened = opened.filter(|opened| b.flops(&opened.concat()) <= worth);
        settled = true;
    }
    let whole = roots.iter().zip(opened?).map(|(&root, elements)| {
        let shape = b.shape(root).clone();
        if elements.is_empty() { root } else { b.array(&elements, &shape) }
    });
    Some(Opened { roots: whole.collect(), settled })
}

fn input_number(b: &Builder, node: NodeId) -> usize {
    match b.node(node).attr {
        crate::ir::Attr::Input(_, number) => number,
        _ => 0,
    }
}

/// Floating-point operations that take as long as starting one operation on a single number.
const FLOPS_OF_A_START: u64 = 200;

/// Predicts the cost and refuses what is over the limits; only then plans. What was laid open, or is computed in
/// portions of the batch, is run instead, where that keeps the limits too.
fn admit(
    graph: &Graph,
    opened: Vec<NodeId>,
    portions: Option<Vec<NodeId>>,
    limits: &Limits,
) -> Result<(Plan, Cost), Vec<Fault>> {
    let live = crate::ir::reachable(&graph.nodes, &graph.outputs);
    let nodes = || graph.nodes.iter().zip(&live).filter(|(_, live)| **live).map(|(n, _)| n);
    let flops = crate::ir::flops(&graph.nodes, &graph.outputs);
    let answer = graph.outputs.iter().fold(0u64, |sum, o| sum.saturating_add(elements(&graph.node(*o).shape) as u64));
    let over = |what: &str, need: u64, limit: u64| {
        let detail = format!(
            "this request needs {need} {what}, more than the limit of {limit}; ask for less, retrying does not help"
        );
        vec![Fault::new(Code::OverBudget, detail).expected(format!("at most {limit}"), need.to_string())]
    };
    if flops > limits.max_flops {
        return Err(over("floating-point operations", flops, limits.max_flops));
    }
    let count = nodes().count();
    if count > limits.max_nodes {
        return Err(over("operations on arrays", count as u64, limits.max_nodes as u64));
    }
    // However little an operation of a loop's step does, starting it takes time.
    let starts = crate::ir::starts(&graph.nodes, &graph.outputs);
    let most = limits.max_flops / FLOPS_OF_A_START;
    if starts > most {
        return Err(over("operations in the steps of its loops", starts, most));
    }
    // One value that alone is too large is found before the layout of any is computed.
    let largest = nodes().map(crate::ir::Node::largest).max().unwrap_or(0) as u64;
    let written = largest.max(answer).saturating_mul(8);
    if written > limits.max_bytes {
        return Err(over("bytes", written, limits.max_bytes));
    }
    if !opened.is_empty() {
        let opened = Graph { nodes: graph.nodes.clone(), outputs: opened };
        let count = crate::ir::reachable(&opened.nodes, &opened.outputs).into_iter().filter(|live| *live).count();
        if count <= limits.max_nodes
            && let Some(plan) = Plan::of_scalars(&opened)
        {
            let flops = crate::ir::flops(&opened.nodes, &opened.outputs);
            let bytes = plan.bytes();
            if bytes <= limits.max_bytes {
                return Ok((plan, Cost { flops, bytes, elements: answer, nodes: count }));
            }
        }
    }
    let portions = portions.map(|outputs| Graph { nodes: graph.nodes.clone(), outputs });
    let plan = Plan::new(portions.as_ref().unwrap_or(graph));
    let bytes = plan.bytes();
    if bytes > limits.max_bytes {
        return Err(over("bytes", bytes, limits.max_bytes));
    }
    Ok((plan, Cost { flops, bytes, elements: answer, nodes: count }))
}
