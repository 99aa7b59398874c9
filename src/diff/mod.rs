//! Differentiation as graph transforms: push a tangent through, turn a linear graph round, add a
//! batch axis; and what is made of these.
//!
//! Architecture invariant: this room names no operation. It knows rules and the words of
//! [`Algebra`](crate::ops::Algebra) alone.

mod active;
mod batch;
mod bracket;
mod eliminate;
mod implicit;
mod jacobian;
mod jvp;
mod known;
mod loops;
mod portions;
mod pullback;
mod scalars;
pub mod sparse;
mod transpose;

#[cfg(test)]
mod tests;

pub use active::kinks;
pub use batch::batch;
pub use bracket::Bracketing;
pub use eliminate::{Eliminated, Elimination};
pub use jacobian::{Jacobian, forward, reverse};
pub use jvp::{Seed, jvp};
pub use known::{Given, Known};
pub use loops::{fission, single_steps};
pub use portions::in_portions;
pub use pullback::{gradient, pullback};
pub use scalars::scalars;
pub use transpose::transpose;
