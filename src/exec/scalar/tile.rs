//! Running a program over many points: tile after tile, all operations of one inside a single loop that is compiled for
//! this processor, and parts of the points on several threads.

use smallvec::SmallVec;

use super::super::run::{Cancel, Cancelled, Memory, check};
use super::code::{Access, Store};
use super::lanes::{Lanes, Other, Step};
use super::tasks::{Sum, loop_of_arithmetic, loop_of_products};
use crate::ir::{Arithmetic, Pair};
use crate::kernel::{LINE, best, interleave, pick_columns, share, starts};

/// Lanes of a tile, and those of a tile of a program whose registers would take much of the second-level cache.
const WIDE: usize = 128;
const NARROW: usize = 64;

/// Most registers of a program with wide tiles.
const MOST_WIDE: usize = 80;

/// Lanes that are computed together.
const CHUNK: usize = 8;

/// Points that are worth a thread, and steps of all points together that are worth to wake it.
const PART: usize = 1 << 12;
const WORTH: usize = 1 << 19;

/// Parts for each thread, so that one that is held up leaves some of its work to others.
const SHARES: usize = 4;

fn width(registers: usize) -> usize {
    if registers <= MOST_WIDE { WIDE } else { NARROW }
}

/// Numbers that so many registers hold.
pub(super) fn room(registers: usize) -> usize {
    registers * width(registers) + LINE
}

/// Runs all tiles.
pub(super) fn run(lanes: &Lanes, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
    let mut slots: SmallVec<[Vec<f64>; 4]> =
        lanes.targets.iter().map(|&(slot, _)| std::mem::take(&mut memory.slots[slot])).collect();
    let mut registers = std::mem::take(memory.registers);
    let targets = slots.iter_mut().map(Vec::as_mut_slice).collect();
    let part = Part { lanes, memory, cancel, start: 0, end: lanes.length, targets };
    let result = if lanes.length < 2 * PART || lanes.length.saturating_mul(lanes.steps.len()) < WORTH {
        part.tiles(&mut registers)
    } else {
        share(|threads| part.run(&mut registers, threads))
    };
    *memory.registers = registers;
    for (&(slot, _), data) in lanes.targets.iter().zip(slots) {
        memory.slots[slot] = data;
    }
    result
}

/// Some of the points, and what is written for them.
struct Part<'a> {
    lanes: &'a Lanes,
    memory: &'a Memory<'a>,
    cancel: &'a Cancel,
    start: usize,
    end: usize,
    /// What is written, in the order of the program's targets.
    targets: SmallVec<[&'a mut [f64]; 4]>,
}

