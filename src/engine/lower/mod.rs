//! Document → graph: evaluates expressions over nodes instead of numbers.
//!
//! A call of a defined function is evaluated once for each distinct list of arguments and shared
//! after that, so that functions built on functions cost what they compute and no more.

mod call;
mod index;
mod names;
mod operation;
mod recursion;
mod scope;
mod several;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use rustc_hash::{FxHashMap, FxHashSet};

use super::document::Document;
use super::limits::Limits;
use super::run::cancelled;
use super::warning::Warning;
use crate::exec::Cancel;
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, elements};
use crate::notation::{Expr, Function, Item, Kind, Span};
use crate::ops::{Value, is_sparse, to_node};
use call::CallKey;
use scope::Scope;

/// Nodes of the graph that there is room for from the beginning on: those of a hundred operations with a derivative.
const EXPECTED: usize = 1 << 11;

/// A fault has been recorded; whoever needed the value gives up quietly.
#[derive(Debug, Clone, Copy)]
struct Poisoned;

type Lowered<T> = Result<T, Poisoned>;

/// One call of an operation: what its nodes' origin points to.
#[derive(Debug, Clone)]
pub struct CallSite {
    /// The operation as the user called it.
    pub operation: &'static str,
    /// The stage it belongs to.
    pub stage: String,
    /// Where it stands.
    pub span: Span,
}

/// A named value on the way from inputs to outputs.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Stage {
    /// Its name, unique.
    pub name: String,
    /// Its value.
    pub node: NodeId,
}

/// The function part of a document as a graph.
#[derive(Debug)]
pub(in crate::engine) struct Lowering {
    /// The graph so far.
    pub builder: Builder,
    /// Inputs of the functions, in order: name and node.
    pub inputs: Vec<(String, NodeId)>,
    /// Constants that are inputs of the graph, in order after the inputs.
    pub constants: Vec<(String, NodeId)>,
    /// Outputs: name and node.
    pub outputs: Vec<(String, NodeId)>,
    /// Stages in the order they were computed.
    pub stages: Vec<Stage>,
    /// What nodes' origins point to; the first entry stands for no call.
    pub calls: Vec<CallSite>,
    /// What is legal but likely not meant.
    pub warnings: Vec<Warning>,
}

struct Lowerer<'a> {
    document: &'a Document,
    limits: &'a Limits,
    cancel: &'a Cancel,
    functions: FxHashMap<&'a str, usize>,
    /// Functions that could not be read.
    broken: FxHashSet<&'a str>,
    constants: FxHashMap<&'a str, Value>,
    builder: Builder,
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
    calls: Vec<CallSite>,
    stages: Vec<Stage>,
    memo: FxHashMap<CallKey, Option<Value>>,
    /// Functions being evaluated, outermost first.
    stack: Vec<usize>,
    /// Functions evaluated at least once.
    reached: BTreeSet<usize>,
    /// Label of the line being evaluated.
    label: Option<String>,
    /// Which values are stages already, and how often each stage name was given.
    marked: FxHashMap<NodeId, usize>,
    names: FxHashMap<String, usize>,
    /// Set inside a built-in's own definition, where no user's name is visible.
    inside_builtin: bool,
    depth: usize,
    steps: usize,
    exhausted: bool,
}

/// Lowers what a document's `of` functions compute at inputs of the given shapes, or tells all that is wrong.
///
/// `shapes` are those of one point, without a batch axis. Constants become inputs of the graph, except
/// scalars that are not differentiated by, which become literals.
pub(in crate::engine) fn lower(
    document: &Document,
    shapes: &[(&str, &[usize])],
    limits: &Limits,
    cancel: &Cancel,
) -> Result<Lowering, Vec<Fault>> {
    let mut lowerer = Lowerer::new(document, limits, cancel);
    lowerer.check_definitions();
    let inputs = lowerer.declare_inputs(shapes);
    let constants = lowerer.declare_constants();
    let mut outputs = Vec::new();
    for name in &document.of {
        let Some(&f) = lowerer.functions.get(name.as_str()) else { continue };
        let params = &document.definitions.functions[f].params;
        let args: Option<Vec<Value>> =
            params.iter().map(|p| inputs.iter().find(|i| i.0 == *p).map(|i| Value::Node(i.1))).collect();
        // A missing input has been told already.
        let Some(args) = args else { continue };
        if let Ok(node) = lowerer.top_call(f, args) {
            outputs.push((name.clone(), node));
        }
    }
    lowerer.check_unreached();
    lowerer.finish(inputs, constants, outputs)
}

