//! A value defined by equations: z with r(z, c) = 0.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::body::Body;

/// The equations of a value that somebody has found: a node with this attribute has as arguments the
/// value z, and the values c that the equations need beside it. It is z, and knows how it moves with c.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implicit {
    /// r(z, c): as many residuals as z has elements; both are vectors.
    pub equations: Arc<Body>,
    /// Batch axes in front of the arguments, the innermost first.
    pub levels: Vec<Level>,
}

/// A batch axis: its length, and which of the arguments have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Level {
    /// Length of the axis.
    pub size: usize,
    /// For each argument, whether it has the axis.
    pub carrying: SmallVec<[bool; 8]>,
}

impl Hash for Implicit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.equations.graph.nodes.len(), &self.equations.graph.outputs, &self.levels).hash(state);
    }
}
