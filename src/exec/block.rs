//! A fused block: elementwise instructions that run together over tiles of a thousand elements.

use std::ops::Range;

use smallvec::SmallVec;

use super::plan::Operand;
use super::run::{Cancel, Cancelled, Memory};
use crate::ir::Pair;
use crate::kernel::Walk;

/// Elements in a tile: what an instruction reads and writes stays in the first-level cache, and to start it is a small
/// part of its time.
pub(super) const TILE: usize = 1024;

/// Arguments of an elementwise operation, at most.
pub(super) const MOST_READ: usize = 3;

/// Where an instruction reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read {
    /// A value from outside the block.
    Load(usize),
    /// A value of this block that nobody else needs.
    Register(usize),
    /// A value of this block that is also stored.
    Stored(usize),
}

/// Where an instruction writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    /// A register.
    Register(usize),
    /// One of the block's stores.
    Stored(usize),
}

/// Some elementwise operation of a block.
#[derive(Debug)]
pub(super) struct Instruction {
    pub(super) work: Work,
    pub(super) reads: SmallVec<[Read; MOST_READ]>,
    /// Operations for each element, by the primitive's own account.
    #[cfg(test)]
    pub(super) each: u64,
}

/// What an instruction computes, and where the results go.
#[derive(Debug)]
pub(super) enum Work {
    One(fn(&[&[f64]], &mut [f64]), Write),
    Both(&'static Pair, [Write; 2]),
}

/// A value from outside the block.
#[derive(Debug)]
pub(super) struct Load {
    operand: Operand,
    walk: Walk,
}

impl Load {
    pub(super) fn new(operand: Operand) -> Self {
        let layout = &operand.layout;
        let walk = Walk::new(layout.offset, &layout.shape, &layout.strides);
        Self { operand, walk }
    }
}

/// To start an instruction, and to find what it reads, takes as long as to bring so many elements together.
const START: usize = 256;

/// Rows that lie together in some of these loads, where tiles of one row each take less time than to bring together what
/// lies in several; else all of the block.
pub(super) fn row(loads: &[Load], length: usize, instructions: usize) -> usize {
    let rows: SmallVec<[usize; 8]> = loads.iter().map(|load| load.walk.row()).filter(|row| *row < length).collect();
    let saved = |row: usize| row * rows.iter().filter(|other| other.is_multiple_of(row)).count();
    let best = rows.iter().copied().max_by_key(|&row| saved(row));
    best.filter(|&row| saved(row) >= START * instructions).unwrap_or(length)
}

/// A fused block over `length` elements.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) length: usize,
    /// Elements of the rows that tiles end with.
    pub(super) row: usize,
    pub(super) loads: Vec<Load>,
    /// Slots written, in the order of `Write::Stored`.
    pub(super) stores: Vec<usize>,
    pub(super) registers: usize,
    pub(super) instructions: Vec<Instruction>,
}

impl Block {
    /// Runs all tiles.
    pub(super) fn run(&self, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
        let mut stores: SmallVec<[Vec<f64>; 4]> =
            self.stores.iter().map(|&s| std::mem::take(&mut memory.slots[s])).collect();
        let mut scratch = std::mem::take(memory.scratch);
        let tile = TILE.min(self.length);
        scratch.prepare(self.registers, self.loads.len(), tile);
        let result = self.tiles(tile, &mut stores, &mut scratch, memory, cancel);
        *memory.scratch = scratch;
        for (&slot, store) in self.stores.iter().zip(stores) {
            memory.slots[slot] = store;
        }
        result
    }

    /// Where a row ends a tile ends too, so that what is read from many rows lies together.
    fn tiles(
        &self,
        tile: usize,
        stores: &mut [Vec<f64>],
        scratch: &mut Scratch,
        memory: &Memory<'_>,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let (mut start, mut row_end) = (0, self.row);
        while start < self.length {
            let end = (start + tile).min(row_end);
            row_end += if end == row_end { self.row } else { 0 };
            self.load(start, end, scratch, memory);
            for instruction in &self.instructions {
                super::run::check(cancel)?;
                self.step(instruction, start..end, stores, scratch, memory);
            }
            start = end;
        }
        Ok(())
    }

