//! Normalisation, embedding and attention.

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::elementwise::power::SQRT;
use super::super::manipulation::broadcast_into;
use super::super::manipulation::diagonal::beyond;
use super::super::row::{Meaning, Operation};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Shape, show};

/// `(x - mean)/sqrt(var + eps)*weight + bias` with statistics that are given: a trained network's.
fn build_batch_norm(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let x = args.array(b, "x")?;
    let shape: Shape = b.shape(x).clone();
    let axis = if args.is_none("axis") {
        args.resolve_axis(i64::from(shape.len() > 1), shape.len())?
    } else {
        args.axis(b, "axis", shape.len())?
    };
    let (variance, eps) = (args.array(b, "var")?, args.array(b, "eps")?);
    let eps = broadcast_into(b, args, eps, &b.shape(variance).clone())?;
    let sum = b.add(variance, eps);
    let deviation = b.apply(&SQRT, &[sum]);
    let channels = |b: &mut Builder, name: &str, vector: NodeId| match b.shape(vector).as_slice() {
        [] => Ok(b.broadcast(vector, &shape, &[])),
        [n] if *n == shape[axis] => Ok(b.broadcast(vector, &shape, &[axis])),
        other => {
            let detail = format!("`{name}` has an element for each channel, along axis {axis} of {}", show(&shape));
            let fault = args.fault(Code::Shape, detail).expected(show(&[shape[axis]]), show(other));
            Err(fault.hint("`axis` names the axis of the channels: -3 for images, -2 for sequences"))
        }
    };
    let deviation = channels(b, "var", deviation)?;
    let vector = |b: &mut Builder, name: &str| {
        let vector = args.array(b, name)?;
        channels(b, name, vector)
    };
    let (mean, weight, bias) = (vector(b, "mean")?, vector(b, "weight")?, vector(b, "bias")?);
    let centred = b.sub(x, mean);
    let normalised = b.div(centred, deviation);
    let scaled = b.mul(normalised, weight);
    Ok(b.add(scaled, bias))
}

