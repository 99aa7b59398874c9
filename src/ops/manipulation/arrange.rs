//! Elements moved, joined, repeated and picked.

use smallvec::{SmallVec, smallvec};

use super::super::Algebra;
use super::super::bind::{Bound, Value, describe, known};
use super::super::index::gather;
use super::super::row::{Meaning, Operation};
use super::super::structure::{Triple, concatenate, pad, reverse, slice, stack};
use super::ravel;
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, NodeId, Shape, ShapeError};
use crate::kernel::position;

fn build_concatenate(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let mut arrays = args.arrays(b, "arrays")?;
    let joined_flat = args.is_none("axis");
    if joined_flat {
        for x in &mut arrays {
            *x = ravel(b, *x);
        }
    }
    let rank = arrays.first().map_or(1, |&x| b.shape(x).len());
    if rank == 0 {
        let fault = args.fault(Code::Shape, "scalars have no axis to be joined along");
        return Err(fault.expected("arrays of one axis or more", "a scalar").hint("write stack([a, b])"));
    }
    let axis = if joined_flat { 0 } else { args.axis(b, "axis", rank)? };
    concatenate(b, &arrays, axis).map_err(|e| args.shape_fault(e))
}

fn build_stack(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let arrays = args.arrays(b, "arrays")?;
    let rank = arrays.first().map_or(0, |&x| b.shape(x).len());
    let axis = args.axis(b, "axis", rank + 1)?;
    stack(b, &arrays, axis).map_err(|e| args.shape_fault(e))
}

fn build_flip(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let rank = b.shape(x).len();
    let axes = args.axes(b, "axis", rank)?;
    Ok(reverse(b, x, &axes))
}

fn build_roll(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let source = b.shape(x).clone();
    let shifts = args.integers(b, "shift")?;
    if args.is_none("axis") {
        let mut flat = ravel(b, x);
        for shift in shifts {
            flat = roll(b, flat, shift, 0).map_err(|e| args.shape_fault(e))?;
        }
        return Ok(b.reshape(flat, &source));
    }
    let axes = args.integers(b, "axis")?;
    let count = if shifts.len() == 1 { axes.len() } else { shifts.len() };
    if axes.len() != count && axes.len() != 1 {
        let fault =
            args.fault(Code::InvalidValue, "`shift` and `axis` are equally long, or one of them is a single number");
        return Err(fault.expected(shifts.len().to_string(), axes.len().to_string()));
    }
    let mut rolled = x;
    for (&shift, &axis) in shifts.iter().cycle().zip(axes.iter().cycle()).take(count) {
        let axis = args.resolve_axis(axis, source.len())?;
        rolled = roll(b, rolled, shift, axis).map_err(|e| args.shape_fault(e))?;
    }
    Ok(rolled)
}

/// Elements moved along an axis by `shift` places, those that leave at one end entering at the other.
pub(in crate::ops) fn roll(b: &mut Builder, x: NodeId, shift: i64, axis: usize) -> Result<NodeId, ShapeError> {
    let length = b.shape(x)[axis];
    let shift = shift.checked_rem_euclid(length as i64).unwrap_or(0) as usize;
    if shift == 0 {
        return Ok(x);
    }
    let end = part(b, x, axis, length - shift, length);
    let start = part(b, x, axis, 0, length - shift);
    concatenate(b, &[end, start], axis)
}

/// Positions `start .. stop` of one axis.
pub(in crate::ops) fn part(b: &mut Builder, x: NodeId, axis: usize, start: usize, stop: usize) -> NodeId {
    let mut parts: SmallVec<[Triple; 4]> = b.shape(x).iter().map(|&n| (0, n, 1)).collect();
    parts[axis] = (start, stop, 1);
    slice(b, x, &parts)
}

fn build_pad(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let mode = args.text("mode")?;
    if mode != "constant" {
        let fault = args.fault(Code::Unsupported, format!("mode '{mode}' is not offered"));
        return Err(fault.expected("'constant'", format!("'{mode}'")));
    }
    let value = args.array(b, "constant_values")?;
    if !b.shape(value).is_empty() {
        let fault = args.fault(Code::Unsupported, "one constant is offered, not one for each side");
        return Err(fault.expected("a scalar `constant_values`", format!("shape {:?}", b.shape(value))));
    }
    let widths = pad_widths(b, args, b.shape(x).len())?;
    let padded = pad(b, x, &widths);
    if b.fill_value(value) == Some(0.0) {
        return Ok(padded);
    }
    let ones = b.fill_like(1.0, x);
    let inside = pad(b, ones, &widths);
    let shape: Shape = b.shape(padded).clone();
    let constant = b.broadcast(value, &shape, &[]);
    Ok(b.select(inside, padded, constant))
}

