//! What a node knows beside its arguments: axes, target shapes, literal values.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::body::Loop;
use super::implicit::Implicit;
use super::shape::Shape;

/// The static part of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Attr {
    /// Nothing.
    None,
    /// One number: an input's position, an axis, a count of leading axes, an order.
    Index(usize),
    /// A set of axes or a permutation.
    Axes(SmallVec<[usize; 4]>),
    /// A target shape.
    Shape(Shape),
    /// A target shape and, for each axis of the argument, its place in it.
    Broadcast(Shape, SmallVec<[usize; 4]>),
    /// An input's shape and number.
    Input(Shape, usize),
    /// A shape filled with one value, held as its bits.
    Fill(Shape, u64),
    /// A shape whose elements count along one axis: 0, 1, 2, …
    Iota(Shape, usize),
    /// For each axis: first position, one past the last, step (≥ 1).
    Slice(SmallVec<[(usize, usize, usize); 4]>),
    /// For each axis: zeros before, after, and between neighbours.
    Pad(SmallVec<[(usize, usize, usize); 4]>),
    /// Places along an axis.
    Places(Arc<[u32]>),
    /// Windows along each of the last axes.
    Windows(SmallVec<[Window; 2]>),
    /// An axis and a direction (`true`: from the end).
    Directed(usize, bool),
    /// A triangle (`true`: lower), whether the matrix is transposed, and whether zero absorbs.
    Triangle(bool, bool, bool),
    /// A product: leading batch axes, contracted axes, and which side's zeros absorb.
    Contract(usize, usize, Absorb),
    /// The equations of a value.
    Implicit(Arc<Implicit>),
    /// Literal elements.
    Data(Data),
    /// A loop.
    Loop(Arc<Loop>),
    /// A loop, and which part of its result.
    Part(Arc<Loop>, usize),
}

impl Attr {
    /// The loop that a node runs, if it runs one.
    pub fn as_loop(&self) -> Option<&Arc<Loop>> {
        match self {
            Self::Loop(looped) => Some(looped),
            _ => None,
        }
    }
}

/// Equal windows along one axis: window `i` holds the elements `i·stride + j·dilation` for each `j` below `size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Length of the axis.
    pub length: usize,
    /// Elements in a window, at least 1.
    pub size: usize,
    /// Steps between the starts of neighbouring windows, at least 1.
    pub stride: usize,
    /// Steps between neighbouring elements of a window, at least 1.
    pub dilation: usize,
}

impl Window {
    /// Elements from the first of a window to its last, those between them included.
    pub fn extent(&self) -> usize {
        self.size.saturating_sub(1).saturating_mul(self.dilation).saturating_add(1)
    }

    /// How many whole windows there are.
    pub fn count(&self) -> usize {
        self.length.checked_sub(self.extent()).map_or(0, |rest| rest / self.stride + 1)
    }
}

/// Which side of a product is a derivative, whose exact zeros stay zero whatever they meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absorb {
    /// Neither: an ordinary product.
    Neither,
    /// The left factor.
    Left,
    /// The right factor.
    Right,
    /// Both factors.
    Both,
}

/// Literal elements, compared by their bits.
#[derive(Debug, Clone)]
pub struct Data {
    /// Shape of the literal.
    pub shape: Shape,
    /// Its elements, row-major.
    pub elements: Arc<[f64]>,
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape
            && (Arc::ptr_eq(&self.elements, &other.elements)
                || self.elements.iter().map(|x| x.to_bits()).eq(other.elements.iter().map(|x| x.to_bits())))
    }
}

impl Eq for Data {}

impl Hash for Data {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shape.hash(state);
        for x in self.elements.iter() {
            x.to_bits().hash(state);
        }
    }
}
