//! The words that derivative rules are written in: sums, products, shapes moved about.
//!
//! Rules, `diff` and the engine speak to the builder in these, so none of them spells a primitive.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{compare, contract, elementwise as e, index, linalg, loops, reduce, structure as s};
use crate::ir::{Absorb, Attr, Builder, Loop, NodeId, Primitive, Shape};

/// Short names for the operations that rules are made of. Elementwise words take arguments of one
/// shape; `scale(c, t)` is the product `c·t` in which an exactly zero `t` stays zero whatever `c` is.
pub trait Algebra {
    /// Argument `i` of a node.
    fn arg(&self, n: NodeId, i: usize) -> NodeId;
    /// An elementwise primitive.
    fn apply(&mut self, op: &'static Primitive, args: &[NodeId]) -> NodeId;
    /// `value` in the shape of `like`.
    fn fill_like(&mut self, value: f64, like: NodeId) -> NodeId;
    /// `x + y`.
    fn add(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// `x - y`.
    fn sub(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// `x · y`.
    fn mul(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// `x / y`.
    fn div(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// `-x`.
    fn neg(&mut self, x: NodeId) -> NodeId;
    /// `value · x`.
    fn times(&mut self, value: f64, x: NodeId) -> NodeId;
    /// `value + x`.
    fn plus(&mut self, value: f64, x: NodeId) -> NodeId;
    /// `c · t`, zero wherever `t` is exactly zero.
    fn scale(&mut self, c: NodeId, t: NodeId) -> NodeId;
    /// `x · y`, zero wherever either is exactly zero: a derivative after another.
    fn chain(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// `c ? x : y`.
    fn select(&mut self, c: NodeId, x: NodeId, y: NodeId) -> NodeId;
    /// The same by a scalar for all elements.
    fn choose(&mut self, c: NodeId, x: NodeId, y: NodeId) -> NodeId;
    /// `x == value`, as ones and zeros.
    fn is(&mut self, x: NodeId, value: f64) -> NodeId;
    /// `x == y`, as ones and zeros.
    fn equal(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// `x > y`, as ones and zeros.
    fn greater(&mut self, x: NodeId, y: NodeId) -> NodeId;
    /// Sum over axes, which disappear.
    fn sum(&mut self, x: NodeId, axes: &[usize]) -> NodeId;
    /// Another shape, the elements in the same order.
    fn reshape(&mut self, x: NodeId, shape: &[usize]) -> NodeId;
    /// Repeats along new or length-1 axes: axis `i` of `x` becomes axis `places[i]`.
    fn broadcast(&mut self, x: NodeId, shape: &[usize], places: &[usize]) -> NodeId;
    /// NumPy's broadcast: aligned at the last axis.
    fn broadcast_to(&mut self, x: NodeId, shape: &[usize]) -> NodeId;
    /// Repeats along a new leading axis.
    fn lead(&mut self, x: NodeId, size: usize) -> NodeId;
    /// Puts back axes that a reduction removed.
    fn expand(&mut self, x: NodeId, axes: &[usize], shape: &[usize]) -> NodeId;
    /// Axes reordered: axis `i` of the result is axis `order[i]` of `x`.
    fn permute(&mut self, x: NodeId, order: &[usize]) -> NodeId;
    /// The last two axes exchanged.
    fn transposed(&mut self, x: NodeId) -> NodeId;
    /// Product over axes: `[batch…, free_a…, c…] · [batch…, c…, free_b…]`.
    fn product(&mut self, x: NodeId, y: NodeId, batch: usize, contracted: usize, absorb: Absorb) -> NodeId;
    /// Matrix product over the last two axes of arrays of one rank, all leading axes alike.
    fn matmul(&mut self, x: NodeId, y: NodeId, absorb: Absorb) -> NodeId;
    /// Elements picked along an axis.
    fn pick(&mut self, x: NodeId, indices: NodeId, axis: usize) -> NodeId;
    /// The elements of a vector at places that are all there.
    fn at(&mut self, x: NodeId, places: impl Iterator<Item = usize>) -> NodeId;
    /// Zeros of a length along an axis, with values added at indices.
    fn put(&mut self, values: NodeId, indices: NodeId, axis: usize, length: usize) -> NodeId;
    /// The n × n identity.
    fn eye(&mut self, n: usize) -> NodeId;
    /// Arrays joined along an axis, all others alike; at least one.
    fn join(&mut self, parts: &[NodeId], axis: usize) -> NodeId;
    /// An array of scalars, row-major; at least one.
    fn array(&mut self, scalars: &[NodeId], shape: &[usize]) -> NodeId;
    /// The vector that a matrix maps to `y`; what cannot be solved is not finite.
    fn solve(&mut self, a: NodeId, y: NodeId) -> NodeId;
    /// The lower triangular factor of a symmetric matrix; not finite if that is not positive definite.
    fn cholesky(&mut self, a: NodeId) -> NodeId;
    /// The singular values of matrices, largest first.
    fn singular_values(&mut self, x: NodeId) -> NodeId;
    /// The sign of the determinant of square matrices, and the logarithm of its size.
    fn sign_and_logabsdet(&mut self, x: NodeId) -> (NodeId, NodeId);
    /// The largest element of all.
    fn largest(&mut self, x: NodeId) -> NodeId;
    /// A loop run on its arguments: see [`Loop`].
    fn run(&mut self, looped: &Arc<Loop>, args: &[NodeId]) -> NodeId;
    /// Part `k` of a loop's result.
    fn part(&mut self, run: NodeId, k: usize) -> NodeId;
}

impl Algebra for Builder {
    fn arg(&self, n: NodeId, i: usize) -> NodeId {
        self.node(n).args[i]
    }

    fn apply(&mut self, op: &'static Primitive, args: &[NodeId]) -> NodeId {
        self.make(op, args, Attr::None)
    }

    fn fill_like(&mut self, value: f64, like: NodeId) -> NodeId {
        let shape: Shape = self.shape(like).clone();
        self.fill(value, &shape)
    }

    fn add(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&e::arithmetic::ADD, &[x, y])
    }

    fn sub(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&e::arithmetic::SUBTRACT, &[x, y])
    }

    fn mul(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&e::arithmetic::MULTIPLY, &[x, y])
    }

    fn div(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&e::arithmetic::DIVIDE, &[x, y])
    }

    fn neg(&mut self, x: NodeId) -> NodeId {
        self.apply(&e::arithmetic::NEGATIVE, &[x])
    }

    fn times(&mut self, value: f64, x: NodeId) -> NodeId {
        let c = self.fill_like(value, x);
        self.mul(c, x)
    }

    fn plus(&mut self, value: f64, x: NodeId) -> NodeId {
        let c = self.fill_like(value, x);
        self.add(c, x)
    }

    fn scale(&mut self, c: NodeId, t: NodeId) -> NodeId {
        self.apply(&e::arithmetic::SCALE, &[c, t])
    }

    fn chain(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&e::arithmetic::CHAIN, &[x, y])
    }

    fn select(&mut self, c: NodeId, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&compare::SELECT, &[c, x, y])
    }

    fn choose(&mut self, c: NodeId, x: NodeId, y: NodeId) -> NodeId {
        let shape: Shape = self.shape(x).clone();
        let c = self.broadcast_to(c, &shape);
        self.select(c, x, y)
    }

    fn is(&mut self, x: NodeId, value: f64) -> NodeId {
        let y = self.fill_like(value, x);
        self.equal(x, y)
    }

    fn equal(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&compare::EQUAL, &[x, y])
    }