impl<'a> Lowerer<'a> {
    fn new(document: &'a Document, limits: &'a Limits, cancel: &'a Cancel) -> Self {
        let functions = document.definitions.functions.iter().enumerate().map(|(i, f)| (f.name.as_str(), i)).collect();
        let outside = CallSite { operation: "", stage: String::new(), span: Span::default() };
        Self {
            document,
            limits,
            cancel,
            functions,
            broken: document.definitions.broken.iter().map(String::as_str).collect(),
            constants: FxHashMap::default(),
            builder: Builder::until(cancel.shared(), EXPECTED),
            faults: Vec::new(),
            warnings: Vec::new(),
            calls: vec![outside],
            stages: Vec::new(),
            memo: FxHashMap::default(),
            stack: Vec::new(),
            reached: BTreeSet::new(),
            label: None,
            marked: FxHashMap::default(),
            names: FxHashMap::default(),
            inside_builtin: false,
            depth: 0,
            steps: 0,
            exhausted: false,
        }
    }

    fn finish(
        mut self,
        inputs: Vec<(String, NodeId)>,
        constants: Vec<(String, NodeId)>,
        outputs: Vec<(String, NodeId)>,
    ) -> Result<Lowering, Vec<Fault>> {
        if !self.faults.is_empty() {
            let mut told: Vec<Fault> = Vec::new();
            for fault in self.faults {
                if !told.contains(&fault) {
                    told.push(fault);
                }
            }
            return Err(told);
        }
        self.builder.origin = crate::ir::Origin::default();
        let (builder, stages, calls, warnings) = (self.builder, self.stages, self.calls, self.warnings);
        Ok(Lowering { builder, inputs, constants, outputs, stages, calls, warnings })
    }

