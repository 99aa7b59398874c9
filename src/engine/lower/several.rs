//! Several values at once: the results of an operation that has more than one, and lists whose parts
//! differ in shape. They are named by `Q, R = qr(A)` or picked by `qr(A)[0]`.

use super::{Lowered, Lowerer, Poisoned, Scope};
use crate::fault::{Code, Fault};
use crate::ir::Shape;
use crate::notation::{Expr, Item, Span};
use crate::ops::Algebra;
use crate::ops::{Value, known, slice};

impl Lowerer<'_> {
    /// The value of a line or an argument: an array where it is one, or a list of such where the parts
    /// of a list differ in shape.
    pub(super) fn settle(&mut self, value: Value, span: Span) -> Lowered<Value> {
        match value {
            Value::List(items) if self.shape_of_list(&items).is_none() && items.iter().all(is_array) => {
                let items = items.into_iter().map(|item| self.settle(item, span)).collect::<Lowered<_>>()?;
                Ok(Value::List(items))
            }
            other => self.as_array(&other, span).map(Value::Node),
        }
    }

    /// The shape of a list of arrays of one shape.
    fn shape_of_list(&self, items: &[Value]) -> Option<Shape> {
        let mut shapes = items.iter().map(|item| self.shape_of(item));
        let first = shapes.next()??;
        shapes
            .all(|shape| shape.as_ref() == Some(&first))
            .then(|| std::iter::once(items.len()).chain(first.iter().copied()).collect())
    }

    fn shape_of(&self, value: &Value) -> Option<Shape> {
        match value {
            Value::Node(n) => Some(self.builder.shape(*n).clone()),
            Value::Number(_) => Some(Shape::new()),
            Value::Array(t) => Some(t.shape.as_slice().into()),
            Value::List(items) => self.shape_of_list(items),
            Value::Text(_) | Value::Flag(_) | Value::Nothing | Value::Function(_) => None,
        }
    }

    /// The part of a list that the first index picks, if the indexed value is a list and the index a
    /// whole number within it.
    pub(super) fn picked(&mut self, list: &[Value], items: &[Item], scope: &Scope<'_>) -> Lowered<Option<Value>> {
        let Some(Item::At(index)) = items.first() else { return Ok(None) };
        let value = self.eval(index, scope)?;
        let Some(index) = known(&self.builder, &value).filter(|i| i.fract() == 0.0) else { return Ok(None) };
        let position = if index < 0.0 { index + list.len() as f64 } else { index };
        let inside = position >= 0.0 && position < list.len() as f64;
        Ok(inside.then(|| list[position as usize].clone()))
    }

    /// Gives the names of a line their values: one name the whole, several names a part each.
    pub(super) fn name_parts<'s>(
        &mut self,
        locals: &'s [String],
        value: &Lowered<Value>,
        expr: &Expr,
        scope: &mut Scope<'s>,
    ) -> Lowered<()> {
        if let [local] = locals {
            scope.push(local, value.clone());
            return value.as_ref().map(drop).map_err(|_| Poisoned);
        }
        let parts = match value {
            Ok(value) => self.parts(value, locals.len(), expr.span),
            Err(Poisoned) => Err(Poisoned),
        };
        for (i, local) in locals.iter().enumerate() {
            scope.push(local, parts.as_ref().map(|parts| parts[i].clone()).map_err(|_| Poisoned));
        }
        parts.map(drop)
    }

    /// Takes a value apart into so many along its first axis.
    fn parts(&mut self, value: &Value, count: usize, span: Span) -> Lowered<Vec<Value>> {
        let found = match value {
            Value::List(items) => items.len(),
            other => self.shape_of(other).and_then(|shape| shape.first().copied()).unwrap_or(1),
        };
        if found != count {
            let detail = format!("{count} names are given to {found} values");
            return self.fail(span, Fault::new(Code::Shape, detail).expected(count.to_string(), found.to_string()));
        }
        if let Value::List(items) = value {
            return Ok(items.clone());
        }
        let node = self.as_array(value, span)?;
        let shape = self.builder.shape(node).clone();
        let part = |lowerer: &mut Self, i| {
            let mut slices: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
            slices[0] = (i, i + 1, 1);
            let row = slice(&mut lowerer.builder, node, &slices);
            Value::Node(lowerer.builder.reshape(row, &shape[1..]))
        };
        Ok((0..count).map(|i| part(self, i)).collect())
    }
}

/// Whether a value is an array, or a list of such.
fn is_array(value: &Value) -> bool {
    match value {
        Value::Node(_) | Value::Number(_) | Value::Array(_) => true,
        Value::List(items) => items.iter().all(is_array),
        Value::Text(_) | Value::Flag(_) | Value::Nothing | Value::Function(_) => false,
    }
}
