//! Primitives that reduce or accumulate along axes.

use smallvec::SmallVec;

use super::Algebra;
use super::elementwise::{arithmetic::NEGATIVE, same_shape};
use super::terms;
use crate::ir::{
    Attr, Batch, BatchArg, Builder, Cost, Depends, Flow, Kernel, Node, NodeId, Primitive, Room, Rule, Sets, Shape,
    ShapeError, Single, Terms, elements,
};
use crate::kernel;

/// Sum over axes, in a fixed order.
pub(in crate::ops) static SUM: Primitive = Primitive {
    name: "sum",
    shape: reduced_shape,
    kernel: Kernel::Dense(|attr, _, args, out, cancel| {
        kernel::sum(args[0], &flags(attr, args[0].shape.len()), out, cancel);
    }),
    rule: Rule::Linear {
        fixed: &[],
        adjoint: |b, n, _, ct| {
            let source: Shape = b.shape(b.arg(n, 0)).clone();
            let axes = axes(&b.node(n).attr);
            b.expand(ct, &axes, &source)
        },
    },
    depends: Depends::Along(axes),
    batch: Batch::Custom(shift_axes),
    cost: Cost::Formula(|_, args, _| elements(args[0]) as u64),
    simplify: Some(|b, a, attr| {
        let source = b.shape(a[0]).clone();
        if b.node(a[0]).is(&NEGATIVE) && elements(&source) > 0 {
            // Rounding knows no signs.
            let (opposite, axes) = (b.arg(a[0], 0), axes(attr));
            let sum = b.sum(opposite, &axes);
            return Some(b.neg(sum));
        }
        let value = b.fill_value(a[0])?;
        let shape = reduced_shape(attr, &[&source]).ok()?;
        let count = elements(&listed(attr).iter().map(|&i| source[i]).collect::<Shape>());
        Some(b.fill(value * count as f64, &shape))
    }),
    kink: None,
    room: Room::None,
    single: Single::Terms(terms::of_sum),
};

/// Largest along axes; -∞ of nothing; NaN if any is; a tie shares the derivative equally.
pub(in crate::ops) static MAX: Primitive = extremum(
    "max",
    Kernel::Dense(|attr, _, args, out, cancel| {
        kernel::max(args[0], &flags(attr, args[0].shape.len()), out, cancel);
    }),
    terms::of_max,
);

/// Smallest along axes; ∞ of nothing; NaN if any is; a tie shares the derivative equally.
pub(in crate::ops) static MIN: Primitive = extremum(
    "min",
    Kernel::Dense(|attr, _, args, out, cancel| {
        kernel::min(args[0], &flags(attr, args[0].shape.len()), out, cancel);
    }),
    terms::of_min,
);

const fn extremum(name: &'static str, kernel: Kernel, terms: Terms) -> Primitive {
    Primitive {
        name,
        shape: reduced_shape,
        kernel,
        rule: Rule::Jvp {
            tangent: |b, n, tangents| {
                let t = tangents[0]?;
                let axes = axes(&b.node(n).attr);
                let x = b.arg(n, 0);
                let (mask, count) = winners(b, x, n, &axes);
                let one = b.fill_like(1.0, count);
                let share = b.div(one, count);
                let picked = b.scale(mask, t);
                let total = b.sum(picked, &axes);
                Some(b.scale(share, total))
            },
            adjoint: None,
        },
        depends: Depends::Along(axes),
        batch: Batch::Custom(shift_axes),
        cost: Cost::Formula(|_, args, _| elements(args[0]) as u64),
        simplify: None,
        kink: Some(|b, n, _| {
            let (x, axes) = (b.arg(n, 0), axes(&b.node(n).attr));
            let (_, count) = winners(b, x, n, &axes);
            let one = b.fill_like(1.0, count);
            Some(b.greater(count, one))
        }),
        room: Room::None,
        single: Single::Terms(terms),
    }
}

/// Where the extremum `m` is attained along `axes`, and how often: more than once is a kink.
pub(in crate::ops) fn winners(b: &mut Builder, x: NodeId, m: NodeId, axes: &[usize]) -> (NodeId, NodeId) {
    let shape = b.shape(x).clone();
    let wide = b.expand(m, axes, &shape);
    let mask = b.equal(x, wide);
    let count = b.sum(mask, axes);
    (mask, count)
}