    fn greater(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.apply(&compare::GREATER, &[x, y])
    }

    fn sum(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        if axes.is_empty() {
            return x;
        }
        self.make(&reduce::SUM, &[x], Attr::Axes(axes.into()))
    }

    fn reshape(&mut self, x: NodeId, shape: &[usize]) -> NodeId {
        self.make(&s::RESHAPE, &[x], Attr::Shape(shape.into()))
    }

    fn broadcast(&mut self, x: NodeId, shape: &[usize], places: &[usize]) -> NodeId {
        self.make(&s::BROADCAST, &[x], Attr::Broadcast(shape.into(), places.into()))
    }

    fn broadcast_to(&mut self, x: NodeId, shape: &[usize]) -> NodeId {
        let rank = self.shape(x).len();
        let places: SmallVec<[usize; 4]> = (shape.len() - rank..shape.len()).collect();
        self.broadcast(x, shape, &places)
    }

    fn lead(&mut self, x: NodeId, size: usize) -> NodeId {
        let shape = s::batched(size, self.shape(x));
        let places: SmallVec<[usize; 4]> = (1..shape.len()).collect();
        self.broadcast(x, &shape, &places)
    }

    fn expand(&mut self, x: NodeId, axes: &[usize], shape: &[usize]) -> NodeId {
        let places: SmallVec<[usize; 4]> = (0..shape.len()).filter(|a| !axes.contains(a)).collect();
        self.broadcast(x, shape, &places)
    }

