//! The chain rule at work: each stage's own Jacobian by its direct predecessors, and the product
//! that makes the whole one, written out.

use rustc_hash::{FxHashMap, FxHashSet};

use super::compile::Roots;
use super::lower::Stage;
use crate::diff::{forward, reverse};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, dependent, elements, reachable};

/// More paths than this are counted, not written out.
const MOST_PATHS: usize = 12;

/// The stages in order, and the products.
#[derive(Debug)]
pub struct Chain {
    /// Stages in the order in which they are computed.
    pub stages: Vec<Link>,
    /// For each output and each input, the product of factors along the chain.
    pub products: Vec<Product>,
}

/// One stage.
#[derive(Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Where its value is among the plan's outputs.
    pub value: usize,
    /// Its own Jacobian by each direct predecessor (a stage or an input).
    pub factors: Vec<Factor>,
    node: NodeId,
}

/// The derivative of a stage by one direct predecessor.
#[derive(Debug)]
pub struct Factor {
    /// The predecessor's name.
    pub by: String,
    /// Where the m × n matrix is among the plan's outputs.
    pub place: usize,
    /// Shape of the stage's value at one point.
    pub output_shape: Vec<usize>,
    /// Shape of the predecessor's value at one point.
    pub input_shape: Vec<usize>,
    node: NodeId,
}

/// The product that makes the derivative of one output by one input.
#[derive(Debug)]
pub struct Product {
    /// The output.
    pub output: String,
    /// The input.
    pub input: String,
    /// `J_f = J_g2 · J_g1`.
    pub formula: String,
    /// `(1×3)·(3×2) → (1×2)`.
    pub shapes: String,
}

/// Most stages of a chain: each takes a sweep over the graph of its own.
const MOST_STAGES: usize = 2000;

/// Adds the stages' values and own Jacobians to the graph.
///
/// # Errors
/// If there are too many stages.
pub(super) fn build(
    b: &mut Builder,
    stages: &[Stage],
    outputs: &[(&str, NodeId)],
    sources: &[(&str, NodeId)],
    roots: &mut Roots,
) -> Result<Chain, Fault> {
    let ends: Vec<NodeId> = outputs.iter().map(|o| o.1).collect();
    let live = reachable(b.nodes(), &ends);
    let is_source = |n: NodeId| sources.iter().any(|s| s.1 == n);
    let mut shown: Vec<&Stage> = stages
        .iter()
        .filter(|s| live[s.node.index()] && !is_source(s.node) && !b.node(s.node).args.is_empty())
        .collect();
    if shown.len() > MOST_STAGES {
        let detail = "the chain has too many stages to be shown; leave out `trace`, or gather equations into fewer";
        let fault = Fault::new(Code::Limit, detail).at("/trace");
        return Err(fault.expected(format!("at most {MOST_STAGES}"), shown.len().to_string()));
    }
    shown.sort_by_key(|s| s.node);
    let names: FxHashMap<NodeId, &str> =
        sources.iter().map(|s| (s.1, s.0)).chain(shown.iter().map(|s| (s.node, s.name.as_str()))).collect();
    let held: Vec<NodeId> = sources.iter().map(|s| s.1).chain(shown.iter().map(|s| s.node)).collect();
    let inputs: Vec<NodeId> = sources.iter().map(|s| s.1).collect();
    let moving = dependent(b.nodes(), &inputs, b.nodes().len());
    let mut links = Vec::with_capacity(shown.len());
    for stage in &shown {
        let before = predecessors(b, stage.node, &names, &moving);
        let m = elements(b.shape(stage.node));
        let n: usize = before.iter().map(|&p| elements(b.shape(p))).fold(0, usize::saturating_add);
        // The predecessors stand still but for the one differentiated by; the stage itself must not.
        let held: Vec<NodeId> = held.iter().copied().filter(|h| *h != stage.node).collect();
        let jacobian = if n <= m { forward } else { reverse };
        let blocks = jacobian(b, &[stage.node], &before, &held);
        let factors = before.iter().zip(&blocks[0]).map(|(&p, &block)| Factor {
            by: names[&p].to_owned(),
            place: roots.add(block),
            output_shape: b.shape(stage.node).to_vec(),
            input_shape: b.shape(p).to_vec(),
            node: p,
        });
        let factors = factors.collect();
        links.push(Link { name: stage.name.clone(), value: roots.add(stage.node), factors, node: stage.node });
    }
    let products = outputs
        .iter()
        .flat_map(|o| sources.iter().map(move |s| (o, s)))
        .map(|(&output, &source)| product(b, &links, output, source, sources.len()))
        .collect();
    Ok(Chain { stages: links, products })
}

