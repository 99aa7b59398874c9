//! Writing elements to places, and adding them into places that may coincide, in a fixed order.

use std::sync::atomic::{AtomicBool, Ordering};

use super::portions::{PORTION, add, fill, transfer, wanted};
use super::view::View;
use super::walk::{Axes, Axis, Offsets, coalesce};

/// Sets `out` to zero and adds each element of the view, in its row-major order, to the place in `out` that its indices
/// and `strides` (0 or more, one for each axis) lead to. Stops early once `cancel` is set.
pub fn scatter_add(view: View, strides: &[isize], out: &mut [f64], cancel: &AtomicBool) {
    fill(out, 0.0, cancel);
    if view.is_empty() {
        return;
    }
    let both = view.shape.iter().zip(view.strides).zip(strides);
    let mut axes: Axes<2> = coalesce(both.map(|((&len, &from), &to)| Axis { len, strides: [from, to] }));
    let run = axes.pop().unwrap_or(Axis { len: 1, strides: [0, 0] });
    for [from, to] in Offsets::new(&axes, [view.offset as isize, 0]) {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        if run.strides == [1, 1] {
            let (from, to) = (from as usize, to as usize);
            add(&view.data[from..from + run.len], &mut out[to..to + run.len], cancel);
        } else {
            for i in 0..run.len as isize {
                if (i as usize).is_multiple_of(PORTION) && cancel.load(Ordering::Relaxed) {
                    return;
                }
                out[(to + i * run.strides[1]) as usize] += view.data[(from + i * run.strides[0]) as usize];
            }
        }
    }
}

/// Writes each element of the view to the place in `out` that its indices and `strides` (one for each axis) lead to from
/// `start` on; no two elements go to one place. Stops early once `cancel` is set.
pub fn scatter(view: View, start: usize, strides: &[isize], out: &mut [f64], cancel: &AtomicBool) {
    if view.is_empty() {
        return;
    }
    let both = view.shape.iter().zip(view.strides).zip(strides);
    let mut axes: Axes<2> = coalesce(both.map(|((&len, &from), &to)| Axis { len, strides: [from, to] }));
    let run = axes.pop().unwrap_or(Axis { len: 1, strides: [0, 1] });
    if axes.last().is_some_and(|outer| outer.strides[0].abs() < run.strides[0].abs()) {
        // What lies the other way round is turned in blocks first.
        let mut data = vec![0.0; view.len()];
        view.copy_until(&mut data, cancel);
        let dense = row_major(view.shape);
        let turned = View { data: &data, offset: 0, shape: view.shape, strides: &dense };
        return scatter(turned, start, strides, out, cancel);
    }
    for [from, to] in Offsets::new(&axes, [view.offset as isize, start as isize]) {
        for first in (0..run.len).step_by(PORTION) {
            if !wanted(cancel) {
                return;
            }
            let (from, to) = (from + first as isize * run.strides[0], to + first as isize * run.strides[1]);
            write_run(view.data, [from, to], run.strides, PORTION.min(run.len - first), out);
        }
    }
}

/// Writes so many elements, the first from one place to the other, the next a stride further each.
fn write_run(data: &[f64], [from, to]: [isize; 2], strides: [isize; 2], count: usize, out: &mut [f64]) {
    match strides {
        [1, 1] => {
            let (from, to) = (from as usize, to as usize);
            transfer(&data[from..from + count], &mut out[to..to + count]);
        }
        [every, to_every] if every > 0 && to_every > 0 => {
            let (every, to_every) = (every as usize, to_every as usize);
            let elements = data[from as usize..].iter().step_by(every);
            let places = out[to as usize..].iter_mut().step_by(to_every);
            places.zip(elements).take(count).for_each(|(o, x)| *o = *x);
        }
        [every, to_every] => {
            for i in 0..count as isize {
                out[(to + i * to_every) as usize] = data[(from + i * every) as usize];
            }
        }
    }
}

fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i] as isize;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    #[test]
    fn elements_are_added_where_their_indices_lead() {
        let mut random = Random::new(5);
        for case in 0..200 {
            let owned = random.view(case % 4);
            let view = owned.view();
            let strides: Vec<isize> = view.shape.iter().map(|_| random.below(4) as isize).collect();
            let reach: isize = view.shape.iter().zip(&strides).map(|(&n, s)| n.saturating_sub(1) as isize * s).sum();
            let mut expected = vec![0.0; reach as usize + 1];
            let mut places = vec![0_isize];
            for (&n, stride) in view.shape.iter().zip(&strides) {
                places = places.iter().flat_map(|p| (0..n as isize).map(move |i| p + i * stride)).collect();
            }
            for (x, place) in view.to_contiguous().iter().zip(places) {
                expected[place as usize] += x;
            }
            let mut out = vec![f64::NAN; expected.len()];
            scatter_add(view, &strides, &mut out, &AtomicBool::new(false));
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn elements_are_written_where_their_indices_lead() {
        let mut random = Random::new(6);
        for case in 0..400 {
            let owned = random.view(case % 4);
            let view = owned.view();
            // Places with gaps between them, the axes in order or turned round.
            let mut strides = vec![0; view.shape.len()];
            let mut extent = 1 + random.below(2);
            let inward = random.below(2) == 0;
            for k in 0..strides.len() {
                let axis = if inward { strides.len() - 1 - k } else { k };
                strides[axis] = extent as isize;
                extent = extent * view.shape[axis].max(1) + random.below(2);
            }
            let mut expected = vec![0.0; extent + 3];
            let mut places = vec![3_isize];
            for (&n, stride) in view.shape.iter().zip(&strides) {
                places = places.iter().flat_map(|p| (0..n as isize).map(move |i| p + i * stride)).collect();
            }
            for (x, place) in view.to_contiguous().iter().zip(places) {
                expected[place as usize] = *x;
            }
            let mut out = vec![0.0; expected.len()];
            scatter(view, 3, &strides, &mut out, &AtomicBool::new(false));
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn a_set_flag_stops_it() {
        let view = View { data: &[1.0; 6], offset: 0, shape: &[3, 2], strides: &[2, 1] };
        let mut out = [f64::NAN; 4];
        scatter_add(view, &[1, 1], &mut out, &AtomicBool::new(true));
        assert!(out.iter().all(|x| x.is_nan()), "nothing is written: {out:?}");
    }
}
