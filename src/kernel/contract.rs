//! Batched contraction of two arrays: it arranges any strided operands into matrix products without copying where
//! their strides allow it.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::gemm::{Matrix, TINY, is_direct, product, product_room};
use super::view::View;
use super::walk::{Axes, Axis, Offsets, axes, coalesce};

/// Whose exact zeros contribute zero to a product whatever they are multiplied by, so that 0·∞ = 0·NaN = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absorb {
    /// Neither: plain IEEE products.
    None,
    /// Zeros of the first operand absorb.
    Left,
    /// Zeros of the second operand absorb.
    Right,
    /// Zeros of either operand absorb.
    Both,
}

impl Absorb {
    fn swapped(self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            Self::Both => Self::Both,
        }
    }
}

/// How many axes of the operands of [`contract`] belong to each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups {
    /// Leading axes of both operands, alike in both.
    pub batch: usize,
    /// Axes of the first operand alone, after its batch axes.
    pub free_a: usize,
    /// Axes summed over: the last of the first operand, and those after the batch axes of the second, alike in both.
    pub contracted: usize,
    /// Axes of the second operand alone, its last.
    pub free_b: usize,
}

/// The matrix product of `a` (m×k) and `b` (k×n), row-major in `out` (m×n).
pub fn matmul(a: View, b: View, out: &mut [f64]) {
    contract(
        a,
        b,
        Groups { batch: 0, free_a: 1, contracted: 1, free_b: 1 },
        Absorb::None,
        out,
        &AtomicBool::new(false),
    );
}

/// Sums the products of `a` [batch…, free a…, contracted…] and `b` [batch…, contracted…, free b…] over the contracted
/// axes; `out` is row-major [batch…, free a…, free b…]. A sum over nothing is zero. Once `cancel` is
/// set, what is left of `out` stays as it is.
pub fn contract(a: View, b: View, groups: Groups, absorb: Absorb, out: &mut [f64], cancel: &AtomicBool) {
    if out.is_empty() {
        return;
    }
    if a.is_empty() || b.is_empty() {
        out.fill(0.0);
        return;
    }
    let Arranged { batch, mut left, mut right, absorb } = arranged(a, b, groups, absorb);
    let size = left.rows() * right.rows();
    let firsts = Offsets::new(&batch, [a.offset as isize, b.offset as isize]);
    for (item, first) in out.chunks_exact_mut(size).zip(firsts) {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        product(&left.matrix(first, cancel), &right.matrix(first, cancel).transposed(), absorb, item, cancel);
    }
}

/// Numbers that [`contract`] takes for two operands that lie like this: copies of theirs, and parts of long sums.
pub fn contract_room(a: View, b: View, groups: Groups) -> usize {
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let Arranged { left, right, .. } = arranged(a, b, groups, Absorb::None);
    let sums = product_room(left.rows(), left.columns(), right.rows());
    [left, right].iter().map(Operand::copied).chain([sums]).sum()
}

/// A contraction as products of matrices.
struct Arranged<'a> {
    batch: Axes<2>,
    left: Operand<'a>,
    right: Operand<'a>,
    absorb: Absorb,
}

fn arranged<'a>(a: View<'a>, b: View<'a>, groups: Groups, absorb: Absorb) -> Arranged<'a> {
    let of_a: Axes<1> = axes(a.shape, a.strides).collect();
    let of_b: Axes<1> = axes(b.shape, b.strides).collect();
    let (batch_a, of_a) = of_a.split_at(groups.batch);
    let (batch_b, of_b) = of_b.split_at(groups.batch);
    let (free_a, contracted_a) = of_a.split_at(groups.free_a);
    let (contracted_b, free_b) = of_b.split_at(groups.contracted);

    let mut batch: Axes<2> =
        coalesce(batch_a.iter().zip(batch_b).map(|(x, y)| Axis { len: x.len, strides: [x.strides[0], y.strides[0]] }));
    let mut left = Operand::new(a, 0, coalesce(free_a.iter().copied()), contracted_a);
    let mut right = Operand::new(b, 1, coalesce(free_b.iter().copied()), contracted_b);
    let mut absorb = absorb;
    if right.free.is_empty() && batch.last().is_some_and(|axis| axis.strides[0] == 0) {
        std::mem::swap(&mut left, &mut right);
        absorb = absorb.swapped();
        left.free = take_broadcast(&mut batch, right.side, SmallVec::new());
    } else if left.free.len() < 2 {
        left.free = take_broadcast(&mut batch, right.side, left.free);
    }

    let tiny = left.rows().saturating_mul(right.rows()).saturating_mul(left.columns()) <= TINY;
    left.arrange(tiny);
    right.arrange(tiny);
    Arranged { batch, left, right, absorb }
}

