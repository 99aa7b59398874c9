//! What may be relied on: a pattern holds every element that can differ from zero and little else, few
//! colours are used, and sweeps along them give what a sweep for each element gives.

mod graphs;
mod strands;

use super::check::{is_star, recoverable};
use super::colour::Colours;
use super::{Blocks, Pattern, Sides, carried, hessian, jacobian, pattern, star, ways};
use crate::diff::tests::{call, numbers, plan, run};
use crate::diff::{forward, reverse};
use crate::ir::{Builder, NodeId, elements};
use crate::ops::{Algebra, find, slice};

const MOST: usize = 1 << 22;

/// A row of the table applied to nodes.
fn built_in(b: &mut Builder, name: &str, args: &[NodeId]) -> NodeId {
    let (row, signature) = find(name).expect("a row");
    call(b, row, signature, args)[0]
}

/// The neighbours before and after each element along an axis, zeros outside.
fn neighbours(b: &mut Builder, x: NodeId, axis: usize) -> [NodeId; 2] {
    let shape = b.shape(x).clone();
    let mut edge = shape.clone();
    edge[axis] = 1;
    let nothing = b.fill(0.0, &edge);
    let part = |range: (usize, usize, usize)| -> Vec<_> {
        (0..shape.len()).map(|i| if i == axis { range } else { (0, shape[i], 1) }).collect()
    };
    let n = shape[axis];
    let (all_but_last, all_but_first) = (slice(b, x, &part((0, n - 1, 1))), slice(b, x, &part((1, n, 1))));
    let along_first = |b: &mut Builder, x: NodeId, y: NodeId| {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        order.swap(0, axis);
        let (x, y) = (b.permute(x, &order), b.permute(y, &order));
        let joined = b.join(&[x, y], 0);
        b.permute(joined, &order)
    };
    [along_first(b, nothing, all_but_last), along_first(b, all_but_first, nothing)]
}

/// The residual of the solid-fuel ignition problem of Bratu on a grid, five points in each equation.
fn bratu(b: &mut Builder, u: NodeId, n: usize) -> NodeId {
    let grid = b.reshape(u, &[n, n]);
    let h = 1.0 / (n as f64 + 1.0);
    let e = built_in(b, "exp", &[grid]);
    let (four, source) = (b.times(4.0, grid), b.times(h * h * 6.0, e));
    let mut f = b.sub(four, source);
    for axis in 0..2 {
        for other in neighbours(b, grid, axis) {
            f = b.sub(f, other);
        }
    }
    b.reshape(f, &[n * n])
}

/// One implicit step of the viscous Burgers equation.
fn burgers(b: &mut Builder, u: NodeId, n: usize) -> NodeId {
    let h = 1.0 / (n as f64 + 1.0);
    let [before, after] = neighbours(b, u, 0);
    let slope = b.sub(after, before);
    let flow = b.mul(u, slope);
    let flow = b.times(1e-3 / (2.0 * h), flow);
    let sum = b.add(after, before);
    let twice = b.times(2.0, u);
    let bend = b.sub(sum, twice);
    let bend = b.times(1e-5 / (h * h), bend);
    let f = b.add(u, flow);
    b.sub(f, bend)
}

/// All blocks as one dense matrix of numbers.
fn assembled(blocks: &Blocks, values: &[Vec<f64>], columns: usize) -> Vec<f64> {
    let mut out = Vec::new();
    let mut values = values.iter();
    for row in blocks {
        let height = row[0].pattern.rows;
        let mut band = vec![0.0; height * columns];
        let mut left = 0;
        for block in row {
            for ((i, j), v) in block.pattern.entries().zip(values.next().expect("values of each block")) {
                band[i * columns + left + j] = *v;
            }
            left += block.pattern.columns;
        }
        out.extend(band);
    }
    out
}

fn values_of(blocks: &Blocks) -> Vec<NodeId> {
    blocks.iter().flatten().map(|block| block.values).collect()
}

