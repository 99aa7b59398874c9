//! Arguments of a call after binding to the signature, read by name as what the operation needs.

use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, ShapeError, elements};
use crate::tensor::Tensor;

/// An argument: a node of the graph, or something known while building.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An array computed by the graph.
    Node(NodeId),
    /// A number literal.
    Number(f64),
    /// An array literal of numbers.
    Array(Tensor),
    /// A list or tuple of anything else.
    List(Vec<Value>),
    /// A quoted string.
    Text(String),
    /// `True` or `False`.
    Flag(bool),
    /// `None`.
    Nothing,
    /// A defined function, by its number.
    Function(usize),
}

/// The arguments of one call, bound to the parameters of its signature.
#[derive(Debug)]
pub struct Bound<'a> {
    /// The operation's name, for messages.
    pub operation: &'a str,
    /// Parameter names in order.
    pub names: &'a [&'a str],
    /// A value for each parameter.
    pub values: &'a [Value],
    /// What was left for a variadic parameter.
    pub rest: &'a [Value],
}

impl Bound<'_> {
    /// An argument as it is.
    pub fn value(&self, name: &str) -> &Value {
        match self.names.iter().position(|n| *n == name) {
            Some(i) => &self.values[i],
            None => &Value::Nothing,
        }
    }

    fn wrong(&self, name: &str, expected: &str, got: &Value) -> Fault {
        let detail = format!("`{name}` of {} must be {expected}", self.operation);
        Fault::new(Code::InvalidValue, detail).expected(expected, describe(got))
    }

    /// A fault of this call.
    pub fn fault(&self, code: Code, detail: impl std::fmt::Display) -> Fault {
        Fault::new(code, format!("{}: {detail}", self.operation))
    }

    /// Turns a shape error of a primitive into a fault of this call.
    pub fn shape_fault(&self, e: ShapeError) -> Fault {
        self.fault(Code::Shape, e.detail).expected(e.expected, e.got)
    }

    /// Whether the argument is `None` (or left out, where that is the default).
    pub fn is_none(&self, name: &str) -> bool {
        *self.value(name) == Value::Nothing
    }

    /// A defined function.
    pub fn function(&self, name: &str) -> Result<usize, Fault> {
        match self.value(name) {
            Value::Function(f) => Ok(*f),
            other => Err(self.wrong(name, "the name of a defined function", other)),
        }
    }

    /// An array argument as a node.
    pub fn array(&self, b: &mut Builder, name: &str) -> Result<NodeId, Fault> {
        to_node(b, self.value(name)).map_err(|f| f.unwrap_or_else(|| self.wrong(name, "an array", self.value(name))))
    }

    /// A list of arrays: a list argument, or an array literal taken apart along its first axis.
    pub fn arrays(&self, b: &mut Builder, name: &str) -> Result<Vec<NodeId>, Fault> {
        let items = match self.value(name) {
            Value::List(items) => items.clone(),
            Value::Array(t) if t.rank() > 0 => rows(t),
            other => return Err(self.wrong(name, "a list of arrays, such as [a, b]", other)),
        };
        self.nodes(b, &items)
    }

    /// The variadic arguments as nodes.
    pub fn rest(&self, b: &mut Builder) -> Result<Vec<NodeId>, Fault> {
        self.nodes(b, self.rest)
    }

    fn nodes(&self, b: &mut Builder, items: &[Value]) -> Result<Vec<NodeId>, Fault> {
        let wrong = |v: &Value| self.fault(Code::InvalidValue, format!("expected arrays, got {}", describe(v)));
        items.iter().map(|v| to_node(b, v).map_err(|f| f.unwrap_or_else(|| wrong(v)))).collect()
    }

    /// `True` or `False`.
    pub fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.value(name) {
            Value::Flag(f) => Ok(*f),
            Value::Number(x) if *x == 0.0 || *x == 1.0 => Ok(*x == 1.0),
            other => Err(self.wrong(name, "True or False", other)),
        }
    }

    /// A quoted string.
    pub fn text(&self, name: &str) -> Result<&str, Fault> {
        match self.value(name) {
            Value::Text(t) => Ok(t),
            other => Err(self.wrong(name, "a quoted string", other)),
        }
    }

    /// A number known while building: a literal, arithmetic on literals.
    pub fn number(&self, b: &Builder, name: &str) -> Result<f64, Fault> {
        let expected = "a number known in advance (a literal, or arithmetic on literals)";
        known(b, self.value(name)).ok_or_else(|| self.wrong(name, expected, self.value(name)))
    }

    /// A whole number known while building.
    pub fn integer(&self, b: &Builder, name: &str) -> Result<i64, Fault> {
        let expected = "a whole number known in advance";
        known(b, self.value(name)).and_then(whole).ok_or_else(|| self.wrong(name, expected, self.value(name)))
    }

    /// A list of whole numbers known while building; a single one serves for a list of one.
    pub fn integers(&self, b: &Builder, name: &str) -> Result<Vec<i64>, Fault> {
        let value = self.value(name);
        let numbers: Option<Vec<f64>> = match value {
            Value::List(items) => items.iter().map(|v| known(b, v)).collect(),
            Value::Array(t) if t.rank() == 1 => Some(t.data.to_vec()),
            other => known(b, other).map(|x| vec![x]),
        };
        let integers = numbers.and_then(|n| n.into_iter().map(whole).collect());
        integers.ok_or_else(|| self.wrong(name, "a whole number or a list of them, known in advance", value))
    }

    /// A shape: a length or a list of lengths, none negative.
    pub fn shape(&self, b: &Builder, name: &str) -> Result<Vec<usize>, Fault> {
        let lengths = self.integers(b, name)?;
        let shape: Option<Vec<usize>> = lengths.iter().map(|&n| usize::try_from(n).ok()).collect();
        shape.ok_or_else(|| self.fault(Code::InvalidValue, format!("a shape has no negative lengths, got {lengths:?}")))
    }

    /// One axis of an array of `rank` axes; negative ones count from the end.
    pub fn axis(&self, b: &Builder, name: &str, rank: usize) -> Result<usize, Fault> {
        self.resolve_axis(self.integer(b, name)?, rank)
    }

    /// A set of distinct axes, sorted; `None` means all of them.
    pub fn axes(&self, b: &Builder, name: &str, rank: usize) -> Result<Vec<usize>, Fault> {
        if self.is_none(name) {
            return Ok((0..rank).collect());
        }
        let mut axes =
            self.integers(b, name)?.into_iter().map(|a| self.resolve_axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
        axes.sort_unstable();
        if axes.windows(2).any(|w| w[0] == w[1]) {
            return Err(self.fault(Code::Index, format!("`{name}` names an axis twice")));
        }
        Ok(axes)
    }

    /// A possibly negative axis as a position.
    pub fn resolve_axis(&self, axis: i64, rank: usize) -> Result<usize, Fault> {
        let from_front = if axis < 0 { axis + rank as i64 } else { axis };
        if (0..rank as i64).contains(&from_front) {
            return Ok(from_front as usize);
        }
        let expected = if rank == 0 {
            "no axis: the array is a scalar".to_owned()
        } else {
            format!("an axis from -{rank} to {}", rank - 1)
        };
        Err(self.fault(Code::Index, format!("axis {axis} does not exist")).expected(expected, axis.to_string()))
    }
}

