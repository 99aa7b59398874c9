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

/// Elements that are worth a thread; and operations, reads and writes of a block, in all, that are worth to wake it: it
/// comes late by some fifty microseconds, and whoever reads next what it wrote has to wait for that as well.
const PART: usize = 1 << 14;
const WORTH: u64 = 1 << 21;

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

/// To start an instruction for a tile takes as long as to bring so many elements together, and for a row of one so many.
const START: usize = 256;
const START_OF_ROW: usize = 64;

/// The length of rows of which each lies together in some of these loads, where to take them one by one costs less than
/// to bring together what lies in several; else all of the block.
pub(super) fn row(loads: &[Load], length: usize, instructions: &[Instruction]) -> usize {
    let divides = |row: usize, i: usize| {
        let other = loads[i].walk.row();
        other < length && other.is_multiple_of(row)
    };
    let gain = |row: usize| {
        let saved = row * (0..loads.len()).filter(|&i| divides(row, i)).count();
        let reads = |instruction: &&Instruction| {
            instruction.reads.iter().any(|read| matches!(read, Read::Load(i) if divides(row, *i)))
        };
        let starts = if row <= TILE / 2 {
            START_OF_ROW * instructions.iter().filter(reads).count()
        } else {
            START * instructions.len()
        };
        saved.saturating_sub(starts)
    };
    let rows = loads.iter().map(|load| load.walk.row()).filter(|row| *row < length);
    rows.max_by_key(|&row| gain(row)).filter(|&row| gain(row) > 0).unwrap_or(length)
}

/// A fused block over `length` elements.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) length: usize,
    /// Elements of a row: tiles hold whole ones, or a part of one.
    pub(super) row: usize,
    pub(super) loads: Vec<Load>,
    /// Slots written, in the order of `Write::Stored`.
    pub(super) stores: Vec<usize>,
    pub(super) registers: usize,
    pub(super) instructions: Vec<Instruction>,
}

impl Block {
    /// Operations, reads and writes.
    fn work(&self) -> u64 {
        let operations: u64 = self.instructions.iter().map(|instruction| instruction.each).sum();
        let moved = (self.loads.len() + self.stores.len()) as u64;
        (self.length as u64).saturating_mul(operations + moved)
    }

