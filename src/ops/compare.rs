//! Comparisons (ones and zeros), selection, and the larger and smaller of two.

use super::Algebra;
use super::bind::Bound;
use super::elementwise::{map2, primitive};
use super::row::{Meaning, Operation};
use super::shaping::broadcast_all;
use crate::fault::Fault;
use crate::ir::{Arithmetic, Builder, Depends, NodeId, Primitive, Rule, Single, elements};
use crate::kernel;

macro_rules! comparison {
    ($id:ident, $name:literal, $op:tt) => {
        #[doc = concat!("`x ", stringify!($op), " y`, as ones and zeros.")]
        pub(in crate::ops) static $id: Primitive =
            primitive($name, |a, o| map2(a, o, |x, y| f64::from(u8::from(x $op y))), 1, Rule::Zero);
    };
}

comparison!(LESS, "less", <);
comparison!(LESS_EQUAL, "less_equal", <=);
comparison!(GREATER, "greater", >);
comparison!(GREATER_EQUAL, "greater_equal", >=);
comparison!(EQUAL, "equal", ==);
comparison!(NOT_EQUAL, "not_equal", !=);

/// `c ? x : y`, linear in x and y together. What is not selected reaches neither value nor derivative.
pub(in crate::ops) static SELECT: Primitive = Primitive {
    depends: Depends::Custom(|flow, sets| {
        let [c, x, y] = flow.args else { return None };
        let of = |i: usize| match c.value {
            Some(c) if c[i] == 0.0 => Some(y.set(i)),
            Some(_) => Some(x.set(i)),
            None => sets.pair(x.set(i), y.set(i)),
        };
        (0..elements(flow.shape)).map(of).collect()
    }),
    single: Single::Arithmetic(Arithmetic::Select),
    simplify: Some(|b, a, _| {
        if a[1] == a[2] {
            return Some(a[1]);
        }
        b.fill_value(a[0]).map(|c| if c == 0.0 { a[2] } else { a[1] })
    }),
    ..primitive(
        "select",
        |a, o| kernel::map3([a[0], a[1], a[2]], o, |c, x, y| if c == 0.0 { y } else { x }),
        1,
        Rule::Linear {
            fixed: &[0],
            adjoint: |b, n, i, ct| {
                let c = b.arg(n, 0);
                let zero = b.fill_like(0.0, ct);
                if i == 1 { b.select(c, ct, zero) } else { b.select(c, zero, ct) }
            },
        },
    )
};

/// The larger of two; NaN if either is; a tie shares the derivative equally.
pub(in crate::ops) static MAXIMUM: Primitive = Primitive {
    kink: Some(tie),
    ..primitive(
        "maximum",
        |a, o| map2(a, o, |x, y| if x > y || x.is_nan() { x } else { y }),
        1,
        Rule::Local(|b, n, i| {
            let (mine, other) = (b.arg(n, i), b.arg(n, 1 - i));
            Some(winner(b, mine, other))
        }),
    )
};

/// The smaller of two; NaN if either is; a tie shares the derivative equally.
pub(in crate::ops) static MINIMUM: Primitive = Primitive {
    kink: Some(tie),
    ..primitive(
        "minimum",
        |a, o| map2(a, o, |x, y| if x < y || x.is_nan() { x } else { y }),
        1,
        Rule::Local(|b, n, i| {
            let (mine, other) = (b.arg(n, i), b.arg(n, 1 - i));
            Some(winner(b, other, mine))
        }),
    )
};

/// A kink where both are equal.
#[allow(clippy::unnecessary_wraps, reason = "the contract of a kink")]
fn tie(b: &mut Builder, n: NodeId, _: &[bool]) -> Option<NodeId> {
    let (x, y) = (b.arg(n, 0), b.arg(n, 1));
    Some(b.equal(x, y))
}

/// 1 where x > y, 1/2 where equal, 0 elsewhere.
fn winner(b: &mut Builder, x: NodeId, y: NodeId) -> NodeId {
    let (above, tie) = (b.greater(x, y), b.equal(x, y));
    let half = b.times(0.5, tie);
    b.add(above, half)
}

fn build_where(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let nodes = [args.array(b, "condition")?, args.array(b, "x")?, args.array(b, "y")?];
    let nodes = broadcast_all(b, &nodes).map_err(|e| args.shape_fault(e))?;
    Ok(b.select(nodes[0], nodes[1], nodes[2]))
}

fn build_clip(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let mut x = args.array(b, "x")?;
    for (name, op) in [("a_min", &MAXIMUM), ("a_max", &MINIMUM)] {
        if !args.is_none(name) {
            let bound = args.array(b, name)?;
            let nodes = broadcast_all(b, &[x, bound]).map_err(|e| args.shape_fault(e))?;
            x = b.apply(op, &nodes);
        }
    }
    Ok(x)
}

const fn comparison(
    name: &'static str,
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
) -> Operation {
    Operation { summary, derivative: "0", ..Operation::new(name, signature, Meaning::Elementwise(op)) }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    comparison("less", "less(x, y)", &LESS, "`x < y`, as ones and zeros."),
    comparison("less_equal", "less_equal(x, y)", &LESS_EQUAL, "`x <= y`, as ones and zeros."),
    comparison("greater", "greater(x, y)", &GREATER, "`x > y`, as ones and zeros."),
    comparison("greater_equal", "greater_equal(x, y)", &GREATER_EQUAL, "`x >= y`, as ones and zeros."),
    comparison("equal", "equal(x, y)", &EQUAL, "`x == y`, as ones and zeros."),
    comparison("not_equal", "not_equal(x, y)", &NOT_EQUAL, "`x != y`, as ones and zeros."),
    Operation {
        summary: "x where the condition is nonzero, y elsewhere; the branch not taken never reaches the derivative.",
        derivative: "condition by x, 1 - condition by y",
        cases: &[
            ("where(x > y, x*y, sin(x))", &[&[3], &[2, 3]]),
            ("where(x > 0, x^2, -x)", &[&[2, 2]]),
            ("where(x > 0, sqrt(x), 0*x)", &[&[4]]),
            ("where(x[:, None] > 0, y, 1)", &[&[2], &[3]]),
        ],
        ..Operation::new("where", "where(condition, x, y)", Meaning::Build(build_where))
    },
    Operation {
        aliases: &["fmax"],
        summary: "The larger of two numbers.",
        derivative: "1 for the larger, 0 for the smaller",
        kinks: "a tie is shared equally",
        ..Operation::new("maximum", "maximum(x, y)", Meaning::Elementwise(&MAXIMUM))
    },
    Operation {
        aliases: &["fmin"],
        summary: "The smaller of two numbers.",
        derivative: "1 for the smaller, 0 for the larger",
        kinks: "a tie is shared equally",
        ..Operation::new("minimum", "minimum(x, y)", Meaning::Elementwise(&MINIMUM))
    },
    Operation {
        summary: "Limits x to [a_min, a_max]; either bound may be None.",
        derivative: "1 inside, 0 outside (and the other way round by the bound)",
        kinks: "a tie with a bound is shared equally",
        cases: &[
            ("clip(x, -0.5, 0.5)", &[&[7]]),
            ("clip(x, None, y)", &[&[3], &[2, 3]]),
            ("clip(x, a_min=0.1, a_max=None)", &[&[4]]),
        ],
        ..Operation::new("clip", "clip(x, a_min, a_max)", Meaning::Build(build_clip))
    },
];
