//! Sums, products and quotients, and the product of derivatives, in which zero absorbs.

use super::super::Algebra;
use super::super::row::{Meaning, Operation};
use super::{map1, map2, primitive};
use crate::ir::{Arithmetic, Attr, Builder, Depends, Flow, NodeId, Primitive, Rule, Sets, Single, elements};

/// `x + y`.
pub(in crate::ops) static ADD: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Add),
    simplify: Some(|b, a, _| {
        if let Some(i) = (0..2).find(|&i| b.fill_value(a[i]) == Some(0.0)) {
            return Some(a[1 - i]);
        }
        let [x, y] = [a[0], a[1]].map(|x| b.node(x).is(&NEGATIVE).then(|| b.arg(x, 0)));
        match (x, y) {
            (Some(x), Some(y)) => {
                let sum = b.add(x, y);
                Some(b.neg(sum))
            }
            (Some(x), None) => Some(b.sub(a[1], x)),
            (None, Some(y)) => Some(b.sub(a[0], y)),
            (None, None) => None,
        }
    }),
    ..primitive("add", |a, o| map2(a, o, |x, y| x + y), 1, Rule::Linear { fixed: &[], adjoint: |_, _, _, ct| ct })
};

/// `x - y`.
pub(in crate::ops) static SUBTRACT: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Subtract),
    simplify: Some(|b, a, _| match (b.fill_value(a[0]), b.fill_value(a[1])) {
        (_, Some(0.0)) => Some(a[0]),
        (Some(0.0), None) => Some(b.neg(a[1])),
        _ if b.node(a[1]).is(&NEGATIVE) => {
            let opposite = b.arg(a[1], 0);
            Some(b.add(a[0], opposite))
        }
        _ if b.node(a[0]).is(&NEGATIVE) => {
            let opposite = b.arg(a[0], 0);
            let sum = b.add(opposite, a[1]);
            Some(b.neg(sum))
        }
        _ => None,
    }),
    ..primitive(
        "subtract",
        |a, o| map2(a, o, |x, y| x - y),
        1,
        Rule::Linear { fixed: &[], adjoint: |b, _, i, ct| if i == 0 { ct } else { b.neg(ct) } },
    )
};

/// `-x`.
pub(in crate::ops) static NEGATIVE: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Negate),
    simplify: Some(|b, a, _| b.node(a[0]).is(&NEGATIVE).then(|| b.arg(a[0], 0))),
    ..primitive("negative", |a, o| map1(a, o, |x| -x), 1, Rule::Linear { fixed: &[], adjoint: |b, _, _, ct| b.neg(ct) })
};

/// `x · y`.
pub(in crate::ops) static MULTIPLY: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Multiply),
    depends: Depends::Custom(of_product),
    simplify: Some(|b, a, _| one_factor(b, a).or_else(|| zero_factor(b, a)).or_else(|| opposite(b, a, &MULTIPLY))),
    ..primitive("multiply", |a, o| map2(a, o, |x, y| x * y), 1, Rule::Local(|b, n, i| Some(b.arg(n, 1 - i))))
};

/// `x / y`.
pub(in crate::ops) static DIVIDE: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Divide),
    simplify: Some(|b, a, _| (b.fill_value(a[1]) == Some(1.0)).then_some(a[0])),
    ..primitive(
        "divide",
        |a, o| map2(a, o, |x, y| x / y),
        4,
        Rule::Local(|b, n, i| {
            let y = b.arg(n, 1);
            if i == 0 {
                let one = b.fill_like(1.0, y);
                return Some(b.div(one, y));
            }
            let slope = b.div(n, y);
            Some(b.neg(slope))
        }),
    )
};

/// The product `c · t` of a derivative `t`: zero wherever `t` is exactly zero, whatever `c` is, so
/// that a branch not taken never turns 0·∞ into NaN.
pub(in crate::ops) static SCALE: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Scale),
    depends: Depends::Custom(of_product),
    simplify: Some(|b, a, _| {
        if b.fill_value(a[1]) == Some(0.0) {
            return Some(a[1]);
        }
        let known = one_factor(b, a).or_else(|| zero_factor(b, a));
        let is_plain = bounded(b, a) || b.fill_value(a[1]).is_some();
        known.or_else(|| opposite(b, a, &SCALE)).or_else(|| is_plain.then(|| b.mul(a[0], a[1])))
    }),
    ..primitive(
        "scale",
        |a, o| map2(a, o, |c, t| if t == 0.0 { 0.0 } else { c * t }),
        1,
        Rule::Multilinear {
            term: |b, n, i, t| {
                let other = b.arg(n, 1 - i);
                b.scale(other, t)
            },
            adjoint: |b, n, _, ct| {
                let c = b.arg(n, 0);
                b.scale(c, ct)
            },
        },
    )
};