    /// Runs all tiles, on several threads where that is worth it.
    pub(super) fn run(&self, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
        let mut slots: SmallVec<[Vec<f64>; 4]> =
            self.stores.iter().map(|&s| std::mem::take(&mut memory.slots[s])).collect();
        let mut scratch = std::mem::take(memory.scratch);
        let stores = slots.iter_mut().map(Vec::as_mut_slice).collect();
        let part = Part { block: self, memory, cancel, range: 0..self.length, stores };
        let result = if self.length < 2 * PART || self.work() < WORTH {
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

    /// Runs tile after tile.
    fn tiles(mut self, scratch: &mut Scratch) -> Result<(), Cancelled> {
        let block = self.block;
        scratch.prepare(block.registers, block.loads.len(), TILE.min(self.range.len()));
        let mut start = self.range.start;
        while start < self.range.end {
            let end = start + self.tile(start);
            self.load(start, end, scratch);
            for instruction in &block.instructions {
                super::run::check(self.cancel)?;
                self.step(instruction, start - self.range.start..end - self.range.start, scratch);
            }
            start = end;
        }
        Ok(())
    }

    /// Elements of the tile that begins here: whole rows, or what fits of one.
    fn tile(&self, start: usize) -> usize {
        let row = self.block.row;
        let most = TILE.min(self.range.end - start);
        let rest = row - start % row;
        if rest == row && row < most { most - most % row } else { rest.min(most) }
    }

    /// Finds the values where they lie, or brings them into tiles if that is not densely.
    fn load(&self, start: usize, end: usize, scratch: &mut Scratch) {
        let (row, length) = (self.block.row, end - start);
        for (load, place) in self.block.loads.iter().zip(&mut scratch.loads) {
            place.found = match load.walk.together(start, length) {
                Some((first, count)) => Found::Together(first, count),
                None if length > row && load.walk.row().is_multiple_of(row) => {
                    place.starts.resize(length / row, 0);
                    load.walk.starts(start, row, &mut place.starts);
                    Found::Rows
                }
                None => {
                    load.walk.copy_range(self.memory.data(load.operand.home), start, &mut place.tile[..length]);
                    Found::Copied
                }
            };
        }
    }

    /// Does one instruction for a tile; `range` counts from the first element of this part.
    fn step(&mut self, instruction: &Instruction, range: Range<usize>, scratch: &mut Scratch) {
        #[cfg(test)]
        crate::kernel::tally::done(range.len() * instruction.each as usize);
        match instruction.work {
            Work::One(kernel, write) => {
                let mut target = Target::take(write, &mut self.stores, scratch);
                let out = target.part(&range);
                self.read(instruction, &range, scratch, |piece, reads| kernel(reads, &mut out[piece]));
                target.give_back(write, &mut self.stores, scratch);
            }
            Work::Both(pair, writes) => {
                let [mut first, mut second] = writes.map(|write| Target::take(write, &mut self.stores, scratch));
                let [one, other] = [first.part(&range), second.part(&range)];
                self.read(instruction, &range, scratch, |piece, reads| {
                    both(pair, reads[0], [&mut one[piece.clone()], &mut other[piece]]);
                });
                for (write, target) in writes.into_iter().zip([first, second]) {
                    target.give_back(write, &mut self.stores, scratch);
                }
            }
        }
    }

    /// Calls `act` with what an instruction reads: for the whole tile, or for row after row where some of it lies so.
    fn read(
        &self,
        instruction: &Instruction,
        range: &Range<usize>,
        scratch: &Scratch,
        mut act: impl FnMut(Range<usize>, &[&[f64]]),
    ) {
        let (row, length) = (self.block.row, range.len());
        let mut reads: [&[f64]; MOST_READ] = [&[]; MOST_READ];
        let mut starts: [Option<(&[usize], usize)>; MOST_READ] = [None; MOST_READ];
        for (k, read) in instruction.reads.iter().enumerate() {
            reads[k] = match *read {
                Read::Register(r) => &scratch.registers[r][..length],
                Read::Stored(s) => &self.stores[s][range.clone()],
                Read::Load(i) => {
                    let (load, place) = (&self.block.loads[i], &scratch.loads[i]);
                    let data = self.memory.data(load.operand.home);
                    match place.found {
                        Found::Copied => &place.tile[..length],
                        Found::Together(first, count) => &data[first..first + count],
                        Found::Rows => {
                            starts[k] = Some((&place.starts, if load.walk.repeats() { 1 } else { row }));
                            data
                        }
                    }
                }
            };
        }
        let count = instruction.reads.len();
        if starts.iter().all(Option::is_none) {
            return act(0..length, &reads[..count]);
        }
        for (k, first) in (0..length).step_by(row).enumerate() {
            let of_row = |i: usize| match (starts[i], reads[i]) {
                (Some((starts, count)), data) => &data[starts[k]..][..count],
                (None, repeated @ ([] | [_])) => repeated,
                (None, tile) => &tile[first..first + row],
            };
            act(first..first + row, &std::array::from_fn::<_, MOST_READ, _>(of_row)[..count]);
        }
    }
}

/// Computes two functions of one argument, which may be a single number that stands everywhere.
fn both(pair: &Pair, x: &[f64], [first, second]: [&mut [f64]; 2]) {
    if let &[x] = x {
        let (mut y, mut z) = ([0.0], [0.0]);
        (pair.kernel)(&[x], [&mut y, &mut z]);
        first.fill(y[0]);
        second.fill(z[0]);
    } else {
        (pair.kernel)(x, [first, second]);
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
    loads: Vec<Place>,
}

/// Where the elements of a load are that a tile reads.
#[derive(Debug, Default)]
struct Place {
    found: Found,
    /// Where they are copied to.
    tile: Vec<f64>,
    /// Where their rows begin.
    starts: Vec<usize>,
}

#[derive(Debug, Default)]
enum Found {
    /// In a tile of their own.
    #[default]
    Copied,
    /// From the first on so many next to each other, or one that stands for all.
    Together(usize, usize),
    /// Row by row.
    Rows,
}

impl Scratch {
    fn prepare(&mut self, registers: usize, loads: usize, tile: usize) {
        if self.registers.len() < registers {
            self.registers.resize_with(registers, Vec::new);
        }
        if self.loads.len() < loads {
            self.loads.resize_with(loads, Place::default);
        }
        let grow = |t: &mut Vec<f64>| {
            if t.len() < tile {
                t.resize(tile, 0.0);
            }
        };
        self.registers[..registers].iter_mut().for_each(grow);
        self.loads[..loads].iter_mut().map(|place| &mut place.tile).for_each(grow);
    }
}
