//! Picking elements by number, and its transpose, adding elements into their places.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Algebra;
use crate::ir::{
    Attr, Batch, BatchArg, Builder, Cost, Depends, Flow, Kernel, Node, NodeId, Primitive, Room, Rule, Sets, ShapeError,
    Single, elements, show,
};
use crate::kernel::{self, position};

/// Rows of at most so many elements are copied one by one.
const SHORT: usize = 16;

/// `x[…, n, …]` and indices `[i…]` give `[…, i…, …]`: NumPy's take. The attribute holds the number
/// of leading axes that both share and the axis. A negative index counts from the end; one out of
/// range gives NaN, which no answer lets pass.
pub(in crate::ops) static GATHER: Primitive = Primitive {
    name: "take",
    shape: |attr, args| {
        let (batch, axis, _) = parts(attr);
        check(batch, axis, args)?;
        let (x, i) = (args[0], args[1]);
        Ok(x[..axis].iter().chain(&i[batch..]).chain(&x[axis + 1..]).copied().collect())
    },
    kernel: Kernel::Dense(|attr, _, args, out, cancel| {
        let (batch, axis, _) = parts(attr);
        let (x, indices) = (args[0].contiguous_until(cancel), args[1].contiguous_until(cancel));
        let g = Geometry::new(batch, axis, args[0].shape, args[1].shape);
        g.visit(&indices, cancel, |place, source| {
            let cells = &mut out[place..place + g.inner];
            match (source, cells) {
                // Most often single elements or short rows are picked.
                (Some(s), [cell]) => *cell = x[s],
                (Some(s), cells) if cells.len() <= SHORT => {
                    cells.iter_mut().zip(&x[s..s + g.inner]).for_each(|(cell, x)| *cell = *x);
                }
                (Some(s), cells) => kernel::copy(&x[s..s + g.inner], cells, cancel),
                (None, cells) => kernel::fill(cells, f64::NAN, cancel),
            }
        });
    }),
    rule: Rule::Linear {
        fixed: &[1],
        adjoint: |b, n, _, ct| {
            let (batch, axis, _) = parts(&b.node(n).attr);
            let (x, indices) = (b.arg(n, 0), b.arg(n, 1));
            let length = b.shape(x)[axis];
            b.make(&SCATTER, &[ct, indices], Attr::Axes([batch, axis, length].as_slice().into()))
        },
    },
    depends: Depends::Custom(sets_of_picks),
    batch: Batch::Custom(|b, node, args, size| batch_rule(b, &GATHER, node, args, size)),
    cost: Cost::Free,
    simplify: None,
    kink: None,
    room: Room::Copies,
    single: Single::Picked(picked, |attr| Some(parts(attr)).filter(|p| p.0 == 0).map(|p| p.1)),
};

/// The transpose of [`GATHER`]: adds each element into the place it was taken from.
pub(in crate::ops) static SCATTER: Primitive = Primitive {
    name: "put",
    shape: |attr, args| {
        let (batch, axis, length) = parts(attr);
        let (t, i) = (args[0], args[1]);
        if i.len() < batch || t.len() + batch < axis + i.len() || t[axis..axis + i.len() - batch] != i[batch..] {
            return Err(ShapeError::new("values and indices to put agree", show(t), show(i)));
        }
        Ok(t[..axis].iter().chain([&length]).chain(&t[axis + i.len() - batch..]).copied().collect())
    },
    kernel: Kernel::Dense(|attr, shape, args, out, cancel| {
        let (batch, axis, _) = parts(attr);
        let (t, indices) = (args[0].contiguous_until(cancel), args[1].contiguous_until(cancel));
        kernel::fill(out, 0.0, cancel);
        let g = Geometry::new(batch, axis, shape, args[1].shape);
        g.visit(&indices, cancel, |place, target| {
            if let Some(s) = target {
                kernel::tally::done(g.inner);
                kernel::add(&t[place..place + g.inner], &mut out[s..s + g.inner], cancel);
            }
        });
    }),
    rule: Rule::Linear {
        fixed: &[1],
        adjoint: |b, n, _, ct| {
            let (batch, axis, _) = parts(&b.node(n).attr);
            let indices = b.arg(n, 1);
            b.make(&GATHER, &[ct, indices], Attr::Axes([batch, axis, 0].as_slice().into()))
        },
    },
    depends: Depends::Custom(sets_of_places),
    batch: Batch::Custom(|b, node, args, size| batch_rule(b, &SCATTER, node, args, size)),
    cost: Cost::Formula(|_, args, _| elements(args[0]) as u64),
    simplify: None,
    kink: None,
    room: Room::Copies,
    single: Single::Terms(placed),
};

