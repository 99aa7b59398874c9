//! Calls of built-in operations.

use super::{CallSite, Lowered, Lowerer, Scope};
use crate::diff::{forward, reverse};
use crate::engine::prelude;
use crate::engine::warning::Warning;
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, NodeId, Origin, Shape, ShapeError, elements};
use crate::notation::Span;
use crate::ops::{Bound, Functions, Meaning, Operation, Signature, Value, broadcast_all, describe, to_node};

impl Lowerer<'_> {
    /// Applies a row of the table to values.
    pub(super) fn apply_operation(
        &mut self,
        row: &'static Operation,
        signature: &'static Signature,
        args: Vec<Value>,
        keywords: &[(&str, Value)],
        span: Span,
    ) -> Lowered<Value> {
        let (values, rest) = match signature.bind(row, args, keywords) {
            Ok(bound) => bound,
            Err(fault) => return self.fail(span, fault),
        };
        let outer = self.builder.origin;
        if !self.inside_builtin {
            let stage = self.stage_name();
            self.builder.origin = Origin { call: self.calls.len() as u32, derivative: false };
            self.calls.push(CallSite { operation: row.name, stage, span });
        }
        let bound = Bound { operation: row.name, names: &signature.names, values: &values, rest: &rest };
        let result = match row.meaning {
            Meaning::Build(build) => build(&mut self.builder, &bound).map(Value::Node).map_err(Some),
            Meaning::Several(build) => build(&mut self.builder, &bound)
                .map(|nodes| Value::List(nodes.into_iter().map(Value::Node).collect()))
                .map_err(Some),
            Meaning::Higher(build) => build(&mut Applying { lowerer: self, span }, &bound),
            Meaning::Elementwise(op) => self.elementwise(row, op, &bound).map(Value::Node).map_err(Some),
            Meaning::Expand(_) => self.expand(row, signature, values, span).map(Value::Node).map_err(|_| None),
        };
        self.builder.origin = outer;
        match result {
            Ok(value) => self.all_within_limits(value, span),
            Err(Some(fault)) => self.fail(span, fault),
            Err(None) => Err(super::Poisoned),
        }
    }

    /// A result, or the list of several, none of them too large.
    fn all_within_limits(&mut self, value: Value, span: Span) -> Lowered<Value> {
        match value {
            Value::Node(node) => self.within_limits(node, span).map(Value::Node),
            Value::List(items) => {
                items.into_iter().map(|v| self.all_within_limits(v, span)).collect::<Lowered<_>>().map(Value::List)
            }
            other => Ok(other),
        }
    }

    fn elementwise(
        &mut self,
        row: &'static Operation,
        op: &'static crate::ir::Primitive,
        bound: &Bound<'_>,
    ) -> Result<NodeId, Fault> {
        let nodes: Vec<NodeId> =
            bound.names.iter().map(|name| bound.array(&mut self.builder, name)).collect::<Result<_, _>>()?;
        let shapes: Vec<Shape> = nodes.iter().map(|&n| self.builder.shape(n).clone()).collect();
        if row.name == "multiply" {
            self.warn_of_matrix_times_vector(&shapes);
        }
        let equal = broadcast_all(&mut self.builder, &nodes).map_err(|e| mismatch(row, bound, &shapes, e))?;
        self.builder.try_make(op, &equal, Attr::None).map_err(|e| bound.shape_fault(e))
    }

    /// `*` between a matrix and a vector broadcasts, which people used to MATLAB or Julia seldom mean.
    fn warn_of_matrix_times_vector(&mut self, shapes: &[Shape]) {
        let suspicious = match (shapes[0].as_slice(), shapes[1].as_slice()) {
            ([_, n], [m]) | ([m], [n, _]) => *m > 1 && n == m,
            _ => false,
        };
        if !suspicious || self.inside_builtin {
            return;
        }
        let Some(site) = self.calls.last().cloned() else { return };
        let message = format!(
            "`*` multiplies {:?} and {:?} element by element, with broadcasting; the matrix product is `@`",
            shapes[0], shapes[1]
        );
        let warning = Warning {
            operation: Some("multiply".into()),
            stage: Some(site.stage),
            pointer: Some(self.document.definitions.sources.pointer(site.span)),
            place: self.document.definitions.sources.place(site.span),
            ..Warning::new("matrix_times_vector", message)
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Evaluates the definition of an operation that is written in the notation.
    fn expand(
        &mut self,
        row: &'static Operation,
        signature: &'static Signature,
        values: Vec<Value>,
        span: Span,
    ) -> Lowered<NodeId> {
        let lines = prelude::lines(row);
        let mut scope: Scope<'_> = signature.names.iter().copied().zip(values.into_iter().map(Ok)).collect();
        // Arrays are made nodes once, with a message in the user's terms.
        if let Some((name, Ok(value))) = scope.first_mut()
            && !matches!(value, Value::Node(_))
        {
            match to_node(&mut self.builder, value) {
                Ok(node) => *value = Value::Node(node),
                Err(fault) => {
                    let detail = format!("`{name}` of {} must be an array, got {}", row.name, describe(value));
                    return self.fail(span, fault.unwrap_or_else(|| Fault::new(Code::InvalidValue, detail)));
                }
            }
        }
        let outer = std::mem::replace(&mut self.inside_builtin, true);
        let told = self.faults.len();
        let mut result = Err(super::Poisoned);
        for line in lines {
            result = self.eval(&line.expr, &scope);
            if result.is_err() {
                break;
            }
            if !line.locals.is_empty() && self.name_parts(&line.locals, &result, &line.expr, &mut scope).is_err() {
                result = Err(super::Poisoned);
                break;
            }
        }
        self.inside_builtin = outer;
        let value = result.and_then(|value| self.as_array(&value, span));
        if !self.inside_builtin {
            // Faults inside the definition are the caller's: they are told where the call stands.
            for fault in self.faults.drain(told..).collect::<Vec<_>>() {
                let detail = format!("{}: {}", row.name, fault.detail);
                let _: Lowered<()> = self.fail(span, Fault { detail, ..fault });
            }
        }
        value
    }
}

/// The lowering as what operations on functions see of it.
struct Applying<'l, 'a> {
    lowerer: &'l mut Lowerer<'a>,
    /// Where the call stands.
    span: Span,
}

impl Functions for Applying<'_, '_> {
    fn builder(&mut self) -> &mut Builder {
        &mut self.lowerer.builder
    }

    fn name(&self, function: usize) -> String {
        self.lowerer.function(function).name.clone()
    }

    fn apply(&mut self, function: usize, args: Vec<Value>) -> Result<Value, Option<Fault>> {
        let bound = self.lowerer.bind_function(function, args, Vec::new(), self.span);
        bound.and_then(|args| self.lowerer.apply_function(function, args, self.span)).map_err(|_| None)
    }

    fn jacobian(&mut self, output: NodeId, input: NodeId) -> NodeId {
        let b = &mut self.lowerer.builder;
        let size = |b: &Builder, n: NodeId| elements(b.shape(n));
        let build = if size(b, output) < size(b, input) { reverse } else { forward };
        build(b, &[output], &[input], &[])[0][0]
    }
}

fn mismatch(row: &Operation, bound: &Bound<'_>, shapes: &[Shape], e: ShapeError) -> Fault {
    let fault = bound.shape_fault(e);
    if row.name != "multiply" {
        return fault;
    }
    match (shapes[0].as_slice(), shapes[1].as_slice()) {
        ([.., a], [b] | [.., b, _]) if a == b => fault.hint("for the matrix product write `@`"),
        _ => fault,
    }
}