/// Moves the innermost batch axes along which the operand on `side` stays the same to the free axes of the other one:
/// many products with one matrix become one product with a taller matrix. Stops where that would need a copy.
fn take_broadcast(batch: &mut Axes<2>, side: usize, mut free: Axes<1>) -> Axes<1> {
    while let Some(axis) = batch.last().filter(|axis| axis.strides[side] == 0) {
        let outer = Axis { len: axis.len, strides: [axis.strides[1 - side]] };
        let joined = coalesce([outer].into_iter().chain(free.iter().copied()));
        if joined.len() > 1 {
            break;
        }
        free = joined;
        batch.pop();
    }
    free
}

/// One side of the product: a stack of matrices whose rows run along its free axes and whose columns along the
/// contracted ones (the second operand is transposed when it is lent).
struct Operand<'a> {
    data: &'a [f64],
    /// Which of the two batch offsets is its own.
    side: usize,
    free: Axes<1>,
    contracted: Axes<1>,
    layout: Layout,
}

/// How the matrices of an operand reach the product.
enum Layout {
    /// As they lie: the strides of the free and of the contracted axis.
    Direct(isize, isize),
    /// Copied one at a time: the elements, and the offset of the matrix they are a copy of.
    Packed(Vec<f64>, Option<isize>),
}

impl<'a> Operand<'a> {
    fn new(view: View<'a>, side: usize, free: Axes<1>, contracted: &[Axis<1>]) -> Self {
        let contracted = coalesce(contracted.iter().copied());
        Self { data: view.data, side, free, contracted, layout: Layout::Direct(0, 0) }
    }

    fn rows(&self) -> usize {
        self.free.iter().map(|axis| axis.len).product()
    }

    fn columns(&self) -> usize {
        self.contracted.iter().map(|axis| axis.len).product()
    }

    /// Elements of the copy of one matrix.
    fn copied(&self) -> usize {
        if let Layout::Packed(..) = self.layout { self.rows().saturating_mul(self.columns()) } else { 0 }
    }

    /// Decides once for all matrices whether they are used as they lie.
    fn arrange(&mut self, any_strides: bool) {
        let stride = |axes: &Axes<1>| match axes.as_slice() {
            [] => Some(0),
            [axis] => Some(axis.strides[0]),
            _ => None,
        };
        let (rows, columns) = (self.rows(), self.columns());
        self.layout = match (stride(&self.free), stride(&self.contracted)) {
            (Some(row), Some(column)) if any_strides || is_direct(rows, columns, row, column) => {
                Layout::Direct(row, column)
            }
            _ => Layout::Packed(Vec::new(), None),
        };
    }

