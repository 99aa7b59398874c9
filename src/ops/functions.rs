//! Operations on functions: what they may do with a defined function, and the values that go in and out.

use smallvec::SmallVec;

use super::Algebra;
use super::bind::{Bound, Value, describe, to_node};
use super::structure::slice;
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Shape, show};

/// Evaluates the functions that a document defines.
pub trait Functions {
    /// The graph being made.
    fn builder(&mut self) -> &mut Builder;

    /// The name of a function.
    fn name(&self, function: usize) -> String;

    /// A function applied to values.
    ///
    /// # Errors
    /// `None` if it cannot be: why has been told where it stands.
    fn apply(&mut self, function: usize, args: Vec<Value>) -> Result<Value, Option<Fault>>;
    /// The Jacobian of one node by another, m × n of the two flattened.
    fn jacobian(&mut self, output: NodeId, input: NodeId) -> NodeId;
}

/// What an operation on functions makes of a call: its value, or the fault; `None` if that has been told.
pub type Higher = fn(&mut dyn Functions, &Bound<'_>) -> Result<Value, Option<Fault>>;

/// One array, or a list of arrays of different shapes: what is carried through a loop or solved for.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Parts {
    /// The arrays.
    pub(in crate::ops) nodes: Vec<NodeId>,
    /// Whether they are the parts of a list.
    list: bool,
}

impl Parts {
    /// Reads a value: an array where it is one.
    pub(in crate::ops) fn read(b: &mut Builder, args: &Bound<'_>, name: &str, value: &Value) -> Result<Self, Fault> {
        if let Ok(node) = to_node(b, value) {
            return Ok(Self { nodes: vec![node], list: false });
        }
        let nodes = match value {
            Value::List(items) => items.iter().map(|v| to_node(b, v)).collect::<Result<Vec<_>, _>>(),
            _ => Err(None),
        };
        nodes.map(|nodes| Self { nodes, list: true }).map_err(|fault| {
            let detail = format!("`{name}` is an array or a list of arrays");
            fault.unwrap_or_else(|| args.fault(Code::InvalidValue, detail).expected("an array", describe(value)))
        })
    }

    /// Other nodes in the same form.
    pub(in crate::ops) fn with(&self, nodes: Vec<NodeId>) -> Self {
        Self { nodes, list: self.list }
    }

    /// New inputs of the same shapes.
    pub(in crate::ops) fn inputs(&self, b: &mut Builder) -> Self {
        self.with(self.nodes.iter().map(|&n| b.input_like(n)).collect())
    }

    /// As a value of the notation.
    pub(in crate::ops) fn value(&self) -> Value {
        match self.nodes.as_slice() {
            [one] if !self.list => Value::Node(*one),
            nodes => Value::List(nodes.iter().map(|&n| Value::Node(n)).collect()),
        }
    }

    /// Reads a value that must be of the same form and shapes; `what` it is, for the message.
    pub(in crate::ops) fn alike(
        &self,
        b: &mut Builder,
        args: &Bound<'_>,
        what: &str,
        value: &Value,
    ) -> Result<Self, Fault> {
        let found = Self::read(b, args, what, value)?;
        let shapes = |b: &Builder, parts: &Self| {
            let shapes: Vec<String> = parts.nodes.iter().map(|&n| show(b.shape(n))).collect();
            if parts.list {
                format!("a list of shapes {}", shapes.join(", "))
            } else {
                format!("shape {}", shapes.join(""))
            }
        };
        let (expected, got) = (shapes(b, self), shapes(b, &found));
        if expected == got {
            return Ok(found);
        }
        Err(args.fault(Code::Shape, format!("{what} keeps its shape from step to step")).expected(expected, got))
    }
}

/// A result of exactly two values, such as `[carry, output]`.
pub(in crate::ops) fn pair(b: &mut Builder, value: &Value) -> Option<[Value; 2]> {
    match value {
        Value::List(items) => match items.as_slice() {
            [first, second] => Some([first.clone(), second.clone()]),
            _ => None,
        },
        // Two arrays of one shape have been stacked.
        other => {
            let node = to_node(b, other).ok()?;
            let shape: Shape = b.shape(node).clone();
            if shape.first() != Some(&2) {
                return None;
            }
            let mut half = |i: usize| {
                let mut parts: SmallVec<[_; 4]> = shape.iter().map(|&n| (0, n, 1)).collect();
                parts[0] = (i, i + 1, 1);
                let part = slice(b, node, &parts);
                Value::Node(b.reshape(part, &shape[1..]))
            };
            Some([half(0), half(1)])
        }
    }
}
