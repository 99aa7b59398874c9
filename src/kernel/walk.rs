//! Walking strided axes: joining axes that lie one after another, and running through offsets in row-major order.

use smallvec::SmallVec;

/// One axis that is walked through `N` arrays at once: its length, and its stride (in elements) in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis<const N: usize> {
    pub(super) len: usize,
    pub(super) strides: [isize; N],
}

/// Axes from the outermost to the innermost.
pub(super) type Axes<const N: usize> = SmallVec<[Axis<N>; 6]>;

/// The fewest axes with the same offsets in the same order: axes of length one vanish, and an axis whose stride is the
/// whole extent of the next one joins it.
pub(super) fn coalesce<const N: usize>(axes: impl IntoIterator<Item = Axis<N>>) -> Axes<N> {
    let mut joined: Axes<N> = SmallVec::new();
    for axis in axes {
        if axis.len == 1 {
            continue;
        }
        match joined.last_mut() {
            Some(outer) if continues(outer, &axis) => {
                outer.len *= axis.len;
                outer.strides = axis.strides;
            }
            _ => joined.push(axis),
        }
    }
    joined
}

/// Whether one step of `outer` is as long as all of `inner`, in every array.
fn continues<const N: usize>(outer: &Axis<N>, inner: &Axis<N>) -> bool {
    let spans = inner.strides.map(|stride| stride.wrapping_mul(inner.len as isize));
    outer.strides == spans
}

/// The axes of one array, from its shape and strides.
pub(super) fn axes(shape: &[usize], strides: &[isize]) -> impl Iterator<Item = Axis<1>> {
    shape.iter().zip(strides).map(|(&len, &stride)| Axis { len, strides: [stride] })
}

/// Offsets of the elements of the axes, in row-major order.
#[derive(Debug)]
pub(super) struct Offsets<'a, const N: usize> {
    axes: &'a [Axis<N>],
    index: SmallVec<[usize; 6]>,
    offset: [isize; N],
    left: usize,
}

impl<'a, const N: usize> Offsets<'a, N> {
    /// All offsets, from that of the first element on.
    pub(super) fn new(axes: &'a [Axis<N>], first: [isize; N]) -> Self {
        Self::starting_at(axes, first, 0)
    }

    /// The offsets from element `start` of the row-major order on; costs one division for each axis.
    pub(super) fn starting_at(axes: &'a [Axis<N>], first: [isize; N], start: usize) -> Self {
        let count: usize = axes.iter().map(|axis| axis.len).product();
        let mut index = SmallVec::from_elem(0, axes.len());
        let mut offset = first;
        if start < count {
            let mut rest = start;
            for (axis, i) in axes.iter().zip(&mut index).rev() {
                *i = rest % axis.len;
                rest /= axis.len;
                for (o, stride) in offset.iter_mut().zip(axis.strides) {
                    *o += *i as isize * stride;
                }
            }
        }
        Self { axes, index, offset, left: count.saturating_sub(start) }
    }
}

impl<const N: usize> Iterator for Offsets<'_, N> {
    type Item = [isize; N];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let here = self.offset;
        for (axis, i) in self.axes.iter().zip(&mut self.index).rev() {
            *i += 1;
            let back = if *i == axis.len { std::mem::take(i) } else { 0 };
            for (o, stride) in self.offset.iter_mut().zip(axis.strides) {
                *o += stride - back as isize * stride;
            }
            if back == 0 {
                break;
            }
        }
        Some(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_axes_join_and_unit_axes_vanish() {
        let joined = coalesce(axes(&[4, 1, 3, 5], &[15, 9, 5, 1]));
        assert_eq!(joined.as_slice(), [Axis { len: 60, strides: [1] }]);
        let transposed = coalesce(axes(&[3, 4], &[1, 3]));
        assert_eq!(transposed.len(), 2);
        let broadcast = coalesce(axes(&[3, 4], &[0, 0]));
        assert_eq!(broadcast.as_slice(), [Axis { len: 12, strides: [0] }]);
    }

    #[test]
    fn offsets_run_in_row_major_order_from_any_start() {
        let walked = coalesce(axes(&[2, 3], &[1, -2]));
        let all: Vec<isize> = Offsets::new(&walked, [4]).map(|[o]| o).collect();
        assert_eq!(all, [4, 2, 0, 5, 3, 1]);
        let tail: Vec<isize> = Offsets::starting_at(&walked, [4], 4).map(|[o]| o).collect();
        assert_eq!(tail, [3, 1]);
        assert_eq!(Offsets::starting_at(&walked, [4], 6).count(), 0);
        assert_eq!(Offsets::<1>::new(&[], [7]).collect::<Vec<_>>(), [[7]]);
    }
}
