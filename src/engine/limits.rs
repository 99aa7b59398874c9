//! What one request may ask for at most. All of it is checked before anything large is allocated.

/// Limits of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Predicted floating-point operations.
    pub max_flops: u64,
    /// Predicted bytes of intermediate values and of the answer's numbers.
    pub max_bytes: u64,
    /// Elements of one array of the document's own expressions.
    pub max_elements: usize,
    /// Nodes of the graph, the derivative's included.
    pub max_nodes: usize,
    /// Axes of an array.
    pub max_rank: usize,
    /// Nesting of expressions and calls together.
    pub max_depth: usize,
    /// Expressions evaluated while the graph is built.
    pub max_steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_flops: 200_000_000_000,
            max_bytes: 2 << 30,
            max_elements: 1 << 27,
            max_nodes: 100_000,
            max_rank: 32,
            max_depth: 1000,
            max_steps: 2_000_000,
        }
    }
}
