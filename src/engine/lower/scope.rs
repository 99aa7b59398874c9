//! The names visible in a body, found in constant time however many equations it has.

use rustc_hash::FxHashMap;

use super::Lowered;
use crate::ops::Value;

/// Names with their values; a name whose line is faulty has none.
#[derive(Debug, Default)]
pub(super) struct Scope<'s> {
    entries: Vec<(&'s str, Lowered<Value>)>,
    places: FxHashMap<&'s str, usize>,
}

impl<'s> Scope<'s> {
    /// Adds a name; a later one hides an earlier one.
    pub(super) fn push(&mut self, name: &'s str, value: Lowered<Value>) {
        self.places.insert(name, self.entries.len());
        self.entries.push((name, value));
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Lowered<Value>> {
        self.places.get(name).map(|&i| &self.entries[i].1)
    }

    /// The first name and its value, to be replaced.
    pub(super) fn first_mut(&mut self) -> Option<&mut (&'s str, Lowered<Value>)> {
        self.entries.first_mut()
    }

    /// All names, in the order added.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> {
        self.entries.iter().map(|e| e.0)
    }
}

impl<'s> FromIterator<(&'s str, Lowered<Value>)> for Scope<'s> {
    fn from_iter<T: IntoIterator<Item = (&'s str, Lowered<Value>)>>(entries: T) -> Self {
        let mut scope = Self::default();
        entries.into_iter().for_each(|(name, value)| scope.push(name, value));
        scope
    }
}
