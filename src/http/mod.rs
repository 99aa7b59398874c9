//! The border: HTTP on one side, [`crate::engine`] on the other.
//!
//! Owns connections, routes, layers, keys, admission, counts, problem types and the pages a server shows. It
//! computes nothing, and nothing inside the program names it.

mod about;
mod app;
mod body;
mod compute;
mod connection;
mod contract;
#[cfg(feature = "otel")]
mod export;
mod guard;
mod health;
mod ids;
mod kinds;
mod layers;
mod log;
mod metrics;
mod probe;
mod problem;
mod problems;
mod router;
mod server;
mod trace;
mod work;

pub use kinds::{KINDS, Kind};
pub use probe::probe;
pub use problem::Problem;
pub use router::ROUTES;
pub use server::Server;