/// Compares every way of sparse sweeps with dense ones; gives the pattern and the fewest sweeps.
fn agree(shapes: &[&[usize]], seed: usize, build: impl Fn(&mut Builder, &[NodeId]) -> Vec<NodeId>) -> (Pattern, Sides) {
    let mut b = Builder::default();
    let inputs: Vec<NodeId> = shapes.iter().map(|s| b.input(s)).collect();
    let outputs = build(&mut b, &inputs);
    let found = pattern(&b, &outputs, &inputs, &[], MOST).expect("few enough");
    let columns: usize = shapes.iter().map(|s| elements(s)).sum();
    let dense = forward(&mut b, &outputs, &inputs, &[]);
    let points: Vec<Vec<f64>> =
        shapes.iter().enumerate().map(|(i, s)| numbers(elements(s), (0.4, 1.6), seed + 5 * i)).collect();
    let ways = ways(&b, &found);
    let mut nodes: Vec<NodeId> = dense.into_iter().flatten().collect();
    let dense_count = nodes.len();
    let mut blocks: Vec<Blocks> = ways.iter().map(|w| jacobian(&mut b, (&outputs, &inputs), &[], &found, w)).collect();
    let carried = carried(&mut b, (&outputs, &inputs), &[], &found, false, MOST);
    blocks.extend(carried.into_iter().map(|carried| carried.blocks));
    nodes.extend(blocks.iter().flat_map(values_of));
    let patterns: Vec<Pattern> = blocks[0].iter().flatten().map(|block| Pattern::clone(&block.pattern)).collect();
    let all = run(&plan(b, &nodes), &points);
    // The dense blocks in the order of the sparse ones.
    let mut expected = Vec::new();
    for (o, row) in blocks[0].iter().enumerate() {
        let height = row[0].pattern.rows;
        for i in 0..height {
            for (j, block) in row.iter().enumerate() {
                let width = block.pattern.columns;
                expected.extend_from_slice(&all[o * row.len() + j][i * width..(i + 1) * width]);
            }
        }
    }
    for (p, dense) in patterns.iter().zip(&all) {
        for (k, v) in dense.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            let (i, j) = (k / p.columns, (k % p.columns) as u32);
            assert!(p.row(i).contains(&j), "({i}, {j}) is {v} but not in the pattern");
        }
    }
    let mut rest = &all[dense_count..];
    for way in &ways {
        assert_eq!(recoverable(&found, way), Ok(()));
    }
    for blocks in &blocks {
        let (these, others) = rest.split_at(blocks.iter().flatten().count());
        rest = others;
        for (x, y) in assembled(blocks, these, columns).iter().zip(&expected) {
            assert!((x - y).abs() <= 1e-12 * y.abs().max(1.0), "{x} is not {y}");
        }
    }
    let best = ways.into_iter().min_by_key(Sides::sweeps).expect("a way");
    (found, best)
}

#[test]
fn a_five_point_stencil_takes_a_handful_of_sweeps() {
    let (pattern, sides) = agree(&[&[64]], 1, |b, x| vec![bratu(b, x[0], 8)]);
    assert_eq!(pattern.nnz(), 5 * 64 - 4 * 8);
    assert!(sides.sweeps() <= 8, "{} sweeps", sides.sweeps());
}

#[test]
fn bratu_on_a_hundred_by_a_hundred_points() {
    let n = 100;
    let mut b = Builder::default();
    let u = b.input(&[n * n]);
    let f = bratu(&mut b, u, n);
    let found = pattern(&b, &[f], &[u], &[], MOST).expect("few enough");
    assert_eq!(found.nnz(), 49_600);
    let sides = ways(&b, &found).into_iter().min_by_key(Sides::sweeps).expect("a way");
    assert!(sides.sweeps() <= 8, "{} sweeps", sides.sweeps());
    let blocks = jacobian(&mut b, (&[f], &[u]), &[], &found, &sides);
    let point = numbers(n * n, (0.0, 1.0), 3);
    let values = &run(&plan(b, &values_of(&blocks)), std::slice::from_ref(&point))[0];
    let h = 1.0 / (n as f64 + 1.0);
    for ((i, j), v) in blocks[0][0].pattern.entries().zip(values) {
        let expected = if i == j { 4.0 - h * h * 6.0 * point[i].exp() } else { -1.0 };
        assert!((v - expected).abs() < 1e-14, "({i}, {j}): {v} is not {expected}");
    }
}

