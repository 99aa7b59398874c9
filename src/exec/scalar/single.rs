//! A program at one point: runs of equal operations over registers of one number.
//!
//! Operations are ordered so that many of one kind follow each other: each run of them is a loop without a decision,
//! and library functions are called once for several numbers.

use std::collections::BTreeMap;

use super::super::plan::Home;
use super::super::run::Memory;
use super::code::{Access, Code, Load, Registers, Value};
use super::tasks::{Kind, Sum, Task, loop_of_arithmetic, loop_of_products, tasks, uses};
use crate::ir::Arithmetic;

/// Registers read and written.
#[derive(Debug, Clone, Copy)]
struct Operation {
    args: [u16; 4],
    out: u16,
}

/// Operations of one kind.
#[derive(Debug)]
struct Run {
    kind: Kind,
    operations: Vec<Operation>,
    /// Operations by the primitive's own account.
    #[cfg(test)]
    each: u64,
}

/// Neighbouring places that are read into neighbouring registers.
#[derive(Debug, Clone, Copy)]
struct Loads {
    home: Home,
    first: usize,
    register: usize,
    count: usize,
}

/// Registers that go to neighbouring places of a slot.
#[derive(Debug)]
struct Stores {
    slot: usize,
    first: usize,
    registers: Vec<u16>,
}

/// A program at one point.
#[derive(Debug)]
pub(in super::super) struct Single {
    /// Numbers in the first registers.
    numbers: Vec<f64>,
    loads: Vec<Loads>,
    runs: Vec<Run>,
    stores: Vec<Stores>,
    pub(super) registers: usize,
}

/// Numbers for which a kernel is called at a time.
const CALL: usize = 16;

impl Single {
    /// Orders a program and gives out its registers.
    pub(super) fn new(code: &Code) -> Option<Self> {
        let mut uses = uses(code);
        let tasks = tasks(code, &uses);
        let order = order(&tasks);
        let mut registers = Registers::default();
        let mut homes = vec![0u16; code.values.len()];
        let mut numbers = Vec::new();
        for (value, home) in code.values.iter().zip(&mut homes) {
            if let Value::Number(number) = value {
                *home = registers.take()?;
                numbers.push(*number);
            }
        }
        let mut loaded: Vec<(Home, usize, usize)> = Vec::new();
        for (v, value) in code.values.iter().enumerate() {
            match *value {
                Value::Load(Load::Line(Access { home, offset, .. })) => loaded.push((home, offset, v)),
                Value::Load(_) => return None,
                _ => {}
            }
        }
        // What lies side by side is brought to registers side by side.
        loaded.sort_unstable();
        let mut loads: Vec<Loads> = Vec::new();
        for (home, offset, v) in loaded {
            let register = registers.take()?;
            homes[v] = register;
            match loads.last_mut() {
                Some(last) if (last.home, last.first + last.count) == (home, offset) => last.count += 1,
                _ => loads.push(Loads { home, first: offset, register: usize::from(register), count: 1 }),
            }
        }
        let mut runs: Vec<Run> = Vec::new();
        for (first, v) in order {
            let Some(task) = &tasks[v as usize] else { continue };
            let out = registers.take()?;
            homes[v as usize] = out;
            let mut args = [0; 4];
            for (arg, &a) in args.iter_mut().zip(task.args()) {
                *arg = homes[a as usize];
            }
            if first {
                runs.push(Run {
                    kind: task.kind,
                    operations: Vec::new(),
                    #[cfg(test)]
                    each: task.each,
                });
            }
            if let Some(run) = runs.last_mut() {
                run.operations.push(Operation { args, out });
            }
            for &a in task.args() {
                uses[a as usize] -= 1;
                // Numbers keep their registers, and so does what a run of calls gathers before it writes.
                if uses[a as usize] == 0 && tasks[a as usize].is_some() {
                    registers.give(homes[a as usize]);
                }
            }
        }
        let mut stores: Vec<Stores> = Vec::new();
        for store in &code.stores {
            let register = homes[store.value as usize];
            match stores.last_mut() {
                Some(last) if (last.slot, last.first + last.registers.len()) == (store.slot, store.offset) => {
                    last.registers.push(register);
                }
                _ => stores.push(Stores { slot: store.slot, first: store.offset, registers: vec![register] }),
            }
        }
        Some(Self { numbers, loads, runs, stores, registers: size(registers.count) })
    }

    /// Runs it.
    pub(super) fn run(&self, memory: &mut Memory<'_>) {
        let mut registers = std::mem::take(memory.registers);
        if registers.len() < self.registers {
            registers.resize(self.registers, 0.0);
        }
        registers[..self.numbers.len()].copy_from_slice(&self.numbers);
        for &Loads { home, first, register, count } in &self.loads {
            registers[register..register + count].copy_from_slice(&memory.data(home)[first..first + count]);
        }
        if let Some(file) = registers.first_chunk_mut::<SMALL>().filter(|_| self.registers <= SMALL) {
            self.compute(file);
        } else if let Some(file) = registers.first_chunk_mut::<MIDDLE>().filter(|_| self.registers <= MIDDLE) {
            self.compute(file);
        } else if let Some(file) = registers.first_chunk_mut::<LARGE>() {
            self.compute(file);
        }
        for stores in &self.stores {
            let places = &mut memory.slots[stores.slot][stores.first..][..stores.registers.len()];
            for (place, &register) in places.iter_mut().zip(&stores.registers) {
                *place = registers[usize::from(register)];
            }
        }
        *memory.registers = registers;
    }

