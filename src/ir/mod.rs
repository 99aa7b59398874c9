//! The graph: values in single-assignment form, hash-consed, and the contract every primitive signs.
//!
//! Architecture invariant: this room knows the *shape* of a primitive's contract and no primitive but
//! the two leaves (inputs and constants); it never computes with elements, except through the
//! kernels of single nodes: the builder folds elementwise primitives over constants, and what is known
//! before anything runs can be asked for.

mod attr;
mod body;
mod bound;
mod builder;
mod compute;
mod depends;
mod graph;
mod implicit;
mod primitive;
mod print;
mod shape;
mod verify;

#[cfg(test)]
mod tests;

pub use attr::{Absorb, Attr, Data, Window};
pub use body::{Body, Extent, Loop, close, inline};
pub use builder::Builder;
pub use depends::{Argument, Depends, Flow, Sets};
pub use graph::{CONSTANT, FILL, Graph, INPUT, Node, NodeId, Origin, dependent, flops, reachable, starts};
pub use implicit::{Implicit, Level};
pub use primitive::{
    Adjoint, Arithmetic, Batch, BatchArg, Cost, DenseKernel, Kernel, Kink, LONG, Pair, Place, Primitive, Room, Rule,
    ShapeError, Simplify, Single, Terms, copies,
};
pub use print::print;
pub use shape::{Layout, Shape, elements, row_major, show};
pub use verify::verify;
