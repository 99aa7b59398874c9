//! Sums, extrema and running sums along axes, in a fixed order that loses little accuracy.
//!
//! Sums are taken pairwise over blocks, so that their error grows with the logarithm of the number of terms.

use std::sync::atomic::AtomicBool;

use super::lanes::best;
use super::portions::{PORTION, add, copy, fill, wanted};
use super::tally;
use super::view::{View, gather};
use super::walk::{Axes, Axis, Offsets, axes, coalesce};

/// Terms summed straight on, in eight interleaved lanes, before partial sums are paired.
const BLOCK: usize = 128;

/// Results of neighbouring outputs that are accumulated together while the terms are passed.
const WIDTH: usize = 512;

/// Rows shorter than this are added to each other in a plain loop.
const NARROW: usize = 64;

/// The sum over the axes marked in `reduced`; `out` is row-major over the others. A sum over nothing is zero.
pub fn sum(view: View, reduced: &[bool], out: &mut [f64], cancel: &AtomicBool) {
    fold(view, reduced, 0.0, |x, y| x + y, out, cancel);
}

/// The greatest element along the axes marked in `reduced`, NaN if any is NaN; -∞ over nothing.
pub fn max(view: View, reduced: &[bool], out: &mut [f64], cancel: &AtomicBool) {
    let greater = |x: f64, y: f64| if y > x || y.is_nan() { y } else { x };
    fold(view, reduced, f64::NEG_INFINITY, greater, out, cancel);
}

/// The least element along the axes marked in `reduced`, NaN if any is NaN; +∞ over nothing.
pub fn min(view: View, reduced: &[bool], out: &mut [f64], cancel: &AtomicBool) {
    let less = |x: f64, y: f64| if y < x || y.is_nan() { y } else { x };
    fold(view, reduced, f64::INFINITY, less, out, cancel);
}

/// Running sums along the middle axis of a row-major array of shape `[outer, n, inner]`, from its end if `reverse`;
/// `outer` follows from the lengths, and `out` is as long as `data`.
pub fn cumsum(data: &[f64], (n, inner): (usize, usize), reverse: bool, out: &mut [f64], cancel: &AtomicBool) {
    copy(data, out, cancel);
    let size = n * inner;
    if size == 0 {
        return;
    }
    let often = (PORTION / inner).max(1);
    for block in out.chunks_exact_mut(size) {
        tally::done(size);
        for step in 1..n {
            if step % often == 0 && !wanted(cancel) {
                return;
            }
            let (from, to) = if reverse { (n - step, n - step - 1) } else { (step - 1, step) };
            if inner < NARROW {
                for column in 0..inner {
                    block[to * inner + column] += block[from * inner + column];
                }
                continue;
            }
            let (low, high) = block.split_at_mut(from.max(to) * inner);
            if reverse {
                add(&high[..inner], &mut low[to * inner..], cancel);
            } else {
                add(&low[from * inner..], &mut high[..inner], cancel);
            }
        }
    }
}

/// Combines the elements along the reduced axes; `combine(identity, x)` must be `x`.
fn fold(
    view: View,
    reduced: &[bool],
    identity: f64,
    combine: impl Fn(f64, f64) -> f64 + Copy,
    out: &mut [f64],
    cancel: &AtomicBool,
) {
    if view.is_empty() {
        fill(out, identity, cancel);
        return;
    }
    let on = |wanted: bool| {
        let chosen = axes(view.shape, view.strides).zip(reduced);
        coalesce(chosen.filter(|(_, reduced)| **reduced == wanted).map(|(axis, _)| axis))
    };
    let (mut kept, mut gone): (Axes<1>, Axes<1>) = (on(false), on(true));
    let Some(&run) = gone.last() else {
        view.copy_until(out, cancel);
        return;
    };
    let first = [view.offset as isize];
    let fold = Fold { data: view.data, identity, combine, cancel };
    // A few terms are added in their order in either way, and one after the other for many results in less time.
    let few = gone.len() == 1 && run.len < 8;
    match kept.last().copied() {
        _ if gone.len() == 1 && run.strides == [1] && run.len <= BLOCK => fold.lines(&kept, first, run.len, out),
        Some(row) if row.len >= 8 && (few || row.strides[0].abs() < run.strides[0].abs()) => {
            kept.pop();
            for (out, [start]) in out.chunks_exact_mut(row.len).zip(Offsets::new(&kept, first)) {
                for (chunk, out) in out.chunks_mut(WIDTH).enumerate() {
                    let start = start + (chunk * WIDTH) as isize * row.strides[0];
                    fold.rows(&gone, start, row.strides[0], out);
                }
            }
        }
        _ => {
            gone.pop();
            let runs = gone.iter().map(|axis| axis.len).product();
            for (out, [start]) in out.iter_mut().zip(Offsets::new(&kept, first)) {
                *out = fold.runs(&gone, start, run, 0, runs);
            }
        }
    }
}

/// What is combined, and how.
#[derive(Clone, Copy)]
struct Fold<'a, F> {
    data: &'a [f64],
    identity: f64,
    combine: F,
    cancel: &'a AtomicBool,
}