/// Scores of queries (rows) and keys (columns), -∞ where the mask is zero or, if asked, where the key
/// comes after the query.
fn build_masked(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let mut scores = args.array(b, "scores")?;
    let shape: Shape = b.shape(scores).clone();
    let never = b.fill(f64::NEG_INFINITY, &shape);
    if !args.is_none("mask") {
        let mask = args.array(b, "mask")?;
        let mask = broadcast_into(b, args, mask, &shape)?;
        scores = b.select(mask, scores, never);
    }
    if !args.flag("causal")? {
        return Ok(scores);
    }
    if shape.len() < 2 {
        let fault = args.fault(Code::Shape, "`causal` compares positions of queries and keys");
        return Err(fault.expected("an axis of queries", "a single query without an axis"));
    }
    let later = beyond(b, scores, 0);
    Ok(b.select(later, never, scores))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "x with mean 0 and variance 1 along an axis (or several), then times weight plus bias.",
        shape: "as x",
        derivative: "weight*(dx - mean(dx) - u*mean(u*dx))/sqrt(var(x) + eps) + dweight*u + dbias, u being the normalised x",
        undefined: "equal values with eps = 0",
        cases: &[
            ("layer_norm(x)", &[&[2, 4]]),
            ("layer_norm(x, y, z)", &[&[2, 3], &[3], &[3]]),
            ("layer_norm(x, y, axis=(-2, -1), eps=0.1)", &[&[2, 3, 2], &[3, 2]]),
            ("layer_norm(x, bias=y, axis=0)", &[&[4], &[]]),
        ],
        ..Operation::new(
            "layer_norm",
            "layer_norm(x, weight=1, bias=0, axis=-1, eps=1e-5)",
            Meaning::Expand(&[
                // Shifting by an element changes nothing, and makes equal values exactly 0.
                "s = x - _stop(_min(x, axis=axis, keepdims=True))",
                "d = s - mean(s, axis=axis, keepdims=True)",
                "u = d / sqrt(mean(d * d, axis=axis, keepdims=True) + eps)",
                "full_like(x, weight) * u + full_like(x, bias)",
            ]),
        )
    },
    Operation {
        summary: "(x - mean)/sqrt(var + eps)*weight + bias with the statistics of training given, one for each channel; the channels lie along axis 1, or 0 of a vector, unless `axis` names another.",
        shape: "as x",
        derivative: "weight/sqrt(var + eps) by x",
        undefined: "a variance of -eps or less",
        domain: &[(-2.0, 2.0), (-1.0, 1.0), (0.5, 2.0)],
        cases: &[
            ("batch_norm(x, y, z)", &[&[2, 3], &[3], &[3]]),
            ("batch_norm(x, y, z)", &[&[3], &[3], &[3]]),
            ("batch_norm(x, y, z, y, z + 1, eps=0.1)", &[&[2, 3, 2], &[3], &[3]]),
            ("batch_norm(x, y, z, weight=z, axis=-3)", &[&[2, 3, 2], &[2], &[2]]),
            ("batch_norm(x, y, z, axis=-3)", &[&[2, 3, 2], &[2], &[2]]),
            ("batch_norm(x, 0, y)", &[&[2, 0], &[0]]),
        ],
        ..Operation::new(
            "batch_norm",
            "batch_norm(x, mean, var, weight=1, bias=0, axis=None, eps=1e-5)",
            Meaning::Build(build_batch_norm),
        )
    },
    Operation {
        summary: "Rows of a table picked by number, negative ones counted from the end.",
        shape: "the shape of x, then that of a row",
        derivative: "0 by x, embedding(x, dweight) by the table",
        undefined: "a number that no row has",
        cases: &[
            ("embedding([2, 0, 2, -1], x)", &[&[3, 2]]),
            ("embedding([[0, 1], [1, 1]], x)", &[&[2, 3]]),
            ("embedding(1, x)", &[&[3, 2]]),
            ("embedding(floor(x/4) + 1, y)", &[&[2], &[2, 2]]),
        ],
        ..Operation::new("embedding", "embedding(x, weight)", Meaning::Expand(&["take(weight, x, axis=0)"]))
    },
    Operation {
        summary: "Scaled dot-product attention, softmax(query @ key.T/sqrt(d)) @ value over the last two axes; a query attends to keys where the mask is not zero and, if causal, to none at a later position.",
        shape: "[..., L, e] for query [..., L, d], key [..., S, d] and value [..., S, e]",
        derivative: "P @ dvalue + (P*(ds - sum(P*ds, axis=-1, keepdims=True))) @ value, P being the weights and ds = (dquery @ key.T + query @ dkey.T)/sqrt(d)",
        undefined: "a query that attends to no key",
        cases: &[
            ("attention(x, y, z)", &[&[2, 3], &[4, 3], &[4, 2]]),
            ("attention(x, x, x, causal=True)", &[&[3, 2]]),
            ("attention(x, y, z, mask=[[1, 0, 1], [0, 1, 1]])", &[&[2, 2], &[3, 2], &[3, 2]]),
            ("attention(x, y, z, [1, 0, 1], True)", &[&[2, 3, 2], &[3, 2], &[2, 3, 1]]),
            ("attention(x, y, z)", &[&[3], &[4, 3], &[4, 2]]),
        ],
        ..Operation::new(
            "attention",
            "attention(query, key, value, mask=None, causal=False)",
            Meaning::Expand(&[
                "s = query @ swapaxes(key, -1, -2) / sqrt(_count(query, axis=-1))",
                "softmax(_masked(s, mask, causal), axis=-1) @ value",
            ]),
        )
    },
    Operation {
        summary: "Scores of attention, -∞ where there is to be none.",
        ..Operation::new("_masked", "_masked(scores, mask=None, causal=False)", Meaning::Build(build_masked))
    },
];
