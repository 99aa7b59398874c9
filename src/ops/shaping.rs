//! NumPy's broadcasting: shapes aligned at the last axis, axes of length 1 repeated.

use smallvec::SmallVec;

use super::Algebra;
use crate::ir::{Builder, NodeId, Shape, ShapeError, show};

/// The common shape of several, or why there is none.
pub(in crate::ops) fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Shape, ShapeError> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut result: Shape = SmallVec::from_elem(1, rank);
    for shape in shapes {
        let offset = rank - shape.len();
        for (i, &n) in shape.iter().enumerate() {
            let slot = &mut result[offset + i];
            if *slot == 1 {
                *slot = n;
            } else if n != 1 && n != *slot {
                let all = shapes.iter().map(|s| show(s)).collect::<Vec<_>>().join(" and ");
                return Err(ShapeError::new(
                    format!("shapes {all} do not broadcast: axis {} counted from the end differs", shape.len() - i),
                    format!("length {} or 1", *slot),
                    format!("length {n}"),
                ));
            }
        }
    }
    Ok(result)
}

/// Arrays broadcast against each other.
pub fn broadcast_all(b: &mut Builder, nodes: &[NodeId]) -> Result<Vec<NodeId>, ShapeError> {
    let shape = {
        let shapes: SmallVec<[&[usize]; 3]> = nodes.iter().map(|&n| b.shape(n).as_slice()).collect();
        broadcast_shapes(&shapes)?
    };
    Ok(nodes.iter().map(|&n| b.broadcast_to(n, &shape)).collect())
}

/// Two arrays broadcast against each other.
pub(in crate::ops) fn broadcast_pair(b: &mut Builder, x: NodeId, y: NodeId) -> Result<(NodeId, NodeId), ShapeError> {
    let both = broadcast_all(b, &[x, y])?;
    Ok((both[0], both[1]))
}
