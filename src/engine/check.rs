//! The answer of a check: shapes and predicted cost, nothing computed.

use super::answer::{laid_out, method, warnings};
use super::compiled::{Compiled, Cost};
use super::document::{Document, Want};
use super::names::Names;
use super::sparse;
use crate::json::Writer;

/// Writes what would be computed.
pub(super) fn write(document: &Document, compiled: &Compiled, cost: &Cost) -> Vec<u8> {
    let mut w = Writer::new();
    w.begin_object();
    w.key("ok");
    w.bool(true);
    w.key("outputs");
    w.begin_object();
    for (name, of_value) in &compiled.outputs {
        w.key(name);
        shape(&mut w, &compiled.with_batch(of_value));
    }
    w.end_object();
    w.key("inputs");
    w.begin_object();
    for (name, tensor) in &document.at {
        w.key(name);
        shape(&mut w, &tensor.shape);
    }
    w.end_object();
    for member in compiled.members.iter().filter(|m| m.want != Want::Value) {
        w.key(member.want.word());
        let mut names = Names::begin(&mut w);
        for leaf in &member.leaves {
            names.lead_to(&mut w, &leaf.path);
            let whole = compiled.with_batch(compiled.value_shape(leaf.place));
            if let Some(pattern) = &leaf.pattern {
                w.begin_object();
                sparse::extent(
                    &mut w,
                    pattern,
                    document.format,
                    compiled.batch.filter(|_| member.want != Want::Sparsity),
                );
                w.end_object();
                continue;
            }
            match &leaf.sides {
                Some([rows, columns]) => shape(&mut w, &laid_out(document, compiled, &whole, [rows, columns])),
                None => shape(&mut w, &whole),
            }
        }
        names.end(&mut w);
    }
    w.key("method");
    method(&mut w, compiled);
    w.key("cost");
    w.begin_object();
    for (key, amount) in
        [("flops", cost.flops), ("bytes", cost.bytes), ("elements", cost.elements), ("nodes", cost.nodes as u64)]
    {
        w.key(key);
        w.usize(usize::try_from(amount).unwrap_or(usize::MAX));
    }
    w.end_object();
    w.key("warnings");
    warnings(&mut w, &compiled.warnings);
    w.end_object();
    w.finish()
}

fn shape(w: &mut Writer, shape: &[usize]) {
    w.begin_object();
    w.key("shape");
    w.usizes(shape);
    w.end_object();
}
