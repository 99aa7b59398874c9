//! Mixed mode: the chain is cut where the graph narrows, and its factors are multiplied in the order
//! that takes the fewest operations: swept forwards from a narrow place, backwards to it, multiplied
//! out across it.

mod cost;
mod cuts;
mod order;

#[cfg(test)]
mod tests;

use self::cuts::Chain;
use self::order::{Link, Order};
use super::jacobian::{Jacobian, forward, linearised, pull, push, reverse};
use crate::ir::{Absorb, Builder, NodeId};
use crate::ops::Algebra;

/// The cheapest bracketing of the chain rule between some inputs and some outputs.
#[derive(Debug)]
pub struct Bracketing {
    chain: Chain,
    order: Order,
}

impl Bracketing {
    /// Finds the cheapest order of the factors between the values that everything passes through; `None`
    /// where there is no such value.
    pub fn find(b: &Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Option<Self> {
        let chain = cuts::chain(b, outputs, inputs);
        (chain.stops.len() > 2).then(|| Self::of(b, chain))
    }

    /// As [`Self::find`], but `None` also where a sweep from one end to the other is as good. Where the
    /// widths of the chain alone tell so, little time is spent on it.
    pub fn find_better(b: &Builder, outputs: &[NodeId], inputs: &[NodeId]) -> Option<Self> {
        let chain = cuts::chain(b, outputs, inputs);
        let dense: Vec<Link> = chain.widths.windows(2).map(|pair| Link::dense(pair[1], pair[0])).collect();
        let sweep = order::all_forward(&chain.widths, &dense).min(order::all_reverse(&chain.widths, &dense));
        if order::cheapest(&chain.widths, &dense).1 >= sweep {
            return None;
        }
        Some(Self::of(b, chain)).filter(|found| !found.order.is_one_sweep())
    }

    fn of(b: &Builder, chain: Chain) -> Self {
        let (order, _) = order::cheapest(&chain.widths, &cost::links(b, &chain));
        Self { chain, order }
    }

    /// Builds the Jacobian in this order.
    pub fn build(&self, b: &mut Builder) -> Jacobian {
        self.accumulate(b, &self.order)
    }

    /// The order in words: `(J4·J3)·(J2·J1)`.
    pub fn in_words(&self, name: &dyn Fn(usize) -> String) -> String {
        self.order.in_words(name)
    }

    fn accumulate(&self, b: &mut Builder, order: &Order) -> Jacobian {
        let stop = |i: usize| self.chain.stops[i].as_slice();
        match order {
            Order::Columns(i) => forward(b, stop(i + 1), stop(*i), &[]),
            Order::Rows(i) => reverse(b, stop(i + 1), stop(*i), &[]),
            Order::Push(i, before) => {
                let before = self.accumulate(b, before);
                let mut blocks: Jacobian = vec![Vec::new(); stop(i + 1).len()];
                for &columns in &before[0] {
                    for (row, block) in blocks.iter_mut().zip(push(b, stop(i + 1), stop(*i)[0], &[], Some(columns))) {
                        row.push(block);
                    }
                }
                blocks
            }
            Order::Pull(after, i) => {
                let after = self.accumulate(b, after);
                let y = stop(i + 1)[0];
                let (linear, tangents) = linearised(b, &[y], stop(*i), &[]);
                let rows = after.iter().map(|row| pull(b, (y, linear[0]), (stop(*i), &tangents), Some(row[0])));
                rows.collect()
            }
            Order::Product(after, before) => {
                let (after, before) = (self.accumulate(b, after), self.accumulate(b, before));
                // Both are derivatives: what is exactly zero in either stays zero.
                let row = |left: NodeId, b: &mut Builder| {
                    before[0].iter().map(|&right| b.matmul(left, right, Absorb::Both)).collect()
                };
                after.iter().map(|left| row(left[0], b)).collect()
            }
        }
    }
}
