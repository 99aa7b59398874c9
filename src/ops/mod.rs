//! The table of operations: one family a file, one row an operation.
//!
//! A [`Primitive`](crate::ir::Primitive) is what graphs are made of; an [`Operation`] is what users
//! call. Everything that lists operations (the reference page, "did you mean", the property tests)
//! reads [`table()`], so adding one touches one file.

mod algebra;
mod bind;
mod compare;
mod contract;
mod create;
mod creation;
mod einsum;
mod elementwise;
mod functions;
mod implicit;
mod index;
mod inward;
mod linalg;
mod loops;
mod manipulation;
mod nn;
mod ode;
mod outward;
mod products;
mod reduce;
mod reductions;
mod row;
mod shaping;
mod signature;
mod sparse;
mod structure;
mod table;
mod terms;
mod total;
mod turned;
mod windows;

pub use algebra::Algebra;
pub use bind::{Bound, Value, describe, known, to_node};
pub use functions::{Functions, Higher};
pub use index::gather;
pub use inward::{Cut, Elements, items, picked_first};
pub use loops::{Carried, Results, Steps};
pub use nn::refused;
pub use outward::picked_last;
pub use reduce::first as first_nonzero;
pub use row::{Case, Meaning, Operation};
pub use shaping::broadcast_all;
pub use signature::Signature;
pub use sparse::{is_sparse, sparse_matrix};
pub use structure::{Triple, pad, reverse, slice, whole_numbers};
pub use table::{find, higher, table};
pub use total::is_total;
pub use turned::turned;
