//! Row-major ⇄ column-major.

use crate::tensor::count;

/// The elements of the row-major array `data` with its axes reversed, row-major again. So a row-major
/// array comes out column-major, and a column-major one, given by its reversed shape, row-major.
pub(super) fn transposed(shape: &[usize], data: &[f64]) -> impl Iterator<Item = f64> {
    debug_assert_eq!(count(shape), Some(data.len()), "shape and data belong together");
    let mut stride = 1usize;
    let mut axes: Vec<Axis> = Vec::with_capacity(shape.len());
    for &length in shape.iter().rev() {
        axes.push(Axis { length, stride, index: 0 });
        stride = stride.saturating_mul(length);
    }
    let mut offset = 0;
    (0..data.len()).map(move |_| {
        let value = data[offset];
        for axis in axes.iter_mut().rev() {
            axis.index += 1;
            offset += axis.stride;
            if axis.index < axis.length {
                break;
            }
            offset -= axis.stride * axis.length;
            axis.index = 0;
        }
        value
    })
}

/// One axis of the odometer.
struct Axis {
    length: usize,
    stride: usize,
    index: usize,
}
