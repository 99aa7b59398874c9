//! The contract a primitive signs: shape, kernel, derivative rule, cost, batching, kinks.
//!
//! `diff` and `exec` work through this contract alone and never name a primitive.

use std::sync::atomic::AtomicBool;

use super::attr::Attr;
use super::builder::Builder;
use super::depends::Depends;
use super::graph::{Node, NodeId};
use super::shape::{Layout, Shape, elements};
use crate::kernel::View;

/// One primitive operation: everything the rest of the program may know of it.
#[derive(Debug)]
pub struct Primitive {
    /// Its name, unique among primitives.
    pub name: &'static str,
    /// Shape of the result, or why the arguments do not fit.
    pub shape: fn(&Attr, &[&[usize]]) -> Result<Shape, ShapeError>,
    /// How it is computed.
    pub kernel: Kernel,
    /// How it is differentiated.
    pub rule: Rule,
    /// Which elements of its arguments each element of the result depends on.
    pub depends: Depends,
    /// How it takes a leading batch axis.
    pub batch: Batch,
    /// What it costs.
    pub cost: Cost,
    /// A cheaper node of the same value, if there is one.
    pub simplify: Option<Simplify>,
    /// Where the derivative of a node of this primitive follows a convention.
    pub kink: Option<Kink>,
    /// Memory its kernel takes for itself.
    pub room: Room,
    /// How single elements are computed, where a graph is laid open into them.
    pub single: Single,
}

/// Elementwise nodes that are computed together by a program over lanes rather than one after the other in tiles, at
/// least: what is planned before is planned for that.
pub const LONG: usize = 64;

impl Primitive {
    /// Whether it reads its arguments element by element, and so may pick for itself what picks would only bring together:
    /// elementwise work, and what lays results beside each other.
    pub fn may_pick(&self) -> bool {
        matches!(self.kernel, Kernel::Elementwise(_)) || matches!(self.single, Single::Joined(_))
    }
}

/// Why shapes do not fit: a sentence, what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// One sentence.
    pub detail: String,
    /// What would fit.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl ShapeError {
    /// Collects the three parts.
    pub fn new(detail: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { detail: detail.into(), expected: expected.into(), got: got.into() }
    }
}

/// A mask that is nonzero where the derivative follows a convention, from the node and which of its
/// arguments move; `None` where none of those that move has a kink.
pub type Kink = fn(&mut Builder, NodeId, &[bool]) -> Option<NodeId>;

