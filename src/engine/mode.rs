//! The ways to build a Jacobian: each is tried, weighed by its predicted operations, and the cheapest
//! is kept, unless the document forces one.
//!
//! A way is a function in [`WAYS`]; it may find that it does not apply, or give up half-way when it
//! takes too many sweeps over too large a graph.

use std::cell::{Cell, OnceCell};

use super::colours;
use super::compile::most_laid_open;
use super::compiled::Method;
use super::document::Mode;
use super::limits::Limits;
use super::part::{Part, Parts, split};
use super::settled;
use crate::diff::sparse::{Block, Pattern};
use crate::diff::{Bracketing, Elimination, Given, Jacobian, forward, reverse};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, elements, reachable};

/// Most nodes looked at to build a derivative one way, a node once for each sweep.
const MOST_VISITS: usize = 200_000_000;

/// What is to be differentiated, and what that may take.
pub(super) struct Task<'a> {
    pub(super) values: &'a [NodeId],
    pub(super) inputs: &'a [NodeId],
    pub(super) limits: &'a Limits,
    /// The way that is forced, if one is.
    pub(super) mode: Mode,
    /// Whether the values are gradients by all inputs, one function after another.
    pub(super) symmetric: bool,
    /// Whether the answer is the elements of a pattern.
    pub(super) sparse: bool,
    /// Constants that decide the pattern.
    pub(super) known: &'a [(String, Given)],
    /// Constants that may be taken at their word.
    pub(super) constants: &'a [(String, Given)],
    /// Operations of the cheapest way so far.
    pub(super) least: Cell<u64>,
    /// The pattern, once it is found.
    pub(super) found: OnceCell<Result<Pattern, Fault>>,
}

impl Task<'_> {
    /// Rows and columns of the whole derivative.
    pub(super) fn size(&self, b: &Builder) -> (usize, usize) {
        let sum = |nodes: &[NodeId]| nodes.iter().fold(0usize, |sum, &n| sum.saturating_add(elements(b.shape(n))));
        (sum(self.values), sum(self.inputs))
    }

    /// Most operations of an elimination that is taken.
    fn worth_eliminating(&self) -> u64 {
        if self.mode == Mode::Auto { self.least.get() / ELIMINATION_GAIN } else { u64::MAX }
    }

    /// Where the whole derivative may differ from zero.
    pub(super) fn pattern(&self, b: &Builder) -> Result<&Pattern, Fault> {
        let find = || colours::find(b, self.values, self.inputs, self.known, self.limits);
        self.found.get_or_init(find).as_ref().map_err(Clone::clone)
    }
}

/// One way to build a Jacobian.
struct Way {
    mode: Mode,
    name: &'static str,
    /// Fails, with the reason, where the way does not apply or would outgrow the limits.
    build: fn(&mut Builder, &Task<'_>) -> Result<Built, Fault>,
}

/// All ways, in the order in which they are shown; of equally cheap ones the first is taken.
const WAYS: [Way; 5] = [
    Way { mode: Mode::Forward, name: "forward", build: by_columns },
    Way { mode: Mode::Reverse, name: "reverse", build: by_rows },
    Way { mode: Mode::Mixed, name: "mixed", build: by_factors },
    Way { mode: Mode::Sparse, name: "sparse", build: colours::by_colours },
    Way { mode: Mode::Elimination, name: "elimination", build: by_elimination },
];

/// A Jacobian, and what is to be said of how it was built.
pub(super) struct Built {
    parts: Parts,
    /// The values, where the derivative is made of them in another form.
    values: Option<Vec<NodeId>>,
    bracketing: Option<String>,
    /// Forward and reverse sweeps along colours.
    colours: Option<[usize; 2]>,
    /// Whether the constants are taken at their word.
    settled: bool,
}

impl Built {
    /// From matrices.
    fn dense(jacobian: Jacobian) -> Self {
        let parts = jacobian.into_iter().map(|row| row.into_iter().map(Part::Whole).collect()).collect();
        Self { parts, values: None, bracketing: None, colours: None, settled: false }
    }

