//! The elements of the derivative, picked out of the strands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::super::pattern::Pattern;
use super::super::{Block, Blocks};
use super::Strand;
use crate::ir::{Builder, NodeId, Single, elements};
use crate::ops::{Algebra, slice, whole_numbers};

/// Where an element is: an output, one of its strands, a place along it.
type Source = (usize, usize, usize);

/// Where the elements of a strand start in what they are picked from, and whether they are all one number.
struct Start {
    number: Option<f64>,
    at: usize,
}

/// All positions of a pattern, whose rows are those of all outputs one after another. Of a Hessian (`mirrored`) only
/// what lies on and below the diagonal is looked for, so that it is symmetric to the last bit.
pub(in super::super) fn recover(
    b: &mut Builder,
    strands: &[Vec<Strand>],
    heights: &[usize],
    widths: &[usize],
    pattern: &Pattern,
    mirrored: bool,
) -> Blocks {
    let (tops, lefts) = (ranges(heights), ranges(widths));
    let mut blocks = Blocks::with_capacity(heights.len());
    for rows in &tops {
        let mut row = Vec::with_capacity(widths.len());
        for columns in &lefts {
            let mut picked = Picked::default();
            for i in rows.clone().take_while(|_| !b.is_unwanted()) {
                for k in pattern.within(i, columns) {
                    let j = pattern.indices[k] as usize;
                    let (i, j) = if mirrored { (i.max(j), i.min(j)) } else { (i, j) };
                    let output = tops.partition_point(|range| range.end <= i);
                    let place = i - tops[output].start;
                    let here = |s: &&(usize, &Strand)| s.1.columns[place] as usize == j + 1;
                    picked
                        .add(strands[output].iter().enumerate().filter(|s| here(&s)).map(|(s, _)| (output, s, place)));
                }
            }
            let values = picked.values(b, strands);
            let pattern = Arc::new(pattern.block(rows.clone(), columns.clone()));
            let values = if b.is_unwanted() { b.fill(0.0, &[pattern.nnz()]) } else { values };
            row.push(Block { pattern, values });
        }
        blocks.push(row);
    }
    blocks
}

fn ranges(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut end = 0;
    let next = |&size: &usize| {
        end += size;
        end - size..end
    };
    sizes.iter().map(next).collect()
}

/// What the elements of a block are: mostly one source each, seldom none, or several that are added.
#[derive(Default)]
struct Picked {
    first: Vec<Option<Source>>,
    /// More sources, and the elements to which they are added.
    more: Vec<(usize, Source)>,
}

impl Picked {
    fn add(&mut self, mut sources: impl Iterator<Item = Source>) {
        let element = self.first.len();
        self.first.push(sources.next());
        self.more.extend(sources.map(|source| (element, source)));
    }

    fn values(&self, b: &mut Builder, strands: &[Vec<Strand>]) -> NodeId {
        let values = picked(b, strands, &self.first);
        if self.more.is_empty() {
            return values;
        }
        let sources: Vec<Option<Source>> = self.more.iter().map(|m| Some(m.1)).collect();
        let others = picked(b, strands, &sources);
        let places = whole_numbers(b, self.more.iter().map(|m| m.0));
        let others = b.put(others, places, 0, self.first.len());
        b.add(values, others)
    }
}

