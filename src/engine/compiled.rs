//! A compiled document: the plan, where its outputs are, and what answers need to know of it.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use super::chain::Chain;
use super::directions::Side;
use super::document::{Document, Want};
use super::lower::CallSite;
use super::warning::Warning;
use crate::diff::sparse::Pattern;
use crate::exec::{Plan, Workspace};
use crate::ir::{Attr, Graph, NodeId, elements};

/// A document made ready to run at any point of the same shapes.
#[derive(Debug)]
pub struct Compiled {
    /// What runs.
    pub plan: Plan,
    /// The same as a graph, for explanations.
    pub graph: Graph,
    /// Names of the outputs, in the order asked for, and the shapes of their values at one point.
    pub outputs: Vec<(String, Vec<usize>)>,
    /// Names differentiated by.
    pub wrt: Vec<String>,
    /// Where in the plan's outputs things are.
    pub places: Places,
    /// What the answer has, in the order asked for.
    pub members: Vec<Member>,
    /// Which array of the document each of the graph's inputs is bound to.
    pub(super) bindings: Vec<Binding>,
    /// Shapes of one point: inputs and constants by name.
    pub shapes: Vec<(String, Vec<usize>)>,
    /// How the derivative is computed.
    pub method: Method,
    /// How the second derivative is computed, if there is one.
    pub second: Option<Method>,
    /// The stages and their own Jacobians, if asked for.
    pub chain: Option<Chain>,
    /// What origins of nodes point to.
    pub calls: Vec<CallSite>,
    /// Warnings known before running.
    pub warnings: Vec<Warning>,
    /// Constants whose elements the plan depends on, because they decide where others go.
    pub structural: Vec<String>,
    /// Length of the batch axis.
    pub batch: Option<usize>,
    /// Predicted cost.
    pub cost: Cost,
    pub(super) spare: Mutex<Vec<Workspace>>,
    /// Nanoseconds that running it and writing the answer took when that took least.
    pub(super) quickest: AtomicU64,
}

/// Memory of a run that is worth keeping for the next one, in bytes: what is larger is allocated anew
/// in less time than it takes to fill.
const KEPT_BYTES: u64 = 1 << 18;

/// How many runs of one plan may keep memory at a time.
const KEPT_WORKSPACES: usize = 8;

/// Positions among the plan's outputs.
#[derive(Debug, Default)]
pub struct Places {
    /// Derivatives that can be compared with differences of values.
    pub checked: Vec<Checked>,
    /// Kink monitors: position and the node watched.
    pub kinks: Vec<(usize, NodeId)>,
}

/// A value among the plan's outputs, and its derivative by each of `wrt`.
#[derive(Debug)]
pub struct Checked {
    /// The value, in words.
    pub what: String,
    /// Its place.
    pub value: usize,
    /// The places of the matrices.
    pub blocks: Vec<usize>,
}

/// A member of the answer: arrays under the names that lead to them.
#[derive(Debug)]
pub struct Member {
    /// What it is.
    pub want: Want,
    /// Its arrays, those under one name next to each other.
    pub leaves: Vec<Leaf>,
}

/// One array of the answer.
#[derive(Debug)]
pub struct Leaf {
    /// The names that lead to it below the member.
    pub path: Vec<String>,
    /// Where it is among the plan's outputs.
    pub place: usize,
    /// For a matrix, the shapes of the two arrays whose elements are its rows and its columns, at one point.
    pub sides: Option<[Vec<usize>; 2]>,
    /// Arrays that belong to it, by their names.
    pub also: Vec<(&'static str, usize)>,
    /// For a sparse matrix, where its elements are; the plan's output then holds these alone.
    pub pattern: Option<Arc<Pattern>>,
}

/// The array that an input of the graph is bound to.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) source: Source,
    /// The input's number.
    pub(super) number: usize,
}

/// Where an array stands in the document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// An input or a constant, by name.
    Named(String),
    /// One of the arrays of a field of directions.
    Direction(Side, usize),
}

/// How the derivative is computed, and what each way would cost.
#[derive(Debug, Clone)]
pub struct Method {
    /// The way taken, or `value` where nothing is differentiated.
    pub mode: &'static str,
    /// Predicted flops of each way considered, by its name.
    pub ways: Vec<(&'static str, u64)>,
    /// Predicted flops of the way taken.
    pub chosen: u64,
    /// The order in which the factors of the chain rule are multiplied, in words, where it was chosen.
    pub bracketing: Option<String>,
    /// Forward and reverse sweeps along colours, where that is how it was computed.
    pub colours: Option<[usize; 2]>,
}

impl Method {
    /// The only way there is.
    pub(super) fn only(mode: &'static str, flops: u64) -> Self {
        Self { mode, ways: Vec::new(), chosen: flops, bracketing: None, colours: None }
    }
}

/// What a run is predicted to take.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Floating-point operations.
    pub flops: u64,
    /// Bytes of stored values.
    pub bytes: u64,
    /// Numbers in the answer.
    pub elements: u64,
    /// Nodes of the graph.
    pub nodes: usize,
}