impl<F: Fn(f64, f64) -> f64 + Copy> Fold<'_, F> {
    /// Combines lines of `length` elements each, at most a block, that begin at the offsets of `kept`.
    fn lines(&self, kept: &Axes<1>, first: [isize; 1], length: usize, out: &mut [f64]) {
        let mut starts = Offsets::new(kept, first);
        for out in out.chunks_mut((PORTION / length).max(1)).take_while(|_| wanted(self.cancel)) {
            tally::done(out.len() * length);
            best(
                (out, &mut starts),
                #[inline(always)]
                |(out, starts): (&mut [f64], &mut Offsets<'_, 1>)| {
                    for (out, [start]) in out.iter_mut().zip(starts) {
                        *out = self.line(&self.data[start as usize..][..length]);
                    }
                },
            );
        }
    }

    /// Combines whole rows of at most `WIDTH` neighbouring results, over all offsets of `gone`.
    fn rows(&self, gone: &Axes<1>, start: isize, stride: isize, out: &mut [f64]) {
        best(
            (gone, out),
            #[inline(always)]
            |(gone, out): (&Axes<1>, &mut [f64])| {
                let terms: usize = gone.iter().map(|axis| axis.len).product();
                let firsts = Offsets::new(gone, [start]).take_while(|_| wanted(self.cancel));
                out.fill(self.identity);
                if terms <= BLOCK {
                    return firsts.for_each(|[first]| self.merge_row(out, first, stride));
                }
                let mut partial = [self.identity; WIDTH];
                let partial = &mut partial[..out.len()];
                for (term, [first]) in firsts.enumerate() {
                    self.merge_row(partial, first, stride);
                    if (term + 1) % BLOCK == 0 {
                        self.merge(out, partial);
                        partial.fill(self.identity);
                    }
                }
                self.merge(out, partial);
            },
        );
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loop must be compiled in the form for this processor")]
    fn merge(&self, into: &mut [f64], from: &[f64]) {
        for (o, x) in into.iter_mut().zip(from) {
            *o = (self.combine)(*o, *x);
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loop must be compiled in the form for this processor")]
    fn merge_row(&self, into: &mut [f64], first: isize, stride: isize) {
        tally::done(into.len());
        if stride == 1 {
            self.merge(into, &self.data[first as usize..first as usize + into.len()]);
        } else {
            for (i, o) in into.iter_mut().enumerate() {
                *o = (self.combine)(*o, self.data[(first + i as isize * stride) as usize]);
            }
        }
    }

    /// Combines the runs `from..to` (at least one) of those that start at the offsets of `outer`, pairwise.
    fn runs(&self, outer: &Axes<1>, start: isize, run: Axis<1>, from: usize, to: usize) -> f64 {
        if !wanted(self.cancel) {
            return self.identity;
        }
        if to - from > 8 {
            let middle = from + (to - from) / 2;
            let low = self.runs(outer, start, run, from, middle);
            return (self.combine)(low, self.runs(outer, start, run, middle, to));
        }
        Offsets::starting_at(outer, [start], from)
            .take(to - from)
            .map(|[first]| self.run(first, run.strides[0], run.len))
            .fold(self.identity, self.combine)
    }

    /// Combines `len` elements, pairwise above the length of a block.
    fn run(&self, first: isize, stride: isize, len: usize) -> f64 {
        if len > BLOCK {
            if !wanted(self.cancel) {
                return self.identity;
            }
            let half = (len / 2).next_multiple_of(8);
            let low = self.run(first, stride, half);
            let rest = first + half as isize * stride;
            return (self.combine)(low, self.run(rest, stride, len - half));
        }
        tally::done(len);
        if stride == 1 {
            self.block(&self.data[first as usize..first as usize + len])
        } else {
            let mut gathered = [0.0; BLOCK];
            gather(self.data, first, stride, &mut gathered[..len]);
            self.block(&gathered[..len])
        }
    }

    fn block(&self, elements: &[f64]) -> f64 {
        best(
            elements,
            #[inline(always)]
            |elements| self.line(elements),
        )
    }

    /// Combines at most a block of elements, in eight lanes.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loop must be compiled in the form for this processor")]
    fn line(&self, elements: &[f64]) -> f64 {
        let join = self.combine;
        let (chunks, tail) = elements.as_chunks::<8>();
        let tail = tail.iter().copied().fold(self.identity, join);
        let Some((head, chunks)) = chunks.split_first() else {
            return tail;
        };
        let mut lanes = *head;
        for chunk in chunks {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane = join(*lane, *x);
            }
        }
        let [a, b, c, d, e, f, g, h] = lanes;
        join(join(join(join(a, b), join(c, d)), join(join(e, f), join(g, h))), tail)
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    static WANTED: AtomicBool = AtomicBool::new(false);

    /// The elements that go into each output.
    fn groups(view: &View, reduced: &[bool]) -> Vec<Vec<f64>> {
        let kept_len = |i: usize| if reduced[i] { 1 } else { view.shape[i] };
        let mut groups = vec![Vec::new(); (0..reduced.len()).map(kept_len).product()];
        for (position, x) in view.to_contiguous().iter().enumerate() {
            let (mut rest, mut place, mut scale) = (position, 0, 1);
            for i in (0..reduced.len()).rev() {
                let index = rest % view.shape[i];
                rest /= view.shape[i];
                if !reduced[i] {
                    place += index * scale;
                    scale *= view.shape[i];
                }
            }
            groups[place].push(*x);
        }
        groups
    }

    #[test]
    fn any_axes_and_strides_match_the_definition() {
        let mut random = Random::new(4);
        for case in 0..1000 {
            let rank = case % 5;
            let owned = random.view(rank);
            let view = owned.view();
            let reduced: Vec<bool> = (0..rank).map(|_| random.below(2) == 0).collect();
            let expected = groups(&view, &reduced);
            let mut out = vec![f64::NAN; expected.len()];
            sum(view, &reduced, &mut out, &WANTED);
            for (o, terms) in out.iter().zip(&expected) {
                assert!((o - terms.iter().sum::<f64>()).abs() < 1e-12);
            }
            let mut again = vec![f64::NAN; expected.len()];
            sum(view, &reduced, &mut again, &WANTED);
            assert!(out.iter().zip(&again).all(|(x, y)| x.to_bits() == y.to_bits()));
            max(view, &reduced, &mut out, &WANTED);
            for (o, terms) in out.iter().zip(&expected) {
                assert_eq!(*o, terms.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            }
            min(view, &reduced, &mut out, &WANTED);
            for (o, terms) in out.iter().zip(&expected) {
                assert_eq!(*o, terms.iter().copied().fold(f64::INFINITY, f64::min));
            }
        }
    }

    #[test]
    fn long_sums_stay_accurate_along_and_across() {
        let data = vec![0.1; 1_000_000];
        let mut out = [0.0];
        sum(View { data: &data, offset: 0, shape: &[1_000_000], strides: &[1] }, &[true], &mut out, &WANTED);
        assert!((out[0] - 1e5).abs() < 1e-9);
        let mut out = [0.0; 10];
        let tall = View { data: &data, offset: 0, shape: &[100_000, 10], strides: &[10, 1] };
        sum(tall, &[true, false], &mut out, &WANTED);
        assert!(out.iter().all(|o| (o - 1e4).abs() < 1e-8));
    }

    #[test]
    fn a_few_terms_are_added_in_their_order_whatever_their_stride() {
        let mut random = Random::new(9);
        for terms in 1..8 {
            let data = random.numbers(600 * terms);
            for strides in [[terms as isize, 1], [1, 600]] {
                let view = View { data: &data, offset: 0, shape: &[600, terms], strides: &strides };
                let mut out = vec![0.0; 600];
                sum(view, &[false, true], &mut out, &WANTED);
                let element = |i: usize, j: usize| data[i * strides[0] as usize + j * strides[1] as usize];
                let expected: Vec<f64> = (0..600).map(|i| (0..terms).fold(0.0, |sum, j| sum + element(i, j))).collect();
                assert_eq!(out, expected);
            }
        }
    }

    #[test]
    fn extrema_propagate_nan_from_any_place() {
        for place in 0..40 {
            let mut data = vec![1.0; 40];
            data[place] = f64::NAN;
            for (shape, strides, reduced) in
                [([1, 40], [40, 1], [true, true]), ([10, 4], [4, 1], [true, true]), ([4, 10], [10, 1], [true, false])]
            {
                let view = View { data: &data, offset: 0, shape: &shape, strides: &strides };
                let mut out = vec![0.0; if reduced[1] { 1 } else { shape[1] }];
                max(view, &reduced, &mut out, &WANTED);
                assert_eq!(out.iter().filter(|o| o.is_nan()).count(), 1);
                min(view, &reduced, &mut out, &WANTED);
                assert_eq!(out.iter().filter(|o| o.is_nan()).count(), 1);
            }
        }
    }

    #[test]
    fn a_sum_over_an_empty_axis_is_zero() {
        let mut out = [1.0; 3];
        let empty = View { data: &[], offset: 0, shape: &[0, 3], strides: &[3, 1] };
        sum(empty, &[true, false], &mut out, &WANTED);
        assert_eq!(out, [0.0; 3]);
    }

    #[test]
    fn running_sums_go_along_the_middle_axis_both_ways() {
        let data: Vec<f64> = (1..=12).map(f64::from).collect();
        let mut out = vec![0.0; 12];
        cumsum(&data, (3, 2), false, &mut out, &WANTED);
        assert_eq!(out, [1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 7.0, 8.0, 16.0, 18.0, 27.0, 30.0]);
        cumsum(&data, (3, 2), true, &mut out, &WANTED);
        assert_eq!(out, [9.0, 12.0, 8.0, 10.0, 5.0, 6.0, 27.0, 30.0, 20.0, 22.0, 11.0, 12.0]);
        cumsum(&[], (0, 2), true, &mut [], &WANTED);
    }
}
