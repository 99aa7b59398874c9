//! Operations that act element by element, their arguments broadcast to one shape beforehand.
//!
//! Each primitive here has a kernel over slices and a Local rule: its partial derivatives as graph.

pub(super) mod activation;
pub(super) mod arithmetic;
pub(super) mod bessel;
pub(super) mod exponential;
pub(super) mod gamma;
pub(super) mod hyperbolic;
pub(super) mod normal;
pub(super) mod power;
pub(super) mod rounding;
pub(super) mod special;
pub(super) mod trigonometric;

use smallvec::SmallVec;

use super::Algebra;
use super::row::{Meaning, Operation};
use crate::ir::{
    Attr, Batch, Builder, Cost, Depends, Kernel, NodeId, Primitive, Room, Rule, Shape, ShapeError, Single, show,
};
use crate::kernel;

/// All arguments have one shape, and so has the result.
pub(super) fn same_shape(_: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    let first = args.first().copied().unwrap_or(&[]);
    match args.iter().find(|s| **s != first) {
        None => Ok(SmallVec::from_slice(first)),
        Some(other) => Err(ShapeError::new("elementwise arguments have one shape", show(first), show(other))),
    }
}

/// An elementwise primitive; `cost` is in multiplications for each element.
pub(super) const fn primitive(
    name: &'static str,
    kernel: fn(&[&[f64]], &mut [f64]),
    cost: u64,
    rule: Rule,
) -> Primitive {
    Primitive {
        name,
        shape: same_shape,
        kernel: Kernel::Elementwise(kernel),
        rule,
        depends: Depends::Each,
        batch: Batch::Leading,
        cost: Cost::Each(cost),
        simplify: None,
        kink: None,
        room: Room::None,
        single: Single::Kernel,
    }
}

/// Cost of a library function (exp, sin, …) in multiplications.
pub(super) const LIBRARY: u64 = 15;

/// Cost of a special function (erf, lgamma, …) in multiplications.
pub(super) const SPECIAL: u64 = 60;

/// Cost of a function that is an integral by quadrature, in multiplications.
pub(super) const QUADRATURE: u64 = 4000;

/// Applies a function of one number along a slice. One that is to become vector code comes in a closure marked
/// `#[inline(always)]`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loop must be compiled with the function inside to vectorise")]
pub(super) fn map1(a: &[&[f64]], out: &mut [f64], f: impl Fn(f64) -> f64) {
    kernel::map1([a[0]], out, f);
}

/// Applies a function of `kernel` along a slice as vector code.
macro_rules! vector {
    ($a:ident, $o:ident, $f:path) => {
        $crate::kernel::map1(
            [$a[0]],
            $o,
            #[inline(always)]
            |x| $f(x),
        )
    };
}
pub(super) use vector;

/// Two functions of `kernel`, given by one that computes both, as vector code.
macro_rules! pair {
    ($f:path) => {
        |x, out| {
            $crate::kernel::pair(
                x,
                out,
                #[inline(always)]
                |x| $f(x),
            )
        }
    };
}
pub(super) use pair;

/// Applies a function of a point in the plane as vector code where its coordinates are moderate, another elsewhere.
macro_rules! of_point {
    ($a:ident, $o:ident, $f:path, $otherwise:path) => {
        $crate::kernel::map2_unless(
            [$a[0], $a[1]],
            $o,
            #[inline(always)]
            |x, y| $f(x, y),
            $crate::kernel::is_moderate,
            $otherwise,
        )
    };
}
pub(super) use of_point;

/// Applies a function of two numbers along slices.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loop must be compiled with the function inside to vectorise")]
pub(super) fn map2(a: &[&[f64]], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    kernel::map2([a[0], a[1]], out, f);
}

/// Applies a function of an order and two numbers along slices.
pub(super) fn map3(a: &[&[f64]], out: &mut [f64], f: impl Fn(u32, f64, f64) -> f64) {
    kernel::map3([a[0], a[1], a[2]], out, |n, x, y| f(n as u32, x, y));
}

/// A row of an operation on one argument.
pub(super) const fn unary(
    name: &'static str,
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation { summary, derivative, shape: "as x", ..Operation::new(name, signature, Meaning::Elementwise(op)) }
}

/// Another primitive of the argument of `n`: what many a derivative is.
#[allow(clippy::unnecessary_wraps, reason = "the contract of a partial derivative")]
pub(super) fn of_argument(b: &mut Builder, n: NodeId, op: &'static Primitive) -> Option<NodeId> {
    let x = b.arg(n, 0);
    Some(b.apply(op, &[x]))
}

/// The first member of a family of derivatives, whose order stands before the arguments of `n`.
pub(super) fn first_of(b: &mut Builder, n: NodeId, op: &'static Primitive) -> NodeId {
    of_order(b, op, 1.0, n)
}

/// A member of a family of derivatives at the arguments of `n`. No derivative is taken by its order.
pub(super) fn of_order(b: &mut Builder, op: &'static Primitive, order: f64, n: NodeId) -> NodeId {
    let mut args = b.node(n).args.clone();
    let order = b.fill_like(order, n);
    args.insert(0, order);
    b.apply(op, &args)
}

/// The next member of the family that `n` is of: its order raised by one, the other arguments as they are.
pub(super) fn of_next_order(b: &mut Builder, n: NodeId, op: &'static Primitive) -> NodeId {
    let mut args = b.node(n).args.clone();
    args[0] = b.plus(1.0, args[0]);
    b.apply(op, &args)
}

/// A kink where the argument is zero.
#[allow(clippy::unnecessary_wraps, reason = "the contract of a kink")]
pub(super) fn at_zero(b: &mut Builder, n: NodeId, _: &[bool]) -> Option<NodeId> {
    let x = b.arg(n, 0);
    Some(b.is(x, 0.0))
}
