//! Views: another look at the same elements, which moves nothing.

use smallvec::{SmallVec, smallvec};

use super::super::Algebra;
use super::super::create::EYE;
use super::{Triple, batched, linear, mismatch, pad, reverse, slice};
use crate::ir::{Attr, Kernel, Layout, Primitive, Shape, ShapeError, elements, show};

/// The same elements, in order, under another shape.
pub(in crate::ops) static RESHAPE: Primitive = Primitive {
    simplify: Some(|b, a, attr| {
        let Attr::Shape(shape) = attr else { return None };
        if b.shape(a[0]) == shape {
            return Some(a[0]);
        }
        if let Some(v) = b.fill_value(a[0]) {
            return Some(b.fill(v, shape));
        }
        if b.node(a[0]).is(&RESHAPE) {
            let inner = b.arg(a[0], 0);
            return Some(b.reshape(inner, shape));
        }
        None
    }),
    ..linear(
        "reshape",
        |attr, args| match attr {
            Attr::Shape(s) if elements(s) == elements(args[0]) => Ok(s.clone()),
            Attr::Shape(s) => Err(ShapeError::new(
                format!("cannot reshape {} into {}", show(args[0]), show(s)),
                format!("{} elements", elements(args[0])),
                format!("{} elements", elements(s)),
            )),
            _ => Err(mismatch(attr, args)),
        },
        Kernel::Reshape,
        |b, n, _, ct| {
            let shape = b.shape(b.arg(n, 0)).clone();
            b.reshape(ct, &shape)
        },
        |b, node, args, size| {
            let shape = batched(size, &node.shape);
            b.reshape(args[0].0, &shape)
        },
    )
};

/// Repeats along axes that are new or have length 1.
pub(in crate::ops) static BROADCAST: Primitive = Primitive {
    simplify: Some(|b, a, attr| {
        let Attr::Broadcast(shape, places) = attr else { return None };
        if b.shape(a[0]) == shape {
            return Some(a[0]);
        }
        if let Some(v) = b.fill_value(a[0]) {
            return Some(b.fill(v, shape));
        }
        let node = b.node(a[0]);
        if let (true, Attr::Broadcast(_, inner)) = (node.is(&BROADCAST), &node.attr) {
            let composed: SmallVec<[usize; 4]> = inner.iter().map(|&i| places[i]).collect();
            let source = node.args[0];
            return Some(b.broadcast(source, shape, &composed));
        }
        None
    }),
    ..linear(
        "broadcast",
        |attr, args| match attr {
            Attr::Broadcast(shape, places)
                if places.len() == args[0].len()
                    && places.windows(2).all(|w| w[0] < w[1])
                    && places.iter().zip(args[0]).all(|(&p, &n)| shape.get(p).is_some_and(|&m| n == m || n == 1)) =>
            {
                Ok(shape.clone())
            }
            _ => Err(mismatch(attr, args)),
        },
        Kernel::View(|attr, layout| {
            let Attr::Broadcast(shape, places) = attr else { return layout.clone() };
            let mut result = Layout { offset: layout.offset, ..Layout::repeated(shape) };
            for (i, &p) in places.iter().enumerate() {
                if layout.shape[i] != 1 {
                    result.strides[p] = layout.strides[i];
                }
            }
            result
        }),
        |b, n, _, ct| {
            let Attr::Broadcast(shape, places) = b.node(n).attr.clone() else { return ct };
            let source: Shape = b.shape(b.arg(n, 0)).clone();
            let summed: SmallVec<[usize; 4]> = (0..shape.len())
                .filter(|axis| match places.iter().position(|p| p == axis) {
                    None => true,
                    Some(i) => source[i] == 1 && shape[*axis] != 1,
                })
                .collect();
            let total = b.sum(ct, &summed);
            b.reshape(total, &source)
        },
        |b, node, args, size| {
            let Attr::Broadcast(shape, places) = &node.attr else { return args[0].0 };
            let places: SmallVec<[usize; 4]> = std::iter::once(0).chain(places.iter().map(|p| p + 1)).collect();
            b.broadcast(args[0].0, &batched(size, shape), &places)
        },
    )
};

