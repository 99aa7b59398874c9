//! The elements of an answer as they are compared with those of others.

use jacobi::engine::Compiled;
use jacobi::exec::Workspace;
use std::sync::Arc;

use crate::data::checksum;
use crate::documents::Order;

/// The checksum of what a run left behind.
pub(crate) fn sums(compiled: &Compiled, inputs: &[Arc<[f64]>], workspace: &Workspace, order: Order) -> [f64; 2] {
    let mut all = Vec::new();
    let mut blocks = Vec::new();
    for leaf in compiled.members.iter().flat_map(|member| &member.leaves) {
        let elements = compiled.plan.output(leaf.place, inputs, workspace).to_contiguous().into_owned();
        match (order, &leaf.pattern) {
            (Order::AsAnswered, _) | (_, None) => all.extend(elements),
            (Order::Filled, Some(pattern)) => {
                for ends in pattern.starts.windows(2) {
                    let mut row = vec![0.0; pattern.columns];
                    (ends[0]..ends[1]).for_each(|k| row[pattern.indices[k] as usize] = elements[k]);
                    all.extend(row);
                }
            }
            (Order::Blocks, Some(pattern)) => blocks.push((pattern.clone(), elements)),
        }
    }
    if order == Order::Blocks {
        all = rows(&blocks);
    }
    checksum(all.into_iter())
}

/// The residuals' derivatives by camera (11), point (3) and weight (1), in rows of 15; then the weights' own.
fn rows(blocks: &[(Arc<jacobi::diff::sparse::Pattern>, Vec<f64>)]) -> Vec<f64> {
    const WIDTHS: [usize; 3] = [11, 3, 1];
    let count = blocks[0].0.rows;
    let mut all = Vec::with_capacity(count * 15);
    for i in 0..count {
        for (width, (pattern, elements)) in WIDTHS.iter().zip(blocks) {
            let mut filled = vec![0.0; *width];
            for k in pattern.starts[i]..pattern.starts[i + 1] {
                filled[pattern.indices[k] as usize % width] = elements[k];
            }
            all.extend(filled);
        }
    }
    all.extend(blocks[3..].iter().flat_map(|(_, elements)| elements));
    all
}
