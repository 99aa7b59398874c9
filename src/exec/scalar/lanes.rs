//! A program over many points: registers hold a tile of them, a lane for each point.

use super::super::run::{Cancel, Cancelled, Memory, check};
use super::code::{Access, Apply, Code, Registers, Store, Value};

/// Least and most lanes of a tile.
const LEAST: usize = 64;
const MOST: usize = 512;

/// Numbers that all registers together should hold, so that they stay in the first-level cache.
const CACHE: usize = 3072;

/// One thing done for a tile.
#[derive(Debug)]
enum Step {
    Load(Access, u16),
    Apply(Apply, [u16; 3], u16),
    Store(u16, Store),
}

/// A program over many points.
#[derive(Debug)]
pub(in super::super) struct Lanes {
    length: usize,
    /// Registers that are the same in all lanes: numbers, and single elements.
    numbers: Vec<(u16, f64)>,
    shared: Vec<(u16, Access)>,
    steps: Vec<Step>,
    pub(super) registers: usize,
    /// Lanes of a tile.
    pub(super) tile: usize,
}

impl Lanes {
    /// Gives out the registers of a program over so many points.
    pub(super) fn new(code: &Code, length: usize) -> Option<Self> {
        let mut uses = vec![0u32; code.values.len()];
        let applied = code.values.iter().filter_map(|v| if let Value::Apply(apply) = v { Some(apply) } else { None });
        applied.flat_map(Apply::args).for_each(|&a| uses[a as usize] += 1);
        let mut stores: Vec<&Store> = code.stores.iter().collect();
        for s in &stores {
            uses[s.value as usize] += 1;
        }
        // A value goes where it belongs as soon as it is there.
        stores.sort_by_key(|s| s.value);
        let mut stores = stores.into_iter().peekable();
        let mut registers = Registers::default();
        let mut homes: Vec<Option<u16>> = vec![None; code.values.len()];
        let (mut numbers, mut shared) = (Vec::new(), Vec::new());
        for (value, home) in code.values.iter().zip(&mut homes) {
            match value {
                Value::Number(number) => {
                    let register = *home.insert(registers.take()?);
                    numbers.push((register, *number));
                }
                Value::Load(access) if access.stride == 0 => {
                    let register = *home.insert(registers.take()?);
                    shared.push((register, *access));
                }
                _ => {}
            }
        }
        let kept = |v: u32| match &code.values[v as usize] {
            Value::Number(_) => true,
            Value::Load(access) => access.stride == 0,
            Value::Apply(_) => false,
        };
        let mut steps = Vec::with_capacity(code.values.len() + code.stores.len());
        for (v, value) in code.values.iter().enumerate() {
            if let Value::Apply(apply) = value {
                let mut args = [0; 3];
                for (arg, &a) in args.iter_mut().zip(apply.args()) {
                    *arg = loaded(code, a, &mut homes, &mut registers, &mut steps)?;
                }
                // The result never lies on an argument.
                let out = registers.take()?;
                homes[v] = Some(out);
                steps.push(Step::Apply(*apply, args, out));
                for &a in apply.args() {
                    uses[a as usize] -= 1;
                    if let Some(register) = homes[a as usize].filter(|_| uses[a as usize] == 0 && !kept(a)) {
                        registers.give(register);
                    }
                }
            }
            while let Some(store) = stores.next_if(|s| s.value as usize == v) {
                let register = loaded(code, store.value, &mut homes, &mut registers, &mut steps)?;
                steps.push(Step::Store(register, *store));
                uses[v] -= 1;
                if uses[v] == 0 && !kept(store.value) {
                    registers.give(register);
                }
            }
        }
        let tile = (CACHE / registers.count.max(1) / LEAST * LEAST).clamp(LEAST, MOST);
        Some(Self { length, numbers, shared, steps, registers: registers.count, tile })
    }

    /// Runs all tiles.
    pub(super) fn run(&self, memory: &mut Memory<'_>, cancel: &Cancel) -> Result<(), Cancelled> {
        let mut registers = std::mem::take(memory.registers);
        let size = self.registers * self.tile;
        if registers.len() < size {
            registers.resize(size, 0.0);
        }
        let file = &mut registers[..size];
        for &(register, number) in &self.numbers {
            self.register(file, register).fill(number);
        }
        for &(register, access) in &self.shared {
            let number = memory.data(access.home)[access.offset];
            self.register(file, register).fill(number);
        }
        let mut start = 0;
        let mut result = Ok(());
        while start < self.length && result.is_ok() {
            let lanes = self.tile.min(self.length - start);
            for step in &self.steps {
                self.step(step, start, lanes, file, memory);
            }
            start += lanes;
            result = check(cancel);
        }
        *memory.registers = registers;
        result
    }

    fn register<'a>(&self, file: &'a mut [f64], register: u16) -> &'a mut [f64] {
        let first = usize::from(register) * self.tile;
        &mut file[first..first + self.tile]
    }

    fn step(&self, step: &Step, start: usize, lanes: usize, file: &mut [f64], memory: &mut Memory<'_>) {
        match step {
            Step::Load(access, register) => {
                let target = &mut self.register(file, *register)[..lanes];
                let data = memory.data(access.home);
                let first = access.offset as isize + start as isize * access.stride;
                if access.stride == 1 {
                    target.copy_from_slice(&data[first as usize..first as usize + lanes]);
                } else if let Ok(stride @ 1..) = usize::try_from(access.stride) {
                    target.iter_mut().zip(data[first as usize..].iter().step_by(stride)).for_each(|(t, x)| *t = *x);
                } else {
                    for (lane, t) in target.iter_mut().enumerate() {
                        *t = data[(first + lane as isize * access.stride) as usize];
                    }
                }
            }
            Step::Apply(apply, args, out) => {
                #[cfg(test)]
                crate::kernel::tally::done(lanes * apply.each as usize);
                self.apply(apply, *args, *out, lanes, file);
            }
            Step::Store(register, store) => {
                let source = &self.register(file, *register)[..lanes];
                let stride = store.stride.unsigned_abs();
                let target = &mut memory.slots[store.slot][store.offset + start * stride..];
                if stride == 1 {
                    target[..lanes].copy_from_slice(source);
                } else {
                    target.iter_mut().step_by(stride.max(1)).zip(source).for_each(|(t, x)| *t = *x);
                }
            }
        }
    }

    fn apply(&self, apply: &Apply, args: [u16; 3], out: u16, lanes: usize, file: &mut [f64]) {
        let tile = self.tile;
        let (below, rest) = file.split_at_mut(usize::from(out) * tile);
        let (target, above) = rest.split_at_mut(tile);
        let of = |register: u16| {
            if register < out {
                &below[usize::from(register) * tile..][..lanes]
            } else {
                &above[usize::from(register - out - 1) * tile..][..lanes]
            }
        };
        let target = &mut target[..lanes];
        match apply.count {
            1 => (apply.kernel)(&[of(args[0])], target),
            2 => (apply.kernel)(&[of(args[0]), of(args[1])], target),
            _ => (apply.kernel)(&args.map(of), target),
        }
    }
}

/// The register of a value, loaded if it is not yet.
fn loaded(
    code: &Code,
    v: u32,
    homes: &mut [Option<u16>],
    registers: &mut Registers,
    steps: &mut Vec<Step>,
) -> Option<u16> {
    if let Some(register) = homes[v as usize] {
        return Some(register);
    }
    let Value::Load(access) = &code.values[v as usize] else { return None };
    let register = registers.take()?;
    homes[v as usize] = Some(register);
    steps.push(Step::Load(*access, register));
    Some(register)
}
