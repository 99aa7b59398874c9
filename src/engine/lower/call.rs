//! Calls of defined functions, shared when the arguments are the same.

use smallvec::SmallVec;

use super::{Lowered, Lowerer, Poisoned, Scope, Stage};
use crate::fault::{Code, Fault};
use crate::ir::NodeId;
use crate::notation::{Expr, Line, Span};
use crate::ops::Value;

/// A function and its arguments: nodes by identity, numbers by their bits, lists by their parts.
pub(super) type CallKey = (usize, SmallVec<[(Part, u64); 4]>);

/// What a part of a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Node,
    Number,
    List,
}

impl Lowerer<'_> {
    /// The call that a document asks for.
    pub(super) fn top_call(&mut self, f: usize, args: Vec<Value>) -> Lowered<NodeId> {
        let span = self.function(f).lines.last().map_or(Span::default(), |l| l.expr.span);
        let value = self.apply_function(f, args, span)?;
        self.as_array(&value, span)
    }

    /// Evaluates the arguments of a call and applies a defined function, a built-in, or tells what is wrong.
    pub(super) fn eval_call(
        &mut self,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        scope: &Scope<'_>,
        span: Span,
    ) -> Lowered<Value> {
        let takes_functions = !self.inside_builtin && crate::ops::higher(name).is_some();
        let args: Vec<Lowered<Value>> = args
            .iter()
            .map(|a| match self.function_named(a, scope).filter(|_| takes_functions) {
                Some(f) => Ok(Value::Function(f)),
                None => self.eval(a, scope),
            })
            .collect();
        let keywords: Vec<Lowered<(&str, Value)>> =
            keywords.iter().map(|(k, e)| Ok((k.as_str(), self.eval(e, scope)?))).collect();
        if !self.inside_builtin && self.is_array_name(name, scope) {
            let detail = format!("`{name}` is an array, not a function");
            return self.fail(span, Fault::new(Code::UnknownName, detail).hint(format!("index it with {name}[…]")));
        }
        if !self.inside_builtin && self.broken.contains(name) {
            return Err(Poisoned);
        }
        let function = if self.inside_builtin { None } else { self.functions.get(name).copied() };
        if function.is_none() && crate::ops::find(name).is_none_or(|(row, _)| !row.is_public() && !self.inside_builtin)
        {
            return self.unknown_name(name, span, true);
        }
        let args = args.into_iter().collect::<Lowered<Vec<_>>>()?;
        let keywords = keywords.into_iter().collect::<Lowered<Vec<_>>>()?;
        let of_functions = args.iter().any(|a| matches!(a, Value::Function(_)));
        let builtin = crate::ops::higher(name).filter(|_| of_functions).or_else(|| crate::ops::find(name));
        match (function, builtin) {
            (Some(f), _) => {
                let args = self.bind_function(f, args, keywords, span)?;
                self.apply_function(f, args, span)
            }
            (None, Some((row, signature))) => self.apply_operation(row, signature, args, &keywords, span),
            (None, None) => Err(Poisoned),
        }
    }

    /// Arguments of a defined function in the order of its parameters.
    pub(super) fn bind_function(
        &mut self,
        f: usize,
        args: Vec<Value>,
        keywords: Vec<(&str, Value)>,
        span: Span,
    ) -> Lowered<Vec<Value>> {
        let function = self.function(f);
        let form = format!("{}({})", function.name, function.params.join(", "));
        let got = args.len() + keywords.len();
        let mut bound: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        let mut problem = (bound.len() > function.params.len())
            .then(|| format!("{} takes {} arguments, got {got}", function.name, function.params.len()));
        bound.resize(function.params.len().max(bound.len()), None);
        for (keyword, value) in keywords {
            match function.params.iter().position(|p| p == keyword) {
                None => problem = Some(format!("{} has no argument `{keyword}`", function.name)),
                Some(i) if bound[i].is_some() => {
                    problem = Some(format!("`{keyword}` of {} is given twice", function.name));
                }
                Some(i) => bound[i] = Some(value),
            }
        }
        if problem.is_none()
            && let Some(i) = bound.iter().position(Option::is_none)
        {
            problem = Some(format!("{} lacks its argument `{}`", function.name, function.params[i]));
        }
        match problem {
            Some(detail) => self.fail(span, Fault::new(Code::Arity, detail).expected(form, format!("{got} arguments"))),
            None => Ok(bound.into_iter().flatten().collect()),
        }
    }

    /// Applies a defined function to values; equal calls are computed once.
    pub(super) fn apply_function(&mut self, f: usize, args: Vec<Value>, span: Span) -> Lowered<Value> {
        if self.stack.contains(&f) {
            let start = self.stack.iter().position(|&g| g == f).unwrap_or(0);
            let names = self.stack[start..].iter().chain([&f]).map(|&g| self.function(g).name.as_str());
            let chain = names.collect::<Vec<_>>().join(" → ");
            let detail = format!("`{}` calls itself ({chain}); functions cannot be recursive", self.function(f).name);
            return self.fault(span, Code::Recursion, detail);
        }
        let mut values = Vec::with_capacity(args.len());
        let mut key = SmallVec::new();
        for arg in args {
            let value = if let Value::Number(_) = arg { arg } else { self.settle(arg, span)? };
            identify(&value, &mut key);
            values.push(value);
        }
        let key = (f, key);
        if let Some(known) = self.memo.get(&key) {
            return known.clone().ok_or(Poisoned);
        }
        self.reached.insert(f);
        self.stack.push(f);
        let (origin, label) = (self.builder.origin, self.label.take());
        let value = self.eval_lines(f, values);
        (self.builder.origin, self.label) = (origin, label);
        self.stack.pop();
        self.memo.insert(key, value.as_ref().ok().cloned());
        value
    }

    /// Evaluates the lines of a function in order; each becomes a stage. Lines after a faulty one are
    /// still looked at, so that their own faults are told too.
    fn eval_lines(&mut self, f: usize, args: Vec<Value>) -> Lowered<Value> {
        let function = self.function(f);
        let mut scope: Scope<'_> = function.params.iter().map(String::as_str).zip(args.into_iter().map(Ok)).collect();
        let mut result = Err(Poisoned);
        let mut broken = false;
        for line in &function.lines {
            result = self.eval_line(line, &scope);
            broken |= result.is_err();
            if !line.locals.is_empty() {
                broken |= self.name_parts(&line.locals, &result, &line.expr, &mut scope).is_err();
            }
        }
        if broken { Err(Poisoned) } else { result }
    }

    fn eval_line(&mut self, line: &Line, scope: &Scope<'_>) -> Lowered<Value> {
        let outer = std::mem::replace(&mut self.label, line.label.clone());
        let value = self.eval(&line.expr, scope).and_then(|value| self.settle(value, line.expr.span));
        if let Ok(Value::Node(node)) = value {
            self.mark(node);
        }
        self.label = outer;
        value
    }

    /// The stage being computed: a called function by its name, a line of it as `function.line`; in the
    /// outermost function a line by its label alone.
    pub(super) fn stage_name(&self) -> String {
        let label = self.label.as_deref();
        match (self.stack.as_slice(), label) {
            ([_], Some(label)) => label.to_owned(),
            ([.., f], Some(label)) => format!("{}.{label}", self.function(*f).name),
            ([.., f], None) => self.function(*f).name.clone(),
            ([], _) => String::new(),
        }
    }

    /// Remembers a stage. A value that already is one keeps its name, unless it turns out to be the
    /// result of a called function: that is how the caller knows it.
    fn mark(&mut self, node: NodeId) {
        let known = self.marked.get(&node).copied();
        let is_call = self.stack.len() > 1 && self.label.is_none();
        if known.is_some() && !is_call {
            return;
        }
        let name = self.stage_name();
        let name = self.unique(name);
        if let Some(stage) = known {
            self.stages[stage].name = name;
        } else {
            self.marked.insert(node, self.stages.len());
            self.stages.push(Stage { name, node });
        }
    }

    /// The name itself the first time, with a number after that.
    fn unique(&mut self, name: String) -> String {
        let count = self.names.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { name } else { format!("{name}#{count}") }
    }
}

/// Appends what tells a settled argument from any other.
fn identify(value: &Value, key: &mut SmallVec<[(Part, u64); 4]>) {
    match value {
        Value::Number(x) => key.push((Part::Number, x.to_bits())),
        Value::Node(node) => key.push((Part::Node, u64::from(node.0))),
        Value::List(items) => {
            key.push((Part::List, items.len() as u64));
            for item in items {
                identify(item, key);
            }
        }
        Value::Array(_) | Value::Text(_) | Value::Flag(_) | Value::Nothing | Value::Function(_) => {}
    }
}
