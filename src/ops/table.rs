//! The table itself: every row of every family, and look-up by name.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::elementwise as e;
use super::row::{Meaning, Operation};
use super::signature::Signature;

/// The families, in the order in which the reference lists them.
static FAMILIES: &[(&str, &[Operation])] = &[
    ("arithmetic", e::arithmetic::ROWS),
    ("powers and roots", e::power::ROWS),
    ("exponentials and logarithms", e::exponential::ROWS),
    ("trigonometry", e::trigonometric::ROWS),
    ("hyperbolic functions", e::hyperbolic::ROWS),
    ("rounding and sign", e::rounding::ROWS),
    ("comparison and selection", super::compare::ROWS),
    ("activation functions", e::activation::ROWS),
    ("special functions", e::special::ROWS),
    ("gamma functions", e::gamma::ROWS),
    ("Bessel functions", e::bessel::ROWS),
    ("normal distribution", e::normal::ROWS),
    ("reductions", super::reductions::ROWS),
    ("products", super::products::ROWS),
    ("einsum", super::einsum::ROWS),
    ("shapes", super::manipulation::ROWS),
    ("arrangement", super::manipulation::arrange::ROWS),
    ("diagonals and triangles", super::manipulation::diagonal::ROWS),
    ("creation", super::creation::ROWS),
    ("linear algebra", super::linalg::ROWS),
    ("factorisations and least squares", super::linalg::factors::ROWS),
    ("functions of matrices", super::linalg::functions::ROWS),
    ("loops", super::loops::ROWS),
    ("convolution", super::nn::convolution::ROWS),
    ("pooling", super::nn::pooling::ROWS),
    ("layers", super::nn::layers::ROWS),
    ("equations", super::implicit::ROWS),
    ("differential equations", super::ode::ROWS),
];

/// Every operation with the family it belongs to.
pub fn table() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    FAMILIES.iter().flat_map(|(family, rows)| rows.iter().map(move |row| (*family, row)))
}

type Names = FxHashMap<&'static str, (&'static Operation, Signature)>;

static BY_NAME: LazyLock<Names> = LazyLock::new(|| named(|row| !is_higher(row)));

static HIGHER: LazyLock<Names> = LazyLock::new(|| named(is_higher));

fn is_higher(row: &Operation) -> bool {
    matches!(row.meaning, Meaning::Higher(_))
}

fn named(chosen: fn(&Operation) -> bool) -> Names {
    let rows = table().map(|(_, row)| row).filter(|row| chosen(row));
    let names = rows.flat_map(|row| std::iter::once(&row.name).chain(row.aliases).map(move |name| (*name, row)));
    names.map(|(name, row)| (name, (row, Signature::parse(row)))).collect()
}

/// An operation by its name or another spelling of it, with its signature.
pub fn find(name: &str) -> Option<&'static (&'static Operation, Signature)> {
    BY_NAME.get(name).or_else(|| higher(name))
}

/// An operation on functions. One and the same name may mean another operation where it is called with arrays.
pub fn higher(name: &str) -> Option<&'static (&'static Operation, Signature)> {
    HIGHER.get(name)
}
