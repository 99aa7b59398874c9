//! The graph's contract, checked: order, arity of shapes, outputs that exist.

use super::graph::Graph;

/// Finds the first breach of the contract; `Ok` for every graph the builder and the transforms make.
pub fn verify(graph: &Graph) -> Result<(), String> {
    for (i, node) in graph.nodes.iter().enumerate() {
        if let Some(a) = node.args.iter().find(|a| a.index() >= i) {
            return Err(format!("%{i} ({}) uses %{} before it is made", node.op.name, a.0));
        }
        let shapes: Vec<&[usize]> = node.args.iter().map(|a| graph.node(*a).shape.as_slice()).collect();
        match (node.op.shape)(&node.attr, &shapes) {
            Ok(shape) if shape == node.shape => {}
            Ok(shape) => {
                return Err(format!("%{i} ({}) says {:?} but is {shape:?}", node.op.name, node.shape));
            }
            Err(e) => return Err(format!("%{i} ({}): {e:?}", node.op.name)),
        }
    }
    match graph.outputs.iter().find(|o| o.index() >= graph.nodes.len()) {
        Some(o) => Err(format!("output %{} does not exist", o.0)),
        None => Ok(()),
    }
}