/// A kernel over whole arrays: attributes, shape of the result, arguments, dense output, cancel flag.
pub type DenseKernel = fn(&Attr, &[usize], &[View<'_>], &mut [f64], &AtomicBool);

/// A cheaper node for arguments and attributes, if there is one.
pub type Simplify = fn(&mut Builder, &[NodeId], &Attr) -> Option<NodeId>;

/// The elements of a node, row-major, as scalar nodes made of those of its arguments; `None` where that
/// cannot be told before anything runs.
pub type Terms = fn(&mut Builder, &Node, &[&[NodeId]]) -> Option<Vec<NodeId>>;

/// Where each argument lies in a result of this shape, from the attributes and the shapes of the arguments.
pub type Place = fn(&Attr, &[usize], &[&[usize]]) -> Vec<Layout>;

/// How single elements of a primitive's result are computed.
#[derive(Debug, Clone, Copy)]
pub enum Single {
    /// By the kernel, if that is elementwise or makes its elements out of nothing or of others unchanged.
    Kernel,
    /// By the kernel, which makes of numbers none of larger absolute value than this.
    Bounded(f64),
    /// By the machine's own arithmetic.
    Arithmetic(Arithmetic),
    /// By the kernel, or along with another function of the same argument.
    Paired(&'static Pair),
    /// By elementwise operations on single elements.
    Terms(Terms),
    /// The arguments laid beside each other.
    Joined(Place),
    /// Those of the first argument along an axis that the second, a vector, gives the numbers of, or NaN; as single
    /// elements by terms. Where no axis can be named, by the kernel.
    Picked(Terms, fn(&Attr) -> Option<usize>),
}

impl Single {
    /// How elements are made of single ones by elementwise operations, or of such alone.
    pub fn terms(&self) -> Option<Terms> {
        if let Self::Terms(terms) | Self::Picked(terms, _) = *self { Some(terms) } else { None }
    }
}

/// Two functions of one argument that are computed together in less time than one after the other.
#[derive(Debug)]
pub struct Pair {
    /// The names of their primitives.
    pub of: [&'static str; 2],
    /// The most that either may be in size.
    pub bound: f64,
    /// Computes both along a slice; the results are those of their own kernels.
    pub kernel: fn(&[f64], [&mut [f64]; 2]),
}

/// Arithmetic on numbers that takes less time than the call of a kernel; its results are the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arithmetic {
    /// `x + y`.
    Add,
    /// `x - y`.
    Subtract,
    /// `-x`.
    Negate,
    /// `x · y`.
    Multiply,
    /// `x / y`.
    Divide,
    /// `x · y`, zero where `y` is exactly zero.
    Scale,
    /// `x · y`, zero where either is exactly zero.
    Chain,
    /// `y` where `x` is not zero, `z` where it is.
    Select,
}

impl Arithmetic {
    /// Whether the result is the same with the two arguments exchanged.
    pub(super) fn commutes(self) -> bool {
        matches!(self, Self::Add | Self::Multiply | Self::Chain)
    }

    /// The result; what is not used is left alone.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "loops over one kind of arithmetic must be compiled with it inside")]
    pub fn apply(self, x: f64, y: f64, z: f64) -> f64 {
        match self {
            Self::Add => x + y,
            Self::Subtract => x - y,
            Self::Negate => -x,
            Self::Divide => x / y,
            Self::Scale if y == 0.0 => 0.0,
            Self::Chain if x == 0.0 || y == 0.0 => 0.0,
            Self::Multiply | Self::Scale | Self::Chain => x * y,
            Self::Select if x == 0.0 => z,
            Self::Select => y,
        }
    }

    /// The result where it is not NaN, or the operation not [guarded](Self::is_guarded), in the fewest instructions of a
    /// processor that rounds a multiplication and an addition as one.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "loops over one kind of arithmetic must be compiled with it inside")]
    pub fn at_once(self, x: f64, y: f64, z: f64) -> f64 {
        match self {
            // Adding nothing only makes a zero positive that is a product of zero.
            Self::Chain => x.mul_add(y, 0.0),
            _ => self.apply(x, y, z),
        }
    }

    /// Whether it keeps NaN away that [arithmetic at once](Self::at_once) makes.
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Chain)
    }
}

/// How a primitive is computed.
#[derive(Debug, Clone, Copy)]
pub enum Kernel {
    /// A leaf: bound from outside.
    Leaf,
    /// Element by element over slices as long as the result, or of one element, which then stands everywhere; runs of
    /// these are fused into tiles.
    Elementwise(fn(&[&[f64]], &mut [f64])),
    /// A new look at the argument's elements: nothing moves.
    View(fn(&Attr, &Layout) -> Layout),
    /// The argument's elements in the same order under another shape.
    Reshape,
    /// One value everywhere: a single stored element.
    Fill,
    /// A body run over and over; the attribute holds it.
    Loop,
    /// Anything else.
    Dense(DenseKernel),
}

/// The cotangent of one argument from the cotangent of the result: node, argument, cotangent.
pub type Adjoint = fn(&mut Builder, NodeId, usize, NodeId) -> NodeId;

/// How a primitive is differentiated.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Elementwise: the partial derivative by one argument as a graph; `None` where it vanishes everywhere.
    Local(fn(&mut Builder, NodeId, usize) -> Option<NodeId>),
    /// Jointly linear in all arguments but the `fixed` ones: the tangent map is the operation itself.
    Linear {
        /// Arguments that are parameters, such as the condition of a selection.
        fixed: &'static [usize],
        /// The transposed map.
        adjoint: Adjoint,
    },
    /// Linear in each argument on its own: one term for each.
    Multilinear {
        /// The node with one argument replaced by its tangent, whose zeros absorb.
        term: fn(&mut Builder, NodeId, usize, NodeId) -> NodeId,
        /// The transposed map, by the argument that is a tangent.
        adjoint: Adjoint,
    },
    /// The tangent written in linear operations; an adjoint where the operation is itself linear in some argument.
    Jvp {
        /// Tangent of the result from the arguments' tangents (`None`: zero).
        tangent: fn(&mut Builder, NodeId, &[Option<NodeId>]) -> Option<NodeId>,
        /// The transposed map by a linear argument.
        adjoint: Option<Adjoint>,
    },
    /// Constant almost everywhere, and by convention everywhere.
    Zero,
    /// A loop: its body is differentiated, and run in a loop again.
    Loop,
    /// A value that solves equations, which say how it moves with all arguments but the first, where it
    /// was found.
    Implicit,
    /// A part of a loop's result: its derivative is the same part of the loop's.
    Part,
}