/// A whole number that a double holds exactly.
fn whole(x: f64) -> Option<i64> {
    (x.fract() == 0.0 && x.abs() <= 9_007_199_254_740_992.0).then_some(x as i64)
}

/// The value of a scalar that is known while building.
pub fn known(b: &Builder, value: &Value) -> Option<f64> {
    match value {
        Value::Number(x) => Some(*x),
        Value::Array(t) if t.rank() == 0 => Some(t.data[0]),
        Value::Node(id) if b.shape(*id).is_empty() => b.fill_value(*id),
        _ => None,
    }
}

/// Makes a node of a value. `Err(None)` when it is no array at all; a list stacks its items, which
/// must have one shape.
pub fn to_node(b: &mut Builder, value: &Value) -> Result<NodeId, Option<Fault>> {
    match value {
        Value::Node(id) => Ok(*id),
        Value::Number(x) => Ok(b.fill(*x, &[])),
        Value::Array(t) => Ok(b.constant(t)),
        Value::List(items) => {
            let nodes = items.iter().map(|v| to_node(b, v)).collect::<Result<Vec<_>, _>>()?;
            super::structure::stack(b, &nodes, 0)
                .map_err(|e| Some(Fault::new(Code::Shape, e.detail).expected(e.expected, e.got)))
        }
        Value::Text(_) | Value::Flag(_) | Value::Nothing | Value::Function(_) => Err(None),
    }
}

fn rows(t: &Tensor) -> Vec<Value> {
    let shape = t.shape[1..].to_vec();
    let size = elements(&shape);
    (0..t.shape[0])
        .map(|i| Value::Array(Tensor { shape: shape.clone(), data: t.data[i * size..(i + 1) * size].into() }))
        .collect()
}

/// A value in words, for messages.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Node(_) => "a computed array".into(),
        Value::Number(x) => format!("{x}"),
        Value::Array(t) => format!("an array of shape {:?}", t.shape),
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Text(t) => format!("the string '{t}'"),
        Value::Flag(true) => "True".into(),
        Value::Flag(false) => "False".into(),
        Value::Nothing => "None".into(),
        Value::Function(_) => "a function".into(),
    }
}
