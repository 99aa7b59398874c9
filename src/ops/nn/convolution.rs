//! Convolution (without a flip, as in every network library): windows times weights, one product.

use smallvec::SmallVec;

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::row::{Meaning, Operation};
use super::frame::Frame;
use crate::fault::{Code, Fault};
use crate::ir::{Absorb, Builder, NodeId, Shape, show};

/// Convolution along the last `axes` axes: `x[…, C, n…]` with `weight[O, C/groups, w…]`.
fn build(b: &mut Builder, args: &Bound<'_>, axes: usize) -> Result<NodeId, Fault> {
    let (x, weight) = (args.array(b, "x")?, args.array(b, "weight")?);
    let (source, filters): (Shape, Shape) = (b.shape(x).clone(), b.shape(weight).clone());
    if source.len() <= axes || filters.len() != axes + 2 {
        let detail = format!("x has the channels and {axes} axes last, the weight has {} axes", axes + 2);
        let expected = ["[..., C, L] and [O, C/groups, K]", "[..., C, H, W] and [O, C/groups, h, w]"][axes - 1];
        let got = format!("{} and {}", show(&source), show(&filters));
        return Err(args.fault(Code::Shape, detail).expected(expected, got));
    }
    let (lead, lengths) = (source.len() - axes - 1, &source[source.len() - axes..]);
    let groups = groups(b, args, source[lead], &filters)?;
    let frame = Frame::read(b, args, lengths, &filters[2..])?;
    let padded = frame.padded(b, x);
    let mut grouped: Shape = b.shape(padded).clone();
    grouped[lead] = filters[1];
    grouped.insert(lead, groups);
    let grouped = b.reshape(padded, &grouped);
    let windows = frame.windows(b, grouped);
    // [lead…, groups, C/groups, windows…, w…] → [groups, C/groups, w…, lead…, windows…]
    let (first, last) = (lead + 2, lead + 2 + axes);
    let order: SmallVec<[usize; 8]> =
        [lead, lead + 1].into_iter().chain(last..last + axes).chain(0..lead).chain(first..last).collect();
    let windows = b.permute(windows, &order);
    let mut split: Shape = filters.clone();
    split[0] = filters[0] / groups;
    split.insert(0, groups);
    let filters_of_groups = b.reshape(weight, &split);
    let product = b.product(filters_of_groups, windows, 1, axes + 1, Absorb::Neither);
    // [groups, O/groups, lead…, windows…] → [lead…, O, windows…]
    let order: SmallVec<[usize; 8]> = (2..2 + lead).chain([0, 1]).chain(2 + lead..2 + lead + axes).collect();
    let moved = b.permute(product, &order);
    let mut shape: Shape = b.shape(moved).clone();
    shape.remove(lead);
    shape[lead] = filters[0];
    let result = b.reshape(moved, &shape);
    if args.is_none("bias") {
        return Ok(result);
    }
    let bias = args.array(b, "bias")?;
    if b.shape(bias).as_slice() != [filters[0]] {
        let fault = args.fault(Code::Shape, "the bias has one element for each channel of the result");
        return Err(fault.expected(show(&[filters[0]]), show(b.shape(bias))));
    }
    let bias = b.broadcast(bias, &shape, &[lead]);
    Ok(b.add(result, bias))
}

/// The number of groups, which divides the channels of both sides.
fn groups(b: &Builder, args: &Bound<'_>, channels: usize, filters: &[usize]) -> Result<usize, Fault> {
    let given = args.integer(b, "groups")?;
    let Some(groups) = usize::try_from(given).ok().filter(|&groups| groups > 0) else {
        return Err(args.fault(Code::InvalidValue, "`groups` is 1 or more").expected("1 or more", given.to_string()));
    };
    if !channels.is_multiple_of(groups) || !filters[0].is_multiple_of(groups) {
        let detail = format!("{groups} groups do not divide {channels} channels of x and {} of the result", filters[0]);
        let expected = "a divisor of both";
        return Err(args.fault(Code::Shape, detail).expected(expected, groups.to_string()));
    }
    if filters[1] != channels / groups {
        let detail = format!("x has {channels} channels in {groups} groups, so each filter has {}", channels / groups);
        let got = format!("a weight of shape {}", show(filters));
        return Err(args.fault(Code::Shape, detail).expected(format!("{} on axis 1", channels / groups), got));
    }
    Ok(groups)
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Convolution along the last axis, channels before it; leading axes are a batch. The padding is a number, 'same' or 'valid'.",
        shape: "[..., O, windows] for x of shape [..., C, L] and weight of shape [O, C/groups, K]",
        derivative: "conv1d(dx, weight) + conv1d(x, dweight) + dbias",
        cases: &[
            ("conv1d(x, y, z)", &[&[2, 5], &[3, 2, 2], &[3]]),
            ("conv1d(x, y, z, stride=2, padding=1)", &[&[2, 2, 5], &[1, 2, 3], &[1]]),
            ("conv1d(x, y, padding='same', dilation=2)", &[&[1, 6], &[2, 1, 2]]),
            ("conv1d(x, y, groups=2)", &[&[4, 3], &[2, 2, 3]]),
            ("conv1d(x, y, None, 3, 2, 2, 2)", &[&[2, 2, 7], &[4, 1, 3]]),
            ("conv1d(x, y)", &[&[2, 3], &[2, 2, 1]]),
            ("conv1d(x, y)", &[&[0, 2, 3], &[2, 2, 2]]),
        ],
        ..Operation::new(
            "conv1d",
            "conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)",
            Meaning::Build(|b, args| build(b, args, 1)),
        )
    },
    Operation {
        summary: "Convolution along the last two axes, channels before them; leading axes are a batch. The padding is a number, one for each axis, 'same' or 'valid'.",
        shape: "[..., O, windows, windows] for x of shape [..., C, H, W] and weight of shape [O, C/groups, h, w]",
        derivative: "conv2d(dx, weight) + conv2d(x, dweight) + dbias",
        cases: &[
            ("conv2d(x, y, z)", &[&[2, 3, 4], &[2, 2, 2, 3], &[2]]),
            ("conv2d(x, y, z, stride=2, padding=1)", &[&[2, 1, 4, 3], &[2, 1, 3, 2], &[2]]),
            ("conv2d(x, y, padding='same')", &[&[1, 3, 2], &[1, 1, 2, 3]]),
            ("conv2d(x, y, stride=[1, 2], padding=[2, 0], dilation=[2, 1])", &[&[1, 3, 4], &[2, 1, 3, 2]]),
            ("conv2d(x, y, groups=2, padding='valid')", &[&[2, 4, 2, 2], &[2, 2, 2, 1]]),
            ("conv2d(x, y, stride=2)", &[&[2, 3, 3], &[2, 2, 1, 1]]),
            ("conv2d(x, y)", &[&[0, 3, 3], &[2, 0, 2, 2]]),
        ],
        ..Operation::new(
            "conv2d",
            "conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)",
            Meaning::Build(|b, args| build(b, args, 2)),
        )
    },
];
