//! Exact derivatives of functions sent as data.
//!
//! A document defines array functions in the notation NumPy users type; [`engine::Engine`] answers it
//! with values, gradients and Jacobians. The rooms, from the outside in: `http` speaks the protocol,
//! `engine` answers a document, `notation` reads and prints functions, `diff` turns a graph into the
//! graph of its derivative, `exec` runs graphs, `ops` is the table of operations, `ir` the graph and
//! the contract of its primitives, `kernel` the numerics.

pub mod config;
pub mod diff;
pub mod engine;
pub mod exec;
pub mod fault;
pub mod http;
pub mod ir;
pub mod json;
pub mod kernel;
pub mod notation;
pub mod ops;
pub mod suggest;
pub mod telemetry;
pub mod tensor;
