//! A strided look at a slice of doubles: transposed, reversed and broadcast arrays without a copy. It gathers elements
//! and computes nothing.

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use super::portions::{PORTION, transfer, wanted};
use super::walk::{Axes, Axis, Offsets, axes, coalesce};

/// Side of the square blocks in which a transposed plane is copied: a block of reads and one of writes fit the cache.
const BLOCK: usize = 16;

/// An array laid over a slice: element `(i, j, …)` is `data[offset + i·strides[0] + j·strides[1] + …]`.
///
/// Strides count elements and may be zero (a broadcast axis) or negative (a reversed one). Every element must lie
/// within `data`, and the number of elements must fit in a `usize`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The elements looked at, and possibly others.
    pub data: &'a [f64],
    /// Position in `data` of the element whose indices are all zero.
    pub offset: usize,
    /// Length of each axis.
    pub shape: &'a [usize],
    /// Distance in `data` between neighbours along each axis.
    pub strides: &'a [isize],
}

impl<'a> View<'a> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        if self.is_empty() { 0 } else { self.shape.iter().product() }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Whether the elements lie in `data` in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.is_empty()
            || match self.axes().as_slice() {
                [] => true,
                [axis] => axis.strides == [1],
                _ => false,
            }
    }

    /// The elements in row-major order, if that is how they lie.
    pub fn as_slice(&self) -> Option<&'a [f64]> {
        if self.is_empty() {
            return Some(&[]);
        }
        self.is_contiguous().then(|| &self.data[self.offset..self.offset + self.len()])
    }

    /// Writes all elements in row-major order; `out` has the length of the view.
    pub fn copy_into(&self, out: &mut [f64]) {
        self.copy_until(out, &AtomicBool::new(false));
    }

    /// The same until `cancel` is set; what is left of `out` then stays as it is.
    pub fn copy_until(&self, out: &mut [f64], cancel: &AtomicBool) {
        if out.is_empty() {
            return;
        }
        let joined = self.axes();
        if let [outer @ .., rows, columns] = joined.as_slice()
            && rows.strides[0].unsigned_abs() < columns.strides[0].unsigned_abs()
            && rows.len.min(columns.len) >= BLOCK / 2
        {
            let planes = out.chunks_exact_mut(rows.len * columns.len);
            for (plane, [first]) in planes.zip(Offsets::new(outer, [self.offset as isize])) {
                copy_plane(self.data, first, *rows, *columns, plane, cancel);
            }
        } else {
            Walk::along(self.offset, joined).copy_until(self.data, 0, out, cancel);
        }
    }

    /// Writes the elements `start .. start + out.len()` of the row-major order, at a cost that does not grow with
    /// `start`.
    pub fn copy_range(&self, start: usize, out: &mut [f64]) {
        Walk::new(self.offset, self.shape, self.strides).copy_range(self.data, start, out);
    }

    /// The elements in row-major order, copied only where they do not lie so already.
    pub fn to_contiguous(&self) -> Cow<'a, [f64]> {
        self.contiguous_until(&AtomicBool::new(false))
    }

    /// The same until `cancel` is set; what was not copied then is zero.
    pub fn contiguous_until(&self, cancel: &AtomicBool) -> Cow<'a, [f64]> {
        self.as_slice().map_or_else(
            || {
                let mut out = vec![0.0; self.len()];
                self.copy_until(&mut out, cancel);
                Cow::Owned(out)
            },
            Cow::Borrowed,
        )
    }

    fn axes(&self) -> Axes<1> {
        coalesce(axes(self.shape, self.strides))
    }
}

/// The way through a strided array in row-major order, worked out once for many looks at parts of it.
#[derive(Debug, Clone)]
pub struct Walk {
    offset: usize,
    outer: Axes<1>,
    /// The axis before the innermost one.
    rows: Axis<1>,
    /// The innermost axis.
    run: Axis<1>,
}

impl Walk {
    /// The way through an array of this offset, shape and strides: see [`View`].
    pub fn new(offset: usize, shape: &[usize], strides: &[isize]) -> Self {
        Self::along(offset, coalesce(axes(shape, strides)))
    }

    fn along(offset: usize, mut axes: Axes<1>) -> Self {
        let single = Axis { len: 1, strides: [0] };
        let run = axes.pop().unwrap_or(single);
        let rows = axes.pop().unwrap_or(single);
        Self { offset, outer: axes, rows, run }
    }

    /// So many elements at a time lie next to each other, or are all one element; one if they lie otherwise.
    pub fn row(&self) -> usize {
        if matches!(self.run.strides, [0 | 1]) { self.run.len } else { 1 }
    }

    /// The planes of rows and runs from that with this row on: where the first row of each that is looked at begins, and
    /// how many rows are left from it on.
    fn planes(&self, row: usize) -> impl Iterator<Item = (isize, usize)> {
        let mut skipped = row % self.rows.len;
        Offsets::starting_at(&self.outer, [self.offset as isize], row / self.rows.len).map(move |[first]| {
            let row = std::mem::take(&mut skipped);
            (first + row as isize * self.rows.strides[0], self.rows.len - row)
        })
    }

