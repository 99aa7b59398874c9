//! What may be relied on: a plan computes what the graph says, whatever is fused, seen through views
//! or kept in reused memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::plan::Step;
use super::{Cancel, Cancelled, Plan, Workspace};
use crate::ir::{Builder, Extent, Graph, Loop, NodeId, Shape, close, elements, reachable};
use crate::ops::{Algebra, Bound, Meaning, Value, find, gather, reverse, slice};

fn outputs(plan: &Plan, inputs: &[Arc<[f64]>], workspace: &mut Workspace) -> Vec<Vec<f64>> {
    plan.run(inputs, workspace, &Cancel::default()).expect("nobody cancels");
    (0..plan.count()).map(|i| plan.output(i, inputs, workspace).to_contiguous().into_owned()).collect()
}

fn numbers(count: usize, seed: usize) -> Arc<[f64]> {
    (0..count).map(|i| ((i + seed + 1) as f64 * 0.618_033_988_749_895).fract() * 2.0 - 1.0).collect()
}

/// Lengths around those of tiles.
const LENGTHS: [usize; 9] = [0, 1, 511, 512, 513, 1023, 1024, 1025, 1537];

#[test]
fn a_fused_block_is_right_at_the_edges_of_its_tiles() {
    for n in LENGTHS {
        let mut b = Builder::default();
        let (x, scalar) = (b.input(&[n]), b.input(&[]));
        let square = b.mul(x, x);
        let spread = b.broadcast_to(scalar, &[n]);
        let sum = b.add(square, spread);
        let turned = reverse(&mut b, x, &[0]);
        let y = b.sub(sum, turned);
        let plan = Plan::new(&b.finish(vec![y, turned, spread]));
        let inputs = [numbers(n, 0), Arc::new([0.25])];
        let found = outputs(&plan, &inputs, &mut Workspace::default());
        let x = &inputs[0];
        let expected: Vec<f64> = (0..n).map(|i| x[i] * x[i] + 0.25 - x[n - 1 - i]).collect();
        assert_eq!(found[0], expected, "length {n}");
        assert!(found[1].iter().eq(x.iter().rev()) && found[2] == vec![0.25; n], "length {n}");
    }
}

#[test]
fn rows_that_are_read_again_and_functions_computed_in_pairs_have_the_bits_they_have_alone() {
    // Whole, in parts of rows, in rows of a tile, on several threads that begin within a row, and brought together.
    for (rows, length) in [(1, 512), (3, 1500), (3, 700), (40, 64), (9, 200), (700, 130), (7, 5)] {
        let plan = |names: &[&str]| {
            let mut b = Builder::default();
            let (x, y) = (b.input(&[rows, 1]), b.input(&[length]));
            let [x, y] = [x, y].map(|arg| b.broadcast_to(arg, &[rows, length]));
            let product = b.mul(x, y);
            let apply = |b: &mut Builder, name: &&str| {
                let (row, _) = find(name).expect("a row");
                let Meaning::Elementwise(op) = row.meaning else { panic!("{name} is elementwise") };
                b.apply(op, &[product])
            };
            let outputs = names.iter().map(|name| apply(&mut b, name)).collect();
            Plan::new(&b.finish(outputs))
        };
        let inputs = [numbers(rows, 0), numbers(length, 5)];
        let both = outputs(&plan(&["cos", "sin"]), &inputs, &mut Workspace::default());
        let [cosines, sines] = ["cos", "sin"].map(|name| outputs(&plan(&[name]), &inputs, &mut Workspace::default()));
        assert_eq!(both, [cosines, sines].concat());
        let close =
            |(k, sine): (usize, &f64)| (sine - (inputs[0][k / length] * inputs[1][k % length]).sin()).abs() < 1e-15;
        assert!(both[1].iter().enumerate().all(close));
    }
}

