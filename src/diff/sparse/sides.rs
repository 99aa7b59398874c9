//! Colours for a Jacobian: for its columns, found out by forward sweeps, for its rows, found out by
//! reverse sweeps, or for both, where a few full rows or columns spoil either side alone.
//!
//! Both at once is the complete direct cover of Hossain and Steihaug (1998) and of Coleman and Verma
//! (1998): some rows are given to reverse sweeps whole, and the rest has columns with few neighbours.

use std::sync::atomic::{AtomicBool, Ordering};

use super::colour::{Colours, Meetings, columns};
use super::pattern::Pattern;

/// How many ways of dividing the rows are tried: those that promise fewest sweeps.
const TRIED: usize = 4;

/// Colours of columns and of rows; every position can be found out by one or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// Colours of columns: forward sweeps.
    pub columns: Colours,
    /// Colours of rows: reverse sweeps.
    pub rows: Colours,
}

impl Sides {
    /// The number of sweeps.
    pub fn sweeps(&self) -> usize {
        self.columns.count + self.rows.count
    }
}

/// The ways worth weighing: by columns, by rows, and by both if that takes fewer sweeps than either.
pub(super) fn sides(pattern: &Pattern, unwanted: &AtomicBool) -> Vec<Sides> {
    let turned = pattern.transposed();
    let by_columns =
        one_sided(pattern, &turned, unwanted).map(|columns| Sides { columns, rows: Colours::none(pattern.rows) });
    let by_rows =
        one_sided(&turned, pattern, unwanted).map(|rows| Sides { columns: Colours::none(pattern.columns), rows });
    let mut ways: Vec<Sides> = by_columns.into_iter().chain(by_rows).collect();
    let least = ways.iter().map(Sides::sweeps).min().unwrap_or(usize::MAX);
    let by_both = divided((pattern, &turned), least, unwanted).into_iter().chain(
        divided((&turned, pattern), least, unwanted).into_iter().map(|s| Sides { columns: s.rows, rows: s.columns }),
    );
    ways.extend(by_both.min_by_key(Sides::sweeps));
    ways
}

fn one_sided(by_rows: &Pattern, by_columns: &Pattern, unwanted: &AtomicBool) -> Option<Colours> {
    columns(&Meetings { by_rows, by_columns, left_out: &[], unwanted })
}

/// The longest rows by rows, all others by columns, where that takes fewer sweeps than `least` and is wanted still.
fn divided((by_rows, by_columns): (&Pattern, &Pattern), least: usize, unwanted: &AtomicBool) -> Option<Sides> {
    if unwanted.load(Ordering::Relaxed) {
        return None;
    }
    let mut order: Vec<usize> = (0..by_rows.rows).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(by_rows.row(i).len()));
    // With the k longest rows out of the way, as many colours are needed as the next one is long.
    let promise = |k: usize| order.get(k).map_or(0, |&i| by_rows.row(i).len()) + usize::from(k > 0);
    let mut cuts: Vec<usize> = (1..order.len())
        .filter(|&k| by_rows.row(order[k]).len() < by_rows.row(order[k - 1]).len())
        .filter(|&k| promise(k) < least)
        .collect();
    cuts.sort_by_key(|&k| promise(k) + k.min(least));
    let mut best: Option<Sides> = None;
    for &k in cuts.iter().take(TRIED) {
        let mut alone = vec![false; by_rows.rows];
        order[..k].iter().for_each(|&i| alone[i] = true);
        let Some(columns) = columns(&Meetings { by_rows, by_columns, left_out: &alone, unwanted }) else { continue };
        let Some(rows) = among(by_rows, &alone, unwanted) else { continue };
        let found = Sides { columns, rows };
        if found.sweeps() < best.as_ref().map_or(least, Sides::sweeps) {
            best = Some(found);
        }
    }
    best
}

/// Colours of some rows; the others do not matter.
fn among(by_rows: &Pattern, chosen: &[bool], unwanted: &AtomicBool) -> Option<Colours> {
    let rows = (0..by_rows.rows).map(|i| if chosen[i] { by_rows.row(i) } else { &[] });
    let kept = Pattern::from_rows(by_rows.columns, rows);
    let turned = kept.transposed();
    columns(&Meetings { by_rows: &turned, by_columns: &kept, left_out: &[], unwanted })
}
