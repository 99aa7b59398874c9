//! Squares of numbers turned round in registers: between numbers of one kind that lie in a column and those that belong
//! together and lie in a row.

#![allow(clippy::inline_always, reason = "a loop must be compiled inside the form for its processor")]

use pulp::{Arch, NullaryFnOnce};

/// Rows and columns of a square.
pub const SIDE: usize = 4;

/// Four elements of four rows.
pub(super) type Square = [[f64; SIDE]; SIDE];

/// A loop over squares.
pub(super) trait Turning {
    /// Runs, given the way to turn a square round.
    fn run(self, turn: impl Fn(Square) -> Square);
}

/// A loop and its way to turn squares round, compiled together.
struct Loop<W, F>(W, F);

impl<W: Turning, F: Fn(Square) -> Square> NullaryFnOnce for Loop<W, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.run(self.1);
    }
}

/// Runs a loop with the best way to turn squares round that this processor has.
#[cfg(target_arch = "x86_64")]
pub(super) fn turning(work: impl Turning) {
    use pulp::cast;
    use pulp::x86::V3;
    use std::arch::x86_64::__m256d;

    match V3::try_new() {
        Some(simd) => simd.vectorize(Loop(
            work,
            #[inline(always)]
            |square: Square| {
                let [a, b, c, d] = square.map(cast::<[f64; SIDE], __m256d>);
                let avx = simd.avx;
                let (even, odd) = (avx._mm256_unpacklo_pd(a, b), avx._mm256_unpackhi_pd(a, b));
                let (also_even, also_odd) = (avx._mm256_unpacklo_pd(c, d), avx._mm256_unpackhi_pd(c, d));
                let turned = [
                    avx._mm256_permute2f128_pd::<0x20>(even, also_even),
                    avx._mm256_permute2f128_pd::<0x20>(odd, also_odd),
                    avx._mm256_permute2f128_pd::<0x31>(even, also_even),
                    avx._mm256_permute2f128_pd::<0x31>(odd, also_odd),
                ];
                turned.map(cast::<__m256d, [f64; SIDE]>)
            },
        )),
        None => Arch::new().dispatch(Loop(work, turned)),
    }
}

/// Runs a loop with the way to turn squares round that every processor has.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn turning(work: impl Turning) {
    Arch::new().dispatch(Loop(work, turned));
}

/// The square, turned round.
#[inline(always)]
pub(super) fn turned(square: Square) -> Square {
    std::array::from_fn(|i| square.map(|row| row[i]))
}