    /// Where the elements `start .. start + count` lie next to each other: the position of the first, and their number
    /// or 1 if they are all that one element. `None` if they lie otherwise. There must be such elements.
    #[inline]
    pub fn together(&self, start: usize, count: usize) -> Option<(usize, usize)> {
        let column = start % self.run.len;
        let stride = self.run.strides[0];
        if column + count > self.run.len || !(0..=1).contains(&stride) {
            return None;
        }
        let row = start / self.run.len;
        let first = if self.outer.is_empty() {
            self.offset as isize + row as isize * self.rows.strides[0]
        } else {
            self.planes(row).next()?.0
        };
        Some((first as usize + column * stride as usize, if stride == 0 { 1 } else { count }))
    }

    /// Where rows of `length` elements begin, from the element `start` on, which begins one. Each lies together, as
    /// [`Walk::row`] must be so many or a multiple: next to each other if [`Walk::repeats`] says no, else all are that
    /// one element.
    pub fn starts(&self, start: usize, length: usize, starts: &mut [usize]) {
        let stride = self.run.strides[0];
        let mut column = start % self.run.len;
        let mut starts = starts.iter_mut();
        for (mut first, rows) in self.planes(start / self.run.len) {
            for _ in 0..rows {
                while column < self.run.len {
                    let Some(start) = starts.next() else { return };
                    *start = (first + column as isize * stride) as usize;
                    column += length;
                }
                column = 0;
                first += self.rows.strides[0];
            }
        }
    }

    /// Whether what lies together is one element.
    pub fn repeats(&self) -> bool {
        self.run.strides[0] == 0
    }

    /// Writes the elements `start .. start + out.len()`, at a cost that does not grow with `start`.
    pub fn copy_range(&self, data: &[f64], start: usize, out: &mut [f64]) {
        self.copy_until(data, start, out, &AtomicBool::new(false));
    }

    /// The same until `cancel` is set.
    fn copy_until(&self, data: &[f64], start: usize, out: &mut [f64], cancel: &AtomicBool) {
        if out.is_empty() {
            return;
        }
        let (length, stride, down) = (self.run.len, self.run.strides[0], self.rows.strides[0]);
        let mut column = start % length;
        let mut rest = out;
        for (mut first, mut rows) in self.planes(start / length) {
            while rows > 0 && !rest.is_empty() && wanted(cancel) {
                let whole = (rest.len() / length).min(rows).min(PORTION / length);
                if column == 0 && whole > 0 && length <= SHORT {
                    let (here, after) = rest.split_at_mut(whole * length);
                    short_rows(data, first, [down, stride], length, here);
                    (rest, rows, first) = (after, rows - whole, first + whole as isize * down);
                    continue;
                }
                let (here, after) = rest.split_at_mut(rest.len().min(length - column));
                for (i, part) in here.chunks_mut(PORTION).enumerate().take_while(|_| wanted(cancel)) {
                    gather(data, first + (column + i * PORTION) as isize * stride, stride, part);
                }
                (rest, rows, first, column) = (after, rows - 1, first + down, 0);
            }
            if rest.is_empty() || !wanted(cancel) {
                break;
            }
        }
    }
}

/// Rows of at most so many elements are copied without looking at each as at an array of its own.
const SHORT: usize = 64;

/// Copies rows of so many elements, by the steps from row to row and along one.
fn short_rows(data: &[f64], first: isize, [down, along]: [isize; 2], length: usize, out: &mut [f64]) {
    if [down, along] == [0, 1] {
        return repeated(&data[first as usize..][..length], out);
    }
    let rows = out.chunks_exact_mut(length).enumerate();
    let place = |i: usize| first + i as isize * down;
    match along {
        0 => rows.for_each(|(i, row)| row.fill(data[place(i) as usize])),
        1 if length == 2 => pieces::<2>(data, first, down, out),
        1 if length == 3 => pieces::<3>(data, first, down, out),
        1 if length == 4 => pieces::<4>(data, first, down, out),
        1 => rows.for_each(|(i, row)| {
            let from = &data[place(i) as usize..][..length];
            row.iter_mut().zip(from).for_each(|(o, x)| *o = *x);
        }),
        _ => rows.for_each(|(i, row)| {
            let mut place = place(i);
            for o in row {
                *o = data[place as usize];
                place += along;
            }
        }),
    }
}

/// Copies rows of `N` elements that lie together, by the step from row to row.
fn pieces<const N: usize>(data: &[f64], first: isize, down: isize, out: &mut [f64]) {
    let mut place = first;
    for row in out.as_chunks_mut::<N>().0 {
        row.copy_from_slice(&data[place as usize..][..N]);
        place += down;
    }
}

