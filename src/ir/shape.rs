//! Shapes and memory layouts: how many elements an array has and where each of them lies.

use smallvec::SmallVec;

/// Length of each axis; a scalar has none.
pub type Shape = SmallVec<[usize; 4]>;

/// Number of elements, saturating, so that an absurd shape is a large number and never a wrapped one.
pub fn elements(shape: &[usize]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    shape.iter().fold(1, |n: usize, &d| n.saturating_mul(d))
}

/// Row-major strides of a shape, in elements.
pub fn row_major(shape: &[usize]) -> SmallVec<[isize; 4]> {
    let mut strides: SmallVec<[isize; 4]> = SmallVec::from_elem(1, shape.len());
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i].saturating_mul(shape[i] as isize);
    }
    strides
}

/// A shape as people write it: `[2, 3]`, `[]` for a scalar.
pub fn show(shape: &[usize]) -> String {
    format!("{shape:?}")
}

/// Where the elements of an array lie in a buffer: element `i` is at `offset + Σ iₖ·strideₖ`.
/// A stride of 0 repeats, a negative one walks backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Position of the first element.
    pub offset: usize,
    /// Length of each axis.
    pub shape: Shape,
    /// Distance between neighbours along each axis, in elements.
    pub strides: SmallVec<[isize; 4]>,
}

impl Layout {
    /// The dense row-major layout of a shape.
    pub fn dense(shape: &[usize]) -> Self {
        Self { offset: 0, shape: shape.into(), strides: row_major(shape) }
    }

    /// Every element at position 0.
    pub fn repeated(shape: &[usize]) -> Self {
        Self { offset: 0, shape: shape.into(), strides: SmallVec::from_elem(0, shape.len()) }
    }

    /// One entry along the first axis.
    #[must_use]
    pub fn item(&self, i: usize) -> Self {
        let offset = self.offset.saturating_add_signed(self.strides[0].saturating_mul(i as isize));
        Self { offset, shape: self.shape[1..].into(), strides: self.strides[1..].into() }
    }

    /// Whether the elements lie densely in row-major order (axes of length 1 do not count).
    pub fn is_dense(&self) -> bool {
        let mut expected = 1isize;
        for (&n, &s) in self.shape.iter().zip(&self.strides).rev() {
            if n > 1 && s != expected {
                return false;
            }
            expected = expected.saturating_mul(n as isize);
        }
        true
    }

    /// The same elements under another shape, if that needs no copy.
    pub fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        if self.strides.iter().zip(&self.shape).all(|(&s, &n)| s == 0 || n == 1) {
            return Some(Self { offset: self.offset, ..Self::repeated(shape) });
        }
        if self.is_dense() {
            return Some(Self { offset: self.offset, ..Self::dense(shape) });
        }
        self.with_unit_axes(shape)
    }

    /// Handles the reshape that only inserts or drops axes of length 1, on any strides.
    fn with_unit_axes(&self, shape: &[usize]) -> Option<Self> {
        let mut kept = self.shape.iter().zip(&self.strides).filter(|(n, _)| **n != 1).map(|(n, s)| (*n, *s));
        let mut strides: SmallVec<[isize; 4]> = SmallVec::new();
        for &n in shape {
            if n == 1 {
                strides.push(0);
                continue;
            }
            let (length, stride) = kept.next()?;
            if length != n {
                return None;
            }
            strides.push(stride);
        }
        kept.next().is_none().then(|| Self { offset: self.offset, shape: shape.into(), strides })
    }
}
