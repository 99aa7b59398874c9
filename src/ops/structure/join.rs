//! Padding with zeros and joining: elements copied to their places in a larger array.

use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::super::Algebra;
use super::{SLICE, Triple, linear, mismatch, pad, slice};
use crate::ir::{
    Attr, Builder, Kernel, Layout, NodeId, Primitive, Room, Shape, ShapeError, Single, elements, row_major, show,
};
use crate::kernel::{self, View};

/// Zeros before, after and between the elements of every axis: the transpose of a slice.
pub(in crate::ops) static PAD: Primitive = Primitive {
    room: Room::Formula(|_, args| args.iter().map(|a| turned(a)).max().unwrap_or(0)),
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
            let Attr::Pad(widths) = attr else { return };
            if let (Some(data), true) = (args[0].as_slice(), widths.iter().all(|w| w.2 == 0)) {
                return lay(data, args[0].shape, widths, out, cancel);
            }
            kernel::fill(out, 0.0, cancel);
            let mut strides = row_major(shape);
            let mut first = 0;
            for (stride, &(before, _, between)) in strides.iter_mut().zip(widths) {
                first += before * *stride as usize;
                *stride *= between as isize + 1;
            }
            kernel::scatter(args[0], first, &strides, out, cancel);
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

/// Lays elements in row-major order between zeros, none of which stand between neighbours.
fn lay(data: &[f64], shape: &[usize], widths: &[Triple], out: &mut [f64], cancel: &AtomicBool) {
    if data.is_empty() {
        return kernel::fill(out, 0.0, cancel);
    }
    let (Some((&length, shape)), Some((&(before, _, _), widths))) = (shape.split_first(), widths.split_first()) else {
        return kernel::copy(data, out, cancel);
    };
    let (row, row_out) = (elements(shape), widths.iter().zip(shape).map(|(w, &n)| padded(*w, n)).product::<usize>());
    let (zeros, rest) = out.split_at_mut(before * row_out);
    kernel::fill(zeros, 0.0, cancel);
    let (inside, zeros) = rest.split_at_mut(length * row_out);
    kernel::fill(zeros, 0.0, cancel);
    if row == row_out {
        return kernel::copy(data, inside, cancel);
    }
    for (data, out) in data.chunks_exact(row).zip(inside.chunks_exact_mut(row_out)) {
        lay(data, shape, widths, out, cancel);
    }
}

/// Elements of an argument that is turned before it is written, because its columns lie closer than its rows.
fn turned(layout: &Layout) -> usize {
    let mut strides = layout.shape.iter().zip(&layout.strides).filter(|(n, _)| **n > 1).map(|(_, s)| s.abs()).rev();
    let is_turned = strides.next().zip(strides.next()).is_some_and(|(inner, outer)| outer < inner);
    if is_turned { elements(&layout.shape) } else { 0 }
}

/// Elements of a join that are written at a time: they stay in the cache.
const PORTION: usize = 1 << 14;

/// Arrays joined along an axis.
pub(in crate::ops) static CONCATENATE: Primitive = Primitive {
    // Along other axes few rows are written at a time.
    room: Room::Formula(|attr, args| match attr {
        Attr::Index(0) => args.iter().map(|a| turned(a)).max().unwrap_or(0),
        _ => 0,
    }),
    single: Single::Joined(beside),
    simplify: Some(neighbours),
    ..linear(
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
            // What lies side by side in the result is written part by part, so that it comes to memory once.
            let rows = if *axis == 0 { shape[0] } else { PORTION / elements(&shape[1..]).max(1) }.max(1);
            for top in (0..shape[0]).step_by(rows) {
                let mut first = top * strides[0] as usize;
                for a in args {
                    let mut part: Shape = a.shape.into();
                    if *axis > 0 {
                        part[0] = rows.min(shape[0] - top);
                    }
                    let offset = a.offset.saturating_add_signed(top as isize * a.strides[0]);
                    kernel::scatter(View { offset, shape: &part, ..*a }, first, &strides, out, cancel);
                    first += a.shape[*axis] * strides[*axis] as usize;
                }
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
    )
};

/// Parts of one array that are joined as they lie in it.
fn neighbours(b: &mut Builder, parts: &[NodeId], attr: &Attr) -> Option<NodeId> {
    let Attr::Index(axis) = *attr else { return None };
    let first = b.node(*parts.first()?);
    let (source, mut cut) = match &first.attr {
        Attr::Slice(cut) if first.is(&SLICE) => (first.args[0], cut.clone()),
        _ => return None,
    };
    for &part in &parts[1..] {
        let node = b.node(part);
        let Attr::Slice(next) = &node.attr else { return None };
        let continues = node.is(&SLICE)
            && node.args[0] == source
            && (0..cut.len())
                .all(|i| if i == axis { next[i].0 == cut[i].1 && next[i].2 == 1 } else { next[i] == cut[i] });
        if !continues || cut[axis].2 != 1 {
            return None;
        }
        cut[axis].1 = next[axis].1;
    }
    Some(slice(b, source, &cut))
}

/// Where the arguments lie in arrays joined along an axis.
fn beside(attr: &Attr, shape: &[usize], args: &[&[usize]]) -> Vec<Layout> {
    let axis = if let Attr::Index(axis) = *attr { axis } else { 0 };
    let strides = row_major(shape);
    let mut offset = 0;
    let place = |&a: &&[usize]| {
        let place = Layout { offset, shape: a.into(), strides: strides.clone() };
        offset += a[axis] * strides[axis] as usize;
        place
    };
    args.iter().map(place).collect()
}

fn padded((before, after, between): Triple, n: usize) -> usize {
    let inside = if n == 0 { 0 } else { (n - 1).saturating_mul(between.saturating_add(1)).saturating_add(1) };
    inside.saturating_add(before).saturating_add(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_lays_elements_between_zeros() {
        let cases: [(&[usize], &[Triple]); 6] = [
            (&[], &[]),
            (&[3], &[(2, 1, 0)]),
            (&[2, 3], &[(0, 1, 0), (2, 0, 0)]),
            (&[2, 3], &[(1, 1, 0), (0, 0, 0)]),
            (&[2, 1, 3], &[(0, 0, 0), (1, 2, 0), (3, 1, 0)]),
            (&[2, 0], &[(1, 0, 0), (0, 2, 0)]),
        ];
        for (shape, widths) in cases {
            let data: Vec<f64> = (1..=elements(shape)).map(|i| i as f64).collect();
            let lengths: Vec<usize> = widths.iter().zip(shape).map(|(w, &n)| padded(*w, n)).collect();
            let mut out = vec![f64::NAN; elements(&lengths)];
            lay(&data, shape, widths, &mut out, &AtomicBool::new(false));
            let mut expected = vec![0.0; out.len()];
            for (i, x) in data.iter().enumerate() {
                let (mut rest, mut place, mut stride) = (i, 0, 1);
                for axis in (0..shape.len()).rev() {
                    place += (rest % shape[axis] + widths[axis].0) * stride;
                    (rest, stride) = (rest / shape[axis], stride * lengths[axis]);
                }
                expected[place] = *x;
            }
            assert_eq!(out, expected, "{shape:?} {widths:?}");
        }
    }
}
