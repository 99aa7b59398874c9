//! Functions that have a value for all numbers, as far as their operations tell.
//!
//! A derivative can be finite where the function has no value at all, as 1/x is for log(x) at -1; only where there is no
//! such place need nobody look at the value.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::elementwise::{arithmetic::DIVIDE, power::POWER};
use super::row::Meaning;
use super::table::table;
use crate::ir::{Attr, Builder, Kernel, Node, NodeId, Rule, reachable};

/// Elementwise primitives of operations that are undefined nowhere.
static DEFINED: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    let defined = table().map(|(_, row)| row).filter(|row| row.undefined.is_empty());
    defined.filter_map(|row| if let Meaning::Elementwise(op) = row.meaning { Some(op.name) } else { None }).collect()
});

/// Whether nodes have values for all numbers that inputs can be, short of overflow; true only where it is certain.
pub fn is_total(b: &Builder, nodes: &[NodeId]) -> bool {
    let live = reachable(b.nodes(), nodes);
    b.nodes().iter().zip(live).all(|(node, live)| !live || has_value(b, node))
}

/// Whether a node has a value for all numbers that its arguments can be.
fn has_value(b: &Builder, node: &Node) -> bool {
    let constant = |k: usize| node.args.get(k).and_then(|&a| b.fill_value(a));
    match (node.op.kernel, &node.attr, node.op.rule) {
        (_, Attr::Fill(_, bits), _) => f64::from_bits(*bits).is_finite(),
        (_, Attr::Data(data), _) => data.elements.iter().all(|x| x.is_finite()),
        (Kernel::Leaf | Kernel::View(_) | Kernel::Reshape, ..)
        | (_, _, Rule::Linear { fixed: [], .. } | Rule::Multilinear { .. }) => true,
        (Kernel::Elementwise(_), ..) if node.is(&DIVIDE) => constant(1).is_some_and(|y| y != 0.0),
        (Kernel::Elementwise(_), ..) if node.is(&POWER) => constant(1).is_some_and(|y| y >= 0.0 && y.fract() == 0.0),
        (Kernel::Elementwise(_), ..) => DEFINED.contains(node.op.name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Algebra;

    #[test]
    fn a_function_is_total_if_none_of_its_operations_is_undefined_anywhere() {
        let mut b = Builder::default();
        let x = b.input(&[3]);
        let (zero, two, cube) = (b.fill_like(0.0, x), b.fill_like(2.0, x), b.fill_like(3.0, x));
        let infinite = b.fill_like(f64::INFINITY, x);
        let of = |b: &mut Builder, name: &str, args: &[NodeId]| {
            let (row, _) = crate::ops::find(name).expect("an operation");
            let Meaning::Elementwise(op) = row.meaning else { panic!("{name} is not elementwise") };
            b.make(op, args, Attr::None)
        };
        let (e, log, tanh) = (of(&mut b, "exp", &[x]), of(&mut b, "log", &[x]), of(&mut b, "tanh", &[x]));
        let (product, dot) = (b.mul(e, tanh), b.sum(tanh, &[0]));
        let (half, undefined, ratio) = (b.div(x, two), b.div(x, zero), b.div(two, x));
        let (whole, fraction) = (b.apply(&POWER, &[x, cube]), b.apply(&POWER, &[x, half]));
        let beyond = b.add(x, infinite);
        for node in [x, e, product, dot, half, whole] {
            assert!(is_total(&b, &[node]), "{:?}", b.node(node));
        }
        for node in [log, undefined, ratio, fraction, beyond] {
            assert!(!is_total(&b, &[product, node]), "{:?}", b.node(node));
        }
    }

    #[test]
    fn operations_that_say_nothing_of_being_undefined_have_values_for_all_numbers() {
        const NUMBERS: [f64; 9] = [-1e300, -700.5, -2.0, -0.3, 0.0, 0.3, 1.0, 700.5, 1e300];
        let mut without = Vec::new();
        for (_, row) in table().filter(|(_, row)| row.undefined.is_empty()) {
            let Meaning::Elementwise(op) = row.meaning else { continue };
            let Kernel::Elementwise(kernel) = op.kernel else { panic!("{} is elementwise", row.name) };
            let (_, signature) = crate::ops::find(row.name).expect("a row");
            let of = |args: &[[f64; 1]]| {
                let args: Vec<&[f64]> = args.iter().map(<[f64; 1]>::as_slice).collect();
                let mut value = [0.0];
                kernel(&args[..signature.names.len()], &mut value);
                value[0]
            };
            for i in 0..NUMBERS.len().pow(3) {
                let args = [i / 81, i / 9 % 9, i % 9].map(|k| NUMBERS[k]);
                let value = of(&args.map(|x| [x]));
                // Large numbers may overflow.
                if value.is_nan() || value.is_infinite() && args.iter().all(|x| x.abs() < 3.0) {
                    without.push((row.name, args));
                    break;
                }
            }
        }
        assert!(without.is_empty(), "{without:?}");
    }
}
