//! Indexing and slicing, with Python's rules for negative and omitted bounds.

use smallvec::SmallVec;

use super::{Lowered, Lowerer, Scope};
use crate::fault::{Code, Fault};
use crate::ir::Shape;
use crate::notation::{Expr, Item, Span};
use crate::ops::{Algebra, Value, known, reverse, slice};

/// What one item does to one axis of the indexed array.
struct Part {
    /// First, end and step of the slice, taken forwards.
    slice: (usize, usize, usize),
    /// Whether it is then walked backwards.
    backwards: bool,
    /// Whether the axis disappears.
    dropped: bool,
}

impl Lowerer<'_> {
    /// Evaluates `base[items]`.
    pub(super) fn eval_index(&mut self, base: &Expr, items: &[Item], scope: &Scope<'_>, span: Span) -> Lowered<Value> {
        let base_value = self.eval(base, scope)?;
        if let Value::List(list) = &base_value
            && let Some(part) = self.picked(list, items, scope)?
        {
            return if items.len() == 1 { Ok(part) } else { self.index(&part, base.span, &items[1..], scope, span) };
        }
        self.index(&base_value, base.span, items, scope, span)
    }

    /// Indexes an array.
    fn index(
        &mut self,
        base: &Value,
        base_span: Span,
        items: &[Item],
        scope: &Scope<'_>,
        span: Span,
    ) -> Lowered<Value> {
        let x = self.as_array(base, base_span)?;
        let shape: Shape = self.builder.shape(x).clone();
        let named = items.iter().filter(|i| matches!(i, Item::At(_) | Item::Range { .. })).count();
        if named > shape.len() {
            let detail = format!("{named} indices for an array of {} axes", shape.len());
            let expected = format!("at most {} indices for shape {shape:?}", shape.len());
            return self.fail(span, Fault::new(Code::Index, detail).expected(expected, named.to_string()));
        }
        if items.iter().filter(|i| matches!(i, Item::Ellipsis)).count() > 1 {
            return self.fault(span, Code::Index, "an index has at most one `...`");
        }
        let spare = shape.len() - named;
        let mut axis = 0;
        let mut parts: Vec<Part> = Vec::with_capacity(shape.len());
        // Shape of the result, the new axes included.
        let mut result = Shape::new();
        let whole = |n: usize| Part { slice: (0, n, 1), backwards: false, dropped: false };
        for item in items {
            let part = match item {
                Item::NewAxis => {
                    result.push(1);
                    continue;
                }
                Item::Ellipsis => {
                    for &n in &shape[axis..axis + spare] {
                        parts.push(whole(n));
                        result.push(n);
                    }
                    axis += spare;
                    continue;
                }
                Item::At(e) => self.position(e, shape[axis], axis, scope)?,
                Item::Range { start, stop, step } => {
                    self.range([start.as_ref(), stop.as_ref(), step.as_ref()], shape[axis], scope)?
                }
            };
            if !part.dropped {
                result.push((part.slice.1 - part.slice.0).div_ceil(part.slice.2));
            }
            parts.push(part);
            axis += 1;
        }
        for &n in &shape[axis..] {
            parts.push(whole(n));
            result.push(n);
        }
        let slices: SmallVec<[_; 4]> = parts.iter().map(|p| p.slice).collect();
        let backwards: SmallVec<[usize; 4]> = (0..parts.len()).filter(|&i| parts[i].backwards).collect();
        let sliced = slice(&mut self.builder, x, &slices);
        let turned = reverse(&mut self.builder, sliced, &backwards);
        let node = self.builder.reshape(turned, &result);
        Ok(Value::Node(self.within_limits(node, span)?))
    }

    /// A whole number known in advance.
    fn bound(&mut self, e: &Expr, scope: &Scope<'_>) -> Lowered<i64> {
        let value = self.eval(e, scope)?;
        let number = known(&self.builder, &value);
        match number {
            Some(x) if x.fract() == 0.0 && x.abs() < 9e15 => Ok(x as i64),
            Some(x) => {
                let fault = Fault::new(Code::Index, format!("an index is a whole number, got {x}"));
                self.fail(e.span, fault.expected("a whole number", x.to_string()))
            }
            None => {
                let detail =
                    "an index must be known in advance: a literal, or arithmetic on literals and scalar constants";
                let hint = "to pick by computed or listed positions, use take(x, indices, axis=0)";
                self.fail(e.span, Fault::new(Code::Index, detail).hint(hint))
            }
        }
    }

    fn position(&mut self, e: &Expr, n: usize, axis: usize, scope: &Scope<'_>) -> Lowered<Part> {
        let index = self.bound(e, scope)?;
        let position = if index < 0 { index + n as i64 } else { index };
        if !(0..n as i64).contains(&position) {
            let detail = format!("index {index} is out of range for axis {axis} of length {n}");
            let expected = if n == 0 { "no index: the axis is empty".into() } else { format!("-{n} to {}", n - 1) };
            return self.fail(e.span, Fault::new(Code::Index, detail).expected(expected, index.to_string()));
        }
        let position = position as usize;
        Ok(Part { slice: (position, position + 1, 1), backwards: false, dropped: true })
    }

    fn range(&mut self, bounds: [Option<&Expr>; 3], n: usize, scope: &Scope<'_>) -> Lowered<Part> {
        let mut values = [None; 3];
        for (value, e) in values.iter_mut().zip(bounds) {
            *value = match e {
                Some(e) if !matches!(e.kind, crate::notation::Kind::Nothing) => Some(self.bound(e, scope)?),
                _ => None,
            };
        }
        let [start, stop, step] = values;
        let step = step.unwrap_or(1);
        let n = n as i64;
        if step == 0 {
            let span = bounds[2].map_or(Span::default(), |e| e.span);
            return self.fault(span, Code::Index, "the step of a slice is not zero");
        }
        let clamp = |i: i64, low: i64, high: i64| (if i < 0 { i + n } else { i }).clamp(low, high);
        let (start, count) = if step > 0 {
            let start = start.map_or(0, |i| clamp(i, 0, n));
            let stop = stop.map_or(n, |i| clamp(i, 0, n));
            (start, (stop - start).max(0).unsigned_abs().div_ceil(step.unsigned_abs()))
        } else {
            let start = start.map_or(n - 1, |i| clamp(i, -1, n - 1));
            let stop = stop.map_or(-1, |i| clamp(i, -1, n - 1));
            (start, (start - stop).max(0).unsigned_abs().div_ceil(step.unsigned_abs()))
        };
        let (count, stride) = (count as usize, usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(Part { slice: (0, 0, 1), backwards: false, dropped: false });
        }
        let reach = (count - 1) * if count > 1 { stride } else { 1 };
        let first = if step > 0 { start as usize } else { start as usize - reach };
        let stride = if count > 1 { stride } else { 1 };
        Ok(Part { slice: (first, first + reach + 1, stride), backwards: step < 0, dropped: false })
    }
}
