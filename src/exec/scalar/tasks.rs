//! What is computed for each value of a program. Products that go into one sum and nowhere else are one operation with
//! it: each is rounded, so the result is that of one after the other, and none of them passes through a register.

use super::code::{Apply, Code, Load, Value};
use crate::ir::Arithmetic;

/// How products go into a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// `x·y + z`.
    Added,
    /// `x·y - z`.
    Lessened,
    /// `z - x·y`.
    Taken,
    /// `x·y + z·w`.
    Both,
    /// `x·y - z·w`.
    Apart,
}

impl Sum {
    /// The result, of these products; what is not used is left alone.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "loops over one kind of sum must be compiled with it inside")]
    pub(super) fn apply(self, product: impl Fn(f64, f64) -> f64, [x, y, z, w]: [f64; 4]) -> f64 {
        let first = product(x, y);
        match self {
            Self::Added => first + z,
            Self::Lessened => first - z,
            Self::Taken => z - first,
            Self::Both => first + product(z, w),
            Self::Apart => first - product(z, w),
        }
    }
}

/// Puts the loop for this kind of arithmetic in place: a macro that is given the kind by name, so that each loop is
/// compiled with its own kind inside.
macro_rules! loop_of_arithmetic {
    ($arithmetic:expr, $put:ident) => {
        match $arithmetic {
            Arithmetic::Add => $put!(Add),
            Arithmetic::Subtract => $put!(Subtract),
            Arithmetic::Negate => $put!(Negate),
            Arithmetic::Multiply => $put!(Multiply),
            Arithmetic::Divide => $put!(Divide),
            Arithmetic::Scale => $put!(Scale),
            Arithmetic::Chain => $put!(Chain),
            Arithmetic::Select => $put!(Select),
        }
    };
}

/// The same for products of one kind that go into a sum of one kind.
macro_rules! loop_of_products {
    ($product:expr, $sum:expr, $put:ident) => {
        match $sum {
            Sum::Added => loop_of_products!(of $product, $put, Added),
            Sum::Lessened => loop_of_products!(of $product, $put, Lessened),
            Sum::Taken => loop_of_products!(of $product, $put, Taken),
            Sum::Both => loop_of_products!(of $product, $put, Both),
            Sum::Apart => loop_of_products!(of $product, $put, Apart),
        }
    };
    (of $product:expr, $put:ident, $sum:ident) => {
        match $product {
            Arithmetic::Scale => $put!(Scale $sum),
            Arithmetic::Chain => $put!(Chain $sum),
            _ => $put!(Multiply $sum),
        }
    };
}

pub(super) use {loop_of_arithmetic, loop_of_products};

/// What an operation does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Arithmetic(Arithmetic),
    /// Products, of one kind if there are two, that go into a sum.
    Summed(Arithmetic, Sum),
    /// A kernel of so many arguments.
    Call(fn(&[&[f64]], &mut [f64]), usize),
}

/// A value that is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    pub(super) kind: Kind,
    count: usize,
    args: [u32; 4],
    /// Operations for each element, by the primitives' own account.
    #[cfg(test)]
    pub(super) each: u64,
}

impl Task {
    pub(super) fn args(&self) -> &[u32] {
        &self.args[..self.count]
    }

    /// An operation on its own.
    fn of(apply: &Apply) -> Self {
        let [x, y, z] = apply.args;
        Self {
            kind: apply.arithmetic.map_or(Kind::Call(apply.kernel, apply.count), Kind::Arithmetic),
            count: apply.count,
            args: [x, y, z, 0],
            #[cfg(test)]
            each: apply.each,
        }
    }
}

/// How often each value of a program is needed.
pub(super) fn uses(code: &Code) -> Vec<u32> {
    let mut uses = vec![0u32; code.values.len()];
    let applied = code.values.iter().filter_map(|v| if let Value::Apply(apply) = v { Some(apply) } else { None });
    applied.flat_map(Apply::args).for_each(|&a| uses[a as usize] += 1);
    code.stores.iter().for_each(|s| uses[s.value as usize] += 1);
    for value in &code.values {
        if let Value::Load(Load::Picked { starts, .. }) = value {
            uses[*starts as usize] += 1;
        }
    }
    uses
}

/// What is computed for each value: nothing for what is there already or is part of another.
pub(super) fn tasks(code: &Code, uses: &[u32]) -> Vec<Option<Task>> {
    let mut tasks = vec![None; code.values.len()];
    for (v, value) in code.values.iter().enumerate() {
        let Value::Apply(apply) = value else { continue };
        let (task, parts) = summed(code, uses, apply).unwrap_or((Task::of(apply), [None; 2]));
        parts.into_iter().flatten().for_each(|part| tasks[part as usize] = None);
        tasks[v] = Some(task);
    }
    tasks
}

/// A sum with the products that go into it alone, if there are any.
fn summed(code: &Code, uses: &[u32], apply: &Apply) -> Option<(Task, [Option<u32>; 2])> {
    let plus = match apply.arithmetic? {
        Arithmetic::Add => true,
        Arithmetic::Subtract => false,
        _ => return None,
    };
    let product = |v: u32| match code.values[v as usize] {
        Value::Apply(Apply { arithmetic: Some(kind), args: [x, y, _], .. }) if uses[v as usize] == 1 => {
            let multiplies = matches!(kind, Arithmetic::Multiply | Arithmetic::Scale | Arithmetic::Chain);
            multiplies.then_some((kind, x, y))
        }
        _ => None,
    };
    let [first, second, _] = apply.args;
    let (kind, sum, args, parts) = match (product(first), product(second)) {
        (Some((kind, x, y)), Some((other, z, w))) if kind == other => {
            (kind, if plus { Sum::Both } else { Sum::Apart }, [x, y, z, w], [Some(first), Some(second)])
        }
        (Some((kind, x, y)), _) => {
            (kind, if plus { Sum::Added } else { Sum::Lessened }, [x, y, second, 0], [Some(first), None])
        }
        (None, Some((kind, x, y))) => {
            (kind, if plus { Sum::Added } else { Sum::Taken }, [x, y, first, 0], [Some(second), None])
        }
        (None, None) => return None,
    };
    let task = Task {
        kind: Kind::Summed(kind, sum),
        count: if matches!(sum, Sum::Both | Sum::Apart) { 4 } else { 3 },
        args,
        #[cfg(test)]
        each: apply.each + parts.iter().flatten().count() as u64,
    };
    Some((task, parts))
}