    fn function(&self, f: usize) -> &'a Function {
        &self.document.definitions.functions[f]
    }

    /// Records a fault at a place of the document.
    fn fail<T>(&mut self, span: Span, fault: Fault) -> Lowered<T> {
        if self.told_enough() {
            return Err(Poisoned);
        }
        let placed = self.document.definitions.sources.fault(span, fault.code, fault.detail);
        let fault = Fault { expected: fault.expected, got: fault.got, hint: fault.hint, ..placed };
        // A repeated evaluation meets the same fault again.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        Err(Poisoned)
    }

    /// Whether further faults are not told: the first few are enough, and placing one takes time.
    fn told_enough(&self) -> bool {
        self.faults.len() >= super::MOST_FAULTS
    }

    /// Records a fault that has no place in a text.
    fn tell(&mut self, fault: impl FnOnce() -> Fault) {
        if !self.told_enough() {
            self.faults.push(fault());
        }
    }

    fn fault<T>(&mut self, span: Span, code: Code, detail: impl Into<String>) -> Lowered<T> {
        self.fail(span, Fault::new(code, detail))
    }

    /// Evaluates an expression.
    fn eval(&mut self, expr: &Expr, scope: &Scope<'_>) -> Lowered<Value> {
        self.steps += 1;
        if !self.exhausted && self.cancel.load(Ordering::Relaxed) {
            self.exhausted = true;
            self.faults = vec![cancelled()];
        }
        if self.exhausted {
            return Err(Poisoned);
        }
        if self.depth >= self.limits.max_depth || self.steps > self.limits.max_steps {
            self.exhausted = true;
            let detail = format!(
                "the functions are nested too deeply or call each other too often: at most {} levels and {} evaluations",
                self.limits.max_depth, self.limits.max_steps
            );
            return self.fault(expr.span, Code::Limit, detail);
        }
        self.depth += 1;
        let value = self.eval_kind(expr, scope);
        self.depth -= 1;
        value
    }

    fn eval_kind(&mut self, expr: &Expr, scope: &Scope<'_>) -> Lowered<Value> {
        match &expr.kind {
            Kind::Number(x) => Ok(Value::Number(*x)),
            Kind::Text(t) => Ok(Value::Text(t.clone())),
            Kind::Flag(f) => Ok(Value::Flag(*f)),
            Kind::Nothing => Ok(Value::Nothing),
            Kind::Array(t) => Ok(Value::Array(t.clone())),
            Kind::Name(name) => self.lookup(name, scope, expr.span),
            Kind::List(items) => {
                let values: Vec<Lowered<Value>> = items.iter().map(|i| self.eval(i, scope)).collect();
                Ok(Value::List(values.into_iter().collect::<Lowered<_>>()?))
            }
            Kind::Index { base, items } => self.eval_index(base, items, scope, expr.span),
            Kind::Call { name, args, keywords } => self.eval_call(name, args, keywords, scope, expr.span),
        }
    }

    fn as_array(&mut self, value: &Value, span: Span) -> Lowered<NodeId> {
        match to_node(&mut self.builder, value) {
            Ok(node) => self.within_limits(node, span),
            Err(Some(fault)) => self.fail(span, fault),
            Err(None) => {
                let detail = format!("expected an array, got {}", crate::ops::describe(value));
                self.fault(span, Code::InvalidValue, detail)
            }
        }
    }

    /// Refuses what is too large before anything is allocated for it.
    fn within_limits(&mut self, node: NodeId, span: Span) -> Lowered<NodeId> {
        let shape = self.builder.shape(node);
        let count = elements(shape);
        if count > self.limits.max_elements && !is_sparse(&self.builder, node) {
            let detail = format!(
                "an array of shape {shape:?} has more elements than one array may have; ask for something smaller, \
                 retrying does not help"
            );
            let most = format!("at most {} elements", self.limits.max_elements);
            let got = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
            return self.fail(span, Fault::new(Code::OverBudget, detail).expected(most, format!("{got} elements")));
        }
        if shape.len() > self.limits.max_rank {
            let detail = format!("an array has {} axes, more than {}", shape.len(), self.limits.max_rank);
            return self.fault(span, Code::Limit, detail);
        }
        if self.builder.nodes().len() > self.limits.max_nodes {
            self.exhausted = true;
            let detail = format!(
                "the functions expand into more than {} operations; a function called with different arguments is \
                 computed once for each",
                self.limits.max_nodes
            );
            return self.fault(span, Code::Limit, detail);
        }
        Ok(node)
    }
}

/// Calls `visit` on every expression below (and including) one.
fn walk<'e>(expr: &'e Expr, visit: &mut impl FnMut(&'e Expr)) {
    visit(expr);
    match &expr.kind {
        Kind::List(items) => items.iter().for_each(|i| walk(i, visit)),
        Kind::Call { args, keywords, .. } => {
            args.iter().chain(keywords.iter().map(|k| &k.1)).for_each(|a| walk(a, visit));
        }
        Kind::Index { base, items } => {
            walk(base, visit);
            for item in items {
                match item {
                    Item::At(e) => walk(e, visit),
                    Item::Range { start, stop, step } => {
                        [start, stop, step].into_iter().flatten().for_each(|e| walk(e, visit));
                    }
                    Item::Ellipsis | Item::NewAxis => {}
                }
            }
        }
        Kind::Number(_) | Kind::Name(_) | Kind::Text(_) | Kind::Flag(_) | Kind::Nothing | Kind::Array(_) => {}
    }
}