    /// The matrix of the batch item with these offsets; an item at the same place as the last is not packed again.
    fn matrix(&mut self, firsts: [isize; 2], cancel: &AtomicBool) -> Matrix<'_> {
        let (rows, columns, first) = (self.rows(), self.columns(), firsts[self.side]);
        match &mut self.layout {
            Layout::Direct(row_stride, column_stride) => {
                Matrix { data: self.data, first, rows, columns, row_stride: *row_stride, column_stride: *column_stride }
            }
            Layout::Packed(packed, of) => {
                if *of != Some(first) {
                    packed.resize(rows * columns, 0.0);
                    let axes = || self.free.iter().chain(&self.contracted);
                    let shape: SmallVec<[usize; 6]> = axes().map(|axis| axis.len).collect();
                    let strides: SmallVec<[isize; 6]> = axes().map(|axis| axis.strides[0]).collect();
                    let offset = first as usize;
                    View { data: self.data, offset, shape: &shape, strides: &strides }.copy_until(packed, cancel);
                    *of = Some(first);
                }
                let row_stride = columns as isize;
                Matrix { data: packed, first: 0, rows, columns, row_stride, column_stride: 1 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::{Random, Strided};
    use super::*;

    /// The contraction from its definition, on contiguous copies.
    fn naive(a: &[f64], b: &[f64], [batch, m, k, n]: [usize; 4], absorb: Absorb) -> Vec<f64> {
        let mut out = Vec::new();
        for (s, i, j) in (0..batch).flat_map(|s| (0..m).flat_map(move |i| (0..n).map(move |j| (s, i, j)))) {
            let term = |l: usize| {
                let (x, y) = (a[(s * m + i) * k + l], b[(s * k + l) * n + j]);
                let absorbed = match absorb {
                    Absorb::None => false,
                    Absorb::Left => x == 0.0,
                    Absorb::Right => y == 0.0,
                    Absorb::Both => x == 0.0 || y == 0.0,
                };
                if absorbed { 0.0 } else { x * y }
            };
            out.push((0..k).map(term).sum());
        }
        out
    }

    fn close(x: &[f64], y: &[f64]) -> bool {
        let near = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan() || (x - y).abs() < 1e-12;
        x.len() == y.len() && x.iter().zip(y).all(|(&x, &y)| near(x, y))
    }

    fn extents(random: &mut Random, rank: usize) -> Vec<usize> {
        (0..rank).map(|_| [0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 7, 9][random.below(12)]).collect()
    }

    fn spoil(random: &mut Random, operand: &mut Strided) {
        for x in &mut operand.data {
            *x = [*x, *x, 0.0, 0.0, -0.0, f64::INFINITY, f64::NAN, 1.0][random.below(8)];
        }
    }

    #[test]
    fn any_groups_and_strides_match_the_definition() {
        let mut random = Random::new(2);
        for case in 0..3000 {
            let [batch, free_a, contracted, free_b] = [(); 4].map(|()| random.below(3));
            let parts = [batch, free_a, contracted, free_b].map(|rank| extents(&mut random, rank));
            let [s, i, k, j] = &parts;
            let mut a = random.view_of(&[&s[..], i, k].concat());
            let mut b = random.view_of(&[&s[..], k, j].concat());
            let absorb = [Absorb::None, Absorb::Left, Absorb::Right, Absorb::Both][case / 2 % 4];
            if case % 2 == 0 {
                spoil(&mut random, &mut a);
                spoil(&mut random, &mut b);
            }
            let sizes = [s, i, k, j].map(|part| part.iter().product::<usize>());
            let dense = [a.view().to_contiguous(), b.view().to_contiguous()];
            let expected = naive(&dense[0], &dense[1], sizes, absorb);
            let mut out = vec![f64::NAN; expected.len()];
            let groups = Groups { batch, free_a, contracted, free_b };
            contract(a.view(), b.view(), groups, absorb, &mut out, &AtomicBool::new(false));
            assert!(close(&out, &expected), "{groups:?} {sizes:?} {absorb:?}: {a:?} {b:?}");
            let mut again = vec![0.0; out.len()];
            contract(a.view(), b.view(), groups, absorb, &mut again, &AtomicBool::new(false));
            assert!(out.iter().zip(&again).all(|(x, y)| x.to_bits() == y.to_bits()));
        }
    }

    #[test]
    fn large_products_match_the_definition() {
        let mut random = Random::new(3);
        for [m, k, n] in
            [[33, 70, 41], [1, 300, 1], [64, 50, 1], [1, 50, 64], [40, 1, 30], [130, 1100, 1000], [99, 900, 95]]
        {
            let a = random.view_of(&[m, k]);
            let b = random.view_of(&[k, n]);
            let mut out = vec![f64::NAN; m * n];
            matmul(a.view(), b.view(), &mut out);
            let dense = [a.view().to_contiguous(), b.view().to_contiguous()];
            assert!(close(&out, &naive(&dense[0], &dense[1], [1, m, k, n], Absorb::None)));
        }
    }

    #[test]
    fn exact_zeros_absorb_only_on_their_own_side() {
        let (zeros, infinite) = ([0.0, 0.0], [f64::INFINITY, f64::NAN]);
        let row = |data| View { data, offset: 0, shape: &[2], strides: &[1] };
        let groups = Groups { batch: 0, free_a: 0, contracted: 1, free_b: 0 };
        let dot = |absorb| {
            let mut out = [5.0];
            contract(row(&zeros), row(&infinite), groups, absorb, &mut out, &AtomicBool::new(false));
            out[0]
        };
        assert_eq!(dot(Absorb::Left), 0.0);
        assert_eq!(dot(Absorb::Both), 0.0);
        assert!(dot(Absorb::Right).is_nan() && dot(Absorb::None).is_nan());
    }
}
