//! Pooling: the largest element or the mean of each window along the last axes.

use smallvec::SmallVec;

use super::super::Algebra;
use super::super::bind::{Bound, Value, describe};
use super::super::reduce::MAX;
use super::super::row::{Meaning, Operation};
use super::frame::{Frame, per_axis};
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, NodeId, Shape, show};

/// The array and the windows on its last axes, as many as `window` has lengths.
fn framed(b: &mut Builder, args: &Bound<'_>) -> Result<(NodeId, Frame), Fault> {
    let x = args.array(b, "x")?;
    let given = args.names.iter().position(|n| *n == "window").map_or(&Value::Nothing, |i| &args.values[i]);
    if !matches!(given, Value::List(_) | Value::Array(_)) {
        let fault = args.fault(Code::InvalidValue, "`window` has a length for each axis that is pooled");
        let fault = fault.expected("a list of whole numbers known in advance", describe(given));
        return Err(fault.hint("write [2] to pool the last axis, [2, 2] to pool the last two"));
    }
    let axes = args.integers(b, "window")?.len();
    let sizes = per_axis(b, args, "window", axes, 1)?;
    let shape: Shape = b.shape(x).clone();
    let Some(lead) = shape.len().checked_sub(axes).filter(|_| axes > 0) else {
        let fault = args.fault(Code::Shape, format!("a window of {axes} axes on an array of shape {}", show(&shape)));
        return Err(fault.expected("as many axes, at least one", format!("{} axes", shape.len())));
    };
    let frame = Frame::read(b, args, &shape[lead..], &sizes)?;
    frame.each_holds_an_element(args)?;
    Ok((x, frame))
}

/// The axes of a window's elements, which are the last.
fn inner(b: &Builder, windows: NodeId, frame: &Frame) -> SmallVec<[usize; 4]> {
    let rank = b.shape(windows).len();
    (rank - frame.axes()..rank).collect()
}

/// Padding is -∞, which no number is below; a window without padding is left as it is.
fn build_max(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, frame) = framed(b, args)?;
    let mut padded = frame.padded(b, x);
    if !frame.is_bare() {
        let ones = b.fill_like(1.0, x);
        let inside = frame.padded(b, ones);
        let lowest = b.fill_like(f64::NEG_INFINITY, padded);
        padded = b.select(inside, padded, lowest);
    }
    let windows = frame.windows(b, padded);
    let axes = inner(b, windows, &frame);
    Ok(b.make(&MAX, &[windows], Attr::Axes(axes)))
}

fn build_mean(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, frame) = framed(b, args)?;
    let padded = frame.padded(b, x);
    let windows = frame.windows(b, padded);
    let axes = inner(b, windows, &frame);
    let total = b.sum(windows, &axes);
    if frame.is_bare() || args.flag("count_include_pad")? {
        let count = b.fill_like(frame.elements(), total);
        return Ok(b.div(total, count));
    }
    let lead = b.shape(x).len() - frame.axes();
    let plane: Shape = b.shape(x)[lead..].into();
    let ones = b.fill(1.0, &plane);
    let inside = frame.padded(b, ones);
    let windows = frame.windows(b, inside);
    let axes = inner(b, windows, &frame);
    let count = b.sum(windows, &axes);
    let shape: Shape = b.shape(total).clone();
    let count = b.broadcast_to(count, &shape);
    Ok(b.div(total, count))
}

const POOLED: &str = "[..., windows] for a window of one length, [..., windows, windows] for one of two";

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Largest element of each window along as many last axes as the window has lengths; windows lie side by side by default, padding never wins.",
        shape: POOLED,
        derivative: "1 by the largest of the window, 0 by the others",
        kinks: "a tie is shared equally",
        cases: &[
            ("max_pool(x, [2, 2])", &[&[2, 4, 4]]),
            ("max_pool(x, [2])", &[&[2, 5]]),
            ("max_pool(x, [3, 2], stride=[2, 1], padding=1)", &[&[1, 4, 3]]),
            ("max_pool(x, [2], stride=1, padding='same', dilation=2)", &[&[5]]),
            ("max_pool(x, (2, 2), 1)", &[&[2, 1, 3, 2]]),
            ("max_pool(x - 9, [2, 2], padding=[1, 0])", &[&[2, 2]]),
            ("max_pool(x, [2])", &[&[0, 3]]),
        ],
        ..Operation::new(
            "max_pool",
            "max_pool(x, window, stride=None, padding=0, dilation=1)",
            Meaning::Build(build_max),
        )
    },
    Operation {
        summary: "Mean of each window along as many last axes as the window has lengths; windows lie side by side by default, padding counts as zeros unless `count_include_pad` is False.",
        shape: POOLED,
        derivative: "1/n by each element of the window",
        cases: &[
            ("avg_pool(x, [2, 2])", &[&[2, 4, 4]]),
            ("avg_pool(x, [2])", &[&[2, 5]]),
            ("avg_pool(x, [3, 2], stride=[2, 1], padding=1)", &[&[1, 4, 3]]),
            ("avg_pool(x, [3, 2], 2, 1, count_include_pad=False)", &[&[2, 3, 3]]),
            ("avg_pool(x, [3], stride=2, padding='same')", &[&[2, 4]]),
            ("avg_pool(x, [2])", &[&[0, 3]]),
        ],
        ..Operation::new(
            "avg_pool",
            "avg_pool(x, window, stride=None, padding=0, dilation=1, count_include_pad=True)",
            Meaning::Build(build_mean),
        )
    },
];
