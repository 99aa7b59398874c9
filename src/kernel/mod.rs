//! Numerical kernels: plain functions on slices, and the only place that names numeric crates.
//!
//! Matrix products and factorisations stand on `faer`, special functions on `pxfm`; each is wrapped with the guards it
//! needs (singular pivots, poles, zero strides). A kernel knows nothing of graphs, operations or faults: shapes are
//! checked by the caller, and what has no value comes back as NaN. Every kernel works in a fixed order on
//! one thread, so the same input gives the same bits.

mod contract;
mod elementwise;
mod gemm;
mod linalg;
mod polygamma;
mod reduce;
mod special;
mod view;
mod walk;

#[cfg(test)]
mod random;

pub use contract::{Absorb, Groups, contract, matmul};
pub use elementwise::{sigmoid, sign, softplus};
pub use linalg::{cholesky, cofactor, det, inverse, logabsdet, singular_values, solve, triangular_solve};
pub use polygamma::polygamma;
pub use reduce::{cumsum, max, min, sum};
pub use special::{digamma, erf, erfc, erfinv, lgamma, trigamma};
pub use view::View;
