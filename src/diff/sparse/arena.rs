//! Sets of columns, each kept once and named by a number, so that equal rows cost nothing.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::pattern::merge;
use crate::ir::Sets;

/// How many elements of sets may be looked at for each one kept.
const WORK: usize = 16;

/// Remembered unions of two sets; beyond it they are forgotten, which costs time alone.
const REMEMBERED: usize = 1 << 18;

/// Sets of columns: number 0 is empty, number j + 1 holds column j alone, unions come after these.
#[derive(Debug)]
pub(super) struct Arena {
    starts: Vec<usize>,
    elements: Vec<u32>,
    pairs: FxHashMap<(u32, u32), u32>,
    seen: FxHashMap<u64, u32>,
    /// For each column the number of the last union that met it.
    marks: Vec<u32>,
    mark: u32,
    scratch: Vec<u32>,
    most: usize,
    work: usize,
    /// Set when nobody wants the pattern any more: then there are no more unions.
    unwanted: Arc<AtomicBool>,
}

impl Arena {
    /// The sets of single columns; unions beyond `most` elements in all are refused, and all once the flag is set.
    pub(super) fn new(columns: usize, most: usize, unwanted: &Arc<AtomicBool>) -> Option<Self> {
        let last = u32::try_from(columns).ok().filter(|&n| n < u32::MAX && columns <= most)?;
        Some(Self {
            starts: std::iter::once(0).chain(0..=columns).collect(),
            elements: (0..last).collect(),
            pairs: FxHashMap::default(),
            seen: FxHashMap::default(),
            marks: vec![0; columns],
            mark: 0,
            scratch: Vec::new(),
            most,
            work: 0,
            unwanted: Arc::clone(unwanted),
        })
    }

    /// The number of the set that holds one column.
    pub(super) fn single(column: usize) -> u32 {
        column as u32 + 1
    }

    /// The columns of a set, ascending.
    pub(super) fn get(&self, set: u32) -> &[u32] {
        &self.elements[self.starts[set as usize]..self.starts[set as usize + 1]]
    }

    fn spend(&mut self, elements: usize) -> Option<()> {
        self.work = self.work.saturating_add(elements);
        (self.work <= self.most.saturating_mul(WORK) && self.is_wanted()).then_some(())
    }

    fn is_wanted(&self) -> bool {
        !self.unwanted.load(Ordering::Relaxed)
    }

    /// The number of the set in `scratch`: that of an equal one, or a new one.
    fn intern(&mut self) -> Option<u32> {
        match self.scratch[..] {
            [] => return Some(0),
            [column] => return Some(Self::single(column as usize)),
            _ => {}
        }

        let mut key = FxBuildHasher.hash_one(&self.scratch);
        while let Some(&known) = self.seen.get(&key) {
            if self.get(known) == self.scratch {
                return Some(known);
            }
            key = key.wrapping_add(1);
        }
        let number = u32::try_from(self.starts.len() - 1).ok()?;
        if self.elements.len() + self.scratch.len() > self.most {
            return None;
        }
        self.elements.extend_from_slice(&self.scratch);
        self.starts.push(self.elements.len());
        self.seen.insert(key, number);
        Some(number)
    }
}

impl Sets for Arena {
    fn pair(&mut self, a: u32, b: u32) -> Option<u32> {
        let (a, b) = (a.min(b), a.max(b));
        if a == b || a == 0 {
            return self.is_wanted().then_some(b);
        }
        if let Some(&known) = self.pairs.get(&(a, b)) {
            return Some(known);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        merge(self.get(a), self.get(b), &mut scratch);
        self.scratch = scratch;
        self.spend(self.scratch.len())?;
        let union = self.intern()?;
        if self.pairs.len() >= REMEMBERED {
            self.pairs.clear();
        }
        self.pairs.insert((a, b), union);
        Some(union)
    }

    fn all(&mut self, sets: &[u32]) -> Option<u32> {
        match *sets {
            [] => return Some(0),
            [one] => return Some(one),
            [a, b] => return self.pair(a, b),
            _ => {}
        }
        if self.mark == u32::MAX {
            self.marks.fill(0);
            self.mark = 0;
        }
        self.mark += 1;
        self.scratch.clear();
        let mut before = 0;
        for &set in sets {
            // Neighbours are often equal.
            if set == before {
                continue;
            }
            before = set;
            let range = self.starts[set as usize]..self.starts[set as usize + 1];
            self.spend(range.len())?;
            for &column in &self.elements[range] {
                let mark = &mut self.marks[column as usize];
                if *mark != self.mark {
                    *mark = self.mark;
                    self.scratch.push(column);
                }
            }
        }
        self.scratch.sort_unstable();
        self.intern()
    }
}
