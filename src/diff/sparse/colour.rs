//! Colours for the columns of a pattern: columns of one colour meet in no row, so that one sweep along
//! their sum gives them all.
//!
//! Greedy, after Curtis, Powell and Reid (1974), in the orders that Gebremedhin, Manne and Pothen
//! ("What color is your Jacobian?", SIAM Review 47, 2005) compare.

use std::sync::atomic::{AtomicBool, Ordering};

use super::pattern::Pattern;

/// No colour: nothing is to be found out about the column.
pub(super) const NONE: u32 = u32::MAX;

/// Most pairs of columns that meet in a row; beyond it so many colours are needed that none are sought.
const MOST_PAIRS: usize = 1 << 25;

/// A colour for each column or row, or `NONE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colours {
    /// The colour of each.
    pub of: Vec<u32>,
    /// How many colours there are.
    pub count: usize,
}

impl Colours {
    /// No column has a colour.
    pub(super) fn none(count: usize) -> Self {
        Self { of: vec![NONE; count], count: 0 }
    }

    /// The colour of one, if it has one.
    pub fn get(&self, i: usize) -> Option<usize> {
        Some(self.of[i]).filter(|&c| c != NONE).map(|c| c as usize)
    }
}

/// The rows of a pattern in which columns must be told apart, and the same by columns.
pub(super) struct Meetings<'a> {
    pub(super) by_rows: &'a Pattern,
    pub(super) by_columns: &'a Pattern,
    /// Rows that do not count, because they are found out in another way; empty: all count.
    pub(super) left_out: &'a [bool],
    /// Set when nobody wants the colours any more.
    pub(super) unwanted: &'a AtomicBool,
}

impl Meetings<'_> {
    fn are_wanted(&self) -> bool {
        !self.unwanted.load(Ordering::Relaxed)
    }

    fn counts(&self, row: usize) -> bool {
        !self.left_out.get(row).copied().unwrap_or(false)
    }

    /// Rows that count and in which a column is met.
    fn rows(&self, column: usize) -> impl Iterator<Item = usize> {
        self.by_columns.row(column).iter().map(|&i| i as usize).filter(|&i| self.counts(i))
    }

    /// Length of the longest row that counts: no fewer colours will do.
    pub(super) fn bound(&self) -> usize {
        (0..self.by_rows.rows).filter(|&i| self.counts(i)).map(|i| self.by_rows.row(i).len()).max().unwrap_or(0)
    }

    fn pairs(&self) -> usize {
        let squares = (0..self.by_rows.rows).filter(|&i| self.counts(i)).map(|i| self.by_rows.row(i).len().pow(2));
        squares.fold(0, usize::saturating_add)
    }
}

/// Colours of the columns that occur in rows that count: the best found in three orders. `None` if
/// columns meet so often that colours are of no use, or if they are not wanted any more.
pub(super) fn columns(meetings: &Meetings<'_>) -> Option<Colours> {
    if !meetings.are_wanted() || meetings.pairs() > MOST_PAIRS {
        return None;
    }
    let (bound, count) = (meetings.bound(), meetings.by_columns.rows);
    let natural: Vec<u32> = (0..count as u32).collect();
    let mut best = greedy(meetings, &natural);
    for order in [largest_first, smallest_last] {
        if best.count == bound {
            break;
        }
        let other = greedy(meetings, &order(meetings));
        if other.count < best.count {
            best = other;
        }
    }
    meetings.are_wanted().then_some(best)
}

/// Each column in its turn gets the first colour that it meets in no row.
fn greedy(meetings: &Meetings<'_>, order: &[u32]) -> Colours {
    let mut colours = Colours::none(meetings.by_columns.rows);
    // For each colour the last column that met it.
    let mut met: Vec<u32> = Vec::new();
    for &column in order.iter().take_while(|_| meetings.are_wanted()) {
        let mut occurs = false;
        for row in meetings.rows(column as usize) {
            occurs = true;
            for &other in meetings.by_rows.row(row) {
                let colour = colours.of[other as usize];
                if colour != NONE {
                    met[colour as usize] = column;
                }
            }
        }
        if !occurs {
            continue;
        }
        let free = met.iter().position(|&by| by != column).unwrap_or(met.len());
        if free == met.len() {
            met.push(NONE);
        }
        colours.of[column as usize] = free as u32;
    }
    colours.count = met.len();
    colours
}

/// How many columns each column meets, one that it meets in two rows twice.
fn degrees(meetings: &Meetings<'_>) -> Vec<usize> {
    let columns = 0..meetings.by_columns.rows;
    columns.map(|j| meetings.rows(j).map(|i| meetings.by_rows.row(i).len() - 1).sum()).collect()
}

/// Columns that meet many others come first.
fn largest_first(meetings: &Meetings<'_>) -> Vec<u32> {
    let degrees = degrees(meetings);
    let mut order: Vec<u32> = (0..degrees.len() as u32).collect();
    order.sort_by_key(|&j| std::cmp::Reverse(degrees[j as usize]));
    order
}

/// From the end: the column that meets fewest of those that are left.
fn smallest_last(meetings: &Meetings<'_>) -> Vec<u32> {
    let mut degrees = degrees(meetings);
    let mut gone = vec![false; degrees.len()];
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); degrees.iter().max().map_or(0, |m| m + 1)];
    (0..degrees.len()).rev().for_each(|j| buckets[degrees[j]].push(j as u32));
    let mut order = Vec::with_capacity(degrees.len());
    let mut lowest = 0;
    while lowest < buckets.len() && meetings.are_wanted() {
        let Some(column) = buckets[lowest].pop() else {
            lowest += 1;
            continue;
        };
        let j = column as usize;
        if gone[j] || degrees[j] != lowest {
            continue;
        }
        gone[j] = true;
        order.push(column);
        for row in meetings.rows(j) {
            for &other in meetings.by_rows.row(row) {
                let k = other as usize;
                if !gone[k] {
                    degrees[k] -= 1;
                    buckets[degrees[k]].push(other);
                    lowest = lowest.min(degrees[k]);
                }
            }
        }
    }
    order.reverse();
    order
}