/// The nearest named values that a stage is computed from and that move.
fn predecessors(b: &Builder, stage: NodeId, names: &FxHashMap<NodeId, &str>, moving: &[bool]) -> Vec<NodeId> {
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    let mut open = vec![stage];
    while let Some(n) = open.pop() {
        for &a in &b.node(n).args {
            if !moving[a.index()] || !seen.insert(a) {
                continue;
            }
            if names.contains_key(&a) { found.push(a) } else { open.push(a) }
        }
    }
    found.sort_unstable();
    found
}

/// Writes the product for one output and one input.
fn product(b: &Builder, links: &[Link], output: (&str, NodeId), source: (&str, NodeId), inputs: usize) -> Product {
    let whole = if inputs == 1 { format!("J_{}", output.0) } else { format!("∂{}/∂{}", output.0, source.0) };
    let (m, n) = (elements(b.shape(output.1)), elements(b.shape(source.1)));
    let finish = |formula: String, shapes: String| Product {
        output: output.0.to_owned(),
        input: source.0.to_owned(),
        formula: format!("{whole} = {formula}"),
        shapes: format!("{shapes} → ({m}×{n})"),
    };
    let link = |node: NodeId| links.iter().find(|l| l.node == node);
    if output.1 == source.1 {
        return finish("I".into(), format!("({m}×{n})"));
    }
    let total = count_paths(links, output.1, source.1);
    if total == 0 {
        return finish("0".into(), format!("({m}×{n})"));
    }
    if total > MOST_PATHS {
        return finish(format!("the sum over {total} paths of the products of factors"), format!("{total} products"));
    }
    let mut formulas = Vec::new();
    let mut shapes = Vec::new();
    let mut open: Vec<(NodeId, Vec<String>, Vec<String>)> = vec![(output.1, Vec::new(), Vec::new())];
    while let Some((node, names, sizes)) = open.pop() {
        if node == source.1 {
            formulas.push(names.join(" · "));
            shapes.push(sizes.join("·"));
            continue;
        }
        let Some(stage) = link(node) else { continue };
        // The last found is taken up first: going backwards keeps the paths in order.
        for factor in stage.factors.iter().rev() {
            let alone = stage.factors.len() == 1 && stage.name != output.0;
            let name = if alone { format!("J_{}", stage.name) } else { format!("∂{}/∂{}", stage.name, factor.by) };
            let size = format!("({}×{})", elements(&factor.output_shape), elements(&factor.input_shape));
            let extend = |list: &[String], item: String| list.iter().cloned().chain([item]).collect();
            open.push((factor.node, extend(&names, name), extend(&sizes, size)));
        }
    }
    finish(formulas.join(" + "), shapes.join(" + "))
}

/// Number of paths from a stage back to a source, saturating.
fn count_paths(links: &[Link], output: NodeId, source: NodeId) -> usize {
    let mut paths: FxHashMap<NodeId, usize> = FxHashMap::default();
    paths.insert(source, 1);
    for link in links {
        let sum = link.factors.iter().map(|f| paths.get(&f.node).copied().unwrap_or(0)).fold(0, usize::saturating_add);
        paths.insert(link.node, sum);
    }
    paths.get(&output).copied().unwrap_or(0)
}
