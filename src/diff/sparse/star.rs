//! Star colouring: colours for a symmetric matrix, of which each position is found out from one column
//! or its mirror image from another.
//!
//! Neighbours differ in colour, and no path over four vertices has two colours alone; so any two
//! colours make stars, and of each edge the leaf sees its hub's colour once (Coleman and Moré 1984;
//! Gebremedhin, Tarafdar, Manne and Pothen 2007). Counts of colours around each vertex stand in for the
//! stars, so that a full row costs no more than its length.

use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashMap;

use super::colour::{Colours, NONE};
use super::pattern::Pattern;

/// What is known of the coloured part of the graph.
struct Stars<'a> {
    graph: &'a Pattern,
    colours: Colours,
    /// How many neighbours of a vertex have a colour, and one of them.
    around: FxHashMap<(u32, u32), (u32, u32)>,
    /// Colours around each vertex.
    seen: Vec<Vec<u32>>,
    /// Colours of the neighbours of each vertex that are hubs of a star in which it is a leaf.
    hubs: Vec<Vec<u32>>,
}

/// Star colours of a symmetric pattern: the better of two orders. Once the flag is set, some are missing.
pub(super) fn star(graph: &Pattern, unwanted: &AtomicBool) -> Colours {
    let natural: Vec<u32> = (0..graph.rows as u32).collect();
    let mut largest = natural.clone();
    largest.sort_by_key(|&v| std::cmp::Reverse(graph.row(v as usize).len()));
    let [first, second] = [natural, largest].map(|order| in_order(graph, &order, unwanted));
    if second.count < first.count { second } else { first }
}

fn in_order(graph: &Pattern, order: &[u32], unwanted: &AtomicBool) -> Colours {
    let count = graph.rows;
    let mut stars = Stars {
        graph,
        colours: Colours::none(count),
        around: FxHashMap::default(),
        seen: vec![Vec::new(); count],
        hubs: vec![Vec::new(); count],
    };
    let mut barred: Vec<u32> = Vec::new();
    let wanted = |_: &&u32| !unwanted.load(Ordering::Relaxed);
    for &v in order.iter().take_while(wanted).filter(|&&v| !graph.row(v as usize).is_empty()) {
        stars.bar(v, &mut barred);
        let free = barred.iter().position(|&by| by != v).unwrap_or(barred.len());
        if free == barred.len() {
            barred.push(NONE);
        }
        stars.give(v, free as u32);
    }
    stars.colours.count = barred.len();
    stars.colours
}

impl Stars<'_> {
    fn neighbours(&self, v: u32) -> impl Iterator<Item = u32> + use<'_> {
        self.graph.row(v as usize).iter().copied().filter(move |&w| w != v)
    }

    fn colour(&self, v: u32) -> u32 {
        self.colours.of[v as usize]
    }

    /// Marks the colours that vertex `v` must not have.
    fn bar(&self, v: u32, barred: &mut [u32]) {
        for w in self.neighbours(v) {
            let colour = self.colour(w);
            if colour == NONE {
                continue;
            }
            barred[colour as usize] = v;
            // v – w – hub – …: with the hub's colour, v would lengthen a star into a path.
            self.hubs[w as usize].iter().for_each(|&c| barred[c as usize] = v);
            // w – v – w' of one colour: v becomes a hub, and no leaf may have another neighbour of its colour.
            if self.around.get(&(v, colour)).is_some_and(|a| a.0 > 1) {
                self.seen[w as usize].iter().for_each(|&c| barred[c as usize] = v);
            }
        }
    }

    /// Gives `v` its colour and tells its neighbours.
    fn give(&mut self, v: u32, colour: u32) {
        self.colours.of[v as usize] = colour;
        let neighbours: Vec<u32> = self.neighbours(v).collect();
        for &w in &neighbours {
            let (count, first) = *self.around.entry((w, colour)).and_modify(|a| a.0 += 1).or_insert((1, v));
            if count == 1 {
                self.seen[w as usize].push(colour);
                continue;
            }
            let hub = self.colour(w);
            if hub != NONE {
                self.add_hub(v, hub);
                if count == 2 {
                    self.add_hub(first, hub);
                }
            }
        }
        for &w in &neighbours {
            let other = self.colour(w);
            if other != NONE && self.around.get(&(v, other)).is_some_and(|a| a.0 > 1) {
                self.add_hub(w, colour);
            }
        }
    }

    fn add_hub(&mut self, leaf: u32, colour: u32) {
        let hubs = &mut self.hubs[leaf as usize];
        if !hubs.contains(&colour) {
            hubs.push(colour);
        }
    }
}
