//! Primitives that move elements and compute nothing: views, padding, joining. All are linear, and
//! the transposes of one are among the others.

use smallvec::{SmallVec, smallvec};

use super::Algebra;
use crate::ir::{
    Attr, Batch, Builder, Cost, Kernel, Layout, Node, NodeId, Primitive, Rule, Shape, ShapeError, elements, row_major,
    show,
};
use crate::kernel::View;

/// First, end and step, or zeros before, after and between: one entry for each axis.
pub type Triple = (usize, usize, usize);

const fn linear(
    name: &'static str,
    shape: fn(&Attr, &[&[usize]]) -> Result<Shape, ShapeError>,
    kernel: Kernel,
    adjoint: crate::ir::Adjoint,
    batch: fn(&mut Builder, &Node, &[crate::ir::BatchArg], usize) -> NodeId,
) -> Primitive {
    Primitive {
        name,
        shape,
        kernel,
        rule: Rule::Linear { fixed: &[], adjoint },
        batch: Batch::Custom(batch),
        cost: Cost::Free,
        simplify: None,
        kink: None,
    }
}

fn mismatch(attr: &Attr, args: &[&[usize]]) -> ShapeError {
    ShapeError::new("the attribute does not fit the argument", format!("{attr:?}"), format!("{args:?}"))
}

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
        if std::ptr::eq(b.node(a[0]).op, &RESHAPE) {
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
        if let (true, Attr::Broadcast(_, inner)) = (std::ptr::eq(node.op, &BROADCAST), &node.attr) {
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
        if std::ptr::eq(node.op, &super::create::EYE) {
            return Some(a[0]);
        }
        if let (true, Attr::Axes(inner)) = (std::ptr::eq(node.op, &PERMUTE), &node.attr) {
            let composed: SmallVec<[usize; 4]> = order.iter().map(|&o| inner[o]).collect();
            let source = node.args[0];
            return Some(b.permute(source, &composed));
        }
        None
    }),
    ..linear(
        "permute",
        |attr, args| match attr {
            Attr::Axes(order)
                if order.len() == args[0].len() && (0..order.len()).all(|i| order.contains(&i)) =>
            {
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
        Kernel::Dense(|attr, shape, args, out, _| {
            out.fill(0.0);
            let Attr::Pad(widths) = attr else { return };
            let strides = row_major(shape);
            let mut layout = Layout::dense(args[0].shape);
            for (i, &(before, _, between)) in widths.iter().enumerate() {
                layout.offset += before * strides[i] as usize;
                layout.strides[i] = strides[i] * (between as isize + 1);
            }
            scatter_into(&args[0], &layout, out);
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
    Kernel::Dense(|attr, shape, args, out, _| {
        let Attr::Index(axis) = attr else { return };
        let strides = row_major(shape);
        let mut offset = 0;
        for a in args {
            let layout = Layout { offset, shape: a.shape.into(), strides: strides.clone() };
            scatter_into(a, &layout, out);
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

/// A shape with a leading axis.
pub(in crate::ops) fn batched(size: usize, shape: &[usize]) -> Shape {
    std::iter::once(size).chain(shape.iter().copied()).collect()
}

fn padded((before, after, between): Triple, n: usize) -> usize {
    let inside = if n == 0 { 0 } else { (n - 1).saturating_mul(between.saturating_add(1)).saturating_add(1) };
    inside.saturating_add(before).saturating_add(after)
}

/// Writes the elements of a view, in order, to the places of a layout.
fn scatter_into(view: &View<'_>, layout: &Layout, out: &mut [f64]) {
    let inner = layout.shape.last().copied().unwrap_or(1);
    let stride = layout.strides.last().copied().unwrap_or(1) as usize;
    let data = view.to_contiguous();
    if inner == 0 {
        return;
    }
    let outer = layout.shape.len().saturating_sub(1);
    let mut index: SmallVec<[usize; 4]> = smallvec![0; outer];
    let mut start = layout.offset;
    for row in data.chunks_exact(inner) {
        if stride == 1 {
            out[start..start + inner].copy_from_slice(row);
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

/// A regular part of every axis: (first, end, step) for each.
pub fn slice(b: &mut Builder, x: NodeId, parts: &[Triple]) -> NodeId {
    b.make(&SLICE, &[x], Attr::Slice(parts.into()))
}

/// Zeros (before, after, between) for each axis.
pub(in crate::ops) fn pad(b: &mut Builder, x: NodeId, widths: &[Triple]) -> NodeId {
    b.make(&PAD, &[x], Attr::Pad(widths.into()))
}

/// Axes walked backwards.
pub fn reverse(b: &mut Builder, x: NodeId, axes: &[usize]) -> NodeId {
    b.make(&REVERSE, &[x], Attr::Axes(axes.into()))
}

/// Arrays joined along an axis they have.
pub(in crate::ops) fn concatenate(b: &mut Builder, nodes: &[NodeId], axis: usize) -> Result<NodeId, ShapeError> {
    match nodes {
        [] => Err(ShapeError::new("there is nothing to join", "at least one array", "none")),
        [one] => Ok(*one),
        _ => b.try_make(&CONCATENATE, nodes, Attr::Index(axis)),
    }
}

/// Arrays of one shape joined along a new axis.
pub(in crate::ops) fn stack(b: &mut Builder, nodes: &[NodeId], axis: usize) -> Result<NodeId, ShapeError> {
    let Some(&first) = nodes.first() else {
        return Err(ShapeError::new("there is nothing to stack", "at least one array", "none"));
    };
    let shape = b.shape(first).clone();
    if let Some(&other) = nodes.iter().find(|&&n| *b.shape(n) != shape) {
        let detail = "the parts of an array literal or stack have one shape";
        return Err(ShapeError::new(detail, show(&shape), show(b.shape(other))));
    }
    let mut unit = shape;
    unit.insert(axis, 1);
    let parts: SmallVec<[NodeId; 4]> = nodes.iter().map(|&n| b.reshape(n, &unit)).collect();
    concatenate(b, &parts, axis)
}
