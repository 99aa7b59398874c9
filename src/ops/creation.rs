//! Arrays made from sizes: constants and evenly spaced numbers. Nothing is allocated while building,
//! whatever the sizes; what is too large is refused before it is run.

use super::Algebra;
use super::bind::Bound;
use super::create::iota;
use super::manipulation::broadcast_into;
use super::row::{Meaning, Operation};
use super::shaping::broadcast_pair;
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Shape};

/// Whole numbers up to here are exact, so that counting by doubles is.
const COUNTABLE: f64 = 9_007_199_254_740_992.0;

fn build_zeros(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let shape = args.shape(b, "shape")?;
    Ok(b.fill(0.0, &shape))
}

fn build_ones(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let shape = args.shape(b, "shape")?;
    Ok(b.fill(1.0, &shape))
}

fn build_full(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let shape = args.shape(b, "shape")?;
    let value = args.array(b, "fill_value")?;
    broadcast_into(b, args, value, &shape)
}

fn build_zeros_like(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    Ok(b.fill_like(0.0, x))
}

fn build_ones_like(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    Ok(b.fill_like(1.0, x))
}

fn build_full_like(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let value = args.array(b, "fill_value")?;
    let shape: Shape = b.shape(x).clone();
    broadcast_into(b, args, value, &shape)
}

fn build_arange(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let first = args.number(b, "start")?;
    let (start, stop) = if args.is_none("stop") { (0.0, first) } else { (first, args.number(b, "stop")?) };
    let step = args.number(b, "step")?;
    if step == 0.0 || !(start.is_finite() && stop.is_finite() && step.is_finite()) {
        let detail = "start, stop and step are finite and the step is not 0";
        return Err(args
            .fault(Code::InvalidValue, detail)
            .expected("finite numbers", format!("{start}, {stop}, {step}")));
    }
    let count = ((stop - start) / step).ceil().max(0.0);
    if count > COUNTABLE {
        let fault = args.fault(Code::Limit, "there are too many numbers to count");
        return Err(fault.expected(format!("at most {COUNTABLE}"), format!("{count:e}")));
    }
    let position = iota(b, &[count as usize], 0);
    let spaced = b.times(step, position);
    Ok(if start == 0.0 { spaced } else { b.plus(start, spaced) })
}

/// NumPy's linspace: `start + i·((stop - start)/parts)`, and `stop` itself at the end, so that both
/// ends are exact. The ends may be arrays; the new axis comes first.
fn build_linspace(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (start, stop) = (args.array(b, "start")?, args.array(b, "stop")?);
    let (start, stop) = broadcast_pair(b, start, stop).map_err(|e| args.shape_fault(e))?;
    let wanted = args.integer(b, "num")?;
    let count = usize::try_from(wanted)
        .map_err(|_| args.fault(Code::InvalidValue, "`num` is 0 or more").expected("0 or more", wanted.to_string()))?;
    let endpoint = args.flag("endpoint")?;
    let parts = if endpoint { count.saturating_sub(1) } else { count };
    let ends: Shape = b.shape(start).clone();
    let mut shape = ends.clone();
    shape.insert(0, count);
    let first = b.broadcast_to(start, &shape);
    if parts == 0 {
        return Ok(first);
    }
    let (range, divisor) = (b.sub(stop, start), b.fill(parts as f64, &ends));
    let step = b.div(range, divisor);
    let step = b.broadcast_to(step, &shape);
    let position = iota(b, &[count], 0);
    let position = b.broadcast(position, &shape, &[0]);
    let moved = b.mul(position, step);
    let spaced = b.add(first, moved);
    if !endpoint {
        return Ok(spaced);
    }
    let (is_last, last) = (b.is(position, parts as f64), b.broadcast_to(stop, &shape));
    Ok(b.select(is_last, last, spaced))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Zeros.",
        shape: "`shape`",
        derivative: "0",
        cases: &[("zeros((2, 3)) + x", &[&[3]]), ("zeros(2) + x", &[&[]]), ("zeros((0, 2)) + x", &[&[2]])],
        ..Operation::new("zeros", "zeros(shape)", Meaning::Build(build_zeros))
    },
    Operation {
        summary: "Ones.",
        shape: "`shape`",
        derivative: "0",
        cases: &[("ones((2, 3)) * x", &[&[3]]), ("ones(2) @ x", &[&[2, 3]]), ("ones(0) * x", &[&[0]])],
        ..Operation::new("ones", "ones(shape)", Meaning::Build(build_ones))
    },
    Operation {
        summary: "One value everywhere, or an array broadcast to the shape.",
        shape: "`shape`",
        derivative: "full(shape, dvalue)",
        cases: &[("full((2, 3), 7) * x", &[&[3]]), ("full((2, 3), x)", &[&[]]), ("full((2, 3), x)", &[&[2, 1]])],
        ..Operation::new("full", "full(shape, fill_value)", Meaning::Build(build_full))
    },
    Operation {
        summary: "Zeros in the shape of x.",
        shape: "as x",
        derivative: "0",
        cases: &[("zeros_like(x)", &[&[2, 3]]), ("zeros_like(x) + y", &[&[2, 1], &[3]])],
        ..Operation::new("zeros_like", "zeros_like(x)", Meaning::Build(build_zeros_like))
    },
    Operation {
        summary: "Ones in the shape of x.",
        shape: "as x",
        derivative: "0",
        cases: &[("ones_like(x) * y", &[&[2, 1], &[3]]), ("ones_like(x)", &[&[0]])],
        ..Operation::new("ones_like", "ones_like(x)", Meaning::Build(build_ones_like))
    },
    Operation {
        summary: "One value in the shape of x, or an array broadcast to it.",
        shape: "as x",
        derivative: "0 by x, full_like(x, dvalue) by the value",
        cases: &[("full_like(x, y)", &[&[2, 3], &[3]]), ("full_like(x, 2) * x", &[&[2]])],
        ..Operation::new("full_like", "full_like(x, fill_value)", Meaning::Build(build_full_like))
    },
    Operation {
        summary: "Numbers from start, below stop, in steps; `arange(n)` counts from 0.",
        shape: "[ceil((stop - start)/step)]",
        derivative: "0",
        cases: &[
            ("arange(4) * x", &[&[4]]),
            ("arange(1, 2, 0.25) + x", &[&[3, 4]]),
            ("arange(3, 0, -1) * x", &[&[]]),
            ("arange(2, 1) * x", &[&[]]),
        ],
        ..Operation::new("arange", "arange(start, stop=None, step=1)", Meaning::Build(build_arange))
    },
    Operation {
        summary: "Evenly spaced numbers from start to stop, both exact; without the last if `endpoint` is False.",
        shape: "[num] and the broadcast shape of start and stop",
        derivative: "linspace(dstart, dstop, num)",
        cases: &[
            ("linspace(x, y, 5)", &[&[], &[]]),
            ("linspace(x, y, 3)", &[&[2], &[3, 1]]),
            ("linspace(0, x, 4, endpoint=False)", &[&[2]]),
            ("linspace(x, 1, 1)", &[&[]]),
            ("linspace(x, 1, 0)", &[&[]]),
        ],
        ..Operation::new("linspace", "linspace(start, stop, num=50, endpoint=True)", Meaning::Build(build_linspace))
    },
];