#[test]
fn burgers_with_a_hundred_thousand_points_takes_three_sweeps() {
    let n = 100_000;
    let mut b = Builder::default();
    let u = b.input(&[n]);
    let f = burgers(&mut b, u, n);
    let found = pattern(&b, &[f], &[u], &[], MOST).expect("few enough");
    assert_eq!(found.nnz(), 299_998);
    let sides = ways(&b, &found).into_iter().min_by_key(Sides::sweeps).expect("a way");
    assert_eq!(sides.sweeps(), 3);
    let blocks = jacobian(&mut b, (&[f], &[u]), &[], &found, &sides);
    let point = numbers(n, (-1.0, 1.0), 3);
    let values = &run(&plan(b, &values_of(&blocks)), std::slice::from_ref(&point))[0];
    let (h, at) = (1.0 / (n as f64 + 1.0), |i: usize| point.get(i).copied().unwrap_or(0.0));
    for ((i, j), v) in blocks[0][0].pattern.entries().zip(values) {
        let (convection, diffusion) = (1e-3 / (2.0 * h), 1e-5 / (h * h));
        let expected = match j.cmp(&i) {
            std::cmp::Ordering::Less => -convection * point[i] - diffusion,
            std::cmp::Ordering::Equal => {
                1.0 + convection * (at(i + 1) - if i == 0 { 0.0 } else { at(i - 1) }) + 2.0 * diffusion
            }
            std::cmp::Ordering::Greater => convection * point[i] - diffusion,
        };
        assert!((v - expected).abs() <= 1e-12 * expected.abs().max(1.0), "({i}, {j}): {v} is not {expected}");
    }
}

/// Elements each times itself, plus the first; and before them the sum of all.
fn arrow(b: &mut Builder, x: NodeId) -> NodeId {
    let n = b.shape(x)[0];
    let (squares, sum) = (b.mul(x, x), b.sum(x, &[0]));
    let head = slice(b, x, &[(0, 1, 1)]);
    let wide = b.broadcast_to(head, &[n]);
    let shaft = b.mul(squares, wide);
    let tail = slice(b, shaft, &[(1, n, 1)]);
    let sum = b.reshape(sum, &[1]);
    b.join(&[sum, tail], 0)
}

#[test]
fn an_arrow_is_found_out_from_both_sides() {
    let (pattern, sides) = agree(&[&[40]], 2, |b, x| vec![arrow(b, x[0])]);
    assert_eq!(pattern.nnz(), 40 + 2 * 39);
    assert!(sides.columns.count > 0 && sides.rows.count > 0);
    assert!(sides.sweeps() <= 3, "{} sweeps", sides.sweeps());
}

#[test]
fn several_inputs_and_outputs_are_one_system() {
    let (pattern, sides) = agree(&[&[12], &[3, 4]], 3, |b, x| {
        let flat = b.reshape(x[1], &[12]);
        let product = b.mul(x[0], flat);
        let head = slice(b, x[0], &[(0, 5, 1)]);
        let turned = b.transposed(x[1]);
        vec![product, head, turned]
    });
    assert_eq!(pattern.nnz(), 24 + 5 + 12);
    assert_eq!(sides.sweeps(), 2);
}

#[test]
fn what_is_known_in_advance_narrows_the_pattern() {
    let mut b = Builder::default();
    let (x, picks, matrix) = (b.input(&[5]), b.input(&[3]), b.input(&[2, 5]));
    let (picked, product) = (b.pick(x, picks, 0), b.product(matrix, x, 0, 1, crate::ir::Absorb::Neither));
    let row = |node, given: &[_]| pattern(&b, &[node], &[x], given, MOST).expect("few").indices;
    assert_eq!(row(picked, &[]).len(), 15, "any element may be picked");
    assert_eq!(row(picked, &[(picks, [4.0, -5.0, 4.0].into())]), [4, 0, 4]);
    assert_eq!(row(product, &[]).len(), 10);
    let known = [0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0];
    assert_eq!(row(product, &[(matrix, known.into())]), [1, 4, 3]);
}

#[test]
fn what_is_too_dense_is_given_up() {
    let mut b = Builder::default();
    let x = b.input(&[1000]);
    let sum = b.sum(x, &[0]);
    let wide = b.broadcast_to(sum, &[1000]);
    let y = b.mul(wide, x);
    assert!(pattern(&b, &[y], &[x], &[], 10_000).is_none());
    assert_eq!(pattern(&b, &[sum], &[x], &[], 10_000).map(|p| p.nnz()), Some(1000));
}

