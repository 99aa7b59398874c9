//! Primitives that make arrays out of nothing: the identity and counting.

use super::elementwise::primitive;
use crate::ir::{Attr, Batch, Builder, Cost, Kernel, NodeId, Primitive, Rule, Shape, ShapeError, row_major};
use crate::kernel;

/// The n × n identity. Products with it are simplified away, so seeds cost nothing until they must exist.
pub(in crate::ops) static EYE: Primitive = generator(
    "eye",
    |attr, _| match attr {
        Attr::Index(n) => Ok(Shape::from_slice(&[*n, *n])),
        _ => Err(ShapeError::new("the identity has a size", "a size", format!("{attr:?}"))),
    },
    Kernel::Dense(|_, shape, _, out, cancel| {
        kernel::fill(out, 0.0, cancel);
        out.iter_mut().step_by(shape[0] + 1).for_each(|x| *x = 1.0);
    }),
);

/// 0, 1, 2, … along one axis.
static IOTA: Primitive = generator(
    "iota",
    |attr, _| match attr {
        Attr::Iota(shape, axis) if *axis < shape.len() => Ok(shape.clone()),
        _ => Err(ShapeError::new("counting runs along an axis", "an axis", format!("{attr:?}"))),
    },
    Kernel::Dense(|attr, shape, _, out, cancel| {
        let Attr::Iota(_, axis) = attr else { return };
        let stride = row_major(shape)[*axis] as usize;
        if stride == 1 {
            return kernel::count(out, shape[*axis], cancel);
        }
        for (k, run) in out.chunks_mut(stride.max(1)).enumerate() {
            kernel::fill(run, (k % shape[*axis]) as f64, cancel);
        }
    }),
);

const fn generator(
    name: &'static str,
    shape: fn(&Attr, &[&[usize]]) -> Result<Shape, ShapeError>,
    kernel: Kernel,
) -> Primitive {
    Primitive { shape, kernel, batch: Batch::Leading, cost: Cost::Free, ..primitive(name, |_, _| {}, 0, Rule::Zero) }
}

/// 0, 1, 2, … along one axis of a shape.
pub(in crate::ops) fn iota(b: &mut Builder, shape: &[usize], axis: usize) -> NodeId {
    b.make(&IOTA, &[], Attr::Iota(shape.into(), axis))
}
