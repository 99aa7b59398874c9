//! Padding with zeros and joining: elements copied to their places in a larger array.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::{SmallVec, smallvec};

use super::super::Algebra;
use super::{Triple, linear, mismatch, pad, slice};
use crate::ir::{Attr, Kernel, Layout, NodeId, Primitive, Shape, ShapeError, elements, row_major, show};
use crate::kernel::{self, View};

/// Zeros before, after and between the elements of every axis: the transpose of a slice.
pub(in crate::ops) static PAD: Primitive = Primitive {
    simplify: Some(|b, a, attr| {
        let Attr::Pad(widths) = attr else { return None };
        if widths.iter().all(|w| *w == (0, 0, 0)) {
            return Some(a[0]);
        }
        let shape: Shape = widths.iter().zip(b.shape(a[0])).map(|(w, &n)| padded(*w, n)).collect();
        (b.fill_value(a[0]) == Some(0.0) || elements(b.shape(a[0])) == 0).then(|| b.fill(0.0, &shape))
    }),
    ..linear(
        "pad",
        |attr, args| match attr {
            Attr::Pad(widths) if widths.len() == args[0].len() => {
                Ok(widths.iter().zip(args[0]).map(|(w, &n)| padded(*w, n)).collect())
            }
            _ => Err(mismatch(attr, args)),
        },
        Kernel::Dense(|attr, shape, args, out, cancel| {
            kernel::fill(out, 0.0, cancel);
            let Attr::Pad(widths) = attr else { return };
            let strides = row_major(shape);
            let mut layout = Layout::dense(args[0].shape);
            for (i, &(before, _, between)) in widths.iter().enumerate() {
                layout.offset += before * strides[i] as usize;
                layout.strides[i] = strides[i] * (between as isize + 1);
            }
            scatter_into(&args[0], &layout, out, cancel);
        }),
        |b, n, _, ct| {
            let Attr::Pad(widths) = b.node(n).attr.clone() else { return ct };
            let source: Shape = b.shape(b.arg(n, 0)).clone();
            let parts: SmallVec<[Triple; 4]> = widths
                .iter()
                .zip(&source)
                .map(|(&(before, _, between), &n)| {
                    let extent = if n == 0 { 0 } else { (n - 1) * (between + 1) + 1 };
                    (before, before + extent, between + 1)
                })
                .collect();
            slice(b, ct, &parts)
        },
        |b, node, args, _| {
            let Attr::Pad(widths) = &node.attr else { return args[0].0 };
            let widths: SmallVec<[Triple; 4]> = std::iter::once((0, 0, 0)).chain(widths.iter().copied()).collect();
            pad(b, args[0].0, &widths)
        },
    )
};

/// Arrays joined along an axis.
pub(in crate::ops) static CONCATENATE: Primitive = linear(
    "concatenate",
    |attr, args| {
        let Attr::Index(axis) = attr else { return Err(mismatch(attr, args)) };
        let mut shape: Shape = args.first().copied().unwrap_or(&[]).into();
        if *axis >= shape.len() {
            return Err(mismatch(attr, args));
        }
        shape[*axis] = 0;
        for s in args {
            let fits = s.len() == shape.len() && (0..shape.len()).all(|i| i == *axis || s[i] == shape[i]);
            if !fits {
                let detail = format!("arrays joined along axis {axis} have the same length on every other axis");
                return Err(ShapeError::new(detail, show(args[0]), show(s)));
            }
            shape[*axis] = shape[*axis].saturating_add(s[*axis]);
        }
        Ok(shape)
    },
    Kernel::Dense(|attr, shape, args, out, cancel| {
        let Attr::Index(axis) = attr else { return };
        let strides = row_major(shape);
        let mut offset = 0;
        for a in args {
            let layout = Layout { offset, shape: a.shape.into(), strides: strides.clone() };
            scatter_into(a, &layout, out, cancel);
            offset += a.shape[*axis] * strides[*axis] as usize;
        }
    }),
    |b, n, i, ct| {
        let Attr::Index(axis) = b.node(n).attr else { return ct };
        let lengths: SmallVec<[usize; 4]> = b.node(n).args.iter().map(|&a| b.shape(a)[axis]).collect();
        let start: usize = lengths[..i].iter().sum();
        let mut parts: SmallVec<[Triple; 4]> = b.shape(n).iter().map(|&len| (0, len, 1)).collect();
        parts[axis] = (start, start + lengths[i], 1);
        slice(b, ct, &parts)
    },
    |b, node, args, size| {
        let axis = if let Attr::Index(axis) = node.attr { axis + 1 } else { 0 };
        let nodes: SmallVec<[NodeId; 4]> =
            args.iter().map(|&(a, carries)| if carries { a } else { b.lead(a, size) }).collect();
        b.make(&CONCATENATE, &nodes, Attr::Index(axis))
    },
);

fn padded((before, after, between): Triple, n: usize) -> usize {
    let inside = if n == 0 { 0 } else { (n - 1).saturating_mul(between.saturating_add(1)).saturating_add(1) };
    inside.saturating_add(before).saturating_add(after)
}

/// Writes the elements of a view, in order, to the places of a layout.
fn scatter_into(view: &View<'_>, layout: &Layout, out: &mut [f64], cancel: &AtomicBool) {
    let inner = layout.shape.last().copied().unwrap_or(1);
    let stride = layout.strides.last().copied().unwrap_or(1) as usize;
    let data = view.contiguous_until(cancel);
    if inner == 0 {
        return;
    }
    let outer = layout.shape.len().saturating_sub(1);
    let mut index: SmallVec<[usize; 4]> = smallvec![0; outer];
    let mut start = layout.offset;
    for row in data.chunks_exact(inner).take_while(|_| !cancel.load(Ordering::Relaxed)) {
        if stride == 1 {
            kernel::copy(row, &mut out[start..start + inner], cancel);
        } else {
            for (i, x) in row.iter().enumerate() {
                out[start + i * stride] = *x;
            }
        }
        for axis in (0..outer).rev() {
            index[axis] += 1;
            start += layout.strides[axis] as usize;
            if index[axis] < layout.shape[axis] {
                break;
            }
            start -= layout.strides[axis] as usize * layout.shape[axis];
            index[axis] = 0;
        }
    }
}
