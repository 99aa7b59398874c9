//! What may be relied on: a loop keeps only what leads from one step to the next, and steps on small arrays are laid open
//! into single numbers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{Cancel, Compiled, Endpoint, Limits, read_document};
use crate::exec::Workspace;
use crate::ir::{Loop, reachable};

/// The plan of a gradient, its loops and all outputs.
fn gradient(document: &Value) -> (Compiled, Vec<Arc<Loop>>, Vec<Vec<f64>>) {
    let document = read_document(document.to_string().as_bytes()).expect("a document");
    let compiled = Compiled::new(&document, &Endpoint::Gradient.default_want(), &Limits::default()).expect("a plan");
    let live = reachable(&compiled.graph.nodes, &compiled.graph.outputs);
    let nodes = compiled.graph.nodes.iter().zip(live).filter(|(_, live)| *live);
    let loops = nodes.filter_map(|(node, _)| node.attr.as_loop().cloned()).collect();
    let (inputs, mut workspace) = (compiled.bind(&document), Workspace::default());
    compiled.plan.run(&inputs, &mut workspace, &Cancel::default()).expect("nobody cancels");
    let outputs = (0..compiled.plan.count()).map(|i| compiled.plan.output(i, &inputs, &workspace));
    let outputs = outputs.map(|output| output.to_contiguous().into_owned()).collect();
    (compiled, loops, outputs)
}

#[test]
fn work_that_needs_no_carry_and_sums_are_taken_out_of_a_loop() {
    let steps = 50;
    let items: Vec<Vec<f64>> =
        (0..steps).map(|i| (0..3).map(|j| (f64::from(i * 3 + j) * 0.7).sin()).collect()).collect();
    let document = json!({
        "define": {
            "step(h, x, W, c)": ["next = tanh(h*0.5 + exp(W @ x))", "[next, sum(next^2 * c)]"],
            "f(h, W, c)": ["last, made = scan(step, h, items, W, c)", "sum(made) + sum(last)"]
        },
        "constants": { "items": items },
        "at": {
            "h": [0.1, -0.2], "W": [[0.3, -0.1, 0.2], [0.5, 0.4, -0.6]], "c": [0.7, -1.3]
        }
    });
    let (_, loops, outputs) = gradient(&document);
    for looped in &loops {
        let names: Vec<&str> = looped.body.graph.nodes.iter().map(|node| node.op.name).collect();
        assert!(!names.contains(&"contract") && !names.contains(&"exp"), "{names:?}");
        assert_eq!(looped.carries, 1, "what is added up is no carry: {names:?}");
    }
    assert_eq!(loops.len(), 2, "there and back");
    // By hand: forwards, then backwards.
    let (mut h, c) = (vec![[0.1, -0.2]], [0.7, -1.3]);
    let w = [[0.3, -0.1, 0.2], [0.5, 0.4, -0.6]];
    let drive = |t: usize, i: usize| -> f64 { (0..3).map(|j| w[i][j] * items[t][j]).sum::<f64>().exp() };
    for t in 0..steps as usize {
        h.push([0, 1].map(|i| (h[t][i] * 0.5 + drive(t, i)).tanh()));
    }
    let (mut back, mut by_w, mut by_c) = ([1.0; 2], [[0.0; 3]; 2], [0.0; 2]);
    for t in (0..steps as usize).rev() {
        for i in 0..2 {
            by_c[i] += h[t + 1][i].powi(2);
            let slope = (back[i] + 2.0 * h[t + 1][i] * c[i]) * (1.0 - h[t + 1][i].powi(2));
            for j in 0..3 {
                by_w[i][j] += slope * drive(t, i) * items[t][j];
            }
            back[i] = slope * 0.5;
        }
    }
    let known: Vec<f64> = back.into_iter().chain(by_w.concat()).chain(by_c).collect();
    let found: Vec<f64> = outputs[1..].iter().flatten().copied().collect();
    for (x, y) in found.iter().zip(&known) {
        assert!((x - y).abs() <= 1e-12 * (1.0 + y.abs()), "{found:?} is not {known:?}");
    }
    assert_eq!(found.len(), known.len());
}

#[test]
fn steps_on_small_arrays_work_on_single_numbers() {
    let document = serde_json::from_str(include_str!("../../../examples/adbench/lstm.json")).expect("a document");
    let (compiled, loops, _) = gradient(&document);
    assert_eq!(loops.len(), 2, "{:?}", compiled.cost);
    for looped in loops {
        let nodes = &looped.body.graph.nodes;
        let live = reachable(nodes, &looped.body.graph.outputs);
        let working = nodes.iter().zip(live).filter(|(node, live)| *live && node.flops(nodes) > 0);
        let shapes: Vec<&[usize]> = working.map(|(node, _)| node.shape.as_slice()).collect();
        assert!(shapes.iter().all(|shape| shape.is_empty()), "{shapes:?}");
        assert!(shapes.len() < 700, "{} operations in a step", shapes.len());
    }
}
