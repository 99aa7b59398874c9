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
    if format == Format::Coo {
        w.key("rows");
        w.counts(pattern.entries().map(|(i, _)| i));
        w.key("cols");
    } else {
        w.key("indptr");
        w.usizes(&pattern.starts);
        w.key("indices");
    }
    w.counts(pattern.indices.iter().map(|&j| j as usize));
}

/// Bytes that the positions take as text, at most.
pub(super) fn room(pattern: &Pattern, format: Format) -> usize {
    let digits = |largest: usize| largest.checked_ilog10().unwrap_or(0) as usize + 2;
    let rows = if format == Format::Coo {
        pattern.nnz() * digits(pattern.rows)
    } else {
        pattern.starts.len() * digits(pattern.nnz())
    };
    rows + pattern.nnz() * digits(pattern.columns)
}
