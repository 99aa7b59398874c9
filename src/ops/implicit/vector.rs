//! One array or several as one vector: what solvers work on.

use super::super::Algebra;
use super::super::functions::Parts;
use super::super::slice;
use crate::ir::{Builder, NodeId, elements};

/// How a vector is taken apart into arrays.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Vector {
    form: Parts,
}

impl Vector {
    /// Vectors in the form of these arrays.
    pub(in crate::ops) fn of(form: Parts) -> Self {
        Self { form }
    }

    /// Arrays, one behind the other.
    pub(in crate::ops) fn flat(b: &mut Builder, parts: &Parts) -> NodeId {
        let flat: Vec<NodeId> = parts
            .nodes
            .iter()
            .map(|&n| {
                let size = elements(b.shape(n));
                b.reshape(n, &[size])
            })
            .collect();
        if flat.is_empty() { b.fill(0.0, &[0]) } else { b.join(&flat, 0) }
    }

    /// The arrays of a vector; leading axes before it stay in front.
    pub(in crate::ops) fn parts(&self, b: &mut Builder, x: NodeId) -> Parts {
        let lead = b.shape(x)[..b.shape(x).len() - 1].to_vec();
        let mut start = 0;
        let mut nodes = Vec::with_capacity(self.form.nodes.len());
        for &n in &self.form.nodes {
            let shape = b.shape(n).to_vec();
            let size = elements(&shape);
            let mut range: Vec<_> = lead.iter().map(|&n| (0, n, 1)).collect();
            range.push((start, start + size, 1));
            let part = slice(b, x, &range);
            nodes.push(b.reshape(part, &[lead.as_slice(), shape.as_slice()].concat()));
            start += size;
        }
        self.form.with(nodes)
    }
}