impl Compiled {
    /// The arrays of a document in the order of the graph's inputs.
    pub fn bind(&self, document: &Document) -> Vec<Arc<[f64]>> {
        let count = self.bindings.iter().map(|b| b.number + 1).max().unwrap_or(0);
        let nothing: Arc<[f64]> = Arc::new([]);
        let mut bound = vec![nothing; count];
        for Binding { source, number } in &self.bindings {
            let found = match source {
                Source::Named(name) => document.at.iter().chain(&document.constants).find(|(n, _)| n == name),
                Source::Direction(side, i) => side.given(document).and_then(|given| given.arrays.get(*i)),
            };
            if let Some((_, tensor)) = found {
                bound[*number] = tensor.data.clone();
            }
        }
        bound
    }

    /// The number of the graph's input that a named array is bound to.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        let named = |source: &Source| matches!(source, Source::Named(n) if n == name);
        self.bindings.iter().find(|b| named(&b.source)).map(|b| b.number)
    }
}

impl Compiled {
    /// Whether nothing but patterns is asked for, which are known without running.
    pub(super) fn computes_nothing(&self) -> bool {
        self.chain.is_none() && self.members.iter().all(|m| m.want == Want::Sparsity)
    }

    /// The places of what is infinite where a Jacobian is singular, and no fault then: logarithms of
    /// determinants, and condition numbers.
    pub(super) fn unbounded(&self) -> Vec<usize> {
        let logarithms = self.members.iter().filter(|m| m.want == Want::LogAbsDet).flat_map(|m| &m.leaves);
        let others = self.members.iter().flat_map(|m| &m.leaves).flat_map(|leaf| &leaf.also);
        logarithms.map(|leaf| leaf.place).chain(others.map(|also| also.1)).collect()
    }
}

/// Memory between runs.
impl Compiled {
    /// Memory to run in: what an earlier run gave back, or new.
    pub(super) fn workspace(&self) -> Workspace {
        self.spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default()
    }

    /// Keeps the memory of a run for the next one.
    pub(super) fn give_back(&self, workspace: Workspace) {
        if self.cost.bytes <= KEPT_BYTES
            && let Ok(mut spare) = self.spare.lock()
            && spare.len() < KEPT_WORKSPACES
        {
            spare.push(workspace);
        }
    }

    /// Rough bytes that keeping this plan takes.
    pub(super) fn weight(&self) -> u64 {
        let spare = if self.cost.bytes <= KEPT_BYTES { KEPT_WORKSPACES as u64 * self.cost.bytes } else { 0 };
        let literals = self.graph.nodes.iter().map(|n| match &n.attr {
            Attr::Data(data) => 8 * data.elements.len(),
            Attr::Places(places) => 4 * places.len(),
            _ => 0,
        });
        let leaves = self.members.iter().flat_map(|m| &m.leaves);
        let patterns = leaves.filter_map(|l| l.pattern.as_ref()).map(|p| 8 * p.rows + 4 * p.nnz());
        let kept = literals.chain(patterns).sum::<usize>() as u64;
        // The nodes stay to explain by, and the plan has steps for them.
        self.graph.nodes.len() as u64 * 256 + self.cost.nodes as u64 * 128 + kept + spare + 4096
    }
}

/// Shapes as the answer names them.
impl Compiled {
    /// Shape of the plan's output at `place`, at one point.
    pub(super) fn value_shape(&self, place: usize) -> &[usize] {
        let shape = self.graph.node(self.graph.outputs[place]).shape.as_slice();
        if self.batch.is_some() { &shape[1..] } else { shape }
    }

    /// Shape of an input at one point, or of a constant.
    pub(super) fn input_shape<'a>(&'a self, document: &'a Document, name: &str) -> &'a [usize] {
        let input = self.shapes.iter().find(|s| s.0 == name).map(|s| s.1.as_slice());
        let constant = || document.constants.iter().find(|c| c.0 == name).map(|c| c.1.shape.as_slice());
        input.or_else(constant).unwrap_or(&[])
    }

    /// A shape with the batch axis, if there is one.
    pub(super) fn with_batch(&self, shape: &[usize]) -> Vec<usize> {
        self.batch.iter().chain(shape).copied().collect()
    }

    /// Distance between the same element of neighbouring points, in elements of the bound array.
    pub(super) fn stride(&self, document: &Document, name: &str) -> usize {
        if document.batch.iter().any(|b| b == name) {
            return elements(self.input_shape(document, name));
        }
        usize::MAX
    }
}
