//! Windows that slide along the last axes, and their transpose, adding windows into the array they
//! were taken from. Convolution and pooling are made of them.

use smallvec::SmallVec;

use super::Algebra;
use super::index::united;
use crate::ir::{
    Attr, Batch, Builder, Cost, Depends, Flow, Kernel, Layout, NodeId, Primitive, Room, Rule, Sets, Shape, ShapeError,
    Single, Window, elements, row_major, show,
};
use crate::kernel::{View, scatter_add};

/// `x[…, n…]` gives `[…, windows…, elements of a window…]`: element `(i, j)` is
/// `x[…, i·stride + j·dilation]`. A view: windows that overlap share their elements.
static WINDOWS: Primitive = Primitive {
    name: "windows",
    shape: |attr, args| {
        let windows = along(attr);
        let Some(lead) = args[0].len().checked_sub(windows.len()) else { return Err(mismatch(attr, args)) };
        let fits = windows.iter().zip(&args[0][lead..]).all(|(w, &n)| w.length == n && w.size > 0);
        if !fits {
            return Err(mismatch(attr, args));
        }
        Ok(args[0][..lead].iter().copied().chain(unfolded(windows)).collect())
    },
    kernel: Kernel::View(look),
    depends: Depends::Moves,
    rule: Rule::Linear { fixed: &[], adjoint: |b, n, _, ct| b.make(&FOLD, &[ct], b.node(n).attr.clone()) },
    batch: Batch::Leading,
    cost: Cost::Free,
    simplify: Some(|b, a, attr| {
        let windows = along(attr);
        let lead = b.shape(a[0]).len() - windows.len();
        let shape: Shape = b.shape(a[0])[..lead].iter().copied().chain(unfolded(windows)).collect();
        match b.fill_value(a[0]) {
            Some(value) => Some(b.fill(value, &shape)),
            None => single(windows).then(|| b.reshape(a[0], &shape)),
        }
    }),
    kink: None,
    room: Room::None,
    single: Single::Kernel,
};

/// The transpose of [`WINDOWS`]: adds the elements of all windows into the places they were taken from.
static FOLD: Primitive = Primitive {
    name: "fold",
    shape: |attr, args| {
        let windows = along(attr);
        match args[0].len().checked_sub(2 * windows.len()) {
            Some(lead) if unfolded(windows).eq(args[0][lead..].iter().copied()) => {
                Ok(args[0][..lead].iter().copied().chain(windows.iter().map(|w| w.length)).collect())
            }
            _ => Err(mismatch(attr, args)),
        }
    },
    kernel: Kernel::Dense(|attr, shape, args, out, cancel| {
        let windows = along(attr);
        let lead = shape.len() - windows.len();
        let strides = row_major(shape);
        let (counts, sizes) = steps(windows, &strides[lead..]);
        let to: SmallVec<[isize; 6]> = strides[..lead].iter().copied().chain(sizes).chain(counts).collect();
        // The windows run innermost, for there are more of them than elements in each.
        let middle = lead + windows.len();
        let order = (0..lead).chain(middle..middle + windows.len()).chain(lead..middle);
        let (shape, from): (Shape, SmallVec<[isize; 6]>) =
            order.map(|i| (args[0].shape[i], args[0].strides[i])).unzip();
        scatter_add(View { shape: &shape, strides: &from, ..args[0] }, &to, out, cancel);
    }),
    depends: Depends::Custom(folded),
    rule: Rule::Linear { fixed: &[], adjoint: |b, n, _, ct| b.make(&WINDOWS, &[ct], b.node(n).attr.clone()) },
    batch: Batch::Leading,
    cost: Cost::Formula(|_, args, _| elements(args[0]) as u64),
    simplify: Some(|b, a, attr| {
        let windows = along(attr);
        let lead = b.shape(a[0]).len() - 2 * windows.len();
        let shape: Shape = b.shape(a[0])[..lead].iter().copied().chain(windows.iter().map(|w| w.length)).collect();
        if b.fill_value(a[0]) == Some(0.0) {
            return Some(b.fill(0.0, &shape));
        }
        single(windows).then(|| b.reshape(a[0], &shape))
    }),
    kink: None,
    room: Room::None,
    single: Single::Kernel,
};

/// Where the elements of the windows of an array lie.
fn look(attr: &Attr, layout: &Layout) -> Layout {
    let windows = along(attr);
    let lead = layout.shape.len() - windows.len();
    let (counts, sizes) = steps(windows, &layout.strides[lead..]);
    Layout {
        offset: layout.offset,
        shape: layout.shape[..lead].iter().copied().chain(unfolded(windows)).collect(),
        strides: layout.strides[..lead].iter().copied().chain(counts).chain(sizes).collect(),
    }
}

/// The sets of places: of all elements that are added there.
fn folded(flow: &Flow<'_>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    let count = elements(flow.shape);
    let places: Vec<f64> = (0..count).map(|place| place as f64).collect();
    let layout = look(flow.attr, &Layout::dense(flow.shape));
    let view = View { data: &places, offset: layout.offset, shape: &layout.shape, strides: &layout.strides };
    let places = view.to_contiguous();
    let arrivals = places.iter().enumerate().map(|(i, &place)| (place as usize, flow.args[0].set(i)));
    united(count, arrivals.collect(), sets)
}

fn along(attr: &Attr) -> &[Window] {
    match attr {
        Attr::Windows(windows) => windows,
        _ => &[],
    }
}

fn mismatch(attr: &Attr, args: &[&[usize]]) -> ShapeError {
    ShapeError::new("windows fit the axes they lie on", format!("{attr:?}"), show(args[0]))
}

/// How many windows there are along each axis, and the elements in each.
fn unfolded(windows: &[Window]) -> impl Iterator<Item = usize> {
    windows.iter().map(Window::count).chain(windows.iter().map(|w| w.size))
}

/// Steps in memory from window to window and from element to element, along axes of these strides.
fn steps<'a>(
    windows: &'a [Window],
    strides: &'a [isize],
) -> (impl Iterator<Item = isize> + 'a, impl Iterator<Item = isize> + 'a) {
    // Where there is nowhere to go, a step may be longer than any array.
    let step = |count: usize, by: usize, stride: isize| if count > 1 { by as isize * stride } else { 0 };
    let both = windows.iter().zip(strides);
    let (counts, sizes) = (both.clone(), both);
    (
        counts.map(move |(w, &s)| step(w.count(), w.stride, s)),
        sizes.map(move |(w, &s)| step(w.size.min(w.length), w.dilation, s)),
    )
}

/// Whether each element is a window of its own.
fn single(windows: &[Window]) -> bool {
    windows.iter().all(|w| w.size == 1 && w.stride == 1)
}

/// The windows along the last axes: `[…, n…]` becomes `[…, windows…, elements of a window…]`.
pub(in crate::ops) fn windows(b: &mut Builder, x: NodeId, windows: &[Window]) -> NodeId {
    b.make(&WINDOWS, &[x], Attr::Windows(windows.into()))
}
