//! A fused block: elementwise instructions that run together over tiles of a thousand elements.

use std::ops::Range;

use smallvec::SmallVec;

use super::plan::Operand;
use super::run::{Cancel, Cancelled, Memory};
use crate::ir::Pair;
use crate::kernel::{Walk, share};

/// Elements in a tile: what an instruction reads and writes stays in the first-level cache, and to start it is a small
/// part of its time.
pub(super) const TILE: usize = 1024;

/// Elements that are worth a thread, and instructions for all elements together that are worth to wake it.
const PART: usize = 1 << 14;
const WORTH: usize = 3 << 16;

/// Parts for each thread, so that one that is held up leaves some of its work to others.
const SHARES: usize = 4;

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
    /// Runs all tiles, on several threads where that is worth it.
    pub(super) fn run(&self, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
        let mut slots: SmallVec<[Vec<f64>; 4]> =
            self.stores.iter().map(|&s| std::mem::take(&mut memory.slots[s])).collect();
        let mut scratch = std::mem::take(memory.scratch);
        let stores = slots.iter_mut().map(Vec::as_mut_slice).collect();
        let part = Part { block: self, memory, cancel, range: 0..self.length, stores };
        let result = if self.length < 2 * PART || self.length.saturating_mul(self.instructions.len()) < WORTH {
            part.tiles(&mut scratch)
        } else {
            share(|threads| part.run(&mut scratch, threads))
        };
        *memory.scratch = scratch;
        for (&slot, data) in self.stores.iter().zip(slots) {
            memory.slots[slot] = data;
        }
        result
    }
}

/// Some of the elements, and where they are stored.
struct Part<'a> {
    block: &'a Block,
    memory: &'a Memory<'a>,
    cancel: &'a Cancel,
    range: Range<usize>,
    stores: Stores<'a>,
}

/// What is stored of a part, in the order of [`Write::Stored`].
type Stores<'a> = SmallVec<[&'a mut [f64]; 4]>;

impl Part<'_> {
    /// Runs in halves, as long as there are threads for them; every element has the same bits wherever it is computed.
    fn run(mut self, scratch: &mut Scratch, threads: usize) -> Result<(), Cancelled> {
        let least = PART.max(self.block.length / threads / SHARES);
        let half = (self.range.len() / 2).next_multiple_of(TILE);
        if threads == 1 || half < least {
            return self.tiles(scratch);
        }
        let middle = self.range.start + half;
        let mut rest = Stores::new();
        for store in &mut self.stores {
            let (low, high) = std::mem::take(store).split_at_mut(half);
            *store = low;
            rest.push(high);
        }
        let upper = Part { range: middle..self.range.end, stores: rest, ..self };
        let lower = Part { range: self.range.start..middle, ..self };
        let (lower, upper) =
            rayon::join(|| lower.run(scratch, threads), || upper.run(&mut Scratch::default(), threads));
        lower.and(upper)
    }

    /// Where a row ends a tile ends too, so that what is read from many rows lies together.
    fn tiles(mut self, scratch: &mut Scratch) -> Result<(), Cancelled> {
        let block = self.block;
        let tile = TILE.min(self.range.len());
        scratch.prepare(block.registers, block.loads.len(), tile);
        let mut start = self.range.start;
        while start < self.range.end {
            let row_end = (start + 1).next_multiple_of(block.row);
            let end = (start + tile).min(row_end).min(self.range.end);
            self.load(start, end, scratch);
            for instruction in &block.instructions {
                super::run::check(self.cancel)?;
                self.step(instruction, start - self.range.start..end - self.range.start, scratch);
            }
            start = end;
        }
        Ok(())
    }

    /// Finds the values where they lie, or brings them into tiles if that is not densely.
    fn load(&self, start: usize, end: usize, scratch: &mut Scratch) {
        for ((load, tile), found) in self.block.loads.iter().zip(&mut scratch.loads).zip(&mut scratch.found) {
            *found = load.walk.together(start, end - start);
            if found.is_none() {
                load.walk.copy_range(self.memory.data(load.operand.home), start, &mut tile[..end - start]);
            }
        }
    }

    /// Does one instruction for a tile; `range` counts from the first element of this part.
    fn step(&mut self, instruction: &Instruction, range: Range<usize>, scratch: &mut Scratch) {
        match instruction.work {
            Work::One(kernel, write) => {
                let mut target = Target::take(write, &mut self.stores, scratch);
                let reads = self.reads(instruction, &range, scratch);
                let out = target.part(&range);
                #[cfg(test)]
                crate::kernel::tally::done(out.len() * instruction.each as usize);
                kernel(&reads[..instruction.reads.len()], out);
                target.give_back(write, &mut self.stores, scratch);
            }
            Work::Both(pair, writes) => {
                let [mut first, mut second] = writes.map(|write| Target::take(write, &mut self.stores, scratch));
                let reads = self.reads(instruction, &range, scratch);
                let out = [first.part(&range), second.part(&range)];
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
                    target.give_back(write, &mut self.stores, scratch);
                }
            }
        }
    }

    /// What an instruction reads.
    fn reads<'a>(
        &'a self,
        instruction: &Instruction,
        range: &Range<usize>,
        scratch: &'a Scratch,
    ) -> [&'a [f64]; MOST_READ] {
        let mut reads: [&[f64]; MOST_READ] = [&[]; MOST_READ];
        for (slice, read) in reads.iter_mut().zip(&instruction.reads) {
            *slice = match *read {
                Read::Register(r) => &scratch.registers[r][..range.len()],
                Read::Stored(k) => &self.stores[k][range.clone()],
                Read::Load(i) => match scratch.found[i] {
                    Some((first, count)) => &self.memory.data(self.block.loads[i].operand.home)[first..first + count],
                    None => &scratch.loads[i][..range.len()],
                },
            };
        }
        reads
    }
}

/// What is written, taken out of its place so that the rest can be read meanwhile.
enum Target<'a> {
    Register(Vec<f64>),
    Stored(&'a mut [f64]),
}

impl<'a> Target<'a> {
    fn take(write: Write, stores: &mut Stores<'a>, scratch: &mut Scratch) -> Self {
        match write {
            Write::Register(r) => Self::Register(std::mem::take(&mut scratch.registers[r])),
            Write::Stored(k) => Self::Stored(std::mem::take(&mut stores[k])),
        }
    }

    fn give_back(self, write: Write, stores: &mut Stores<'a>, scratch: &mut Scratch) {
        match (self, write) {
            (Self::Register(target), Write::Register(r)) => scratch.registers[r] = target,
            (Self::Stored(target), Write::Stored(k)) => stores[k] = target,
            _ => {}
        }
    }

    /// The elements of this tile.
    fn part(&mut self, range: &Range<usize>) -> &mut [f64] {
        match self {
            Self::Register(target) => &mut target[..range.len()],
            Self::Stored(target) => &mut target[range.clone()],
        }
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
