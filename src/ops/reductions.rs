//! Reductions along axes, as users call them.

use super::Algebra;
use super::bind::Bound;
use super::reduce::{CUMSUM, MAX, MIN};
use super::row::{Case, Meaning, Operation};
use super::structure::slice;
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, NodeId, Primitive, Shape, elements};

/// The array, the axes to reduce, and the axes that were asked to stay with length 1.
fn target(b: &mut Builder, args: &Bound<'_>) -> Result<(NodeId, Vec<usize>), Fault> {
    let x = args.array(b, "x")?;
    let rank = b.shape(x).len();
    Ok((x, args.axes(b, "axis", rank)?))
}

/// Gives reduced axes back with length 1 if `keepdims` says so.
fn finish(
    b: &mut Builder,
    args: &Bound<'_>,
    source: &[usize],
    axes: &[usize],
    result: NodeId,
) -> Result<NodeId, Fault> {
    if !args.flag("keepdims")? {
        return Ok(result);
    }
    let kept: Shape = source.iter().enumerate().map(|(i, &n)| if axes.contains(&i) { 1 } else { n }).collect();
    Ok(b.reshape(result, &kept))
}

fn build_sum(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, axes) = target(b, args)?;
    let source = b.shape(x).clone();
    let total = b.sum(x, &axes);
    finish(b, args, &source, &axes, total)
}

fn build_extremum(b: &mut Builder, args: &Bound<'_>, op: &'static Primitive) -> Result<NodeId, Fault> {
    let (x, axes) = target(b, args)?;
    let source = b.shape(x).clone();
    let reduced = if axes.is_empty() { x } else { b.make(op, &[x], Attr::Axes(axes.as_slice().into())) };
    finish(b, args, &source, &axes, reduced)
}

fn build_nonempty(b: &mut Builder, args: &Bound<'_>, op: &'static Primitive) -> Result<NodeId, Fault> {
    let (x, axes) = target(b, args)?;
    if axes.iter().any(|&i| b.shape(x)[i] == 0) {
        let shape = b.shape(x).to_vec();
        return Err(args.fault(Code::Shape, format!("an empty array has none (shape {shape:?})")));
    }
    build_extremum(b, args, op)
}

/// A product as a tree of elementwise products of halves, so that its derivative never divides and
/// zeros among the factors are exact, at every order.
fn build_prod(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, axes) = target(b, args)?;
    let source = b.shape(x).clone();
    let order: Vec<usize> = (0..source.len()).filter(|i| !axes.contains(i)).chain(axes.iter().copied()).collect();
    let kept: Shape = order[..source.len() - axes.len()].iter().map(|&i| source[i]).collect();
    let moved = b.permute(x, &order);
    let mut length = elements(&axes.iter().map(|&i| source[i]).collect::<Shape>());
    let mut flat = kept.clone();
    flat.push(length);
    let mut factors = b.reshape(moved, &flat);
    let part = |b: &mut Builder, factors: NodeId, start: usize, end: usize| {
        let mut parts: Vec<_> = kept.iter().map(|&n| (0, n, 1)).collect();
        parts.push((start, end, 1));
        slice(b, factors, &parts)
    };
    while length > 1 {
        let half = length / 2;
        let (low, high) = (part(b, factors, 0, half), part(b, factors, half, 2 * half));
        let mut product = b.mul(low, high);
        if length % 2 == 1 {
            let last = part(b, factors, length - 1, length);
            product =
                super::structure::concatenate(b, &[product, last], kept.len()).map_err(|e| args.shape_fault(e))?;
        }
        factors = product;
        length = length.div_ceil(2);
    }
    let result = if length == 0 { b.fill(1.0, &kept) } else { b.reshape(factors, &kept) };
    finish(b, args, &source, &axes, result)
}

fn build_cumsum(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let mut x = args.array(b, "x")?;
    let rank = b.shape(x).len();
    let axis = if args.is_none("axis") {
        let n = elements(b.shape(x));
        x = b.reshape(x, &[n]);
        0
    } else {
        args.axis(b, "axis", rank)?
    };
    Ok(b.make(&CUMSUM, &[x], Attr::Directed(axis, false)))
}

fn build_count(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, axes) = target(b, args)?;
    let count = elements(&axes.iter().map(|&i| b.shape(x)[i]).collect::<Shape>());
    Ok(b.fill(count as f64, &[]))
}