/// The Hessian of a scalar by star colours and by dense sweeps.
fn hessians_agree(n: usize, build: impl Fn(&mut Builder, NodeId) -> NodeId) -> (Pattern, Colours) {
    let mut b = Builder::default();
    let x = b.input(&[n]);
    let y = build(&mut b, x);
    let gradient = reverse(&mut b, &[y], &[x], &[])[0][0];
    let gradient = b.reshape(gradient, &[n]);
    let found = pattern(&b, &[gradient], &[x], &[], MOST).expect("few enough").symmetrised();
    let colours = star(&b, &found);
    assert_eq!(is_star(&found, &colours), Ok(()));
    let dense = forward(&mut b, &[gradient], &[x], &[])[0][0];
    let blocks = hessian(&mut b, (&[gradient], &[x]), &found, &colours);
    let point = numbers(n, (-1.0, 1.0), 7);
    let values = run(&plan(b, &[dense, blocks[0][0].values]), &[point]);
    for (x, y) in assembled(&blocks, &values[1..], n).iter().zip(&values[0]) {
        assert!((x - y).abs() <= 1e-12 * y.abs().max(1.0), "{x} is not {y}");
    }
    (found, colours)
}

#[test]
fn the_hessian_of_rosenbrock_takes_three_sweeps() {
    let (pattern, colours) = hessians_agree(50, |b, x| {
        let (head, tail) = (slice(b, x, &[(0, 49, 1)]), slice(b, x, &[(1, 50, 1)]));
        let square = b.mul(head, head);
        let valley = b.sub(tail, square);
        let valley = b.mul(valley, valley);
        let valley = b.times(100.0, valley);
        let slope = b.plus(-1.0, head);
        let slope = b.mul(slope, slope);
        let terms = b.add(valley, slope);
        b.sum(terms, &[0])
    });
    assert_eq!(pattern.nnz(), 50 + 2 * 49);
    assert!(colours.count <= 3, "{} colours", colours.count);
}

#[test]
fn the_hessian_of_an_arrow_takes_two_sweeps() {
    let (pattern, colours) = hessians_agree(60, |b, x| {
        let (head, tail) = (slice(b, x, &[(0, 1, 1)]), slice(b, x, &[(1, 60, 1)]));
        let wide = b.broadcast_to(head, &[59]);
        let square = b.mul(tail, tail);
        let terms = b.mul(square, wide);
        let sum = b.sum(terms, &[0]);
        let cube = b.mul(head, head);
        let cube = b.mul(cube, head);
        let cube = b.sum(cube, &[0]);
        b.add(sum, cube)
    });
    assert_eq!(pattern.nnz(), 60 + 2 * 59);
    assert_eq!(colours.count, 2);
}

/// A pattern that looks random, the same each time.
fn scattered(rows: usize, columns: usize, each: usize, seed: usize) -> Pattern {
    let list: Vec<Vec<u32>> = (0..rows)
        .map(|i| {
            let picks =
                numbers(if i % 7 == seed % 7 { 4 * each } else { each }, (0.0, columns as f64), seed * 31 + i * 17);
            let mut row: Vec<u32> = picks.into_iter().map(|p| p as u32).collect();
            row.sort_unstable();
            row.dedup();
            row
        })
        .collect();
    Pattern::from_rows(columns, list.iter().map(Vec::as_slice))
}

#[test]
fn every_position_of_any_pattern_can_be_found_out() {
    let b = Builder::default();
    for seed in 0..60 {
        let (rows, columns) = (1 + seed * 3 % 25, 1 + seed * 7 % 31);
        let p = scattered(rows, columns, 1 + seed % 4, seed);
        for way in ways(&b, &p) {
            assert_eq!(recoverable(&p, &way), Ok(()), "seed {seed}");
        }
        let p = scattered(columns, columns, 1 + seed % 3, seed).symmetrised();
        assert_eq!(is_star(&p, &star(&b, &p)), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_pattern_turned_twice_is_itself() {
    let p = scattered(9, 14, 3, 5);
    assert_eq!(p.transposed().transposed(), p);
    let whole = p.block(0..9, 0..14);
    assert_eq!(whole, p);
    assert!(p.transposed().entries().all(|(j, i)| p.row(i).contains(&(j as u32))));
}