/// Fills `out` with one row over and over: with twice as many each time.
fn repeated(row: &[f64], out: &mut [f64]) {
    let mut done = row.len();
    out[..done].copy_from_slice(row);
    while done < out.len() {
        let (from, to) = out.split_at_mut(done);
        let count = from.len().min(to.len());
        to[..count].copy_from_slice(&from[..count]);
        done += count;
    }
}

/// Copies `out.len()` elements, at least one, from `first` on in steps of `stride`.
pub(super) fn gather(data: &[f64], first: isize, stride: isize, out: &mut [f64]) {
    let first = first as usize;
    let step = stride.unsigned_abs();
    match stride {
        1 => transfer(&data[first..first + out.len()], out),
        0 => out.fill(data[first]),
        2.. => out.iter_mut().zip(data[first..].iter().step_by(step)).for_each(|(o, x)| *o = *x),
        _ => {
            let backwards = data[..=first].iter().rev().step_by(step);
            out.iter_mut().zip(backwards).for_each(|(o, x)| *o = *x);
        }
    }
}

/// Copies a plane whose columns lie closer together than its rows, in blocks that stay in the cache.
fn copy_plane(data: &[f64], first: isize, rows: Axis<1>, columns: Axis<1>, out: &mut [f64], cancel: &AtomicBool) {
    let ([down], [across]) = (rows.strides, columns.strides);
    for (band, out) in out.chunks_mut(BLOCK * columns.len).enumerate() {
        let top = first + (band * BLOCK) as isize * down;
        for left in (0..columns.len).step_by(BLOCK).take_while(|_| wanted(cancel)) {
            let right = (left + BLOCK).min(columns.len);
            for (i, row) in out.chunks_exact_mut(columns.len).enumerate() {
                let mut place = top + i as isize * down + left as isize * across;
                for o in &mut row[left..right] {
                    *o = data[place as usize];
                    place += across;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    /// Element by element from the definition.
    fn naive(view: &View) -> Vec<f64> {
        let mut elements = vec![view.offset as isize];
        for (&len, &stride) in view.shape.iter().zip(view.strides) {
            let along = |o: isize| (0..len as isize).map(move |i| o + i * stride);
            elements = elements.into_iter().flat_map(along).collect();
        }
        elements.into_iter().map(|o| view.data[o as usize]).collect()
    }

    #[test]
    fn any_strides_are_gathered_in_row_major_order() {
        let mut random = Random::new(1);
        for case in 0..400 {
            let owned = random.view(case % 5);
            let view = owned.view();
            let expected = naive(&view);
            assert_eq!(view.len(), expected.len());
            let mut out = vec![f64::NAN; view.len()];
            view.copy_into(&mut out);
            assert_eq!(out, expected);
            assert_eq!(view.to_contiguous(), expected);
            if let Some(slice) = view.as_slice() {
                assert_eq!(slice, expected);
            }
            let start = random.below(expected.len() + 1);
            let end = start + random.below(expected.len() - start + 1);
            let mut part = vec![f64::NAN; end - start];
            let walk = Walk::new(view.offset, view.shape, view.strides);
            walk.copy_range(view.data, start, &mut part);
            assert_eq!(part, expected[start..end]);
            if start < end
                && let Some((first, count)) = walk.together(start, end - start)
            {
                assert!(count == 1 || count == end - start);
                let seen = (0..end - start).map(|i| view.data[first + i.min(count - 1)]);
                assert!(seen.eq(expected[start..end].iter().copied()));
            }
            let length = walk.row() / (1 + random.below(3));
            if length > 0 && walk.row().is_multiple_of(length) && !expected.is_empty() {
                let first = random.below(expected.len() / length);
                let mut starts = vec![usize::MAX; expected.len() / length - first];
                walk.starts(first * length, length, &mut starts);
                let step = usize::from(!walk.repeats());
                let seen = starts.iter().flat_map(|&s| (0..length).map(move |i| view.data[s + i * step]));
                assert!(seen.eq(expected[first * length..].iter().copied()));
            }
        }
    }

    #[test]
    fn large_transposed_planes_are_copied_in_blocks() {
        let data: Vec<f64> = (0..2 * 37 * 53).map(f64::from).collect();
        let view = View { data: &data, offset: 0, shape: &[2, 53, 37], strides: &[37 * 53, 1, 53] };
        assert_eq!(view.to_contiguous(), naive(&view));
        assert!(!view.is_contiguous());
    }

    #[test]
    fn scalars_and_empty_arrays_are_contiguous() {
        let data = [1.0, 2.0];
        let scalar = View { data: &data, offset: 1, shape: &[], strides: &[] };
        assert_eq!(scalar.as_slice(), Some(&[2.0][..]));
        let empty = View { data: &[], offset: 0, shape: &[3, 0], strides: &[5, -7] };
        assert_eq!(empty.as_slice(), Some(&[][..]));
        assert!(empty.is_empty());
    }
}
