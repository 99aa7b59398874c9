//! The answer of a check: shapes and predicted cost, nothing computed.

use super::answer::{method, warnings};
use super::compiled::Compiled;
use super::document::Document;
use crate::ir::elements;
use crate::json::Writer;

/// Writes what would be computed.
pub(super) fn write(document: &Document, compiled: &Compiled) -> Vec<u8> {
    let mut w = Writer::new();
    w.begin_object();
    w.key("ok");
    w.bool(true);
    w.key("outputs");
    w.begin_object();
    for (name, &place) in compiled.outputs.iter().zip(&compiled.places.values) {
        w.key(name);
        shape(&mut w, &compiled.with_batch(compiled.value_shape(place)));
    }
    w.end_object();
    w.key("inputs");
    w.begin_object();
    for (name, tensor) in &document.at {
        w.key(name);
        shape(&mut w, &tensor.shape);
    }
    w.end_object();
    if !compiled.places.jacobian.is_empty() {
        let lengths: Vec<usize> =
            compiled.wrt.iter().map(|input| elements(compiled.input_shape(document, input))).collect();
        w.key("jacobian");
        w.begin_object();
        for (name, &place) in compiled.outputs.iter().zip(&compiled.places.values) {
            let m = elements(compiled.value_shape(place));
            w.key(name);
            w.begin_object();
            for (input, &n) in compiled.wrt.iter().zip(&lengths) {
                w.key(input);
                shape(&mut w, &compiled.with_batch(&[m, n]));
            }
            w.end_object();
        }
        w.end_object();
    }
    w.key("method");
    method(&mut w, compiled);
    w.key("cost");
    w.begin_object();
    let cost = &compiled.cost;
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
