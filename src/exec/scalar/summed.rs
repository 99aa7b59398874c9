//! Products that go into one sum and nowhere else: the two are one operation of three numbers. Both are rounded, so the
//! result is that of one after the other.

use super::code::{Apply, Code, Value};
use crate::ir::Arithmetic;

/// How a product goes into a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// `x·y + z`.
    Added,
    /// `x·y - z`.
    Lessened,
    /// `z - x·y`.
    Taken,
}

/// A product and a sum as one operation of `x`, `y` and `z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summed {
    pub(super) product: Arithmetic,
    pub(super) sum: Sum,
    pub(super) args: [u32; 3],
}

/// For each value of a program, the product and sum that it is, if it is one; and whether it is a product that has
/// become part of another value.
pub(super) fn summed(code: &Code, uses: &[u32]) -> (Vec<Option<Summed>>, Vec<bool>) {
    let mut found = vec![None; code.values.len()];
    let mut inside = vec![false; code.values.len()];
    for (v, value) in code.values.iter().enumerate() {
        let Value::Apply(Apply { arithmetic: Some(arithmetic), args: [x, y, _], .. }) = *value else { continue };
        let (ways, count) = match arithmetic {
            Arithmetic::Add => ([(x, y, Sum::Added), (y, x, Sum::Added)], 2),
            Arithmetic::Subtract => ([(x, y, Sum::Lessened), (y, x, Sum::Taken)], 2),
            _ => ([(x, y, Sum::Added); 2], 0),
        };
        let alone = |&&(p, ..): &&(u32, u32, Sum)| uses[p as usize] == 1;
        for &(p, z, sum) in ways[..count].iter().filter(alone) {
            if let Value::Apply(Apply { arithmetic: Some(product), args: [x, y, _], .. }) = code.values[p as usize]
                && matches!(product, Arithmetic::Multiply | Arithmetic::Scale | Arithmetic::Chain)
            {
                inside[p as usize] = true;
                found[v] = Some(Summed { product, sum, args: [x, y, z] });
                break;
            }
        }
    }
    (found, inside)
}
