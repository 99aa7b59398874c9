//! Reproducible random numbers and strided arrays for the tests of the kernels.

use super::view::View;

/// The `SplitMix64` generator.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `bound`, which is not zero.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number in [-1, 1).
    pub(super) fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub(super) fn numbers(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.number()).collect()
    }

    /// An array of the given rank with short axes and any strides.
    pub(super) fn view(&mut self, rank: usize) -> Strided {
        let shape: Vec<usize> = (0..rank).map(|_| [0, 1, 1, 2, 3, 4, 5, 9, 12, 17][self.below(10)]).collect();
        self.view_of(&shape)
    }

    /// An array of the given shape: its axes lie in random order, some reversed, some broadcast, some with gaps.
    pub(super) fn view_of(&mut self, shape: &[usize]) -> Strided {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, self.below(i + 1));
        }
        if self.below(2) == 0 {
            order.sort_unstable_by(|a, b| b.cmp(a));
        }
        let (mut offset, mut extent) = (0, 1);
        let mut strides = vec![0; shape.len()];
        for axis in order {
            let kind = self.below(8);
            let step = if kind == 0 { 0 } else { extent };
            let span = step * shape[axis].saturating_sub(1);
            strides[axis] = if kind == 1 { -(step as isize) } else { step as isize };
            offset += if kind == 1 { span } else { 0 };
            extent += if kind == 0 { 0 } else { span + usize::from(kind == 2) };
        }
        Strided { data: self.numbers(extent), offset, shape: shape.to_vec(), strides }
    }
}

/// An array that owns what a view borrows.
#[derive(Debug)]
pub(super) struct Strided {
    pub(super) data: Vec<f64>,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
}

impl Strided {
    pub(super) fn view(&self) -> View<'_> {
        let Self { data, offset, shape, strides } = self;
        View { data, offset: *offset, shape, strides }
    }
}