fn build_drop(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let (x, axes) = target(b, args)?;
    if args.flag("keepdims")? {
        return Ok(x);
    }
    let left: Shape = b.shape(x).iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &n)| n).collect();
    Ok(b.reshape(x, &left))
}

const REDUCED: &str = "x without the axes named (all by default); keepdims=True keeps them with length 1";

const fn reduction(
    name: &'static str,
    signature: &'static str,
    summary: &'static str,
    derivative: &'static str,
    meaning: Meaning,
    cases: &'static [Case],
) -> Operation {
    Operation { summary, derivative, shape: REDUCED, cases, ..Operation::new(name, signature, meaning) }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    reduction(
        "sum",
        "sum(x, axis=None, keepdims=False)",
        "Sum.",
        "1 by each element",
        Meaning::Build(build_sum),
        &[
            ("sum(x)", &[&[2, 3]]),
            ("sum(x, axis=0)", &[&[2, 3]]),
            ("sum(x, axis=(0, -1), keepdims=True)", &[&[2, 3, 2]]),
            ("sum(x)", &[&[0]]),
            ("sum(x, axis=1)", &[&[2, 0]]),
            ("sum(x)", &[&[]]),
        ],
    ),
    reduction(
        "prod",
        "prod(x, axis=None, keepdims=False)",
        "Product.",
        "the product of the other elements, exact where some are zero",
        Meaning::Build(build_prod),
        &[
            ("prod(x)", &[&[5]]),
            ("prod(x, axis=-1)", &[&[2, 3]]),
            ("prod(x, axis=0, keepdims=True)", &[&[3, 2]]),
            ("prod(x, axis=(0, 2))", &[&[2, 2, 3]]),
            ("prod(x)", &[&[0]]),
            ("prod(x * [0, 1, 0, 1])", &[&[4]]),
        ],
    ),
    Operation {
        aliases: &["average"],
        undefined: "the mean of nothing",
        ..reduction(
            "mean",
            "mean(x, axis=None, keepdims=False)",
            "Arithmetic mean.",
            "1/n by each element",
            Meaning::Expand(&["sum(x, axis=axis, keepdims=keepdims) / _count(x, axis=axis)"]),
            &[("mean(x)", &[&[2, 3]]), ("mean(x, axis=-1, keepdims=True)", &[&[2, 3]])],
        )
    },
    Operation {
        undefined: "the variance of nothing, or of too few for ddof",
        ..reduction(
            "var",
            "var(x, axis=None, ddof=0, keepdims=False)",
            "Variance, the sum of squared deviations over n - ddof.",
            "2*(x - mean(x))/(n - ddof)",
            Meaning::Expand(&[
                // Shifting by an element leaves the variance as it is and makes it exactly 0 for equal values.
                "u = x - _stop(_min(x, axis=axis, keepdims=True))",
                "d = u - mean(u, axis=axis, keepdims=True)",
                "sum(d * d, axis=axis, keepdims=keepdims) / (_count(x, axis=axis) - ddof)",
            ]),
            &[
                ("var(x)", &[&[5]]),
                ("var(x, axis=0, ddof=1)", &[&[3, 2]]),
                ("var(x, axis=-1, keepdims=True)", &[&[2, 3]]),
            ],
        )
    },
    Operation {
        kinks: "0 where all values are equal",
        undefined: "the standard deviation of nothing, or of too few for ddof",
        ..reduction(
            "std",
            "std(x, axis=None, ddof=0, keepdims=False)",
            "Standard deviation, the square root of the variance.",
            "(x - mean(x))/((n - ddof)*std(x))",
            Meaning::Expand(&["_root(var(x, axis=axis, ddof=ddof, keepdims=keepdims))"]),
            &[("std(x)", &[&[5]]), ("std(x, axis=0, ddof=1)", &[&[3, 2]])],
        )
    },
    Operation {
        aliases: &["amax"],
        kinks: "a tie is shared equally",
        ..reduction(
            "max",
            "max(x, axis=None, keepdims=False)",
            "Largest element.",
            "1 by the largest, 0 by the others",
            Meaning::Build(|b, args| build_nonempty(b, args, &MAX)),
            &[
                ("max(x)", &[&[5]]),
                ("max(x, axis=-1)", &[&[2, 3]]),
                ("max(x, axis=(0, 1), keepdims=True)", &[&[2, 3, 2]]),
            ],
        )
    },
    Operation {
        aliases: &["amin"],
        kinks: "a tie is shared equally",
        ..reduction(
            "min",
            "min(x, axis=None, keepdims=False)",
            "Smallest element.",
            "1 by the smallest, 0 by the others",
            Meaning::Build(|b, args| build_nonempty(b, args, &MIN)),
            &[("min(x)", &[&[5]]), ("min(x, axis=0)", &[&[2, 3]])],
        )
    },
    Operation {
        kinks: "0 where all elements are zero",
        ..reduction(
            "norm",
            "norm(x, axis=None, keepdims=False)",
            "Euclidean norm, the square root of the sum of squares, without overflow.",
            "x/norm(x)",
            Meaning::Expand(&[
                // Dividing by a power of two is exact, and leaves the norm's derivative as it is.
                "m = _binade(_max(abs(x), axis=axis, keepdims=True))",
                "u = x / m",
                "_drop(m, axis=axis, keepdims=keepdims) * _root(sum(u * u, axis=axis, keepdims=keepdims))",
            ]),
            &[("norm(x)", &[&[5]]), ("norm(x, axis=1)", &[&[2, 3]]), ("norm(x, axis=-1, keepdims=True)", &[&[2, 3]])],
        )
    },
    reduction(
        "logsumexp",
        "logsumexp(x, axis=None, keepdims=False)",
        "Logarithm of the sum of exponentials, without overflow.",
        "softmax(x)",
        Meaning::Expand(&[
            "m = _max(x, axis=axis, keepdims=True)",
            "s = _stop(where(m - m == 0, m, 0))",
            "_drop(log(sum(exp(x - s), axis=axis, keepdims=True)) + s, axis=axis, keepdims=keepdims)",
        ]),
        &[("logsumexp(x)", &[&[5]]), ("logsumexp(x, axis=0, keepdims=True)", &[&[3, 2]])],
    ),
    Operation {
        summary: "Running sum along an axis; of the flattened array if no axis is named.",
        shape: "as x, or [n] flattened",
        derivative: "1 by each element up to the position, 0 by later ones",
        cases: &[
            ("cumsum(x)", &[&[2, 3]]),
            ("cumsum(x, axis=-1)", &[&[2, 3]]),
            ("cumsum(x, axis=0)", &[&[3, 2]]),
            ("cumsum(x)", &[&[0]]),
        ],
        ..Operation::new("cumsum", "cumsum(x, axis=None)", Meaning::Build(build_cumsum))
    },
    Operation {
        summary: "exp(x) divided by its sum along an axis, without overflow.",
        shape: "as x",
        derivative: "p_i*((i == j) - p_j) for p = softmax(x)",
        cases: &[("softmax(x)", &[&[4]]), ("softmax(x, axis=0)", &[&[3, 2]]), ("softmax(x)", &[&[0]])],
        ..Operation::new(
            "softmax",
            "softmax(x, axis=-1)",
            Meaning::Expand(&[
                "e = exp(x - _stop(_max(x, axis=axis, keepdims=True)))",
                "e / sum(e, axis=axis, keepdims=True)",
            ]),
        )
    },
    Operation {
        summary: "Logarithm of softmax, without overflow.",
        shape: "as x",
        derivative: "(i == j) - softmax(x)_j",
        cases: &[("log_softmax(x)", &[&[4]]), ("log_softmax(x, axis=0)", &[&[3, 2]])],
        ..Operation::new(
            "log_softmax",
            "log_softmax(x, axis=-1)",
            Meaning::Expand(&[
                "u = x - _stop(_max(x, axis=axis, keepdims=True))",
                "u - log(sum(exp(u), axis=axis, keepdims=True))",
            ]),
        )
    },
    Operation {
        summary: "Largest element, -∞ of nothing.",
        ..Operation::new(
            "_max",
            "_max(x, axis=None, keepdims=False)",
            Meaning::Build(|b, args| build_extremum(b, args, &MAX)),
        )
    },
    Operation {
        summary: "Smallest element, ∞ of nothing.",
        ..Operation::new(
            "_min",
            "_min(x, axis=None, keepdims=False)",
            Meaning::Build(|b, args| build_extremum(b, args, &MIN)),
        )
    },
    Operation {
        summary: "Number of elements along axes.",
        ..Operation::new("_count", "_count(x, axis=None)", Meaning::Build(build_count))
    },
    Operation {
        summary: "Drops axes of length 1 that a reduction kept, unless they are to be kept.",
        ..Operation::new("_drop", "_drop(x, axis=None, keepdims=False)", Meaning::Build(build_drop))
    },
];
