//! A graph as text, one line for each value: for tests, logs and people.

use std::fmt::Write;

use super::attr::Attr;
use super::graph::{Graph, reachable};
use super::shape::show;

/// Prints what the outputs depend on, in order.
pub fn print(graph: &Graph) -> String {
    let live = reachable(&graph.nodes, &graph.outputs);
    let mut text = String::new();
    for (i, node) in graph.nodes.iter().enumerate().filter(|(i, _)| live[*i]) {
        let args = node.args.iter().map(|a| format!("%{}", a.0)).collect::<Vec<_>>().join(", ");
        let _ = write!(text, "%{i} {} = {}({args})", show(&node.shape), node.op.name);
        if node.attr != Attr::None {
            let _ = write!(text, " {:?}", node.attr);
        }
        text.push('\n');
    }
    let outputs = graph.outputs.iter().map(|o| format!("%{}", o.0)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "return {outputs}");
    text
}