/// The product of two derivatives, as one follows the other in the chain rule: zero wherever either is exactly zero.
pub(in crate::ops) static CHAIN: Primitive = Primitive {
    single: Single::Arithmetic(Arithmetic::Chain),
    depends: Depends::Custom(of_product),
    simplify: Some(|b, a, _| {
        let zero = (0..2).find(|&i| b.fill_value(a[i]) == Some(0.0)).map(|i| a[i]);
        let known = zero.or_else(|| one_factor(b, a));
        known.or_else(|| opposite(b, a, &CHAIN)).or_else(|| bounded(b, a).then(|| b.mul(a[0], a[1])))
    }),
    ..primitive(
        "chain",
        |a, o| map2(a, o, |x, y| if x == 0.0 || y == 0.0 { 0.0 } else { x * y }),
        1,
        Rule::Multilinear {
            term: |b, n, i, t| {
                let other = b.arg(n, 1 - i);
                b.chain(other, t)
            },
            adjoint: |b, n, i, ct| {
                let other = b.arg(n, 1 - i);
                b.chain(other, ct)
            },
        },
    )
};

/// The sets of a product: a factor that is known to be zero keeps what the other depends on out of it.
fn of_product(flow: &Flow<'_>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    let [x, y] = flow.args else { return None };
    let through = |i: usize| (if y.is_zero(i) { 0 } else { x.set(i) }, if x.is_zero(i) { 0 } else { y.set(i) });
    (0..elements(flow.shape)).map(through).map(|(a, b)| sets.pair(a, b)).collect()
}

/// The other factor, where one is 1 everywhere.
fn one_factor(b: &Builder, a: &[NodeId]) -> Option<NodeId> {
    (0..2).find(|&i| b.fill_value(a[i]) == Some(1.0)).map(|i| a[1 - i])
}

/// The factor that is zero everywhere, where the other is bounded.
fn zero_factor(b: &Builder, a: &[NodeId]) -> Option<NodeId> {
    (0..2).find(|&i| b.fill_value(a[i]) == Some(0.0) && b.node(a[1 - i]).bound.is_finite()).map(|i| a[i])
}

/// The opposite of the product of what is left, where a factor is -1 everywhere or an opposite itself: signs go outwards,
/// where sums take them in.
fn opposite(b: &mut Builder, a: &[NodeId], product: &'static Primitive) -> Option<NodeId> {
    if let Some(i) = (0..2).find(|&i| b.fill_value(a[i]) == Some(-1.0)) {
        return Some(b.neg(a[1 - i]));
    }
    let i = (0..2).find(|&i| b.node(a[i]).is(&NEGATIVE))?;
    let mut factors = [a[0], a[1]];
    factors[i] = b.arg(a[i], 0);
    let product = b.make(product, &factors, Attr::None);
    Some(b.neg(product))
}

/// Whether all factors are bounded: where none is infinite, zero absorbs by itself.
fn bounded(b: &Builder, a: &[NodeId]) -> bool {
    a.iter().all(|&x| b.node(x).bound.is_finite())
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "Sum, `x + y`.",
        derivative: "1 by x, 1 by y",
        ..Operation::new("add", "add(x, y)", Meaning::Elementwise(&ADD))
    },
    Operation {
        summary: "Difference, `x - y`.",
        derivative: "1 by x, -1 by y",
        ..Operation::new("subtract", "subtract(x, y)", Meaning::Elementwise(&SUBTRACT))
    },
    Operation {
        summary: "Product element by element, `x * y`.",
        derivative: "y by x, x by y",
        ..Operation::new("multiply", "multiply(x, y)", Meaning::Elementwise(&MULTIPLY))
    },
    Operation {
        aliases: &["true_divide"],
        summary: "Quotient, `x / y`.",
        derivative: "1/y by x, -x/y^2 by y",
        undefined: "division by zero",
        domain: &[(-2.0, 2.0), (0.5, 2.0)],
        ..Operation::new("divide", "divide(x, y)", Meaning::Elementwise(&DIVIDE))
    },
    Operation {
        summary: "Opposite, `-x`.",
        derivative: "-1",
        ..Operation::new("negative", "negative(x)", Meaning::Elementwise(&NEGATIVE))
    },
];
