//! Numerical kernels: plain functions on slices, and the only place that names numeric crates.
//!
//! Matrix products and factorisations stand on `faer`, special functions on `pxfm`; each is wrapped with the guards it
//! needs (singular pivots, poles, zero strides). A kernel knows nothing of graphs, operations or faults: shapes are
//! checked by the caller, and what has no value comes back as NaN. Every kernel works in a fixed order on
//! one thread, so the same input gives the same bits.

mod bessel;
mod beta;
mod contract;
mod elementwise;
mod gemm;
mod incomplete_gamma;
mod interleave;
mod lanes;
mod linalg;
mod normal;
mod picks;
mod polygamma;
mod portions;
mod quadrature;
mod reduce;
mod scatter;
mod sinc;
mod special;
mod squares;
pub mod tally;
mod threads;
mod vector;
mod view;
mod walk;

#[cfg(test)]
mod random;

pub use bessel::{
    bessel_i_quotient, bessel_i0, bessel_i1, bessel_j_quotient, bessel_j0, bessel_j1, bessel_y0, bessel_y1,
};
pub use beta::{betaln, digamma_step};
pub use contract::{Absorb, Groups, contract, contract_room, matmul};
pub use elementwise::{sigmoid, sigmoid_of_both, sigmoid_of_opposite, sign, softplus};
pub use incomplete_gamma::{gamma_density, gamma_p, gamma_q};
pub use interleave::{LINE, interleave};
pub use lanes::{best, map1, map1_unless, map2, map2_unless, map3, pair, pair_unless};
pub use linalg::{
    cholesky, cluster, cofactor, det, eigh, expm, expm_frechet, inverse_factored, logabsdet_factored, lstsq, lu, qr,
    singular_values, solve_factored, svd, triangular_solve,
};
pub use normal::{erfcx, normal_cdf, normal_hazard, normal_logcdf, normal_pdf};
pub use picks::{pick_columns, position, starts};
pub use polygamma::polygamma;
pub use portions::{add, copy, count, fill, first_nonzero};
pub use reduce::{cumsum, max, min, sum};
pub use scatter::{scatter, scatter_add};
pub use sinc::sinc;
pub use special::{digamma, erf, erfc, erfinv, gamma, lgamma, logit, trigamma, xlogy};
pub use squares::SIDE;
pub use threads::{helped_by, share};
pub use vector::{
    atan2, cos, cos_of_any, exp, expm1, hypot, is_moderate, is_near, log, log1p, sech2, sin, sin_and_cos, sin_of_any,
    tanh, tanh_and_sech2,
};
pub use view::{View, Walk};