    fn permute(&mut self, x: NodeId, order: &[usize]) -> NodeId {
        self.make(&s::PERMUTE, &[x], Attr::Axes(order.into()))
    }

    fn transposed(&mut self, x: NodeId) -> NodeId {
        let rank = self.shape(x).len();
        let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.permute(x, &order)
    }

    fn product(&mut self, x: NodeId, y: NodeId, batch: usize, contracted: usize, absorb: Absorb) -> NodeId {
        self.make(&contract::CONTRACT, &[x, y], Attr::Contract(batch, contracted, absorb))
    }

    fn matmul(&mut self, x: NodeId, y: NodeId, absorb: Absorb) -> NodeId {
        let batch = self.shape(x).len() - 2;
        self.product(x, y, batch, 1, absorb)
    }

    fn pick(&mut self, x: NodeId, indices: NodeId, axis: usize) -> NodeId {
        index::gather(self, x, indices, axis)
    }

    fn at(&mut self, x: NodeId, places: impl Iterator<Item = usize>) -> NodeId {
        s::at(self, x, places)
    }

    fn put(&mut self, values: NodeId, indices: NodeId, axis: usize, length: usize) -> NodeId {
        index::put(self, values, indices, axis, length)
    }

    fn eye(&mut self, n: usize) -> NodeId {
        self.make(&super::create::EYE, &[], Attr::Index(n))
    }

    fn join(&mut self, parts: &[NodeId], axis: usize) -> NodeId {
        match s::concatenate(self, parts, axis) {
            Ok(id) => id,
            Err(e) => panic!("a rule joined what does not fit: {e:?}"),
        }
    }

    fn array(&mut self, scalars: &[NodeId], shape: &[usize]) -> NodeId {
        if let Some(value) = self.fill_value(scalars[0])
            && scalars.iter().all(|s| *s == scalars[0])
        {
            return self.fill(value, shape);
        }
        let parts: SmallVec<[NodeId; 16]> = scalars.iter().map(|&s| self.reshape(s, &[1])).collect();
        let row = if let [one] = *parts { one } else { self.make(&s::CONCATENATE, &parts, Attr::Index(0)) };
        self.reshape(row, shape)
    }

    fn solve(&mut self, a: NodeId, y: NodeId) -> NodeId {
        linalg::solve_vector(self, a, y)
    }

    fn cholesky(&mut self, a: NodeId) -> NodeId {
        self.apply(&linalg::CHOLESKY, &[a])
    }

    fn singular_values(&mut self, x: NodeId) -> NodeId {
        linalg::singular_values(self, x)
    }

    fn sign_and_logabsdet(&mut self, x: NodeId) -> (NodeId, NodeId) {
        linalg::sign_and_logabsdet(self, x)
    }
    fn largest(&mut self, x: NodeId) -> NodeId {
        let axes = (0..self.shape(x).len()).collect();
        self.make(&reduce::MAX, &[x], Attr::Axes(axes))
    }

    fn run(&mut self, looped: &Arc<Loop>, args: &[NodeId]) -> NodeId {
        self.make(&loops::LOOP, args, Attr::Loop(looped.clone()))
    }

    fn part(&mut self, run: NodeId, k: usize) -> NodeId {
        match self.node(run).attr.as_loop().cloned() {
            Some(looped) => self.make(&loops::PART, &[run], Attr::Part(looped, k)),
            None => run,
        }
    }
}
