//! What names mean: declarations, look-up, and the checks on definitions as such.

use super::{Lowered, Lowerer, Poisoned, Scope, walk};
use crate::engine::warning::Warning;
use crate::fault::{Code, Fault};
use crate::ir::NodeId;
use crate::notation::{Expr, Function, Kind, Span};
use crate::ops::{self, Value};
use crate::suggest::suggest;

impl<'a> Lowerer<'a> {
    /// Refuses definitions that take a built-in name.
    pub(super) fn check_definitions(&mut self) {
        for function in &self.document.definitions.functions {
            if let Some((row, _)) = ops::find(&function.name).filter(|(row, _)| row.is_public()) {
                let detail = format!("`{}` is a built-in function and cannot be redefined", function.name);
                let hint = format!("choose another name; the built-in is {}", row.signature);
                self.faults.push(Fault::new(Code::RedefinedBuiltin, detail).at(&function.pointer).hint(hint));
            }
        }
    }

    /// Makes an input of every parameter of the `of` functions, shared by name.
    pub(super) fn declare_inputs(&mut self, shapes: &[(&str, &[usize])]) -> Vec<(String, NodeId)> {
        let mut inputs: Vec<(String, NodeId)> = Vec::new();
        let mut missing: Vec<&str> = Vec::new();
        let document = self.document;
        let asked: Vec<&Function> = document
            .of
            .iter()
            .filter_map(|name| document.definitions.functions.iter().find(|f| f.name == *name))
            .collect();
        for param in asked.iter().flat_map(|f| &f.params).map(String::as_str) {
            if inputs.iter().any(|i| i.0 == param) || missing.contains(&param) {
                continue;
            }
            if let Some((_, shape)) = shapes.iter().find(|s| s.0 == param) {
                inputs.push((param.to_owned(), self.builder.input(shape)));
            } else {
                missing.push(param);
                let detail = format!("`at` lacks a value for `{param}`");
                self.faults.push(Fault::new(Code::MissingField, detail).at("/at"));
            }
        }
        let params = || asked.iter().flat_map(|f| f.params.iter().map(String::as_str));
        for (name, _) in shapes.iter().filter(|s| !asked.is_empty() && !params().any(|p| p == s.0)) {
            let detail =
                format!("`at` has a value for `{name}`, which is not an argument of {}", document.of.join(", "));
            let fault = Fault::new(Code::UnknownName, detail).at(crate::json::child("/at", name));
            self.faults.push(with_hint(fault, suggest(name, params())));
        }
        inputs
    }

    /// Makes constants visible: those differentiated by, and all arrays, as inputs of the graph; other
    /// scalars as literals, so that they may serve where a number must be known in advance.
    pub(super) fn declare_constants(&mut self) -> Vec<(String, NodeId)> {
        let mut inputs = Vec::new();
        for (name, tensor) in &self.document.constants {
            let differentiated = self.document.wrt.as_ref().is_some_and(|wrt| wrt.contains(name));
            let value = if tensor.rank() == 0 && !differentiated {
                Value::Number(tensor.data[0])
            } else {
                let node = self.builder.input(&tensor.shape);
                inputs.push((name.clone(), node));
                Value::Node(node)
            };
            self.constants.insert(name, value);
            if !self.is_mentioned(name) {
                let message = format!("the constant `{name}` is not used by any function");
                let pointer = Some(crate::json::child("/constants", name));
                self.warnings.push(Warning { pointer, ..Warning::new("unused", message) });
            }
        }
        inputs
    }

    fn is_mentioned(&self, name: &str) -> bool {
        let mut found = false;
        for line in self.document.definitions.functions.iter().flat_map(|f| &f.lines) {
            walk(&line.expr, &mut |e| found |= matches!(&e.kind, Kind::Name(n) if n == name));
        }
        found
    }

    /// Whether a name is a local, an argument or a constant.
    pub(super) fn is_array_name(&self, name: &str, scope: &Scope<'_>) -> bool {
        scope.get(name).is_some() || self.constants.contains_key(name)
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
        for f in
            (0..self.document.definitions.functions.len()).filter(|f| !self.reached.contains(f)).collect::<Vec<_>>()
        {
            self.check_body(f);
        }
    }

    fn check_body(&mut self, f: usize) {
        let function = self.function(f);
        let mut scope: Scope<'_> = function.params.iter().map(|p| (p.as_str(), Err(Poisoned))).collect();
        for line in &function.lines {
            let mut parts: Vec<&'a Expr> = Vec::new();
            walk(&line.expr, &mut |e| parts.push(e));
            for e in parts {
                // What is wrong is recorded; there is no value to carry on with.
                let _: Lowered<()> = match &e.kind {
                    Kind::Name(name) => self.lookup(name, &scope, e.span).map(drop),
                    Kind::Call { name, args, keywords } => self.check_call(f, name, args.len(), keywords, e.span),
                    _ => Ok(()),
                };
            }
            if let Some(local) = line.local.as_deref() {
                scope.push(local, Err(Poisoned));
            }
        }
    }

    fn check_call(
        &mut self,
        caller: usize,
        name: &str,
        args: usize,
        keywords: &[(String, Expr)],
        span: Span,
    ) -> Lowered<()> {
        let args = vec![Value::Nothing; args];
        let keywords: Vec<(&str, Value)> = keywords.iter().map(|(k, _)| (k.as_str(), Value::Nothing)).collect();
        if self.document.definitions.broken.iter().any(|broken| broken == name) {
            return Ok(());
        }
        if let Some(&callee) = self.functions.get(name) {
            self.bind_function(callee, args, keywords, span)?;
            if self.calls(callee, caller) {
                let detail = format!("`{}` calls itself; functions cannot be recursive", self.function(caller).name);
                return self.fault(span, Code::Recursion, detail);
            }
            return Ok(());
        }
        match ops::find(name).filter(|(row, _)| row.is_public()) {
            Some((row, signature)) => match signature.bind(row, args, &keywords) {
                Ok(_) => Ok(()),
                Err(fault) => self.fail(span, fault),
            },
            None => self.unknown_name(name, span, true),
        }
    }

    /// Whether one function calls another, directly or through others (or is the other).
    fn calls(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.document.definitions.functions.len()];
        let mut open = vec![from];
        while let Some(f) = open.pop() {
            if f == to {
                return true;
            }
            if std::mem::replace(&mut seen[f], true) {
                continue;
            }
            for line in &self.function(f).lines {
                walk(&line.expr, &mut |e| {
                    if let Kind::Call { name, .. } = &e.kind {
                        open.extend(self.functions.get(name.as_str()));
                    }
                });
            }
        }
        false
    }
}

fn with_hint(fault: Fault, name: Option<String>) -> Fault {
    crate::json::fields::with_hint(fault, name)
}
