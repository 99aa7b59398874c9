//! What names mean: declarations, look-up, and the checks on definitions as such.

use rustc_hash::{FxHashMap, FxHashSet};

use super::recursion::components;
use super::{Lowered, Lowerer, Poisoned, Scope, walk};
use crate::engine::warning::Warning;
use crate::fault::{Code, Fault};
use crate::ir::NodeId;
use crate::json::fields::with_hint;
use crate::notation::{Expr, Function, Kind, Span};
use crate::ops::{self, Value, sparse_matrix};
use crate::suggest::suggest;

impl<'a> Lowerer<'a> {
    /// Refuses definitions that take a built-in name. The other spellings of a built-in are free: there the definition
    /// is meant, so that `y1` can be a stage although it is also a Bessel function.
    pub(super) fn check_definitions(&mut self) {
        for function in &self.document.definitions.functions {
            if let Some((row, _)) =
                ops::find(&function.name).filter(|(row, _)| row.is_public() && row.name == function.name)
            {
                let detail = format!("`{}` is a built-in function and cannot be redefined", function.name);
                let hint = format!("choose another name; the built-in is {}", row.signature);
                self.tell(|| Fault::new(Code::RedefinedBuiltin, detail).at(&function.pointer).hint(hint));
            }
        }
    }

    /// Makes an input of every parameter of the `of` functions, shared by name.
    pub(super) fn declare_inputs(&mut self, shapes: &[(&str, &[usize])]) -> Vec<(String, NodeId)> {
        let document = self.document;
        let mut inputs: Vec<(String, NodeId)> = Vec::new();
        let given: FxHashMap<&str, &[usize]> = shapes.iter().copied().collect();
        let asked: Vec<&Function> = document
            .of
            .iter()
            .filter_map(|name| self.functions.get(name.as_str()).map(|&f| self.function(f)))
            .collect();
        let params = || asked.iter().flat_map(|f| f.params.iter().map(String::as_str));
        let mut declared: FxHashSet<&str> = FxHashSet::default();
        for param in params().filter(|param| declared.insert(param)) {
            match given.get(param) {
                Some(shape) => inputs.push((param.to_owned(), self.builder.finite_input(shape))),
                None => self.tell(|| {
                    let detail = format!("`at` lacks a value for `{param}`");
                    Fault::new(Code::MissingField, detail).at("/at")
                }),
            }
        }
        for (name, _) in shapes.iter().filter(|s| !asked.is_empty() && !declared.contains(s.0)) {
            self.tell(|| {
                let functions = document.of.join(", ");
                let detail = format!("`at` has a value for `{name}`, which is not an argument of {functions}");
                let fault = Fault::new(Code::UnknownName, detail).at(crate::json::child("/at", name));
                with_hint(fault, suggest(name, params()))
            });
        }
        inputs
    }

    /// Makes constants visible: those differentiated by, and all arrays, as inputs of the graph; other
    /// scalars as literals, so that they may serve where a number must be known in advance.
    pub(super) fn declare_constants(&mut self) -> Vec<(String, NodeId)> {
        let mut inputs = Vec::new();
        if self.document.constants.is_empty() {
            return inputs;
        }
        let mentioned = self.mentioned();
        let wrt: FxHashSet<&str> = self.document.wrt.iter().flatten().map(String::as_str).collect();
        for (name, tensor) in &self.document.constants {
            let differentiated = wrt.contains(name.as_str());
            let value = if tensor.rank() == 0 && !differentiated {
                Value::Number(tensor.data[0])
            } else {
                let node = self.builder.finite_input(&tensor.shape);
                inputs.push((name.clone(), node));
                Value::Node(match self.document.sparse.iter().find(|s| s.0 == *name) {
                    Some((_, places)) => sparse_matrix(&mut self.builder, node, &places.positions, places.shape),
                    None => node,
                })
            };
            self.constants.insert(name, value);
            if !mentioned.contains(name.as_str()) {
                let message = format!("the constant `{name}` is not used by any function");
                let pointer = Some(crate::json::child("/constants", name));
                self.warnings.push(Warning { pointer, ..Warning::new("unused", message) });
            }
        }
        inputs
    }