    /// Finds the values where they lie, or brings them into tiles if that is not densely.
    fn load(&self, start: usize, end: usize, scratch: &mut Scratch, memory: &Memory<'_>) {
        for ((load, tile), found) in self.loads.iter().zip(&mut scratch.loads).zip(&mut scratch.found) {
            *found = load.walk.together(start, end - start);
            if found.is_none() {
                load.walk.copy_range(memory.data(load.operand.home), start, &mut tile[..end - start]);
            }
        }
    }

    fn step(
        &self,
        instruction: &Instruction,
        range: Range<usize>,
        stores: &mut [Vec<f64>],
        scratch: &mut Scratch,
        memory: &Memory<'_>,
    ) {
        match instruction.work {
            Work::One(kernel, write) => {
                let mut target = take(write, stores, scratch);
                let reads = self.reads(instruction, &range, stores, scratch, memory);
                let out = part(write, &mut target, &range);
                #[cfg(test)]
                crate::kernel::tally::done(out.len() * instruction.each as usize);
                kernel(&reads[..instruction.reads.len()], out);
                give_back(write, target, stores, scratch);
            }
            Work::Both(pair, writes) => {
                let [mut first, mut second] = writes.map(|write| take(write, stores, scratch));
                let reads = self.reads(instruction, &range, stores, scratch, memory);
                let out = [part(writes[0], &mut first, &range), part(writes[1], &mut second, &range)];
                #[cfg(test)]
                crate::kernel::tally::done(range.len() * instruction.each as usize);
                match reads[0] {
                    &[x] => {
                        let (mut y, mut z) = ([0.0], [0.0]);
                        (pair.kernel)(&[x], [&mut y, &mut z]);
                        let [first, second] = out;
                        first.fill(y[0]);
                        second.fill(z[0]);
                    }
                    x => (pair.kernel)(x, out),
                }
                for (write, target) in writes.into_iter().zip([first, second]) {
                    give_back(write, target, stores, scratch);
                }
            }
        }
    }

    /// What an instruction reads.
    fn reads<'a>(
        &'a self,
        instruction: &Instruction,
        range: &Range<usize>,
        stores: &'a [Vec<f64>],
        scratch: &'a Scratch,
        memory: &'a Memory<'_>,
    ) -> [&'a [f64]; MOST_READ] {
        let mut reads: [&[f64]; MOST_READ] = [&[]; MOST_READ];
        for (slice, read) in reads.iter_mut().zip(&instruction.reads) {
            *slice = match *read {
                Read::Register(r) => &scratch.registers[r][..range.len()],
                Read::Stored(k) => &stores[k][range.clone()],
                Read::Load(i) => match scratch.found[i] {
                    Some((first, count)) => &memory.data(self.loads[i].operand.home)[first..first + count],
                    None => &scratch.loads[i][..range.len()],
                },
            };
        }
        reads
    }
}

/// Takes what is written out of its place, so that the rest can be read meanwhile.
fn take(write: Write, stores: &mut [Vec<f64>], scratch: &mut Scratch) -> Vec<f64> {
    match write {
        Write::Register(r) => std::mem::take(&mut scratch.registers[r]),
        Write::Stored(k) => std::mem::take(&mut stores[k]),
    }
}

fn give_back(write: Write, target: Vec<f64>, stores: &mut [Vec<f64>], scratch: &mut Scratch) {
    match write {
        Write::Register(r) => scratch.registers[r] = target,
        Write::Stored(k) => stores[k] = target,
    }
}

/// The elements of this tile.
fn part<'a>(write: Write, target: &'a mut [f64], range: &Range<usize>) -> &'a mut [f64] {
    match write {
        Write::Register(_) => &mut target[..range.len()],
        Write::Stored(_) => &mut target[range.clone()],
    }
}

/// Tiles that blocks work in; kept between runs.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    registers: Vec<Vec<f64>>,
    loads: Vec<Vec<f64>>,
    /// Where loads of this tile lie that need no copy: the first element, and how many.
    found: Vec<Option<(usize, usize)>>,
}

impl Scratch {
    fn prepare(&mut self, registers: usize, loads: usize, tile: usize) {
        grow(&mut self.registers, registers, tile);
        grow(&mut self.loads, loads, tile);
        self.found.resize(loads, None);
    }
}

fn grow(tiles: &mut Vec<Vec<f64>>, count: usize, tile: usize) {
    if tiles.len() < count {
        tiles.resize_with(count, Vec::new);
    }
    for t in &mut tiles[..count] {
        if t.len() < tile {
            t.resize(tile, 0.0);
        }
    }
}
