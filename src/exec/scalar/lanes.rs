//! A program over many points, as it is planned: registers hold a tile of them, a lane for each point.

use std::ops::RangeInclusive;

use super::super::plan::Home;
use super::super::run::{Cancel, Cancelled, Memory};
use super::code::{Access, Code, Load, Registers, Rows, Store, Value};
use super::tasks::{Kind, Sum, Task, tasks, uses};
use super::tile;
use crate::ir::{Arithmetic, Pair};
use crate::kernel::SIDE;

/// One thing done for a tile. Programs are read through once for each tile: what is done most is short, and anything
/// else lies elsewhere.
#[derive(Debug)]
pub(super) enum Step {
    Arithmetic(Arithmetic, [u16; 3], u16),
    /// Products that go into a sum.
    Summed(Arithmetic, Sum, [u16; 4], u16),
    Other(Box<Other>),
}

/// Anything but arithmetic.
#[derive(Debug)]
pub(super) enum Other {
    Load(Access, u16),
    /// Where rows begin.
    Starts(Access, Rows, u16),
    /// From a column of the rows that begin where a register says.
    Pick(u16, (Home, usize), u16),
    /// From four neighbouring columns.
    Picks(u16, (Home, usize), [u16; SIDE]),
    /// A kernel of so many arguments.
    Call(fn(&[&[f64]], &mut [f64]), usize, [u16; 3], u16),
    /// Two functions of one argument.
    Both(&'static Pair, u16, [u16; 2]),
    /// To one of the targets.
    Store(u16, usize, Store),
    /// Rows of a target, an element from each register.
    Rows(Vec<u16>, usize),
    /// Operations that the last step does for each lane, by the primitives' own account.
    #[cfg(test)]
    Count(u64),
}

/// One column is written as it is, and so many more would keep too many registers.
const COLUMNS: RangeInclusive<usize> = 2..=256;

/// A program over many points.
#[derive(Debug)]
pub(in super::super) struct Lanes {
    pub(super) length: usize,
    /// Registers that are the same in all lanes: numbers, and single elements.
    pub(super) numbers: Vec<(u16, f64)>,
    pub(super) shared: Vec<(u16, Access)>,
    pub(super) steps: Vec<Step>,
    pub(super) registers: usize,
    /// Slots written, and the step from one point to the next in each; `None` where stores into one differ.
    pub(super) targets: Vec<(usize, Option<usize>)>,
}

impl Lanes {
    /// Gives out the registers of a program over so many points.
    pub(super) fn new(code: &Code, length: usize) -> Option<Self> {
        let targets = targets(code);
        let mut rows = rows(code, &targets);
        let in_rows = |target| rows.iter().any(|rows| rows.target == target);
        let mut stores = Vec::with_capacity(code.stores.len());
        for store in &code.stores {
            let target = targets.iter().position(|t| t.0 == store.slot)?;
            if !in_rows(target) {
                stores.push((target, *store));
            }
        }
        // A value goes where it belongs as soon as it is there, rows once they are complete.
        stores.sort_by_key(|(_, store)| store.value);
        rows.sort_by_key(|rows| rows.last);
        let (mut stores, mut rows) = (stores.into_iter().peekable(), rows.into_iter().peekable());
        let mut giver = Giver::new(code)?;
        for v in 0..code.values.len() as u32 {
            giver.compute(v)?;
            while let Some((target, store)) = stores.next_if(|(_, store)| store.value == v) {
                let register = giver.loaded(v)?;
                giver.other(Other::Store(register, target, store));
                giver.used(v);
            }
            while let Some(Filled { target, columns, .. }) = rows.next_if(|rows| rows.last == v) {
                let registers = columns.iter().map(|&c| giver.loaded(c)).collect::<Option<_>>()?;
                giver.other(Other::Rows(registers, target));
                for c in columns {
                    giver.used(c);
                }
            }
        }
        let Giver { registers, numbers, shared, steps, .. } = giver;
        Some(Self { length, numbers, shared, steps, registers: registers.count, targets })
    }

    /// Numbers that its registers hold.
    pub(super) fn room(&self) -> usize {
        tile::room(self.registers)
    }

    /// Runs all tiles.
    pub(super) fn run(&self, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
        tile::run(self, memory, cancel)
    }
}

/// Slots that are written, each with the step of all stores into it.
fn targets(code: &Code) -> Vec<(usize, Option<usize>)> {
    let mut targets: Vec<(usize, Option<usize>)> = Vec::new();
    for store in &code.stores {
        let stride = store.stride.unsigned_abs();
        let divides = (store.offset < stride).then_some(stride);
        match targets.iter_mut().find(|t| t.0 == store.slot) {
            Some((_, step)) if *step != divides => *step = None,
            Some(_) => {}
            None => targets.push((store.slot, divides)),
        }
    }
    targets
}

/// A target that is written row by row.
struct Filled {
    target: usize,
    /// The values that a row consists of, in order, and the last of them that is there.
    columns: Vec<u32>,
    last: u32,
}

/// The targets that are filled with rows of a length that makes it worth while.
fn rows(code: &Code, targets: &[(usize, Option<usize>)]) -> Vec<Filled> {
    let of_target = |(target, &(slot, length)): (usize, &(usize, Option<usize>))| {
        let mut columns = vec![None; length.filter(|length| COLUMNS.contains(length))?];
        for store in code.stores.iter().filter(|s| s.slot == slot && s.stride > 0) {
            columns[store.offset] = Some(store.value);
        }
        let columns: Vec<u32> = columns.into_iter().collect::<Option<_>>()?;
        let last = columns.iter().copied().max()?;
        Some(Filled { target, columns, last })
    };
    targets.iter().enumerate().filter_map(of_target).collect()
}

/// Gives out registers, value by value.
struct Giver<'a> {
    code: &'a Code,
    tasks: Vec<Option<Task>>,
    /// How often each value is still needed.
    uses: Vec<u32>,
    homes: Vec<Option<u16>>,
    registers: Registers,
    numbers: Vec<(u16, f64)>,
    shared: Vec<(u16, Access)>,
    steps: Vec<Step>,
}