    /// All names that functions use as arrays.
    fn mentioned(&self) -> FxHashSet<&'a str> {
        let mut found = FxHashSet::default();
        for line in self.document.definitions.functions.iter().flat_map(|f| &f.lines) {
            walk(&line.expr, &mut |e| {
                if let Kind::Name(name) = &e.kind {
                    found.insert(name.as_str());
                }
            });
        }
        found
    }

    /// Whether a name is a local, an argument or a constant.
    pub(super) fn is_array_name(&self, name: &str, scope: &Scope<'_>) -> bool {
        scope.get(name).is_some() || self.constants.contains_key(name)
    }

    /// The defined function that an argument names.
    pub(super) fn function_named(&self, arg: &Expr, scope: &Scope<'_>) -> Option<usize> {
        match &arg.kind {
            Kind::Name(name) if !self.is_array_name(name, scope) => self.functions.get(name.as_str()).copied(),
            _ => None,
        }
    }

    /// The value of a name.
    pub(super) fn lookup(&mut self, name: &str, scope: &Scope<'_>, span: Span) -> Lowered<Value> {
        if let Some(value) = scope.get(name) {
            return value.clone();
        }
        if !self.inside_builtin
            && let Some(value) = self.constants.get(name)
        {
            return Ok(value.clone());
        }
        if self.told_enough() {
            return Err(Poisoned);
        }
        let form = match self.functions.get(name) {
            Some(&f) => Some(format!("{name}({})", self.function(f).params.join(", "))),
            None => ops::find(name).filter(|(row, _)| row.is_public()).map(|(row, _)| row.signature.to_owned()),
        };
        if let Some(form) = form {
            let detail = format!("`{name}` is a function and must be called");
            return self.fail(span, Fault::new(Code::Arity, detail).hint(format!("write {form}")));
        }
        let candidates: Vec<&str> = scope.names().chain(self.constant_names()).collect();
        let hint = suggest(name, candidates);
        if hint.is_some() {
            let detail = format!("`{name}` is not defined");
            return self.fail(span, with_hint(Fault::new(Code::UnknownName, detail), hint));
        }
        self.unknown_name(name, span, false)
    }

    fn constant_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.document.constants.iter().map(|c| c.0.as_str())
    }

    /// Tells that nothing has this name, with the nearest one that exists.
    pub(super) fn unknown_name<T>(&mut self, name: &str, span: Span, called: bool) -> Lowered<T> {
        if self.told_enough() {
            return Err(Poisoned);
        }
        if let Some(fault) = ops::refused(name) {
            return self.fail(span, fault);
        }
        let functions = self.document.definitions.functions.iter().map(|f| f.name.as_str());
        let builtins = ops::table()
            .filter(|(_, row)| row.is_public())
            .flat_map(|(_, row)| std::iter::once(row.name).chain(row.aliases.iter().copied()));
        let hint = suggest(name, functions.chain(builtins));
        let what = if called { "function " } else { "" };
        let fault = Fault::new(Code::UnknownName, format!("there is no {what}`{name}`"));
        self.fail(span, with_hint(fault, hint))
    }

    /// Looks at functions that the answer does not need for what can be seen without shapes: unknown
    /// names, calls that do not fit, recursion. So all that is wrong is told at once.
    pub(super) fn check_unreached(&mut self) {
        let all = 0..self.document.definitions.functions.len();
        let unreached: Vec<usize> = all.clone().filter(|f| !self.reached.contains(f)).collect();
        if unreached.is_empty() {
            return;
        }
        let circles = components(&all.map(|f| self.callees(f)).collect::<Vec<_>>());
        for f in unreached {
            self.check_body(f, &circles);
        }
    }

    /// The defined functions that a function calls.
    fn callees(&self, f: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for line in &self.function(f).lines {
            walk(&line.expr, &mut |e| {
                if let Kind::Call { name, args, .. } = &e.kind {
                    found.extend(self.functions.get(name.as_str()));
                    if ops::higher(name).is_some() {
                        found.extend(args.iter().filter_map(|a| self.function_named(a, &Scope::default())));
                    }
                }
            });
        }
        found
    }

    fn check_body(&mut self, f: usize, circles: &[usize]) {
        let function = self.function(f);
        let mut scope: Scope<'_> = function.params.iter().map(|p| (p.as_str(), Err(Poisoned))).collect();
        for line in &function.lines {
            let mut parts: Vec<&'a Expr> = Vec::new();
            walk(&line.expr, &mut |e| parts.push(e));
            let passed: Vec<(&Expr, usize)> = parts.iter().flat_map(|e| self.passed(e, &scope)).collect();
            parts.retain(|e| !passed.iter().any(|(p, _)| std::ptr::eq(*p, *e)));
            for (e, callee) in passed {
                let _: Lowered<()> = self.check_circle((f, circles), callee, e.span);
            }
            for e in parts {
                // What is wrong is recorded; there is no value to carry on with.
                let _: Lowered<()> = match &e.kind {
                    Kind::Name(name) => self.lookup(name, &scope, e.span).map(drop),
                    Kind::Call { name, args, keywords } => {
                        let of_functions = args.iter().any(|a| self.function_named(a, &scope).is_some());
                        self.check_call((f, circles), name, (args.len(), of_functions), keywords, e.span)
                    }
                    _ => Ok(()),
                };
            }
            line.locals.iter().for_each(|local| scope.push(local, Err(Poisoned)));
        }
    }

    /// Refuses that a function calls one that calls it.
    fn check_circle(&mut self, (caller, circles): (usize, &[usize]), callee: usize, span: Span) -> Lowered<()> {
        if circles[callee] == circles[caller] {
            let detail = format!("`{}` calls itself; functions cannot be recursive", self.function(caller).name);
            return self.fault(span, Code::Recursion, detail);
        }
        Ok(())
    }

    /// The arguments of a call that are functions.
    fn passed<'e>(&self, call: &'e Expr, scope: &Scope<'_>) -> Vec<(&'e Expr, usize)> {
        match &call.kind {
            Kind::Call { name, args, .. } if ops::higher(name).is_some() => {
                args.iter().filter_map(|a| Some((a, self.function_named(a, scope)?))).collect()
            }
            _ => Vec::new(),
        }
    }

    fn check_call(
        &mut self,
        (caller, circles): (usize, &[usize]),
        name: &str,
        (args, of_functions): (usize, bool),
        keywords: &[(String, Expr)],
        span: Span,
    ) -> Lowered<()> {
        let args = vec![Value::Nothing; args];
        let keywords: Vec<(&str, Value)> = keywords.iter().map(|(k, _)| (k.as_str(), Value::Nothing)).collect();
        if self.broken.contains(name) {
            return Ok(());
        }
        if let Some(&callee) = self.functions.get(name) {
            self.bind_function(callee, args, keywords, span)?;
            return self.check_circle((caller, circles), callee, span);
        }
        let builtin = ops::higher(name).filter(|_| of_functions).or_else(|| ops::find(name));
        match builtin.filter(|(row, _)| row.is_public()) {
            Some((row, signature)) => match signature.bind(row, args, &keywords) {
                Ok(_) => Ok(()),
                Err(fault) => self.fail(span, fault),
            },
            None => self.unknown_name(name, span, true),
        }
    }
}
