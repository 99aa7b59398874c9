//! Where a matrix may differ from zero: positions by rows, columns ascending.

use std::ops::Range;

/// The positions of a sparse matrix, compressed by rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Where each row starts in `indices`, and the end of the last one.
    pub starts: Vec<usize>,
    /// Columns, ascending in each row.
    pub indices: Vec<u32>,
}

impl Pattern {
    /// A pattern from its rows, each with its columns ascending.
    pub(super) fn from_rows<'a>(columns: usize, rows: impl Iterator<Item = &'a [u32]>) -> Self {
        let mut starts = vec![0];
        let mut indices = Vec::new();
        for row in rows {
            indices.extend_from_slice(row);
            starts.push(indices.len());
        }
        Self { rows: starts.len() - 1, columns, starts, indices }
    }

    /// Every position.
    pub fn full(rows: usize, columns: usize) -> Self {
        let row: Vec<u32> = (0..columns as u32).collect();
        Self::from_rows(columns, std::iter::repeat_n(row.as_slice(), rows))
    }

    /// Number of positions.
    pub fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// Columns of a row.
    pub fn row(&self, i: usize) -> &[u32] {
        &self.indices[self.starts[i]..self.starts[i + 1]]
    }

    /// Positions of the row that has most.
    pub fn longest_row(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }

    /// Which of the positions lie in a row and in some columns.
    pub(super) fn within(&self, row: usize, columns: &Range<usize>) -> Range<usize> {
        let before = |limit: usize| self.starts[row] + self.row(row).partition_point(|&j| (j as usize) < limit);
        before(columns.start)..before(columns.end)
    }

    /// All positions in order.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.rows).flat_map(|i| self.row(i).iter().map(move |&j| (i, j as usize)))
    }

    /// The pattern of the transposed matrix.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0; self.columns + 1];
        self.indices.iter().for_each(|&j| starts[j as usize + 1] += 1);
        for j in 0..self.columns {
            starts[j + 1] += starts[j];
        }
        let mut next = starts.clone();
        let mut indices = vec![0; self.nnz()];
        for (i, j) in self.entries() {
            indices[next[j]] = i as u32;
            next[j] += 1;
        }
        Self { rows: self.columns, columns: self.rows, starts, indices }
    }

    /// The positions in some rows and columns, counted from the first of each.
    #[must_use]
    pub fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let mut starts = vec![0];
        let mut indices = Vec::new();
        for i in rows {
            let within = &self.indices[self.within(i, &columns)];
            indices.extend(within.iter().map(|j| j - columns.start as u32));
            starts.push(indices.len());
        }
        Self { rows: starts.len() - 1, columns: columns.len(), starts, indices }
    }

    /// The positions of a square matrix and their mirror images.
    #[must_use]
    pub fn symmetrised(&self) -> Self {
        let turned = self.transposed();
        if turned == *self {
            return turned;
        }
        let mut starts = vec![0];
        let mut indices = Vec::with_capacity(self.nnz());
        for i in 0..self.rows {
            merge(self.row(i), turned.row(i), &mut indices);
            starts.push(indices.len());
        }
        Self { starts, indices, ..turned }
    }
}

/// Appends the union of two ascending lists.
pub(super) fn merge(mut a: &[u32], mut b: &[u32], out: &mut Vec<u32>) {
    while let (Some(&x), Some(&y)) = (a.first(), b.first()) {
        out.push(x.min(y));
        if x <= y {
            a = &a[1..];
        }
        if y <= x {
            b = &b[1..];
        }
    }
    out.extend_from_slice(a);
    out.extend_from_slice(b);
}
