//! Layers of deep networks, in the order of axes that `PyTorch` uses: `[..., channels, height, width]`.
//!
//! A convolution is windows times weights, pooling is windows and a reduction; the rest is written in
//! the notation or in the words of [`Algebra`](super::Algebra). None of them has a derivative of its own.

pub(super) mod convolution;
mod frame;
pub(super) mod layers;
pub(super) mod pooling;
mod refused;

pub use refused::refused;
