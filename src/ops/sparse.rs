//! Sparse matrices in products: elements are picked, multiplied and added into their places.
//!
//! A sparse matrix is a node like any other, zeros with its elements put into them. A product looks
//! through that node to the elements, so that the zeros are never made; anything else makes them. The
//! derivative, the batch and the sparsity of such a product are those of picking, multiplying and adding.

use super::Algebra;
use super::index::SCATTER;
use super::structure::{PERMUTE, RESHAPE};
use crate::ir::{Attr, Builder, NodeId, Shape};
use crate::tensor::Tensor;

/// The matrix of some shape with `values` at `positions`, counted in row-major order; what falls on one
/// position is added.
pub fn sparse_matrix(b: &mut Builder, values: NodeId, positions: &Tensor, [m, n]: [usize; 2]) -> NodeId {
    let positions = b.constant(positions);
    let flat = b.put(values, positions, 0, m * n);
    b.reshape(flat, &[m, n])
}

/// Whether a node is a sparse matrix: its zeros take no memory while it is only multiplied.
pub fn is_sparse(b: &Builder, node: NodeId) -> bool {
    Sparse::of(b, node).is_some()
}

/// The elements of a sparse matrix and where they are.
pub(super) struct Sparse {
    values: NodeId,
    rows: Tensor,
    columns: Tensor,
    shape: [usize; 2],
}

impl Sparse {
    /// Looks through a node made by [`sparse_matrix`], or that transposed.
    pub(super) fn of(b: &Builder, node: NodeId) -> Option<Self> {
        let outer = b.node(node);
        if outer.is(&PERMUTE) {
            let (inner, turned) = (Self::of(b, outer.args[0])?, outer.attr == Attr::Axes([1, 0].as_slice().into()));
            return turned.then_some(Self {
                values: inner.values,
                rows: inner.columns,
                columns: inner.rows,
                shape: [inner.shape[1], inner.shape[0]],
            });
        }
        let &[m, n] = outer.shape.as_slice() else { return None };
        let flat = b.node(*outer.args.first()?);
        if !outer.is(&RESHAPE) || !flat.is(&SCATTER) || flat.shape.len() != 1 {
            return None;
        }
        let Attr::Data(positions) = &b.node(flat.args[1]).attr else { return None };
        let list = |f: &dyn Fn(usize) -> usize| -> Tensor {
            let data: std::sync::Arc<[f64]> = positions.elements.iter().map(|&p| f(p as usize) as f64).collect();
            Tensor { shape: vec![data.len()], data }
        };
        let (rows, columns) = (list(&|p| p / n.max(1)), list(&|p| p % n.max(1)));
        (b.shape(flat.args[0]).len() == 1).then_some(Self { values: flat.args[0], rows, columns, shape: [m, n] })
    }

    /// The product with a vector or with matrices on the right, `[n]` or `[…, n, k]`.
    pub(super) fn times(&self, b: &mut Builder, y: NodeId) -> NodeId {
        let axis = b.shape(y).len().saturating_sub(2);
        self.through(b, y, axis, (&self.columns, &self.rows), self.shape[0])
    }

    /// The product with a vector or with matrices on the left, `[m]` or `[…, m]`.
    pub(super) fn times_left(&self, b: &mut Builder, x: NodeId) -> NodeId {
        let axis = b.shape(x).len() - 1;
        self.through(b, x, axis, (&self.rows, &self.columns), self.shape[1])
    }

    fn through(
        &self,
        b: &mut Builder,
        x: NodeId,
        axis: usize,
        (from, to): (&Tensor, &Tensor),
        length: usize,
    ) -> NodeId {
        let (from, to) = (b.constant(from), b.constant(to));
        let picked = b.pick(x, from, axis);
        let shape: Shape = b.shape(picked).clone();
        let values = b.broadcast(self.values, &shape, &[axis]);
        let products = b.mul(values, picked);
        b.put(products, to, axis, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::elements;

    #[test]
    fn a_product_never_makes_the_zeros() {
        let mut b = Builder::default();
        let n = 1_000_000;
        let positions = Tensor { shape: vec![2], data: [0.0, (n * n - 1) as f64].into() };
        let (values, x) = (b.input(&[2]), b.input(&[n]));
        let s = sparse_matrix(&mut b, values, &positions, [n, n]);
        let turned = b.transposed(s);
        for matrix in [s, turned] {
            let found = Sparse::of(&b, matrix).expect("it is sparse");
            for y in [found.times(&mut b, x), found.times_left(&mut b, x)] {
                let live = crate::ir::reachable(b.nodes(), &[y]);
                let largest = b.nodes().iter().zip(live).filter(|(_, live)| *live).map(|(n, _)| elements(&n.shape));
                assert_eq!(largest.max(), Some(n));
            }
        }
        assert!(!is_sparse(&b, x));
    }
}