    fn compute<const N: usize>(&self, registers: &mut [f64; N]) {
        for run in &self.runs {
            #[cfg(test)]
            crate::kernel::tally::done(run.operations.len() * run.each as usize);
            match run.kind {
                Kind::Arithmetic(arithmetic) => calculate(arithmetic, &run.operations, registers),
                Kind::Summed(product, sum) => multiply_add(product, sum, &run.operations, registers),
                Kind::Call(kernel, count) => {
                    run.operations.chunks(CALL).for_each(|part| call(kernel, count, part, registers));
                }
            }
        }
    }
}

/// Sizes of register files: powers of two, so that a number below them is found without a question.
const SMALL: usize = 1 << 8;
const MIDDLE: usize = 1 << 12;
const LARGE: usize = 1 << 16;

fn size(count: usize) -> usize {
    [SMALL, MIDDLE].into_iter().find(|&s| count <= s).unwrap_or(LARGE)
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "one loop for each kind of arithmetic")]
fn each<const N: usize>(operations: &[Operation], registers: &mut [f64; N], f: impl Fn([f64; 4]) -> f64) {
    for operation in operations {
        let args = operation.args.map(|a| registers[usize::from(a) & (N - 1)]);
        registers[usize::from(operation.out) & (N - 1)] = f(args);
    }
}

fn calculate<const N: usize>(arithmetic: Arithmetic, operations: &[Operation], registers: &mut [f64; N]) {
    macro_rules! put {
        ($kind:ident) => {
            each(operations, registers, |[x, y, z, _]| Arithmetic::$kind.apply(x, y, z))
        };
    }
    loop_of_arithmetic!(arithmetic, put);
}

/// Products that go into sums.
fn multiply_add<const N: usize>(product: Arithmetic, sum: Sum, operations: &[Operation], registers: &mut [f64; N]) {
    macro_rules! put {
        ($product:ident $sum:ident) => {
            each(operations, registers, |args| Sum::$sum.apply(|x, y| Arithmetic::$product.apply(x, y, 0.0), args))
        };
    }
    loop_of_products!(product, sum, put);
}

/// Calls a kernel for at most `CALL` operations.
fn call<const N: usize>(
    kernel: fn(&[&[f64]], &mut [f64]),
    count: usize,
    operations: &[Operation],
    registers: &mut [f64; N],
) {
    let mut gathered = [[0.0; CALL]; 3];
    for (k, gathered) in gathered.iter_mut().enumerate().take(count) {
        for (x, operation) in gathered.iter_mut().zip(operations) {
            *x = registers[usize::from(operation.args[k]) & (N - 1)];
        }
    }
    let length = operations.len();
    let slices = gathered.each_ref().map(|g| &g[..length]);
    let mut out = [0.0; CALL];
    kernel(&slices[..count], &mut out[..length]);
    for (x, operation) in out.iter().zip(operations) {
        registers[usize::from(operation.out) & (N - 1)] = *x;
    }
}

/// Kinds of operations, told apart and put in order.
fn rank(kind: Kind) -> (u8, usize) {
    match kind {
        Kind::Call(kernel, _) => (0, kernel as usize),
        Kind::Arithmetic(arithmetic) => (1, arithmetic as usize),
        Kind::Summed(product, sum) => (2, product as usize * 8 + sum as usize),
    }
}

/// All operations in an order in which as many as possible of one kind follow each other; each with whether it
/// begins a run.
fn order(tasks: &[Option<Task>]) -> Vec<(bool, u32)> {
    let count = tasks.len();
    let mut pending = vec![0u32; count];
    let mut users: Vec<smallvec::SmallVec<[u32; 4]>> = vec![smallvec::SmallVec::new(); count];
    // In the order in which each was first met, so that it does not depend on where a kernel lies.
    let mut numbers: BTreeMap<(u8, usize), usize> = BTreeMap::new();
    let mut ready: Vec<Vec<u32>> = Vec::new();
    let mut kinds = vec![0; count];
    for (v, task) in tasks.iter().enumerate() {
        let Some(task) = task else { continue };
        for &a in task.args() {
            if tasks[a as usize].is_some() {
                pending[v] += 1;
                users[a as usize].push(v as u32);
            }
        }
        let next = numbers.len();
        kinds[v] = *numbers.entry(rank(task.kind)).or_insert(next);
        if kinds[v] == ready.len() {
            ready.push(Vec::new());
        }
        if pending[v] == 0 {
            ready[kinds[v]].push(v as u32);
        }
    }
    let mut order = Vec::with_capacity(count);
    while let Some((kind, _)) =
        ready.iter().enumerate().max_by_key(|(_, list)| list.len()).filter(|(_, l)| !l.is_empty())
    {
        let mut first = true;
        // What becomes ready by a run may wait for its next round: calls gather before they write.
        for v in std::mem::take(&mut ready[kind]) {
            order.push((first, v));
            first = false;
            for user in std::mem::take(&mut users[v as usize]) {
                pending[user as usize] -= 1;
                if pending[user as usize] == 0 {
                    ready[kinds[user as usize]].push(user);
                }
            }
        }
    }
    order
}