/// The widths for each axis: one number, a pair, or a list of pairs, broadcast as NumPy does.
fn pad_widths(b: &Builder, args: &Bound<'_>, rank: usize) -> Result<SmallVec<[Triple; 4]>, Fault> {
    let given = args.names.iter().position(|n| *n == "pad_width").map_or(&Value::Nothing, |i| &args.values[i]);
    let expected = format!("a width, a pair (before, after), or {rank} such pairs, all whole numbers of 0 or more");
    let wrong =
        || args.fault(Code::InvalidValue, "`pad_width` does not fit").expected(expected.as_str(), describe(given));
    let rows = number_rows(b, given).ok_or_else(wrong)?;
    if rows.len() != 1 && rows.len() != rank {
        return Err(wrong());
    }
    (0..rank)
        .map(|axis| match rows[axis % rows.len()].as_slice() {
            [both] => Ok((*both, *both, 0)),
            [before, after] => Ok((*before, *after, 0)),
            _ => Err(wrong()),
        })
        .collect()
}

/// A number, a list or a list of lists as rows of lengths; `None` for anything else.
fn number_rows(b: &Builder, value: &Value) -> Option<Vec<Vec<usize>>> {
    let length = |x: f64| (x.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&x)).then_some(x as usize);
    match value {
        Value::Array(t) if t.rank() == 2 && t.shape[1] > 0 => {
            t.data.chunks_exact(t.shape[1]).map(|row| row.iter().map(|&x| length(x)).collect()).collect()
        }
        Value::Array(t) if t.rank() == 1 => Some(vec![t.data.iter().map(|&x| length(x)).collect::<Option<_>>()?]),
        Value::List(items) if items.iter().all(|v| known(b, v).is_some()) => {
            Some(vec![items.iter().map(|v| known(b, v).and_then(length)).collect::<Option<_>>()?])
        }
        Value::List(items) => {
            let rows = items.iter().map(|v| number_rows(b, v)).collect::<Option<Vec<_>>>()?;
            rows.iter().all(|r| r.len() == 1).then(|| rows.concat())
        }
        other => Some(vec![vec![length(known(b, other)?)?]]),
    }
}

fn build_tile(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let source = b.shape(x).clone();
    let given = args.shape(b, "reps")?;
    let rank = source.len().max(given.len());
    let mut wide: Shape = smallvec![1; 2 * rank];
    let places: SmallVec<[usize; 4]> = (0..source.len()).map(|i| 2 * (rank - source.len() + i) + 1).collect();
    for (&place, &n) in places.iter().zip(&source) {
        wide[place] = n;
    }
    for (i, &count) in given.iter().enumerate() {
        wide[2 * (rank - given.len() + i)] = count;
    }
    let repeated = b.broadcast(x, &wide, &places);
    let shape: Shape = wide.chunks_exact(2).map(|w| w[0].saturating_mul(w[1])).collect();
    Ok(b.reshape(repeated, &shape))
}

fn build_repeat(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let mut x = args.array(b, "x")?;
    let repeats = args.integer(b, "repeats")?;
    let count = usize::try_from(repeats).map_err(|_| {
        args.fault(Code::InvalidValue, "`repeats` is 0 or more").expected("0 or more", repeats.to_string())
    })?;
    let axis = if args.is_none("axis") {
        x = ravel(b, x);
        0
    } else {
        args.axis(b, "axis", b.shape(x).len())?
    };
    let mut shape = b.shape(x).clone();
    let places: SmallVec<[usize; 4]> = (0..shape.len()).map(|i| if i > axis { i + 1 } else { i }).collect();
    let mut wide = shape.clone();
    wide.insert(axis + 1, count);
    let repeated = b.broadcast(x, &wide, &places);
    shape[axis] = shape[axis].saturating_mul(count);
    Ok(b.reshape(repeated, &shape))
}

fn build_take(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let mut x = args.array(b, "x")?;
    let indices = args.array(b, "indices")?;
    let axis = if args.is_none("axis") {
        x = ravel(b, x);
        0
    } else {
        args.axis(b, "axis", b.shape(x).len())?
    };
    check_indices(b, args, indices, axis, b.shape(x)[axis])?;
    Ok(gather(b, x, indices, axis))
}

