//! An independent judge of colourings, which knows their definition and not how they are made.

use super::colour::Colours;
use super::pattern::Pattern;
use super::sides::Sides;

/// Whether every position can be found out: its column is the only coloured one of its colour in its row,
/// or its row the only coloured one of its colour in its column.
pub(super) fn recoverable(pattern: &Pattern, sides: &Sides) -> Result<(), String> {
    for (i, j) in pattern.entries() {
        let by_column = sides.columns.get(j).is_some_and(|colour| {
            let same = pattern.row(i).iter().filter(|&&k| sides.columns.get(k as usize) == Some(colour));
            same.count() == 1
        });
        let by_row = || {
            sides.rows.get(i).is_some_and(|colour| {
                let same = pattern.entries().filter(|&(k, l)| l == j && sides.rows.get(k) == Some(colour));
                same.count() == 1
            })
        };
        if !by_column && !by_row() {
            return Err(format!("({i}, {j}) is mixed up with others"));
        }
    }
    Ok(())
}

/// Whether neighbours differ and every path over four vertices has three colours.
pub(super) fn is_star(graph: &Pattern, colours: &Colours) -> Result<(), String> {
    let colour = |v: usize| colours.get(v).ok_or(format!("vertex {v} has no colour"));
    let neighbours = |v: usize| graph.row(v).iter().map(|&w| w as usize).filter(move |&w| w != v);
    for b in (0..graph.rows).filter(|&b| !graph.row(b).is_empty()) {
        colour(b)?;
        for c in neighbours(b) {
            if colour(b)? == colour(c)? {
                return Err(format!("neighbours {b} and {c} are of one colour"));
            }
            for a in neighbours(b).filter(|&a| a != c) {
                for d in neighbours(c).filter(|&d| d != b && d != a) {
                    if colour(a)? == colour(c)? && colour(b)? == colour(d)? {
                        return Err(format!("the path {a}, {b}, {c}, {d} has two colours"));
                    }
                }
            }
        }
    }
    let highest = colours.of.iter().enumerate().filter_map(|(v, _)| colours.get(v)).max();
    if highest.map_or(0, |h| h + 1) == colours.count { Ok(()) } else { Err("colours are not counted right".to_owned()) }
}