/// Axes reordered.
pub(in crate::ops) static PERMUTE: Primitive = Primitive {
    simplify: Some(|b, a, attr| {
        let Attr::Axes(order) = attr else { return None };
        if order.iter().enumerate().all(|(i, &o)| i == o) {
            return Some(a[0]);
        }
        if let Some(v) = b.fill_value(a[0]) {
            let shape: Shape = order.iter().map(|&o| b.shape(a[0])[o]).collect();
            return Some(b.fill(v, &shape));
        }
        let node = b.node(a[0]);
        if node.is(&EYE) {
            return Some(a[0]);
        }
        if let (true, Attr::Axes(inner)) = (node.is(&PERMUTE), &node.attr) {
            let composed: SmallVec<[usize; 4]> = order.iter().map(|&o| inner[o]).collect();
            let source = node.args[0];
            return Some(b.permute(source, &composed));
        }
        None
    }),
    ..linear(
        "permute",
        |attr, args| match attr {
            Attr::Axes(order) if order.len() == args[0].len() && (0..order.len()).all(|i| order.contains(&i)) => {
                Ok(order.iter().map(|&o| args[0][o]).collect())
            }
            _ => Err(mismatch(attr, args)),
        },
        Kernel::View(|attr, layout| {
            let Attr::Axes(order) = attr else { return layout.clone() };
            Layout {
                offset: layout.offset,
                shape: order.iter().map(|&o| layout.shape[o]).collect(),
                strides: order.iter().map(|&o| layout.strides[o]).collect(),
            }
        }),
        |b, n, _, ct| {
            let Attr::Axes(order) = b.node(n).attr.clone() else { return ct };
            let mut inverse: SmallVec<[usize; 4]> = smallvec![0; order.len()];
            for (i, &o) in order.iter().enumerate() {
                inverse[o] = i;
            }
            b.permute(ct, &inverse)
        },
        |b, node, args, _| {
            let Attr::Axes(order) = &node.attr else { return args[0].0 };
            let order: SmallVec<[usize; 4]> = std::iter::once(0).chain(order.iter().map(|o| o + 1)).collect();
            b.permute(args[0].0, &order)
        },
    )
};

/// A regular part of every axis.
pub(in crate::ops) static SLICE: Primitive = Primitive {
    simplify: Some(|b, a, attr| {
        let Attr::Slice(parts) = attr else { return None };
        if parts.iter().zip(b.shape(a[0])).all(|(p, &n)| *p == (0, n, 1)) {
            return Some(a[0]);
        }
        let value = b.fill_value(a[0])?;
        let shape: Shape = parts.iter().map(|p| (p.1 - p.0).div_ceil(p.2)).collect();
        Some(b.fill(value, &shape))
    }),
    ..linear(
        "slice",
        |attr, args| match attr {
            Attr::Slice(parts)
                if parts.len() == args[0].len()
                    && parts.iter().zip(args[0]).all(|(&(lo, hi, step), &n)| lo <= hi && hi <= n && step > 0) =>
            {
                Ok(parts.iter().map(|&(lo, hi, step)| (hi - lo).div_ceil(step)).collect())
            }
            _ => Err(mismatch(attr, args)),
        },
        Kernel::View(|attr, layout| {
            let Attr::Slice(parts) = attr else { return layout.clone() };
            let mut result = layout.clone();
            for (i, &(lo, hi, step)) in parts.iter().enumerate() {
                result.shape[i] = (hi - lo).div_ceil(step);
                if result.shape[i] > 0 {
                    result.offset = result.offset.saturating_add_signed(lo as isize * layout.strides[i]);
                }
                result.strides[i] = layout.strides[i] * step as isize;
            }
            result
        }),
        |b, n, _, ct| {
            let Attr::Slice(parts) = b.node(n).attr.clone() else { return ct };
            let source: Shape = b.shape(b.arg(n, 0)).clone();
            let widths: SmallVec<[Triple; 4]> = parts
                .iter()
                .zip(&source)
                .map(|(&(lo, hi, step), &n)| {
                    let count = (hi - lo).div_ceil(step);
                    if count == 0 {
                        return (0, n, 0);
                    }
                    (lo, n - lo - ((count - 1) * step + 1), step - 1)
                })
                .collect();
            pad(b, ct, &widths)
        },
        |b, node, args, size| {
            let Attr::Slice(parts) = &node.attr else { return args[0].0 };
            let parts: SmallVec<[Triple; 4]> = std::iter::once((0, size, 1)).chain(parts.iter().copied()).collect();
            slice(b, args[0].0, &parts)
        },
    )
};

/// Axes walked backwards.
pub(in crate::ops) static REVERSE: Primitive = Primitive {
    simplify: Some(|b, a, attr| {
        let Attr::Axes(axes) = attr else { return None };
        (axes.is_empty() || b.fill_value(a[0]).is_some()).then_some(a[0])
    }),
    ..linear(
        "reverse",
        |attr, args| match attr {
            Attr::Axes(axes) if axes.iter().all(|&i| i < args[0].len()) => Ok(args[0].into()),
            _ => Err(mismatch(attr, args)),
        },
        Kernel::View(|attr, layout| {
            let Attr::Axes(axes) = attr else { return layout.clone() };
            let mut result = layout.clone();
            for &i in axes {
                let last = layout.shape[i].saturating_sub(1) as isize;
                result.offset = result.offset.saturating_add_signed(last * layout.strides[i]);
                result.strides[i] = -layout.strides[i];
            }
            result
        }),
        |b, n, _, ct| {
            let Attr::Axes(axes) = b.node(n).attr.clone() else { return ct };
            reverse(b, ct, &axes)
        },
        |b, node, args, _| {
            let Attr::Axes(axes) = &node.attr else { return args[0].0 };
            let axes: SmallVec<[usize; 4]> = axes.iter().map(|i| i + 1).collect();
            reverse(b, args[0].0, &axes)
        },
    )
};
