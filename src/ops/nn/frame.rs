//! How windows slide along the last axes of an array: their size, stride and dilation, and the border
//! of padding around the array, read from the arguments of a call.

use smallvec::{SmallVec, smallvec};

use super::super::bind::Bound;
use super::super::structure::{Triple, pad};
use super::super::windows::windows;
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Window};

/// Windows along the last axes, and the padding before and after each of these.
pub(super) struct Frame {
    windows: SmallVec<[Window; 2]>,
    padding: SmallVec<[(usize, usize); 2]>,
}

impl Frame {
    /// Windows of `sizes` on axes of `lengths`, by `padding`, `stride` (windows lie side by side where
    /// it is None) and `dilation` of the call.
    pub(super) fn read(b: &Builder, args: &Bound<'_>, lengths: &[usize], sizes: &[usize]) -> Result<Self, Fault> {
        let axes = sizes.len();
        let strides = if args.is_none("stride") { sizes.into() } else { per_axis(b, args, "stride", axes, 1)? };
        let dilations = per_axis(b, args, "dilation", axes, 1)?;
        let mut windows: SmallVec<[Window; 2]> = (0..axes)
            .map(|i| Window { length: lengths[i], size: sizes[i], stride: strides[i], dilation: dilations[i] })
            .collect();
        let padding = padding(b, args, &windows)?;
        for (i, (window, &(before, after))) in windows.iter_mut().zip(&padding).enumerate() {
            window.length = window.length.saturating_add(before).saturating_add(after);
            if window.size == 0 || window.count() == 0 {
                return Err(too_large(args, window, axes - i));
            }
        }
        Ok(Self { windows, padding })
    }

    /// Number of axes.
    pub(super) fn axes(&self) -> usize {
        self.windows.len()
    }

    /// Whether nothing is added around the array.
    pub(super) fn is_bare(&self) -> bool {
        self.padding.iter().all(|&p| p == (0, 0))
    }

    /// Elements of a window.
    pub(super) fn elements(&self) -> f64 {
        self.windows.iter().map(|w| w.size as f64).product()
    }

    /// The array with zeros around its last axes.
    pub(super) fn padded(&self, b: &mut Builder, x: NodeId) -> NodeId {
        let lead = b.shape(x).len() - self.axes();
        let mut widths: SmallVec<[Triple; 4]> = smallvec![(0, 0, 0); lead];
        widths.extend(self.padding.iter().map(|&(before, after)| (before, after, 0)));
        pad(b, x, &widths)
    }

    /// The windows of an array that is padded already: `[…, windows…, elements of a window…]`.
    pub(super) fn windows(&self, b: &mut Builder, padded: NodeId) -> NodeId {
        windows(b, padded, &self.windows)
    }

    /// Refuses windows without an element of the array itself, and padding of more than half a window.
    pub(super) fn each_holds_an_element(&self, args: &Bound<'_>) -> Result<(), Fault> {
        for (w, &(before, after)) in self.windows.iter().zip(&self.padding) {
            let most = w.extent() / 2;
            if before.max(after) > most {
                let detail =
                    format!("padding of {} is more than half of a window of {}", before.max(after), w.extent());
                return Err(args
                    .fault(Code::InvalidValue, detail)
                    .expected(format!("at most {most}"), before.max(after).to_string()));
            }
            let inside = before..w.length - after;
            let holds = |i: usize| {
                let start = i * w.stride;
                let first = start + inside.start.saturating_sub(start).div_ceil(w.dilation) * w.dilation;
                first < start + w.extent() && inside.contains(&first)
            };
            if !(0..w.count()).all(holds) {
                let fault = args.fault(Code::Shape, "a window holds padding alone, and nothing of the array");
                return Err(fault.hint("use less padding, or a smaller dilation"));
            }
        }
        Ok(())
    }
}

fn too_large(args: &Bound<'_>, w: &Window, from_end: usize) -> Fault {
    let (extent, length) = (if w.size == 0 { 0 } else { w.extent() }, w.length);
    let detail = if w.size == 0 {
        "a window has at least one element".to_owned()
    } else {
        format!("a window that spans {extent} elements does not fit into axis -{from_end}, padded to {length}")
    };
    let fault = args.fault(Code::Shape, detail);
    fault.expected(if w.size == 0 { "1 or more".into() } else { format!("at most {length}") }, extent.to_string())
}

/// A whole number for each of `axes` axes; one serves for all.
pub(super) fn per_axis(
    b: &Builder,
    args: &Bound<'_>,
    name: &str,
    axes: usize,
    least: usize,
) -> Result<SmallVec<[usize; 2]>, Fault> {
    let given = args.integers(b, name)?;
    if given.len() != 1 && given.len() != axes {
        let detail = format!("`{name}` is one number, or one for each of {axes} axes");
        return Err(args.fault(Code::InvalidValue, detail).expected(axes.to_string(), given.len().to_string()));
    }
    (0..axes)
        .map(|i| {
            let n = given[i % given.len()];
            usize::try_from(n).ok().filter(|&n| n >= least).ok_or_else(|| {
                let detail = format!("`{name}` is {least} or more");
                args.fault(Code::InvalidValue, detail).expected(format!("{least} or more"), n.to_string())
            })
        })
        .collect()
}

/// Elements before and after each axis: numbers, 'valid' for none, 'same' for as many as let there be
/// a window for each `stride` elements of the axis, the odd one after it.
fn padding(b: &Builder, args: &Bound<'_>, windows: &[Window]) -> Result<SmallVec<[(usize, usize); 2]>, Fault> {
    match args.text("padding") {
        Ok("valid") => Ok(smallvec![(0, 0); windows.len()]),
        Ok("same") => Ok(windows.iter().map(same).collect()),
        Ok(other) => {
            let fault = args.fault(Code::InvalidValue, format!("there is no padding '{other}'"));
            Err(fault.expected("'same', 'valid', a number or a number for each axis", format!("'{other}'")))
        }
        Err(_) => Ok(per_axis(b, args, "padding", windows.len(), 0)?.into_iter().map(|p| (p, p)).collect()),
    }
}

fn same(w: &Window) -> (usize, usize) {
    let last = w.length.div_ceil(w.stride).saturating_sub(1).saturating_mul(w.stride);
    let total = last.saturating_add(w.extent()).saturating_sub(w.length);
    (total / 2, total - total / 2)
}
