//! Memory for stored values: slots that are taken, given back and taken again.

use std::collections::BTreeMap;

/// Hands out slots and remembers how large each must be, in elements.
#[derive(Debug, Default)]
pub(super) struct Slots {
    sizes: Vec<usize>,
    /// Free slots by size.
    free: BTreeMap<usize, Vec<usize>>,
}

impl Slots {
    /// A slot for so many elements: the smallest free one that holds them, else the largest free one
    /// grown, else a new one.
    pub(super) fn take(&mut self, size: usize) -> usize {
        let fitting = self.free.range(size..).next().or_else(|| self.free.last_key_value()).map(|(&found, _)| found);
        let Some(slot) = fitting.and_then(|found| self.pop(found)) else { return self.add(size) };
        self.sizes[slot] = self.sizes[slot].max(size);
        slot
    }

    /// A new slot for so many elements.
    pub(super) fn add(&mut self, size: usize) -> usize {
        self.sizes.push(size);
        self.sizes.len() - 1
    }

    /// Takes a free slot of exactly this size.
    fn pop(&mut self, size: usize) -> Option<usize> {
        let slots = self.free.get_mut(&size)?;
        let slot = slots.pop();
        if slots.is_empty() {
            self.free.remove(&size);
        }
        slot
    }

    /// Gives a slot back.
    pub(super) fn give(&mut self, slot: usize) {
        self.free.entry(self.sizes[slot]).or_default().push(slot);
    }

    /// How large each slot must be.
    pub(super) fn into_sizes(self) -> Vec<usize> {
        self.sizes
    }
}