#[test]
fn a_long_block_is_right_and_its_results_are_laid_beside_each_other() {
    for n in LENGTHS {
        let mut b = Builder::default();
        let (x, table) = (b.input(&[n]), b.input(&[n, 2]));
        let column = slice(&mut b, table, &[(0, n, 1), (1, 2, 1)]);
        let mut y = b.reshape(column, &[n]);
        let mut middle = y;
        for step in 0..100 {
            let product = b.mul(y, x);
            y = b.plus(0.5, product);
            middle = if step == 50 { y } else { middle };
        }
        let number = b.fill(2.0, &[n, 1]);
        let parts = [y, middle, x].map(|part| b.reshape(part, &[n, 1]));
        let beside = b.join(&[parts[0], number, parts[1], parts[2]], 1);
        let plan = Plan::new(&b.finish(vec![beside, middle]));
        let inputs = [numbers(n, 0), numbers(2 * n, 7)];
        let found = outputs(&plan, &inputs, &mut Workspace::default());
        let after = |i: usize, steps: usize| (0..steps).fold(inputs[1][2 * i + 1], |y, _| y * inputs[0][i] + 0.5);
        let rows: Vec<f64> = (0..n).flat_map(|i| [after(i, 100), 2.0, after(i, 51), inputs[0][i]]).collect();
        assert_eq!(found[0], rows, "length {n}");
        assert_eq!(found[1], (0..n).map(|i| after(i, 51)).collect::<Vec<_>>(), "length {n}");
        // What is joined is written once: beside it there are one result and the registers of short tiles.
        let registers = 64 * 8 * 16;
        assert!(plan.bytes() <= 8 * 5 * n as u64 + registers, "{} bytes for {n}", plan.bytes());
    }
}

#[test]
fn a_long_block_picks_for_itself_what_it_would_read_of_picks_that_are_stored() {
    for (rows, picks) in [(5, 1), (5, 700), (1, 64), (0, 70)] {
        let plan = |stored: bool| {
            let mut b = Builder::default();
            let (table, indices) = (b.input(&[rows, 3]), b.input(&[picks]));
            let picked = gather(&mut b, table, indices, 0);
            let column = |b: &mut Builder, k: usize| {
                let column = slice(b, picked, &[(0, picks, 1), (k, k + 1, 1)]);
                b.reshape(column, &[picks])
            };
            let [x, y] = [0, 2].map(|k| column(&mut b, k));
            let long = (0..70).fold(x, |sum, _| {
                let product = b.mul(sum, y);
                b.add(product, x)
            });
            Plan::new(&b.finish(if stored { vec![long, picked] } else { vec![long] }))
        };
        let in_range = |i: usize| i as f64 % (2 * rows.max(1)) as f64 - rows as f64;
        let wrong = |i: usize| [rows as f64, -1.0 - rows as f64, 0.5, f64::NAN, f64::INFINITY][i / 9 % 5];
        let indices = (0..picks).map(|i| if i % 9 == 4 { wrong(i) } else { in_range(i) });
        let inputs = [numbers(3 * rows, 0), indices.collect()];
        let [waited, stored] = [false, true].map(plan);
        let held = [&waited, &stored].map(|plan| plan.slots.iter().sum::<usize>());
        assert!(picks == 1 || held == [picks, 4 * picks], "nothing is stored but the result: {held:?}");
        let [waited, stored] =
            [waited, stored].map(|plan| outputs(&plan, &inputs, &mut Workspace::default()).remove(0));
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
        assert!(stored.iter().enumerate().all(|(i, y)| y.is_finite() == (rows > 0 && i % 9 != 4)));
        assert_eq!(bits(waited), bits(stored), "{picks} of {rows}");
    }
}