/// Indices that are known while building are whole and in range.
fn check_indices(b: &Builder, args: &Bound<'_>, indices: NodeId, axis: usize, length: usize) -> Result<(), Fault> {
    let filled = b.fill_value(indices).map(|v| [v]);
    let literal = match (&b.node(indices).attr, &filled) {
        (Attr::Data(data), _) => &data.elements,
        (_, Some(value)) if !b.shape(indices).contains(&0) => value.as_slice(),
        _ => &[],
    };
    let Some(bad) = literal.iter().find(|&&i| position(i, length).is_none()) else { return Ok(()) };
    let expected = match length.checked_sub(1) {
        Some(last) => format!("whole numbers from -{length} to {last}"),
        None => "no index: the axis is empty".into(),
    };
    let fault = args.fault(Code::Index, format!("index {bad} is out of range for axis {axis} of length {length}"));
    Err(fault.expected(expected, bad.to_string()))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        aliases: &["concat"],
        summary: "Arrays joined along an axis they have; flattened first if `axis` is None.",
        shape: "as the arrays, their lengths along `axis` added",
        derivative: "concatenate(darrays, axis)",
        cases: &[
            ("concatenate([x, y])", &[&[2], &[3]]),
            ("concatenate([x, y, x], axis=-1)", &[&[2, 1], &[2, 3]]),
            ("concatenate([x, y], axis=None)", &[&[2, 2], &[3]]),
            ("concatenate([x, [1, 2], y])", &[&[0], &[2]]),
            ("concatenate([sin(x).T, x.T], axis=1)", &[&[2, 3]]),
        ],
        ..Operation::new("concatenate", "concatenate(arrays, axis=0)", Meaning::Build(build_concatenate))
    },
    Operation {
        summary: "Arrays of one shape joined along a new axis.",
        shape: "the shape of the arrays, with an axis as long as the list put in",
        derivative: "stack(darrays, axis)",
        cases: &[
            ("stack([x, y])", &[&[3], &[3]]),
            ("stack([x, y, x*y], axis=-1)", &[&[2, 3], &[2, 3]]),
            ("stack([x, y])", &[&[], &[]]),
            ("stack([x, x], axis=1)", &[&[2, 0]]),
        ],
        ..Operation::new("stack", "stack(arrays, axis=0)", Meaning::Build(build_stack))
    },
    Operation {
        summary: "The order reversed along the axes named, or along all.",
        shape: "as x",
        derivative: "flip(dx, axis)",
        cases: &[
            ("flip(x)", &[&[2, 3]]),
            ("flip(x, axis=-1)", &[&[2, 3]]),
            ("flip(x, axis=(0, 2))", &[&[2, 1, 3]]),
            ("flip(x)", &[&[0]]),
        ],
        ..Operation::new("flip", "flip(x, axis=None)", Meaning::Build(build_flip))
    },
    Operation {
        summary: "Elements moved along axes by `shift` places, re-entering at the other end; flattened if `axis` is None.",
        shape: "as x",
        derivative: "roll(dx, shift, axis)",
        cases: &[
            ("roll(x, 2)", &[&[5]]),
            ("roll(x, -1)", &[&[2, 3]]),
            ("roll(x, 7, axis=-1)", &[&[2, 3]]),
            ("roll(x, (1, -1), axis=(0, 1))", &[&[3, 4]]),
            ("roll(x, 1, axis=0)", &[&[0, 2]]),
        ],
        ..Operation::new("roll", "roll(x, shift, axis=None)", Meaning::Build(build_roll))
    },
    Operation {
        summary: "A border around the array: a width for all sides, a pair (before, after), or a pair for each axis.",
        shape: "as x, each axis longer by its two widths",
        derivative: "pad(dx, pad_width)",
        cases: &[
            ("pad(x, 2)", &[&[3]]),
            ("pad(x, (1, 0))", &[&[2, 2]]),
            ("pad(x, ((1, 2), (0, 1)), constant_values=3)", &[&[2, 3]]),
            ("pad(x, 1, 'constant', constant_values=y)", &[&[2], &[]]),
            ("pad(x, 1)", &[&[0]]),
        ],
        ..Operation::new("pad", "pad(x, pad_width, mode='constant', constant_values=0)", Meaning::Build(build_pad))
    },
    Operation {
        summary: "The whole array repeated, so many times along each axis.",
        shape: "the lengths of x times `reps`, aligned at the last axis",
        derivative: "tile(dx, reps)",
        cases: &[
            ("tile(x, 3)", &[&[2]]),
            ("tile(x, (2, 1, 2))", &[&[2, 3]]),
            ("tile(x, 2)", &[&[2, 2]]),
            ("tile(x, 0)", &[&[3]]),
        ],
        ..Operation::new("tile", "tile(x, reps)", Meaning::Build(build_tile))
    },
    Operation {
        summary: "Each element repeated so many times along an axis; flattened if `axis` is None.",
        shape: "as x, the length of the axis times `repeats`",
        derivative: "repeat(dx, repeats, axis)",
        cases: &[
            ("repeat(x, 3)", &[&[2, 2]]),
            ("repeat(x, 2, axis=0)", &[&[2, 3]]),
            ("repeat(x, 2, axis=-1)", &[&[2, 3]]),
            ("repeat(x, 0)", &[&[3]]),
        ],
        ..Operation::new("repeat", "repeat(x, repeats, axis=None)", Meaning::Build(build_repeat))
    },
    Operation {
        summary: "Elements picked along an axis by number, negative ones counted from the end; flattened if `axis` is None.",
        shape: "as x, the axis replaced by the shape of `indices`",
        derivative: "take(dx, indices, axis)",
        undefined: "an index outside of its axis",
        cases: &[
            ("take(x, [0, 2, -1, 2])", &[&[3]]),
            ("take(x, [[0, 1], [1, 1]], axis=-1)", &[&[3, 2]]),
            ("take(x, 1, axis=0)", &[&[3, 2]]),
            ("take(x, -1)", &[&[2, 3]]),
            ("take(x, [1, 0], axis=1)", &[&[0, 2]]),
            ("take(x, floor(1 + 0*x))", &[&[2]]),
        ],
        ..Operation::new("take", "take(x, indices, axis=None)", Meaning::Build(build_take))
    },
];
