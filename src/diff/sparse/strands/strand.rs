//! One strand: a tangent, and for each of its elements the column that it is the derivative by.

use std::sync::Arc;

use crate::ir::{Builder, NodeId, Shape, elements};
use crate::ops::{Algebra, pad, slice, whole_numbers};

/// A tangent along one column at each element.
#[derive(Debug, Clone)]
pub(in super::super) struct Strand {
    /// The derivative of each element by its column, in the shape of the value.
    pub(in super::super) tangent: NodeId,
    /// For each element its column, counted from 1; 0 where it has none, and the tangent then has no meaning.
    pub(in super::super) columns: Arc<[u32]>,
    /// Whether the tangent is zero wherever there is no column.
    pub(super) clean: bool,
}

impl Strand {
    /// A strand; one that has a column everywhere has nothing to be cleaned of.
    pub(super) fn new(tangent: NodeId, columns: Arc<[u32]>, clean: bool) -> Self {
        let clean = clean || columns.iter().all(|&c| c != 0);
        Self { tangent, columns, clean }
    }

    /// The tangent with zeros where there is no column.
    pub(super) fn cleaned(&self, b: &mut Builder) -> NodeId {
        if self.clean {
            return self.tangent;
        }
        let shape: Shape = b.shape(self.tangent).clone();
        let mask = whole_numbers(b, self.columns.iter().map(|&c| usize::from(c != 0)));
        let mask = b.reshape(mask, &shape);
        let zero = b.fill(0.0, &shape);
        b.select(mask, self.tangent, zero)
    }

    /// What lies at one place of an axis.
    pub(super) fn part(&self, b: &mut Builder, axis: usize, place: usize) -> Self {
        let shape: Shape = b.shape(self.tangent).clone();
        let whole = |i: usize| (0, shape[i], 1);
        let cut: Vec<_> = (0..shape.len()).map(|i| if i == axis { (place, place + 1, 1) } else { whole(i) }).collect();
        let rest = |i: usize| if i == axis { (place, shape[i] - 1 - place, 0) } else { (0, 0, 0) };
        let widths: Vec<_> = (0..shape.len()).map(rest).collect();
        let part = slice(b, self.tangent, &cut);
        let tangent = pad(b, part, &widths);
        Self { tangent, columns: columns_of_part(&self.columns, &shape, axis, place), clean: self.clean }
    }

    /// Both in one, if no element has two columns.
    pub(super) fn joined(&self, b: &mut Builder, other: &Self) -> Option<Self> {
        if Arc::ptr_eq(&self.columns, &other.columns) || self.columns == other.columns {
            let tangent = b.add(self.tangent, other.tangent);
            return Some(Self { tangent, columns: Arc::clone(&self.columns), clean: self.clean && other.clean });
        }
        let mut pairs = self.columns.iter().zip(&*other.columns);
        if pairs.any(|(&x, &y)| x != y && x != 0 && y != 0) {
            return None;
        }
        let columns: Arc<[u32]> = self.columns.iter().zip(&*other.columns).map(|(&x, &y)| x.max(y)).collect();
        let apart = self.columns.iter().zip(&*other.columns).all(|(&x, &y)| x == 0 || y == 0);
        if apart && b.fill_value(self.tangent).is_some() && self.tangent == other.tangent {
            return Some(Self::new(self.tangent, columns, false));
        }
        let (x, y) = (self.cleaned(b), other.cleaned(b));
        Some(Self { tangent: b.add(x, y), columns, clean: true })
    }
}

/// Columns at one place of an axis, none elsewhere.
pub(super) fn columns_of_part(columns: &[u32], shape: &[usize], axis: usize, place: usize) -> Arc<[u32]> {
    let (length, inner) = (shape[axis], elements(&shape[axis + 1..]));
    let at = |i: usize| i / inner.max(1) % length == place;
    columns.iter().enumerate().map(|(i, &c)| if at(i) { c } else { 0 }).collect()
}