/// Running sum along an axis, from either end.
pub(in crate::ops) static CUMSUM: Primitive = Primitive {
    name: "cumsum",
    shape: same_shape,
    kernel: Kernel::Dense(|attr, shape, args, out, cancel| {
        let Attr::Directed(axis, backwards) = *attr else { return };
        let x = args[0].contiguous_until(cancel);
        kernel::cumsum(&x, (shape[axis], elements(&shape[axis + 1..])), backwards, out, cancel);
    }),
    rule: Rule::Linear {
        fixed: &[],
        adjoint: |b, n, _, ct| {
            let Attr::Directed(axis, backwards) = b.node(n).attr else { return ct };
            b.make(&CUMSUM, &[ct], Attr::Directed(axis, !backwards))
        },
    },
    depends: Depends::Custom(running),
    batch: Batch::Custom(|b, node, args, _| {
        let Attr::Directed(axis, backwards) = node.attr else { return args[0].0 };
        b.make(&CUMSUM, &[args[0].0], Attr::Directed(axis + 1, backwards))
    }),
    cost: Cost::Each(1),
    simplify: None,
    kink: None,
    room: Room::Copies,
    single: Single::Terms(terms::of_cumsum),
};

/// The sets of a running combination: each element's is that of its neighbour before it, with its own.
pub(in crate::ops) fn running(flow: &Flow<'_>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    let Attr::Directed(axis, backwards) = *flow.attr else { return None };
    let (length, inner) = (flow.shape[axis], elements(&flow.shape[axis + 1..]));
    let mut out: Vec<u32> = (0..elements(flow.shape)).map(|i| flow.args[0].set(i)).collect();
    for block in out.chunks_mut((length * inner).max(1)) {
        for k in 1..length {
            let (before, here) = if backwards { (length - k, length - k - 1) } else { (k - 1, k) };
            for i in 0..inner {
                block[here * inner + i] = sets.pair(block[before * inner + i], block[here * inner + i])?;
            }
        }
    }
    Some(out)
}

/// Position of the first nonzero element, -1 if there is none; the attribute counts leading axes
/// that are kept. Reports kinks.
static FIRST: Primitive = Primitive {
    name: "first",
    shape: |attr, args| match attr {
        Attr::Index(kept) if *kept <= args[0].len() => Ok(args[0][..*kept].into()),
        _ => Err(ShapeError::new("leading axes are kept", "a count", format!("{attr:?}"))),
    },
    kernel: Kernel::Dense(|_, _, args, out, cancel| {
        let x = args[0].contiguous_until(cancel);
        let size = x.len().checked_div(out.len()).unwrap_or(0);
        for (i, o) in out.iter_mut().enumerate() {
            let found = kernel::first_nonzero(&x[i * size..(i + 1) * size], cancel);
            *o = found.map_or(-1.0, |p| p as f64);
        }
    }),
    rule: Rule::Zero,
    depends: Depends::All,
    batch: Batch::Custom(|b, node, args, _| {
        let kept = if let Attr::Index(k) = node.attr { k + 1 } else { 1 };
        b.make(&FIRST, &[args[0].0], Attr::Index(kept))
    }),
    cost: Cost::Formula(|_, args, _| elements(args[0]) as u64),
    simplify: Some(|b, a, attr| {
        let kept = if let Attr::Index(k) = attr { *k } else { 0 };
        let shape: Shape = b.shape(a[0])[..kept].into();
        (b.fill_value(a[0]) == Some(0.0)).then(|| b.fill(-1.0, &shape))
    }),
    kink: None,
    room: Room::Copies,
    single: Single::Terms(terms::of_first),
};

/// Position of the first nonzero element of a mask, -1 if there is none.
pub fn first(b: &mut Builder, mask: NodeId) -> NodeId {
    b.make(&FIRST, &[mask], Attr::Index(0))
}

fn listed(attr: &Attr) -> &[usize] {
    if let Attr::Axes(axes) = attr { axes } else { &[] }
}

fn axes(attr: &Attr) -> SmallVec<[usize; 4]> {
    listed(attr).into()
}

fn flags(attr: &Attr, rank: usize) -> SmallVec<[bool; 4]> {
    (0..rank).map(|i| listed(attr).contains(&i)).collect()
}

fn reduced_shape(attr: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    let axes = listed(attr);
    if axes.iter().any(|&i| i >= args[0].len()) {
        return Err(ShapeError::new("reduced axes exist", format!("{} axes", args[0].len()), format!("{axes:?}")));
    }
    Ok(args[0].iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &n)| n).collect())
}

fn shift_axes(b: &mut Builder, node: &Node, args: &[BatchArg], _: usize) -> NodeId {
    let shifted = listed(&node.attr).iter().map(|i| i + 1).collect();
    b.make(node.op, &[args[0].0], Attr::Axes(shifted))
}
