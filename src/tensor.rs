//! A dense array of doubles: a shape and its elements, row-major. It holds data and computes nothing.

use std::sync::Arc;

/// An n-dimensional array of doubles, row-major; a scalar has the empty shape and one element.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The elements, row-major; as many as the product of `shape`.
    pub data: Arc<[f64]>,
}

impl Tensor {
    /// An array from its shape and elements; `None` when their counts disagree (or the count overflows).
    pub fn new(shape: Vec<usize>, data: impl Into<Arc<[f64]>>) -> Option<Self> {
        let data = data.into();
        (count(&shape)? == data.len()).then_some(Self { shape, data })
    }

    /// A scalar, of shape `[]`.
    pub fn scalar(value: f64) -> Self {
        Self { shape: Vec::new(), data: Arc::new([value]) }
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

/// Number of elements of a shape, or `None` when it does not fit in a `usize`.
pub fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
}
