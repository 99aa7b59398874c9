//! Programs before their registers are given out: values in the order in which they are computed.

use rustc_hash::FxHashMap;

use super::super::plan::Home;
use crate::ir::{Arithmetic, Kernel, Node, Pair, Single};

/// Where numbers are read: at a place of something stored, one step on for each point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Access {
    pub(super) home: Home,
    pub(super) offset: usize,
    pub(super) stride: isize,
}

/// What a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Load {
    /// Numbers along a line.
    Line(Access),
    /// Where rows begin whose numbers lie along a line.
    Starts(Access, Rows),
    /// At each point, a number of the row that begins where another value says: the first, or one so many after it. NaN
    /// where there is no such row.
    Picked { starts: u32, home: Home, column: usize },
}

/// So many rows of so many numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rows {
    pub(super) count: usize,
    pub(super) length: usize,
}

impl Load {
    /// A single number that all points share.
    pub(super) fn shared(self) -> Option<Access> {
        if let Self::Line(access @ Access { stride: 0, .. }) = self { Some(access) } else { None }
    }
}

/// An elementwise operation on earlier values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Apply {
    pub(super) kernel: fn(&[&[f64]], &mut [f64]),
    pub(super) arithmetic: Option<Arithmetic>,
    /// What may be computed along with it, and which of the two it is.
    pub(super) pair: Option<(&'static Pair, usize)>,
    /// Number of arguments.
    pub(super) count: usize,
    pub(super) args: [u32; 3],
    /// Operations for each element, by the primitive's own account.
    #[cfg(test)]
    pub(super) each: u64,
}

impl Apply {
    /// What an elementwise node does, on values for its arguments; `None` if it is none, or takes too many.
    pub(super) fn of(node: &Node, values: &[u32]) -> Option<Self> {
        let Kernel::Elementwise(kernel) = node.op.kernel else { return None };
        let mut args = [0; 3];
        args.get_mut(..values.len())?.copy_from_slice(values);
        let arithmetic = if let Single::Arithmetic(arithmetic) = node.op.single { Some(arithmetic) } else { None };
        Some(Self {
            kernel,
            arithmetic,
            pair: node.pair(),
            count: values.len(),
            args,
            #[cfg(test)]
            each: node.each(),
        })
    }

    pub(super) fn args(&self) -> &[u32] {
        &self.args[..self.count]
    }
}

/// One value of a program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Number(f64),
    Load(Load),
    Apply(Apply),
}

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Store {
    pub(super) value: u32,
    pub(super) slot: usize,
    pub(super) offset: usize,
    pub(super) stride: isize,
}

/// Values, each computed from earlier ones, and where they go.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) values: Vec<Value>,
    pub(super) stores: Vec<Store>,
    numbers: FxHashMap<u64, u32>,
    loads: FxHashMap<Load, u32>,
    /// Values of a pair's functions, by function and argument.
    paired: FxHashMap<(&'static str, u32), u32>,
}

impl Code {
    pub(super) fn number(&mut self, number: f64) -> u32 {
        let next = self.values.len() as u32;
        let value = *self.numbers.entry(number.to_bits()).or_insert(next);
        if value == next {
            self.values.push(Value::Number(number));
        }
        value
    }

    pub(super) fn load(&mut self, load: Load) -> u32 {
        let next = self.values.len() as u32;
        let value = *self.loads.entry(load).or_insert(next);
        if value == next {
            self.values.push(Value::Load(load));
        }
        value
    }

    /// The value that is loaded so, if there is one.
    pub(super) fn loaded(&self, load: Load) -> Option<u32> {
        self.loads.get(&load).copied()
    }

    pub(super) fn apply(&mut self, apply: Apply) -> u32 {
        let value = self.values.len() as u32;
        if let Some((pair, place)) = apply.pair {
            self.paired.insert((pair.of[place], apply.args[0]), value);
        }
        self.values.push(Value::Apply(apply));
        value
    }

    /// How to compute a value along with the other of its pair, if both are needed. Of equal values, which there are where
    /// an argument is looked at in several ways, the last one has a partner.
    pub(super) fn pair(&self, value: u32) -> Option<(&'static Pair, [u32; 2])> {
        let Value::Apply(Apply { pair: Some((pair, _)), args, .. }) = &self.values[value as usize] else { return None };
        let [first, second] = pair.of.map(|name| self.paired.get(&(name, args[0])).copied());
        let values = [first?, second?];
        values.contains(&value).then_some((pair, values))
    }
}

/// Registers given out and taken back.
#[derive(Debug, Default)]
pub(super) struct Registers {
    free: Vec<u16>,
    /// How many are needed.
    pub(super) count: usize,
}

impl Registers {
    /// A register; `None` if a program takes more than can be numbered.
    pub(super) fn take(&mut self) -> Option<u16> {
        if let Some(register) = self.free.pop() {
            return Some(register);
        }
        let register = u16::try_from(self.count).ok()?;
        self.count += 1;
        Some(register)
    }

    pub(super) fn give(&mut self, register: u16) {
        self.free.push(register);
    }
}