#[test]
fn zero_derivatives_keep_what_is_infinite_away_from_one_point_and_leave_the_others_as_they_are() {
    let plan = |n: usize| {
        let mut b = Builder::default();
        let [x, y, z] = [(); 3].map(|()| b.input(&[n]));
        let (alone, product) = (b.chain(x, y), b.chain(y, x));
        let sum = b.add(product, z);
        let outputs = [alone, sum];
        Plan::of_scalars(&b.finish(outputs.to_vec())).expect("all of it is work on single numbers")
    };
    let n = 700;
    let mut inputs = [0, 1, 2].map(|seed| numbers(n, seed).to_vec());
    for (i, (x, y)) in [(0.0, f64::INFINITY), (f64::NAN, -0.0), (-0.0, -2.0), (f64::INFINITY, 2.0)].iter().enumerate() {
        (inputs[0][140 * i], inputs[1][140 * i]) = (*x, *y);
    }
    let inputs = inputs.map(Arc::<[f64]>::from);
    let found = outputs(&plan(n), &inputs, &mut Workspace::default());
    assert_eq!([0, 140, 280, 420].map(|i| found[0][i].to_bits()), [0.0, 0.0, 0.0, f64::INFINITY].map(f64::to_bits));
    let one = plan(1);
    for i in 0..n {
        let alone = outputs(&one, &inputs.each_ref().map(|x| Arc::from([x[i]])), &mut Workspace::default());
        assert_eq!([0, 1].map(|k| alone[k][0].to_bits()), [0, 1].map(|k| found[k][i].to_bits()), "point {i}");
    }
}

#[test]
fn functions_in_pairs_are_computed_wherever_their_argument_is_looked_at_in_several_ways() {
    let n = 70;
    let mut b = Builder::default();
    let x = b.input(&[n]);
    let apply = |b: &mut Builder, name: &str, arg: NodeId| {
        let (row, _) = find(name).expect("a row");
        let Meaning::Elementwise(op) = row.meaning else { panic!("{name} is elementwise") };
        b.apply(op, &[arg])
    };
    let upright = b.reshape(x, &[n, 1]);
    let [cosine, sine] = ["cos", "sin"].map(|name| apply(&mut b, name, x));
    let others = ["cos", "sin"].map(|name| apply(&mut b, name, upright));
    let [other_cosine, other_sine] = others.map(|other| b.reshape(other, &[n]));
    let parts = [cosine, sine, other_cosine, other_sine];
    // Long enough for a program.
    let long = (0..30).fold(x, |sum, i| {
        let product = b.mul(sum, parts[i % 4]);
        b.add(product, parts[i / 2 % 4])
    });
    let plan = Plan::new(&b.finish(vec![cosine, sine, other_cosine, other_sine, long]));
    assert!(plan.steps.iter().any(|step| matches!(step, Step::Program(_))));
    let inputs = [numbers(n, 0)];
    let found = outputs(&plan, &inputs, &mut Workspace::default());
    for (values, name) in found.iter().zip(["cos", "sin", "cos", "sin"]) {
        let mut alone = Builder::default();
        let x = alone.input(&[n]);
        let value = apply(&mut alone, name, x);
        let expected = outputs(&Plan::new(&alone.finish(vec![value])), &inputs, &mut Workspace::default());
        assert_eq!(*values, expected[0], "{name}");
    }
    let at = |k: usize, i: usize| found[k % 2][i];
    let step = |i: usize| (0..30).fold(inputs[0][i], |sum, k| sum * at(k % 4, i) + at(k / 2 % 4, i));
    assert_eq!(found[4], (0..n).map(step).collect::<Vec<f64>>());
}

#[test]
fn what_is_read_out_of_order_more_than_once_is_brought_into_order_once() {
    for (times, rows, columns) in [(1, 40, 6), (3, 40, 6), (2, 1, 6), (5, 700, 3)] {
        let mut b = Builder::default();
        let (table, others) = (b.input(&[rows, columns]), b.input(&[times, columns, rows]));
        let turned = b.permute(table, &[1, 0]);
        let spread = b.broadcast_to(turned, &[times, columns, rows]);
        let sum = b.add(spread, others);
        let y = b.mul(sum, spread);
        let plan = Plan::new(&b.finish(vec![y]));
        let copies = plan.steps.iter().filter(|step| matches!(step, Step::Copy { .. })).count();
        assert_eq!(copies, usize::from(times > 1 && rows > 1), "{times} times {rows} × {columns}");
        let inputs = [numbers(rows * columns, 0), numbers(times * rows * columns, 3)];
        let found = outputs(&plan, &inputs, &mut Workspace::default());
        let element = |i: usize| inputs[0][i % rows * columns + i / rows % columns];
        let expected: Vec<f64> = inputs[1].iter().enumerate().map(|(i, y)| (element(i) + y) * element(i)).collect();
        assert_eq!(found[0], expected);
    }
}