/// The sets of picked elements: of the elements picked, or of all that may be where the indices are not known.
fn sets_of_picks(flow: &Flow<'_>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    let (batch, axis, _) = parts(flow.attr);
    let (x, indices) = (flow.args[0], flow.args[1]);
    let g = Geometry::new(batch, axis, x.shape, indices.shape);
    let mut out = vec![0; elements(flow.shape)];
    let Some(known) = indices.value else {
        for row in 0..g.batch * g.outer {
            for k in 0..g.inner {
                let column: Vec<u32> = (0..g.length).map(|i| x.set((row * g.length + i) * g.inner + k)).collect();
                let whole = sets.all(&column)?;
                (0..g.picks).for_each(|p| out[(row * g.picks + p) * g.inner + k] = whole);
            }
        }
        return Some(out);
    };
    g.visit(known, &AtomicBool::new(false), |place, source| {
        if let Some(s) = source {
            (0..g.inner).for_each(|k| out[place + k] = x.set(s + k));
        }
    });
    Some(out)
}

/// The sets of places: of all that is added there, or of everything that may be.
fn sets_of_places(flow: &Flow<'_>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    let (batch, axis, _) = parts(flow.attr);
    let (t, indices) = (flow.args[0], flow.args[1]);
    let g = Geometry::new(batch, axis, flow.shape, indices.shape);
    let Some(known) = indices.value else {
        let mut out = vec![0; elements(flow.shape)];
        for row in 0..g.batch * g.outer {
            for k in 0..g.inner {
                let column: Vec<u32> = (0..g.picks).map(|p| t.set((row * g.picks + p) * g.inner + k)).collect();
                let whole = sets.all(&column)?;
                (0..g.length).for_each(|i| out[(row * g.length + i) * g.inner + k] = whole);
            }
        }
        return Some(out);
    };
    let mut arrivals: Vec<(usize, u32)> = Vec::new();
    g.visit(known, &AtomicBool::new(false), |place, target| {
        if let Some(s) = target {
            arrivals.extend((0..g.inner).map(|k| (s + k, t.set(place + k))));
        }
    });
    united(elements(flow.shape), arrivals, sets)
}

/// The sets of `count` places from (place, set) of all that is added there.
pub(in crate::ops) fn united(count: usize, mut arrivals: Vec<(usize, u32)>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    // All that comes to one place is united at once: place after place would unite again and again.
    let mut out = vec![0; count];
    arrivals.retain(|a| a.1 != 0);
    arrivals.sort_unstable();
    for group in arrivals.chunk_by(|a, b| a.0 == b.0) {
        let group_sets: Vec<u32> = group.iter().map(|a| a.1).collect();
        out[group[0].0] = sets.all(&group_sets)?;
    }
    Some(out)
}

/// The indices, if they are known while building.
fn indices_of(b: &Builder, indices: &[NodeId]) -> Option<Vec<f64>> {
    indices.iter().map(|&i| b.fill_value(i)).collect()
}

/// Elements picked by indices that are known.
fn picked(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let (batch, axis, _) = parts(&node.attr);
    let indices = indices_of(b, args[1])?;
    let g = Geometry::new(batch, axis, b.shape(node.args[0]), b.shape(node.args[1]));
    let outside = b.fill(f64::NAN, &[]);
    let mut out = vec![outside; elements(&node.shape)];
    g.visit(&indices, b.unwanted(), |place, source| {
        if let Some(s) = source {
            out[place..place + g.inner].copy_from_slice(&args[0][s..s + g.inner]);
        }
    });
    Some(out)
}