impl Part<'_> {
    /// Runs in halves, as long as there are threads for them; every point has the same bits wherever it is computed.
    fn run(mut self, registers: &mut Vec<f64>, threads: usize) -> Result<(), Cancelled> {
        let least = PART.max(self.lanes.length / threads / SHARES);
        let count = self.end - self.start;
        let divides = self.lanes.targets.iter().all(|(_, step)| step.is_some());
        if threads == 1 || !divides || count < 2 * least {
            return self.tiles(registers);
        }
        let half = (count / 2).next_multiple_of(WIDE);
        let middle = self.start + half;
        let mut rest: SmallVec<[&mut [f64]; 4]> = SmallVec::new();
        for (target, (_, step)) in self.targets.iter_mut().zip(&self.lanes.targets) {
            let (low, high) = std::mem::take(target).split_at_mut(half * step.unwrap_or(0));
            *target = low;
            rest.push(high);
        }
        let upper = Part { start: middle, targets: rest, ..self };
        let lower = Part { end: middle, ..self };
        let (lower, upper) = rayon::join(|| lower.run(registers, threads), || upper.run(&mut Vec::new(), threads));
        lower.and(upper)
    }

    /// Runs tile after tile.
    fn tiles(mut self, registers: &mut Vec<f64>) -> Result<(), Cancelled> {
        let room = room(self.lanes.registers);
        if registers.len() < room {
            registers.resize(room, 0.0);
        }
        // A tile that begins with a line of the cache is read without crossing one.
        let skipped = registers.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        let file = &mut registers[skipped..];
        match width(self.lanes.registers) {
            WIDE => self.filed::<WIDE>(file.as_chunks_mut().0),
            _ => self.filed::<NARROW>(file.as_chunks_mut().0),
        }
    }

    fn filed<const N: usize>(&mut self, file: &mut [[f64; N]]) -> Result<(), Cancelled> {
        best(
            (&*self, &mut *file),
            #[inline(always)]
            |(part, file)| part.fill(file),
        );
        let first = self.start;
        for start in (self.start..self.end).step_by(N) {
            check(self.cancel)?;
            let tile = Tile { start, done: start - first, count: N.min(self.end - start) };
            best(
                (&mut *self, &mut *file),
                #[inline(always)]
                |(part, file)| part.tile(tile, file),
            );
        }
        Ok(())
    }

    /// Fills the lanes that are used with what is the same in all.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
    fn fill<const N: usize>(&self, file: &mut [[f64; N]]) {
        let count = (self.end - self.start).next_multiple_of(CHUNK).min(N);
        for &(register, number) in &self.lanes.numbers {
            file[usize::from(register)][..count].fill(number);
        }
        for &(register, access) in &self.lanes.shared {
            file[usize::from(register)][..count].fill(self.memory.data(access.home)[access.offset]);
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
    fn tile<const N: usize>(&mut self, tile: Tile, file: &mut [[f64; N]]) {
        for step in &self.lanes.steps {
            match step {
                Step::Arithmetic(arithmetic, args, out) => calculate(*arithmetic, *args, *out, tile.count, file),
                Step::Summed(product, sum, args, out) => add(*product, *sum, *args, *out, tile.count, file),
                Step::Other(other) => self.other(other, tile, file),
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
    fn other<const N: usize>(&mut self, other: &Other, tile: Tile, file: &mut [[f64; N]]) {
        match other {
            Other::Call(kernel, arity, args, out) => call(*kernel, *arity, *args, *out, tile.count, file),
            Other::Both(pair, arg, outs) => call_both(pair, *arg, *outs, tile.count, file),
            Other::Load(access, register) => {
                load(self.memory, access, tile.start, &mut file[usize::from(*register)][..tile.count]);
            }
            Other::Starts(access, rows, register) => {
                let target = &mut file[usize::from(*register)][..tile.count];
                load(self.memory, access, tile.start, target);
                starts(target, rows.count, rows.length);
            }
            Other::Pick(starts, (home, column), register) => {
                let registers = [usize::from(*starts), usize::from(*register)];
                if let Ok([starts, target]) = file.get_disjoint_mut(registers) {
                    let data = self.memory.data(*home).get(*column..).unwrap_or_default();
                    pick(data, &starts[..tile.count], target);
                }
            }
            Other::Picks(starts, (home, column), registers) => {
                let places = [*starts, registers[0], registers[1], registers[2], registers[3]].map(usize::from);
                if let Ok([starts, columns @ ..]) = file.get_disjoint_mut(places) {
                    let data = self.memory.data(*home).get(*column..).unwrap_or_default();
                    pick_columns(data, &starts[..tile.count], columns.map(|column| &mut column[..tile.count]));
                }
            }
            Other::Store(register, target, store) => {
                let source = &file[usize::from(*register)][..tile.count];
                write(source, store, tile.done, self.targets[*target]);
            }
            Other::Rows(registers, target) => {
                let columns: SmallVec<[&[f64]; 32]> =
                    registers.iter().map(|&r| &file[usize::from(r)][..tile.count]).collect();
                let first = tile.done * columns.len();
                interleave(&columns, &mut self.targets[*target][first..first + tile.count * columns.len()]);
            }
            #[cfg(test)]
            Other::Count(each) => crate::kernel::tally::done(tile.count * *each as usize),
        }
    }
}

/// Which points a tile is for.
#[derive(Clone, Copy)]
struct Tile {
    start: usize,
    /// Points before it in the same part.
    done: usize,
    count: usize,
}

/// One operation on all lanes; those beyond the points hold anything. `f` is told whether it may be quick: what becomes NaN
/// so, of an operation that knows better, is computed again.
#[inline(always)]
#[allow(clippy::inline_always, reason = "one loop for each kind of arithmetic, in the form for this processor")]
fn each<const N: usize, const ARGS: usize>(
    kind: Arithmetic,
    (args, out): ([u16; ARGS], u16),
    count: usize,
    file: &mut [[f64; N]],
    f: impl Fn(bool, [f64; ARGS]) -> f64,
) {
    let (args, out) = (args.map(usize::from), usize::from(out));
    if args.iter().any(|&a| a >= file.len()) || out >= file.len() {
        return;
    }
    let parts = count.div_ceil(CHUNK).min(N / CHUNK);
    let any_nan = if count == N {
        chunks(true, args, out, N / CHUNK, file, &f)
    } else {
        chunks(true, args, out, parts, file, &f)
    };
    if kind.is_guarded() && any_nan {
        chunks(false, args, out, parts, file, &f);
    }
}

/// Computes so many chunks, and says whether a result is NaN.
#[inline(always)]
#[allow(clippy::inline_always, reason = "one loop for each kind of arithmetic, in the form for this processor")]
fn chunks<const N: usize, const ARGS: usize>(
    quick: bool,
    args: [usize; ARGS],
    out: usize,
    count: usize,
    file: &mut [[f64; N]],
    f: impl Fn(bool, [f64; ARGS]) -> f64,
) -> bool {
    let mut nan = [0.0; CHUNK];
    for k in 0..count {
        let args = args.map(|a| file[a].as_chunks::<CHUNK>().0[k]);
        let mut result = [0.0; CHUNK];
        for (i, r) in result.iter_mut().enumerate() {
            *r = f(quick, args.map(|x| x[i]));
        }
        for (nan, &r) in nan.iter_mut().zip(&result) {
            *nan = if r.is_nan() { r } else { *nan };
        }
        file[out].as_chunks_mut::<CHUNK>().0[k] = result;
    }
    nan.iter().any(|nan| nan.is_nan())
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "one loop for each kind of arithmetic, in the form for this processor")]
fn lane(kind: Arithmetic, quick: bool, [x, y, z]: [f64; 3]) -> f64 {
    if quick { kind.at_once(x, y, z) } else { kind.apply(x, y, z) }
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
fn calculate<const N: usize>(arithmetic: Arithmetic, args: [u16; 3], out: u16, count: usize, file: &mut [[f64; N]]) {
    macro_rules! put {
        ($kind:ident) => {
            each(
                Arithmetic::$kind,
                (args, out),
                count,
                file,
                #[inline(always)]
                |quick, args| lane(Arithmetic::$kind, quick, args),
            )
        };
    }
    loop_of_arithmetic!(arithmetic, put);
}

/// Products that go into a sum.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
fn add<const N: usize>(product: Arithmetic, sum: Sum, args: [u16; 4], out: u16, count: usize, file: &mut [[f64; N]]) {
    macro_rules! put {
        ($product:ident $sum:ident) => {
            each(
                Arithmetic::$product,
                (args, out),
                count,
                file,
                #[inline(always)]
                |quick, args| Sum::$sum.apply(|x, y| lane(Arithmetic::$product, quick, [x, y, 0.0]), args),
            )
        };
    }
    loop_of_products!(product, sum, put);
}

/// Calls a kernel for one operation.
fn call<const N: usize>(
    kernel: fn(&[&[f64]], &mut [f64]),
    arity: usize,
    args: [u16; 3],
    out: u16,
    count: usize,
    file: &mut [[f64; N]],
) {
    let (below, rest) = file.split_at_mut(usize::from(out));
    let Some((target, above)) = rest.split_first_mut() else { return };
    let of = |register: u16| {
        if register < out {
            &below[usize::from(register)][..count]
        } else {
            &above[usize::from(register - out - 1)][..count]
        }
    };
    let target = &mut target[..count];
    match arity {
        1 => kernel(&[of(args[0])], target),
        2 => kernel(&[of(args[0]), of(args[1])], target),
        _ => kernel(&args.map(of), target),
    }
}

/// Calls a kernel for two functions of one argument.
fn call_both<const N: usize>(pair: &Pair, arg: u16, outs: [u16; 2], count: usize, file: &mut [[f64; N]]) {
    let places = [usize::from(arg), usize::from(outs[0]), usize::from(outs[1])];
    if let Ok([x, first, second]) = file.get_disjoint_mut(places) {
        (pair.kernel)(&x[..count], [&mut first[..count], &mut second[..count]]);
    }
}

/// Reads the numbers of a tile that begins with the point `start`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
fn load(memory: &Memory<'_>, access: &Access, start: usize, target: &mut [f64]) {
    let data = memory.data(access.home);
    let first = access.offset as isize + start as isize * access.stride;
    if access.stride == 1 {
        target.copy_from_slice(&data[first as usize..][..target.len()]);
    } else if let Ok(stride @ 1..) = usize::try_from(access.stride) {
        target.iter_mut().zip(data[first as usize..].iter().step_by(stride)).for_each(|(t, x)| *t = *x);
    } else {
        for (lane, t) in target.iter_mut().enumerate() {
            *t = data[(first + lane as isize * access.stride) as usize];
        }
    }
}

/// Reads the numbers of `data` at places that are whole numbers in the bits, NaN where there is none.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
fn pick(data: &[f64], places: &[f64], target: &mut [f64]) {
    for (target, place) in target.iter_mut().zip(places) {
        *target = data.get(place.to_bits() as usize).copied().unwrap_or(f64::NAN);
    }
}

/// Writes the numbers of a tile that has `done` points of its part before it.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loops must be compiled in the form for this processor")]
fn write(source: &[f64], store: &Store, done: usize, target: &mut [f64]) {
    let stride = store.stride.unsigned_abs();
    let target = &mut target[store.offset + done * stride..];
    if stride == 1 {
        target[..source.len()].copy_from_slice(source);
    } else {
        target.iter_mut().step_by(stride.max(1)).zip(source).for_each(|(t, x)| *t = *x);
    }
}