#[test]
fn memory_is_reused_along_a_chain() {
    let mut b = Builder::default();
    let x = b.input(&[100, 100]);
    let mut y = x;
    for _ in 0..50 {
        // A product is computed by a kernel of its own, so each step is stored.
        let (turned, half) = (b.transposed(y), b.times(0.01, y));
        y = b.matmul(half, turned, crate::ir::Absorb::Neither);
    }
    let plan = Plan::new(&b.finish(vec![y]));
    assert!(plan.bytes() <= 3 * 8 * 100 * 100, "{} bytes", plan.bytes());
}

#[test]
fn windows_laid_out_side_by_side_are_counted() {
    let (length, size) = (1000, 100);
    let (row, signature) = find("conv1d").expect("a row");
    let mut b = Builder::default();
    let (x, weight) = (b.input(&[1, length]), b.input(&[3, 1, size]));
    let args = [x, weight].map(Value::Node).to_vec();
    let (values, rest) = signature.bind(row, args, &[]).expect("arguments fit");
    let bound = Bound { operation: row.name, names: &signature.names, values: &values, rest: &rest };
    let Meaning::Build(build) = row.meaning else { panic!("it is built") };
    let y = build(&mut b, &bound).expect("shapes fit");
    let windows = length - size + 1;
    assert_eq!(Plan::new(&b.finish(vec![y])).bytes(), 8 * (3 * windows + windows * size) as u64);
}

/// Bodies leave what is carried in memory that is lent to them, unless it lies elsewhere.
#[test]
fn what_a_loop_carries_may_be_computed_twice_over_passed_on_turned_or_shown_as_well() {
    const STEPS: usize = 5;
    for shape in [&[][..], &[3]] {
        let mut b = Builder::default();
        let sequence: Vec<usize> = [STEPS].iter().chain(shape).copied().collect();
        let first = [(); 4].map(|()| b.input(shape));
        let items = b.input(&sequence);
        let [p, q, r, s] = [(); 4].map(|()| b.input(shape));
        let x = b.input(shape);
        let product = b.mul(p, q);
        let (next, shown) = (b.add(product, x), b.sub(r, s));
        let turned = if shape.is_empty() { p } else { reverse(&mut b, p, &[0]) };
        let outputs_of_body = [next, next, p, turned, next, shown, r];
        let (body, captured) = close(&b, &[p, q, r, s, x], &outputs_of_body);
        assert!(captured.is_empty());
        let looped = Loop::new(body, STEPS, 4, 1, Extent::All, false);
        let args: Vec<NodeId> = first.into_iter().chain([items]).collect();
        let run = b.run(&looped, &args);
        let parts = (0..looped.count()).map(|k| b.part(run, k)).collect();
        let plan = Plan::new(&b.finish(parts));

        let size = elements(shape);
        let inputs: Vec<_> = (0..4).map(|i| numbers(size, i)).chain([numbers(STEPS * size, 9)]).collect();
        let mut carry: Vec<Vec<f64>> = inputs[..4].iter().map(|input| input.to_vec()).collect();
        let mut made = vec![Vec::new(); 3];
        for x in inputs[4].chunks(size) {
            let next: Vec<f64> = (0..size).map(|i| carry[0][i] * carry[1][i] + x[i]).collect();
            made[0].extend(&next);
            made[1].extend((0..size).map(|i| carry[2][i] - carry[3][i]));
            made[2].extend(&carry[2]);
            let turned = carry[0].iter().rev().copied().collect();
            carry = vec![next.clone(), next, carry[0].clone(), turned];
        }
        let mut workspace = Workspace::default();
        for _ in 0..2 {
            assert_eq!(outputs(&plan, &inputs, &mut workspace), [carry.clone(), made.clone()].concat(), "{shape:?}");
        }
    }
}

#[test]
fn a_workspace_serves_many_runs() {
    let graph = random_graph(&mut Choices(3), 13, 40);
    let plan = Plan::new(&graph);
    let mut workspace = Workspace::default();
    let first = outputs(&plan, &[numbers(13 * 40, 0), numbers(40, 1)], &mut workspace);
    outputs(&plan, &[numbers(13 * 40, 7), numbers(40, 9)], &mut workspace);
    assert_eq!(outputs(&plan, &[numbers(13 * 40, 0), numbers(40, 1)], &mut workspace), first);
}

