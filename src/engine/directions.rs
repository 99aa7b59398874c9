//! Tangents and cotangents as inputs of the graph: which array each belongs to, and whether all points
//! of a batch share it.

use super::document::{Directions, Document};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Shape, elements};
use crate::json::{child, fields::with_hint};
use crate::ops::Algebra;
use crate::suggest::suggest;

/// Which of the two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// `tangent`, by input.
    Tangent,
    /// `cotangent`, by output.
    Cotangent,
}

impl Side {
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Tangent => "tangent",
            Self::Cotangent => "cotangent",
        }
    }

    pub(super) fn given(self, document: &Document) -> Option<&Directions> {
        match self {
            Self::Tangent => document.tangent.as_ref(),
            Self::Cotangent => document.cotangent.as_ref(),
        }
    }
}

/// A direction by one array.
#[derive(Debug, Clone)]
pub(super) struct Directed {
    pub(super) side: Side,
    /// Which of the field's arrays it is.
    pub(super) index: usize,
    /// The value it is a tangent or cotangent of.
    pub(super) of: NodeId,
    /// One direction at one point.
    pub(super) seed: NodeId,
    /// What the document gives at one point: the seed itself, or a list of them along a leading axis.
    pub(super) node: NodeId,
    /// How many there are, if they came as a list.
    pub(super) count: Option<usize>,
    /// Whether each point of a batch has its own.
    pub(super) by_point: bool,
}

/// Declares the inputs of one field for the arrays that `named` may have directions of.
///
/// # Errors
/// If the field is missing, or names or shapes do not fit.
pub(super) fn declare(
    b: &mut Builder,
    document: &Document,
    side: Side,
    named: &[(String, NodeId)],
) -> Result<Vec<Directed>, Vec<Fault>> {
    let field = side.field();
    let pointer = format!("/{field}");
    let Some(given) = side.given(document) else {
        let (product, what) = match side {
            Side::Tangent => ("`jvp` and `hvp` multiply by", "one vector for each input"),
            Side::Cotangent => ("`vjp` multiplies by", "one vector for each output"),
        };
        let detail = format!("the field `{field}` is missing: {product} it, {what}");
        return Err(vec![Fault::new(Code::MissingField, detail).at(pointer)]);
    };
    let batch = super::compile::batch_length(document);
    let mut faults = Vec::new();
    let mut directed = Vec::new();
    for (index, (name, tensor)) in given.arrays.iter().enumerate() {
        let place = match (given.list, given.bare) {
            (Some(_), _) => child(&format!("{pointer}/0"), name),
            (None, true) => pointer.clone(),
            (None, false) => child(&pointer, name),
        };
        let found =
            if given.bare { named.first().filter(|_| named.len() == 1) } else { named.iter().find(|n| n.0 == *name) };
        let Some((_, of)) = found else {
            faults.push(unknown(side, name, named, given.bare).at(place));
            continue;
        };
        let shape: Shape = b.shape(*of).clone();
        let one: &[usize] = if given.list.is_some() { &tensor.shape[1..] } else { &tensor.shape };
        let by_point = one != shape.as_slice()
            && batch
                .is_some_and(|size| one.split_first().is_some_and(|(n, rest)| *n == size && rest == shape.as_slice()));
        // A number serves for whatever has a single element.
        if !by_point && one != shape.as_slice() && !(one.is_empty() && elements(&shape) == 1) {
            let detail =
                format!("`{}` has another shape than what it is a {field} of", if given.bare { field } else { name });
            let expected = match batch {
                Some(size) => format!("shape {shape:?}, or [{size}, …] with one for each point"),
                None => format!("shape {shape:?}"),
            };
            faults.push(Fault::new(Code::Shape, detail).at(place).expected(expected, format!("shape {one:?}")));
            continue;
        }
        let seed = b.input(&shape);
        let node = match given.list {
            Some(count) => b.input(&std::iter::once(count).chain(shape).collect::<Shape>()),
            None => seed,
        };
        directed.push(Directed { side, index, of: *of, seed, node, count: given.list, by_point });
    }
    if faults.is_empty() { Ok(directed) } else { Err(faults) }
}

fn unknown(side: Side, name: &str, named: &[(String, NodeId)], bare: bool) -> Fault {
    let names = || named.iter().map(|n| n.0.as_str());
    let field = side.field();
    if bare {
        let listed = names().collect::<Vec<_>>().join(", ");
        let detail = format!("`{field}` is an array without a name, and there is more than one it could belong to");
        return Fault::new(Code::InvalidValue, detail).expected(format!("an object with {listed}"), "an array");
    }
    let what = match side {
        Side::Tangent => "an input that is differentiated by",
        Side::Cotangent => "a function that is differentiated",
    };
    let fault = Fault::new(Code::UnknownName, format!("`{field}` names `{name}`, which is not {what}"));
    with_hint(fault, suggest(name, names()))
}

/// The input that a batch binds in place of a direction that each point has its own of, and that
/// input as the batch needs it, points first.
pub(super) fn by_point(b: &mut Builder, direction: &Directed, size: usize) -> (NodeId, NodeId) {
    let shape: Shape = b.shape(direction.node).clone();
    if direction.count.is_none() {
        let image = b.input(&std::iter::once(size).chain(shape).collect::<Shape>());
        return (image, image);
    }
    let given: Shape = [shape[0], size].into_iter().chain(shape[1..].iter().copied()).collect();
    let order: Vec<usize> = [1, 0].into_iter().chain(2..given.len()).collect();
    let input = b.input(&given);
    (input, b.permute(input, &order))
}
