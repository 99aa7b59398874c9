//! Adding elements into places that may coincide, in a fixed order.

use std::sync::atomic::{AtomicBool, Ordering};

use super::portions::{PORTION, add, fill};
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
                if i as usize % PORTION == 0 && cancel.load(Ordering::Relaxed) {
                    return;
                }
                out[(to + i * run.strides[1]) as usize] += view.data[(from + i * run.strides[0]) as usize];
            }
        }
    }
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
    fn a_set_flag_stops_it() {
        let view = View { data: &[1.0; 6], offset: 0, shape: &[3, 2], strides: &[2, 1] };
        let mut out = [f64::NAN; 4];
        scatter_add(view, &[1, 1], &mut out, &AtomicBool::new(true));
        assert!(out.iter().all(|x| x.is_nan()), "nothing is written: {out:?}");
    }
}
