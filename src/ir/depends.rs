//! Which elements of its arguments an element of a result depends on: what sparsity is found by.
//!
//! A set of inputs' elements is named by a number; number 0 is the empty set. Whoever holds the sets
//! makes unions of them through [`Sets`].

use smallvec::SmallVec;

use super::attr::Attr;

/// How dependence passes through a primitive. More than is true may be said, never less.
///
/// Arguments that the rule holds fixed pass nothing, and a primitive with the rule `Zero` passes nothing at all.
#[derive(Debug, Clone, Copy)]
pub enum Depends {
    /// Each element on the elements at its own place.
    Each,
    /// Elements are copied, or zeros: the kernel itself shows where each comes from.
    Moves,
    /// Elements are mixed along these axes of each argument and keep apart along the others, which the
    /// result has in the same order, either with the mixed axes at their places or without them.
    Along(fn(&Attr) -> SmallVec<[usize; 4]>),
    /// So many last axes of each argument are mixed; the leading ones keep apart and lead the result.
    Trailing(usize),
    /// Every element on all elements.
    All,
    /// A rule of its own: the sets of the result's elements, `None` if they are too many to be told.
    Custom(fn(&Flow<'_>, &mut dyn Sets) -> Option<Vec<u32>>),
}

/// A node seen by its rule of dependence.
#[derive(Debug)]
pub struct Flow<'a> {
    /// Its static part.
    pub attr: &'a Attr,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its arguments.
    pub args: &'a [Argument<'a>],
}

/// An argument seen by a rule of dependence.
#[derive(Debug, Clone, Copy)]
pub struct Argument<'a> {
    /// Its shape.
    pub shape: &'a [usize],
    /// The set that each element depends on; `None` if it depends on nothing.
    pub sets: Option<&'a [u32]>,
    /// Its elements, if they are known before anything runs.
    pub value: Option<&'a [f64]>,
}

impl Argument<'_> {
    /// The set that element `i` depends on.
    pub fn set(&self, i: usize) -> u32 {
        self.sets.map_or(0, |sets| sets[i])
    }

    /// Whether element `i` is known to be zero.
    pub fn is_zero(&self, i: usize) -> bool {
        self.value.is_some_and(|value| value[i] == 0.0)
    }
}

/// Unions of sets; `None` when they grow too large to be worth keeping apart.
pub trait Sets {
    /// The union of two.
    fn pair(&mut self, a: u32, b: u32) -> Option<u32>;
    /// The union of many.
    fn all(&mut self, sets: &[u32]) -> Option<u32>;
}