    /// From sweeps along colours, and the values as they are computed on the way.
    pub(super) fn by_colours(parts: Parts, values: Vec<NodeId>, colours: [usize; 2]) -> Self {
        Self { parts, values: Some(values), bracketing: None, colours: Some(colours), settled: false }
    }

    /// Everything that is computed.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        self.parts.iter().flatten().map(Part::node).collect()
    }

    /// In the form in which it is asked for: matrices, or the elements of the pattern.
    fn in_form(mut self, b: &mut Builder, task: &Task<'_>) -> Result<Self, Fault> {
        if !task.sparse {
            for part in self.parts.iter_mut().flatten() {
                *part = Part::Whole(part.whole(b));
            }
        } else if self.colours.is_none() {
            let sizes = |nodes: &[NodeId]| nodes.iter().map(|&n| elements(b.shape(n))).collect::<Vec<_>>();
            let patterns = split(task.pattern(b)?, &sizes(task.values), &sizes(task.inputs));
            for (part, pattern) in self.parts.iter_mut().flatten().zip(patterns.into_iter().flatten()) {
                *part = Part::Sparse(Block::of_matrix(b, part.node(), pattern));
            }
        }
        Ok(self)
    }
}

/// A Jacobian built the cheapest way.
pub(super) struct Chosen {
    pub(super) parts: Parts,
    pub(super) method: Method,
    /// Whether constants are taken at their word.
    pub(super) settled: bool,
    /// The values, as the derivative is made of them.
    pub(super) values: Option<Vec<NodeId>>,
}

/// Builds the Jacobian.
///
/// # Errors
/// If no way is left that applies and keeps the limits, or not the one that is forced; nothing is told where the
/// graph is not wanted any more.
pub(super) fn choose(b: &mut Builder, task: &Task<'_>) -> Result<Chosen, Vec<Fault>> {
    let mode = task.mode;
    let mut candidates: Vec<(&Way, Built, u64)> = Vec::with_capacity(WAYS.len());
    let mut reason = None;
    for way in &WAYS {
        if b.is_unwanted() {
            return Err(Vec::new());
        }
        let allowed = mode == Mode::Auto || mode == way.mode;
        match (way.build)(b, task).and_then(|built| built.in_form(b, task)) {
            Ok(built) => {
                let values = built.values.as_deref().unwrap_or(task.values);
                let roots: Vec<NodeId> = values.iter().copied().chain(built.nodes()).collect();
                let flops = b.flops(&roots);
                // What is laid open cannot be run as large products: it must be worth it.
                if way.mode == Mode::Elimination && flops > task.worth_eliminating() {
                    continue;
                }
                task.least.set(task.least.get().min(flops));
                candidates.push((way, built, flops));
            }
            Err(fault) if allowed => reason = reason.or(Some(fault)),
            Err(_) => {}
        }
    }
    let ways = candidates.iter().map(|(way, _, flops)| (way.name, *flops)).collect();
    let allowed = candidates.into_iter().filter(|(way, ..)| mode == Mode::Auto || mode == way.mode);
    match allowed.min_by_key(|(_, built, flops)| weight(b, task, built, *flops)) {
        Some((way, built, chosen)) => {
            let Built { parts, values, bracketing, colours, settled } = built;
            let method = Method { mode: way.name, ways, chosen, bracketing, colours };
            Ok(Chosen { parts, method, settled, values })
        }
        None => Err(reason.into_iter().collect()),
    }
}

/// What a way is chosen by: that its values fit in memory and its nodes are not too many, then its operations, to which
/// a matrix counts that is made only to pick a few elements.
fn weight(b: &Builder, task: &Task<'_>, built: &Built, flops: u64) -> (bool, u64) {
    let live = reachable(b.nodes(), &built.nodes());
    let shapes = || b.nodes().iter().zip(&live).filter(|(_, live)| **live).map(|(n, _)| elements(&n.shape));
    let largest = shapes().max().unwrap_or(0) as u64;
    let too_large = largest.saturating_mul(8) > task.limits.max_bytes || shapes().count() > task.limits.max_nodes;
    let (rows, columns) = task.size(b);
    let whole = if task.sparse && built.colours.is_none() { rows.saturating_mul(columns) } else { 0 };
    (too_large, flops.saturating_add(whole as u64))
}

