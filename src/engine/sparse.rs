//! Sparse matrices as JSON: shape, format, and the positions of the elements in row-major order.

use super::document::Format;
use crate::diff::sparse::Pattern;
use crate::json::Writer;

/// The shape, with the batch axis if there is one, the format, and the number of elements.
pub(super) fn extent(w: &mut Writer, pattern: &Pattern, format: Format, batch: Option<usize>) {
    let shape: Vec<usize> = batch.into_iter().chain([pattern.rows, pattern.columns]).collect();
    w.key("shape");
    w.usizes(&shape);
    w.key("format");
    w.string(if format == Format::Coo { "coo" } else { "csr" });
    w.key("nnz");
    w.usize(pattern.nnz());
}

/// The same, and where the elements are.
pub(super) fn pattern(w: &mut Writer, pattern: &Pattern, format: Format, batch: Option<usize>) {
    extent(w, pattern, format, batch);
    let columns: Vec<usize> = pattern.indices.iter().map(|&j| j as usize).collect();
    if format == Format::Coo {
        let rows: Vec<usize> = pattern.entries().map(|(i, _)| i).collect();
        w.key("rows");
        w.usizes(&rows);
        w.key("cols");
    } else {
        w.key("indptr");
        w.usizes(&pattern.starts);
        w.key("indices");
    }
    w.usizes(&columns);
}