impl<'a> Giver<'a> {
    /// Values that are the same in all lanes have their registers from the beginning on.
    fn new(code: &'a Code) -> Option<Self> {
        let uses = uses(code);
        let tasks = tasks(code, &uses);
        let mut registers = Registers::default();
        let mut homes: Vec<Option<u16>> = vec![None; code.values.len()];
        let (mut numbers, mut shared) = (Vec::new(), Vec::new());
        for (value, home) in code.values.iter().zip(&mut homes) {
            match value {
                Value::Number(number) => numbers.push((*home.insert(registers.take()?), *number)),
                Value::Load(load) => {
                    if let Some(access) = load.shared() {
                        shared.push((*home.insert(registers.take()?), access));
                    }
                }
                Value::Apply(_) => {}
            }
        }
        let steps = Vec::with_capacity(code.values.len());
        Some(Self { code, tasks, uses, homes, registers, numbers, shared, steps })
    }

    fn other(&mut self, other: Other) {
        self.steps.push(Step::Other(Box::new(other)));
    }

    /// Computes a value, if it is an operation that is not done yet nor part of another.
    fn compute(&mut self, v: u32) -> Option<()> {
        let Some(task) = self.tasks[v as usize] else { return Some(()) };
        if self.homes[v as usize].is_some() {
            return Some(());
        }
        let mut args = [0; 4];
        for (arg, &a) in args.iter_mut().zip(task.args()) {
            *arg = self.loaded(a)?;
        }
        // The result never lies on an argument.
        let out = self.place(v)?;
        let [x, y, z, _] = args;
        let pair = self.code.pair(v);
        match (pair, task.kind) {
            (Some((pair, values)), _) => {
                let mut outs = [out; 2];
                for (home, &value) in outs.iter_mut().zip(&values).filter(|(_, value)| **value != v) {
                    *home = self.place(value)?;
                    self.used(task.args()[0]);
                }
                self.other(Other::Both(pair, x, outs));
            }
            (None, Kind::Arithmetic(arithmetic)) => self.steps.push(Step::Arithmetic(arithmetic, [x, y, z], out)),
            (None, Kind::Summed(product, sum)) => self.steps.push(Step::Summed(product, sum, args, out)),
            (None, Kind::Call(kernel, count)) => self.other(Other::Call(kernel, count, [x, y, z], out)),
        }
        #[cfg(test)]
        self.other(Other::Count(if pair.is_some() { 2 * task.each } else { task.each }));
        task.args().iter().for_each(|&a| self.used(a));
        Some(())
    }

    /// The register of a value, loaded if it is not yet.
    fn loaded(&mut self, v: u32) -> Option<u16> {
        if let Some(register) = self.homes[v as usize] {
            return Some(register);
        }
        let Value::Load(load) = self.code.values[v as usize] else { return None };
        match load {
            Load::Line(access) => {
                let register = self.place(v)?;
                self.other(Other::Load(access, register));
            }
            Load::Starts(access, rows) => {
                let register = self.place(v)?;
                self.other(Other::Starts(access, rows, register));
            }
            Load::Picked { starts, home, column } => self.pick(v, starts, (home, column))?,
        }
        self.homes[v as usize]
    }

    /// A register for a value.
    fn place(&mut self, v: u32) -> Option<u16> {
        let register = self.registers.take()?;
        self.homes[v as usize] = Some(register);
        Some(register)
    }

    /// Picks a value, along with those that lie beside it and will be needed.
    fn pick(&mut self, v: u32, starts: u32, (home, column): (Home, usize)) -> Option<()> {
        let places = self.loaded(starts)?;
        let Value::Load(Load::Starts(_, rows)) = self.code.values[starts as usize] else { return None };
        let first = (column - column % SIDE).min(rows.length.saturating_sub(SIDE));
        let beside: [Option<u32>; SIDE] = std::array::from_fn(|j| {
            let value = self.code.loaded(Load::Picked { starts, home, column: first + j });
            value.filter(|&v| self.homes[v as usize].is_none())
        });
        if beside.iter().flatten().count() == 1 {
            let register = self.place(v)?;
            self.other(Other::Pick(places, (home, column), register));
        } else {
            let mut registers = [0; SIDE];
            for (register, value) in registers.iter_mut().zip(beside) {
                *register = if let Some(v) = value { self.place(v)? } else { self.registers.take()? };
            }
            self.other(Other::Picks(places, (home, first), registers));
            // What nobody needs lies in registers that are free again.
            let unneeded = registers.iter().zip(beside).filter(|(_, value)| value.is_none());
            unneeded.for_each(|(&register, _)| self.registers.give(register));
        }
        beside.iter().flatten().for_each(|_| self.used(starts));
        Some(())
    }

    /// A value was needed once; after the last time its register is free, unless it is the same in all tiles.
    fn used(&mut self, v: u32) {
        self.uses[v as usize] -= 1;
        let kept = match &self.code.values[v as usize] {
            Value::Number(_) => true,
            Value::Load(load) => load.shared().is_some(),
            Value::Apply(_) => false,
        };
        if let Some(register) = self.homes[v as usize].filter(|_| self.uses[v as usize] == 0 && !kept) {
            self.registers.give(register);
        }
    }
}