/// Elements added into places that are known.
fn placed(b: &mut Builder, node: &Node, args: &[&[NodeId]]) -> Option<Vec<NodeId>> {
    let (batch, axis, _) = parts(&node.attr);
    let indices = indices_of(b, args[1])?;
    let g = Geometry::new(batch, axis, &node.shape, b.shape(node.args[1]));
    let zero = b.fill(0.0, &[]);
    let mut out = vec![zero; elements(&node.shape)];
    let unwanted = Arc::clone(b.unwanted());
    g.visit(&indices, &unwanted, |place, target| {
        if let Some(s) = target {
            for k in 0..g.inner {
                out[s + k] = b.add(out[s + k], args[0][place + k]);
            }
        }
    });
    Some(out)
}

/// Shared leading axes, axis, and (for the transpose) length of the axis.
fn parts(attr: &Attr) -> (usize, usize, usize) {
    match attr {
        Attr::Axes(a) if a.len() == 3 => (a[0], a[1], a[2]),
        _ => (0, 0, 0),
    }
}

fn check(batch: usize, axis: usize, args: &[&[usize]]) -> Result<(), ShapeError> {
    let (x, i) = (args[0], args[1]);
    if axis < x.len() && batch <= axis && batch <= i.len() && x[..batch] == i[..batch] {
        return Ok(());
    }
    Err(ShapeError::new("indices fit the array they pick from", show(x), show(i)))
}

/// Sizes of the runs in which elements are picked: batch × outer × length × inner, by `picks` indices.
struct Geometry {
    batch: usize,
    outer: usize,
    length: usize,
    inner: usize,
    picks: usize,
}

impl Geometry {
    fn new(batch: usize, axis: usize, x: &[usize], indices: &[usize]) -> Self {
        Self {
            batch: elements(&x[..batch]),
            outer: elements(&x[batch..axis]),
            length: x[axis],
            inner: elements(&x[axis + 1..]),
            picks: elements(&indices[batch..]),
        }
    }

    /// Calls with the start of each picked run and of its source, `None` for an index out of range, until `cancel` is set.
    fn visit(&self, indices: &[f64], cancel: &AtomicBool, mut f: impl FnMut(usize, Option<usize>)) {
        for b in 0..self.batch {
            for o in 0..self.outer {
                let row = b * self.outer + o;
                for p in (0..self.picks).take_while(|_| !cancel.load(Ordering::Relaxed)) {
                    let source = position(indices[b * self.picks + p], self.length);
                    let place = (row * self.picks + p) * self.inner;
                    f(place, source.map(|s| (row * self.length + s) * self.inner));
                }
            }
        }
    }
}

fn batch_rule(b: &mut Builder, op: &'static Primitive, node: &Node, args: &[BatchArg], size: usize) -> NodeId {
    let (batch, axis, length) = parts(&node.attr);
    let ((x, x_batched), (indices, indices_batched)) = (args[0], args[1]);
    if batch == 0 && !indices_batched {
        return b.make(op, &[x, indices], Attr::Axes([0, axis + 1, length].as_slice().into()));
    }
    let mut lead = |node, carries: bool| if carries { node } else { b.lead(node, size) };
    let (x, indices) = (lead(x, x_batched), lead(indices, indices_batched));
    b.make(op, &[x, indices], Attr::Axes([batch + 1, axis + 1, length].as_slice().into()))
}

/// Zeros of a length along one axis, with values added at indices: the transpose of [`gather`].
pub(in crate::ops) fn put(b: &mut Builder, values: NodeId, indices: NodeId, axis: usize, length: usize) -> NodeId {
    b.make(&SCATTER, &[values, indices], Attr::Axes([0, axis, length].as_slice().into()))
}

/// NumPy's take along one axis.
pub fn gather(b: &mut Builder, x: NodeId, indices: NodeId, axis: usize) -> NodeId {
    b.make(&GATHER, &[x, indices], Attr::Axes([0, axis, 0].as_slice().into()))
}