impl Rule {
    /// Whether a derivative passes through argument `k`.
    pub fn passes(&self, k: usize) -> bool {
        match self {
            Self::Zero => false,
            Self::Linear { fixed, .. } => !fixed.contains(&k),
            Self::Implicit => k > 0,
            Self::Local(_) | Self::Multilinear { .. } | Self::Jvp { .. } | Self::Loop | Self::Part => true,
        }
    }
}

/// An argument of a batched node: the node and whether it carries the batch axis.
pub type BatchArg = (NodeId, bool);

/// How a primitive takes a leading batch axis.
#[derive(Debug, Clone, Copy)]
pub enum Batch {
    /// All arguments get the axis; the attributes stay as they are (elementwise operations, and
    /// those whose attributes speak of the last axes).
    Leading,
    /// A rule of its own: node, arguments, length of the axis.
    Custom(fn(&mut Builder, &Node, &[BatchArg], usize) -> NodeId),
    /// A loop, or a part of its result: its body gets the axis.
    Loop,
}

/// Predicted floating-point operations.
#[derive(Debug, Clone, Copy)]
pub enum Cost {
    /// Nothing is computed.
    Free,
    /// So many for each element of the result.
    Each(u64),
    /// A formula of attributes, argument shapes and result shape.
    Formula(fn(&Attr, &[&[usize]], &[usize]) -> u64),
}

/// Memory that a kernel takes while it runs, beside its arguments and its result.
#[derive(Debug, Clone, Copy)]
pub enum Room {
    /// None that grows with them.
    None,
    /// Copies of the arguments that do not lie densely.
    Copies,
    /// So many elements, by a formula of attributes and of the arguments as they lie; all copies included.
    Formula(fn(&Attr, &[&Layout]) -> usize),
}

impl Room {
    /// Elements of the memory for arguments that lie like this.
    pub fn elements(&self, attr: &Attr, args: &[&Layout]) -> usize {
        match self {
            Self::None => 0,
            Self::Copies => copies(args),
            Self::Formula(formula) => formula(attr, args),
        }
    }
}

/// Elements of copies of those of the arguments that do not lie densely.
pub fn copies(args: &[&Layout]) -> usize {
    args.iter().filter(|a| !a.is_dense()).fold(0, |sum, a| sum.saturating_add(elements(&a.shape)))
}

#[cfg(test)]
mod tests {
    use super::*;

    use Arithmetic::{Add, Chain, Divide, Multiply, Negate, Scale, Select, Subtract};

    #[test]
    fn arithmetic_at_once_is_exact_unless_it_makes_nan_that_is_guarded_against() {
        let numbers = [0.0, 1.0, 3.5, 1e-200, 1e200, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, f64::NAN];
        let numbers = || numbers.into_iter().flat_map(|x| [x, -x]);
        for kind in [Add, Subtract, Negate, Multiply, Divide, Scale, Chain, Select] {
            for (x, y) in numbers().flat_map(|x| numbers().map(move |y| (x, y))) {
                let (quick, exact) = (kind.at_once(x, y, 0.5), kind.apply(x, y, 0.5));
                let is_guarded = kind.is_guarded() && quick.is_nan();
                assert!(is_guarded || quick.to_bits() == exact.to_bits(), "{kind:?} of {x:e} and {y:e}: {quick:e}");
            }
        }
    }
}
