//! Runs graphs: order, fused tiles, buffers, kernels.
//!
//! A [`Plan`] is made once for a graph and run many times. Elementwise nodes of one size are fused
//! into blocks that pass through memory once, a tile at a time; views cost nothing; every stored value
//! has a slot, and slots are reused.
//!
//! Architecture invariant: this room names no operation. It knows kinds of kernel alone.

mod block;
mod looped;
mod plan;
mod run;
mod scalar;
mod schedule;
mod slots;
mod tiles;

#[cfg(test)]
mod tests;

pub use crate::kernel::helped_by;
pub use plan::{Operand, Plan};
pub use run::{Cancel, Cancelled, Workspace};