/// The elements at some sources, zeros where there is none.
fn picked(b: &mut Builder, strands: &[Vec<Strand>], sources: &[Option<Source>]) -> NodeId {
    // Strands that are used, whether they are one number, and where they start in what they are picked from.
    let mut starts: BTreeMap<Option<(usize, usize)>, Start> = BTreeMap::new();
    for source in sources {
        let number = || source.map_or(Some(0.0), |(o, s, _)| b.fill_value(strands[o][s].tangent));
        starts.entry(source.map(|(o, s, _)| (o, s))).or_insert_with(|| Start { number: number(), at: 0 });
    }
    let mut numbers = starts.values().map(|start| start.number.map(f64::to_bits));
    let first = numbers.next();
    if let Some(Some(bits)) = first
        && numbers.all(|number| Some(number) == first)
    {
        return b.fill(f64::from_bits(bits), &[sources.len()]);
    }
    let used: Vec<Option<(usize, usize)>> = starts.keys().copied().collect();
    if let Some(values) = interleaved(b, strands, sources, &used) {
        return values;
    }
    let mut parts = Vec::with_capacity(starts.len());
    let mut end = 0;
    for (strand, start) in &mut starts {
        let part = match (start.number, strand) {
            (Some(number), _) => b.fill(number, &[1]),
            (None, Some((o, s))) => {
                let tangent = strands[*o][*s].tangent;
                let size = elements(b.shape(tangent));
                b.reshape(tangent, &[size])
            }
            (None, None) => continue,
        };
        start.at = end;
        end += elements(b.shape(part));
        parts.push(part);
    }
    let place = |source: &Option<Source>| {
        let start = &starts[&source.map(|(o, s, _)| (o, s))];
        if start.number.is_some() { start.at } else { start.at + source.map_or(0, |(_, _, place)| place) }
    };
    if parts.is_empty() {
        return b.fill(0.0, &[sources.len()]);
    }
    if let Some(values) = from_one_array(b, strands, sources, &used) {
        return values;
    }
    let all = b.join(&parts, 0);
    b.at(all, sources.iter().map(place))
}

/// Strands of one output laid beside each other, where that is what the elements are but for the first and last few.
fn interleaved(
    b: &mut Builder,
    strands: &[Vec<Strand>],
    sources: &[Option<Source>],
    used: &[Option<(usize, usize)>],
) -> Option<NodeId> {
    let count = used.len();
    let (output, rows) = used.first().copied().flatten().map(|(o, s)| (o, strands[o][s].columns.len()))?;
    // The order of the strands, as a row in the middle has them.
    let middle = sources.get(sources.len() / 2..)?.iter().position(|s| s.is_none_or(|s| s.2 == rows / 2 + 1))?;
    let order = sources.get(sources.len() / 2 + middle..)?.get(..count)?;
    let rank = |s: usize| order.iter().position(|other| other.is_some_and(|other| other.1 == s));
    let place =
        |source: &Option<Source>| source.filter(|s| s.0 == output).and_then(|(_, s, i)| Some(i * count + rank(s)?));
    let first = sources.first().and_then(place)?;
    if !sources.iter().enumerate().all(|(k, source)| place(source) == Some(first + k)) {
        return None;
    }
    let tangents: Vec<NodeId> = order.iter().flatten().map(|&(o, s, _)| strands[o][s].tangent).collect();
    let beside = beside(b, &tangents);
    let flat = b.reshape(beside, &[rows * count]);
    Some(slice(b, flat, &[(first, first + sources.len(), 1)]))
}

/// Picks from an array of which the strands are what lies beside each other in it.
fn from_one_array(
    b: &mut Builder,
    strands: &[Vec<Strand>],
    sources: &[Option<Source>],
    used: &[Option<(usize, usize)>],
) -> Option<NodeId> {
    let count = used.len();
    let (output, first) = used.first().copied().flatten()?;
    if !used.iter().enumerate().all(|(k, u)| *u == Some((output, first + k))) {
        return None;
    }
    let tangents: Vec<NodeId> = strands[output][first..first + count].iter().map(|s| s.tangent).collect();
    let beside = beside(b, &tangents);
    if matches!(b.node(beside).op.single, Single::Joined(_)) {
        return None;
    }
    let size = elements(b.shape(beside));
    let flat = b.reshape(beside, &[size]);
    Some(b.at(flat, sources.iter().flatten().map(|&(_, s, place)| place * count + s - first)))
}

/// Arrays of one shape beside each other along a new last axis.
fn beside(b: &mut Builder, arrays: &[NodeId]) -> NodeId {
    let last = b.shape(arrays[0]).len();
    let mut parts = Vec::with_capacity(arrays.len());
    for &array in arrays {
        let one: Vec<usize> = b.shape(array).iter().copied().chain([1]).collect();
        parts.push(b.reshape(array, &one));
    }
    b.join(&parts, last)
}