/// Forward mode, some inputs at a time.
fn by_columns(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    let mut blocks: Jacobian = vec![Vec::with_capacity(task.inputs.len()); task.values.len()];
    let whole = in_parts(b, task.inputs, task.limits, |b, part| {
        for (row, more) in blocks.iter_mut().zip(forward(b, task.values, part, &[])) {
            row.extend(more);
        }
    });
    if whole { Ok(Built::dense(blocks)) } else { Err(too_large(b, task)) }
}

/// Reverse mode, some outputs at a time.
fn by_rows(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    let mut blocks = Jacobian::with_capacity(task.values.len());
    let whole = in_parts(b, task.values, task.limits, |b, part| blocks.extend(reverse(b, part, task.inputs, &[])));
    if whole { Ok(Built::dense(blocks)) } else { Err(too_large(b, task)) }
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
    Ok(Built { bracketing, ..Built::dense(found.build(b)) })
}

/// Most elements and terms of a linearised graph whose vertices are eliminated, where that is asked for, and where
/// constants are taken at their word for it.
const MOST_ELIMINATED: usize = 1 << 15;
const MOST_SETTLED: usize = 1 << 17;

/// Elimination is taken by itself where it costs at most one in so many operations of any other way, and looked at
/// with constants taken at their word where no more is to be laid open than one in so many.
const ELIMINATION_GAIN: u64 = 2;
const SETTLED_GAIN: u64 = 16;

/// Elimination of vertices, number by number. By itself it is looked at for small dense derivatives, and for larger
/// ones where constants leave little of them.
fn by_elimination(b: &mut Builder, task: &Task<'_>) -> Result<Built, Fault> {
    let little = usize::try_from(task.least.get() / SETTLED_GAIN).unwrap_or(usize::MAX);
    let (most, most_settled) = match task.mode {
        Mode::Elimination => (MOST_ELIMINATED, MOST_SETTLED),
        Mode::Auto if !task.sparse => (most_laid_open(b, task.values), little.min(MOST_SETTLED)),
        _ => (0, 0),
    };
    let mut found = Elimination::find(b, task.values, task.inputs, &[], most);
    let settled = found.is_none() && !task.constants.is_empty();
    if settled {
        found = Elimination::find(b, task.values, task.inputs, &settled::given(task.constants), most_settled);
    }
    let Some(found) = found else {
        let detail = "the derivative cannot be eliminated number by number: it is too large for that, or a loop, a \
                      factorisation or an unknown index lies between the inputs and the outputs";
        let hint = "leave out `mode`: the cheapest way is then found by itself";
        return Err(Fault::new(Code::Unsupported, detail).hint(hint).at("/mode"));
    };
    // What multiplies too much is not built only to be weighed.
    if found.multiplications as u64 > task.worth_eliminating() {
        return Err(too_large(b, task));
    }
    let found = found.build(b);
    Ok(Built { values: Some(found.values), settled, ..Built::dense(found.jacobian) })
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
        if b.is_unwanted() || i > 0 && (b.nodes().len() > limits.max_nodes || visits > MOST_VISITS) {
            return false;
        }
        sweep(b, part);
        visits = visits.saturating_add(part.len().saturating_mul(b.nodes().len()));
    }
    true
}

pub(super) fn too_large(b: &Builder, task: &Task<'_>) -> Fault {
    let detail = format!(
        "the derivative of {} outputs by {} inputs of a graph of this size expands into too many operations; gather \
         scalar inputs into arrays, or name fewer in `of` and `wrt`",
        task.values.len(),
        task.inputs.len()
    );
    Fault::new(Code::Limit, detail).expected("fewer operations", format!("more than {}", b.nodes().len()))
}
