//! Memory for stored values: slots that are taken, given back and taken again.

/// Hands out slots and remembers how large each must be, in elements.
#[derive(Debug, Default)]
pub(super) struct Slots {
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Slots {
    /// A slot for so many elements: the smallest free one that holds them, else the largest free one
    /// grown, else a new one.
    pub(super) fn take(&mut self, size: usize) -> usize {
        let fitting = self.free.iter().enumerate().filter(|(_, s)| self.sizes[**s] >= size);
        let chosen = fitting
            .min_by_key(|(_, s)| self.sizes[**s])
            .or_else(|| self.free.iter().enumerate().max_by_key(|(_, s)| self.sizes[**s]))
            .map(|(i, _)| i);
        if let Some(i) = chosen {
            let slot = self.free.swap_remove(i);
            self.sizes[slot] = self.sizes[slot].max(size);
            return slot;
        }
        self.sizes.push(size);
        self.sizes.len() - 1
    }

    /// Gives a slot back.
    pub(super) fn give(&mut self, slot: usize) {
        self.free.push(slot);
    }

    /// How large each slot must be.
    pub(super) fn into_sizes(self) -> Vec<usize> {
        self.sizes
    }
}