#[test]
fn a_run_is_given_up_when_it_is_cancelled() {
    let plan = Plan::new(&random_graph(&mut Choices(1), 3, 4));
    let cancel = Cancel::default();
    cancel.store(true, Ordering::Relaxed);
    let result = plan.run(&[numbers(12, 0), numbers(4, 0)], &mut Workspace::default(), &cancel);
    assert_eq!(result, Err(Cancelled));
}

/// Choices that look random, the same each time.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// Elementwise work, views of views, reshapes that need a copy, reductions and products, on values
/// that stay between -1 and 1; two of them are the outputs.
fn random_graph(choices: &mut Choices, rows: usize, columns: usize) -> Graph {
    let mut b = Builder::default();
    let mut values = vec![b.input(&[rows, columns]), b.input(&[columns])];
    for _ in 0..60 {
        let x = values[choices.below(values.len())];
        let shape: Shape = b.shape(x).clone();
        let alike: Vec<NodeId> = values.iter().copied().filter(|&v| *b.shape(v) == shape).collect();
        let other = alike[choices.below(alike.len())];
        values.push(match choices.below(10) {
            0 => b.mul(x, other),
            1 => b.neg(x),
            2 => {
                let sum = b.add(x, other);
                b.times(0.5, sum)
            }
            3 => {
                let above = b.greater(x, other);
                b.select(above, other, x)
            }
            4 if shape.len() == 2 => b.transposed(x),
            4 => b.broadcast_to(x, &[rows, shape[0]]),
            5 if shape.len() == 2 => b.reshape(x, &[shape[0] * shape[1]]),
            5 if shape[0] == rows * columns => b.reshape(x, &[rows, columns]),
            6 => reverse(&mut b, x, &[shape.len() - 1]),
            7 if shape.len() == 2 => {
                let total = b.sum(x, &[0]);
                b.times(1.0 / shape[0].max(1) as f64, total)
            }
            8 if shape[0] > 2 => {
                let mut parts: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
                parts[0] = (1, shape[0], 2);
                let part = slice(&mut b, x, &parts);
                // A slice of few lengths is of use to others; anything may be sliced.
                b.mul(part, part)
            }
            9 if shape.len() == 2 && shape[0] * shape[1] < 4000 => {
                let (turned, scaled) = (b.transposed(x), b.times(1.0 / shape[1].max(1) as f64, x));
                b.matmul(scaled, turned, crate::ir::Absorb::Neither)
            }
            _ => b.mul(x, x),
        });
    }
    let outputs = vec![values[values.len() - 1], values[choices.below(values.len())]];
    b.finish(outputs)
}

#[test]
fn fusing_and_reusing_memory_changes_no_bit() {
    let sizes = [(3, 4), (1, 511), (2, 256), (3, 171), (2, 513), (25, 41), (4, 0)];
    for seed in 0..140 {
        let (rows, columns) = sizes[seed % sizes.len()];
        let graph = random_graph(&mut Choices(seed as u64), rows, columns);
        let inputs = [numbers(rows * columns, seed), numbers(columns, seed + 1)];
        let found = outputs(&Plan::new(&graph), &inputs, &mut Workspace::default());
        // With every value an output, nothing is fused away and no memory is used twice.
        let live = reachable(&graph.nodes, &graph.outputs);
        let all: Vec<NodeId> = (0..live.len()).filter(|&i| live[i]).map(|i| NodeId(i as u32)).collect();
        let whole = Graph { nodes: graph.nodes.clone(), outputs: all.clone() };
        let values = outputs(&Plan::new(&whole), &inputs, &mut Workspace::default());
        let known: BTreeMap<NodeId, Vec<f64>> = all.into_iter().zip(values).collect();
        for (output, found) in graph.outputs.iter().zip(found) {
            assert_eq!(found, known[output], "seed {seed}:\n{}", crate::ir::print(&graph));
        }
    }
}
