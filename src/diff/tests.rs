//! What may be relied on: the transforms agree with each other and nest to any depth.

use std::sync::Arc;

use super::{batch, forward, in_portions, jvp, kinks, reverse, transpose};
use crate::exec::{Cancel, Plan, Workspace};
use crate::ir::{Absorb, Builder, NodeId, verify};
use crate::ops::{Algebra, Bound, Meaning, Operation, Signature, Value, find, table};

/// Plans nodes; the graph is verified first.
pub(in crate::diff) fn plan(b: Builder, nodes: &[NodeId]) -> Plan {
    let graph = b.finish(nodes.to_vec());
    assert_eq!(verify(&graph), Ok(()));
    Plan::new(&graph)
}

/// Values of the planned nodes at given inputs.
pub(in crate::diff) fn run(plan: &Plan, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let inputs: Vec<Arc<[f64]>> = inputs.iter().map(|x| x.as_slice().into()).collect();
    let mut workspace = Workspace::default();
    plan.run(&inputs, &mut workspace, &Cancel::default()).expect("nobody cancels");
    (0..plan.count()).map(|i| plan.output(i, &inputs, &workspace).to_contiguous().into_owned()).collect()
}

/// Numbers that look random, the same each time.
pub(in crate::diff) fn numbers(count: usize, (low, high): (f64, f64), seed: usize) -> Vec<f64> {
    (0..count).map(|i| low + (high - low) * ((i + 7 * seed + 1) as f64 * 0.618_033_988_749_895).fract()).collect()
}

/// `x⁴ / (1 + x)`.
fn quartic_over_linear(b: &mut Builder, x: NodeId) -> NodeId {
    let (square, below) = (b.mul(x, x), b.plus(1.0, x));
    let quartic = b.mul(square, square);
    b.div(quartic, below)
}

#[test]
fn forward_twice_over_reverse_is_the_third_derivative() {
    let mut b = Builder::default();
    let x = b.input(&[]);
    let y = quartic_over_linear(&mut b, x);
    let mut derivative = reverse(&mut b, &[y], &[x], &[])[0][0];
    for _ in 0..2 {
        let one = b.fill(1.0, &[]);
        derivative = jvp(&mut b, &[derivative], &[(x, Some(one))])[0].expect("it depends on x");
    }
    let found = run(&plan(b, &[derivative]), &[vec![0.5]])[0][0];
    let expected = 6.0 - 6.0 / 1.5f64.powi(4);
    assert!((found - expected).abs() < 1e-13 * expected, "{found} is not {expected}");
}

#[test]
fn a_batch_in_portions_is_the_batch() {
    const SIZE: usize = 210;
    let mut b = Builder::default();
    let (x, w, v, many) = (b.input(&[8]), b.input(&[160, 8]), b.input(&[4, 160]), b.input(&[SIZE, 8]));
    let hidden = b.product(w, x, 0, 1, Absorb::Neither);
    let square = b.mul(hidden, hidden);
    let y = b.product(v, square, 0, 1, Absorb::Neither);
    let slopes = reverse(&mut b, &[y], &[x], &[])[0][0];
    let same = b.mul(v, v);
    let points = [y, slopes, same];
    let whole = batch(&mut b, &points, &[(x, many)], SIZE);
    let portions = in_portions(&mut b, &points, &whole, &[(x, many)], SIZE).expect("it is large enough");
    assert_ne!(portions[..2], whole[..2]);
    assert_eq!(portions[2], whole[2], "what is the same everywhere is made once");
    let small = in_portions(&mut b, &points[..1], &whole[..1], &[(x, many)], SIZE);
    assert!(small.is_none(), "it stays in the cache");
    let both: Vec<NodeId> = whole.iter().chain(&portions).copied().collect();
    let shapes = [8, 160 * 8, 4 * 160, SIZE * 8];
    let inputs: Vec<Vec<f64>> = shapes.iter().enumerate().map(|(i, n)| numbers(*n, (-1.0, 1.0), i)).collect();
    let found = run(&plan(b, &both), &inputs);
    for (whole, portions) in found[..3].iter().zip(&found[3..]) {
        assert_eq!(whole.len(), portions.len());
        assert!(whole.iter().zip(portions).all(|(x, y)| (x - y).abs() < 1e-12));
    }
}

#[test]
fn a_batch_of_a_batch_of_derivatives_is_a_loop_of_loops() {
    let mut b = Builder::default();
    let x = b.input(&[]);
    let y = quartic_over_linear(&mut b, x);
    let slope = forward(&mut b, &[y], &[x], &[])[0][0];
    let row = b.input(&[3]);
    let inner = batch(&mut b, &[slope], &[(x, row)], 3)[0];
    let table = b.input(&[2, 3]);
    let outer = batch(&mut b, &[inner], &[(row, table)], 2)[0];
    assert_eq!(b.shape(outer).as_slice(), [2, 3, 1, 1]);
    let points = numbers(6, (0.0, 2.0), 0);
    let found = &run(&plan(b, &[outer]), &[vec![], vec![], points.clone()])[0];
    for (x, slope) in points.iter().zip(found) {
        let expected = (3.0 * x.powi(4) + 4.0 * x.powi(3)) / (1.0 + x).powi(2);
        assert!((slope - expected).abs() < 1e-13 * expected.max(1.0));
    }
}

#[test]
fn what_does_not_depend_on_the_input_has_no_tangent() {
    let mut b = Builder::default();
    let (x, y) = (b.input(&[2]), b.input(&[2]));
    let (t, product) = (b.input(&[2]), b.mul(y, y));
    assert_eq!(jvp(&mut b, &[product, x], &[(x, Some(t))]), [None, Some(t)]);
    let repeated = batch(&mut b, &[product], &[(x, t)], 5)[0];
    assert_eq!(b.shape(repeated).as_slice(), [5, 2], "it is repeated instead");
}

#[test]
fn a_held_value_stands_still() {
    let mut b = Builder::default();
    let x = b.input(&[]);
    let square = b.mul(x, x);
    let y = b.mul(square, x);
    let blocks = [forward(&mut b, &[y], &[x], &[square]), reverse(&mut b, &[y], &[x], &[square])];
    let found = run(&plan(b, &[blocks[0][0][0], blocks[1][0][0]]), &[vec![3.0]]);
    assert_eq!(found, [[9.0], [9.0]]);
}

#[test]
fn a_kink_is_watched_where_the_derivative_passes() {
    let mut b = Builder::default();
    let (x, z) = (b.input(&[3]), b.input(&[3]));
    let (row, signature) = find("abs").expect("a row");
    let (seen, other) = (call(&mut b, row, signature, &[x])[0], call(&mut b, row, signature, &[z])[0]);
    let chosen = b.select(other, seen, x);
    let watched = kinks(&mut b, &[chosen], &[x, z]);
    assert_eq!(watched.iter().map(|w| w.0).collect::<Vec<_>>(), [seen], "the condition does not count");
    let first = run(&plan(b, &[watched[0].1]), &[vec![1.0, 0.0, 0.0], vec![0.0; 3]]);
    assert_eq!(first, [[1.0]]);
}

/// The results of a row applied to arrays, its other parameters at their defaults.
pub(in crate::diff) fn call(b: &mut Builder, row: &Operation, signature: &Signature, args: &[NodeId]) -> Vec<NodeId> {
    let args_of_row = args.iter().map(|&n| Value::Node(n)).collect();
    let (values, rest) = signature.bind(row, args_of_row, &[]).expect("arguments fit");
    let bound = Bound { operation: row.name, names: &signature.names, values: &values, rest: &rest };
    match row.meaning {
        Meaning::Elementwise(op) => vec![b.apply(op, args)],
        Meaning::Build(build) => vec![build(b, &bound).expect("shapes fit")],
        Meaning::Several(build) => build(b, &bound).expect("shapes fit"),
        Meaning::Expand(_) | Meaning::Higher(_) => panic!("{} has no node of its own", row.name),
    }
}

/// The second derivative of each result of a row along a direction: forward over forward and forward over
/// reverse are the same, and are the finite difference of the first.
fn second_derivative_is_right(name: &str, shapes: &[&[usize]], at: &[Vec<f64>]) {
    let (row, signature) = find(name).expect("a row");
    let mut b = Builder::default();
    let xs: Vec<NodeId> = shapes.iter().map(|s| b.input(s)).collect();
    for which in 0..call(&mut b, row, signature, &xs).len() {
        second_derivative_of_result_is_right(name, which, shapes, at);
    }
}

fn second_derivative_of_result_is_right(name: &str, which: usize, shapes: &[&[usize]], at: &[Vec<f64>]) {
    let (row, signature) = find(name).expect("a row");
    let mut b = Builder::default();
    let inputs = |b: &mut Builder| -> Vec<NodeId> { shapes.iter().map(|s| b.input(s)).collect() };
    let (xs, vs, us) = (inputs(&mut b), inputs(&mut b), inputs(&mut b));
    let y = call(&mut b, row, signature, &xs)[which];
    let shape = b.shape(y).clone();
    let weight = b.input(&shape);
    let along = |ts: &[NodeId]| xs.iter().copied().zip(ts.iter().map(|&t| Some(t))).collect::<Vec<_>>();
    let Some(first) = jvp(&mut b, &[y], &along(&vs))[0] else { return };
    let linear = jvp(&mut b, &[y], &along(&us))[0].expect("it has a tangent");
    let gradient = transpose(&mut b, &[(linear, weight)], &us);
    let weighed = |b: &mut Builder, x: NodeId, w: NodeId| {
        let (product, all): (NodeId, Vec<usize>) = (b.mul(x, w), (0..b.shape(x).len()).collect());
        b.sum(product, &all)
    };
    let first = weighed(&mut b, first, weight);
    let twice = jvp(&mut b, &[first], &along(&vs))[0].unwrap_or_else(|| b.fill(0.0, &[]));
    let mut over_reverse = b.fill(0.0, &[]);
    for (v, slope) in vs.iter().zip(gradient) {
        if let Some(moved) = slope.and_then(|slope| jvp(&mut b, &[slope], &along(&vs))[0]) {
            let term = weighed(&mut b, moved, *v);
            over_reverse = b.add(over_reverse, term);
        }
    }
    let size = |i: usize| shapes[i].iter().product::<usize>();
    let directions: Vec<Vec<f64>> = (0..shapes.len()).map(|i| numbers(size(i), (-1.0, 1.0), i + 3)).collect();
    let weights = numbers(shape.iter().product(), (0.5, 1.5), 11);
    let plan = plan(b, &[first, twice, over_reverse]);
    let values = |step: f64| {
        let shifted = at.iter().zip(&directions).map(|(x, v)| x.iter().zip(v).map(|(x, v)| x + step * v).collect());
        let none = shapes.iter().map(|_| Vec::new());
        let inputs: Vec<Vec<f64>> =
            shifted.chain(directions.iter().cloned()).chain(none).chain([weights.clone()]).collect();
        run(&plan, &inputs)
    };
    let center = values(0.0);
    let slope = |h: f64| (values(h)[0][0] - values(-h)[0][0]) / (2.0 * h);
    let estimate = (4.0 * slope(5e-4) - slope(1e-3)) / 3.0;
    let scale = center[0][0].abs().max(center[1][0].abs()).max(1.0);
    assert!((center[1][0] - center[2][0]).abs() <= 1e-12 * scale, "{name} {which}: {center:?}");
    assert!((center[1][0] - estimate).abs() <= 1e-8 * scale, "{name} {which}: {center:?}, estimated {estimate}");
}

#[test]
fn second_derivatives_of_every_elementwise_operation_are_right() {
    for (_, row) in table().filter(|(_, row)| matches!(row.meaning, Meaning::Elementwise(_))) {
        let count = find(row.name).expect("itself").1.names.len();
        let domain = |i: usize| row.domain[i.min(row.domain.len() - 1)];
        let at: Vec<Vec<f64>> = (0..count).map(|i| numbers(5, domain(i), i)).collect();
        second_derivative_is_right(row.name, &vec![[5].as_slice(); count], &at);
    }
}

#[test]
fn second_derivatives_of_products_and_factorisations_are_right() {
    let cases: &[(&str, &[&[usize]])] = &[
        ("power", &[&[4], &[4]]),
        ("where", &[&[4], &[4], &[4]]),
        ("prod", &[&[5]]),
        ("cumsum", &[&[2, 3]]),
        ("max", &[&[4]]),
        ("matmul", &[&[2, 3], &[3, 2]]),
        ("matmul", &[&[2, 2, 3], &[3]]),
        ("dot", &[&[3], &[3]]),
        ("outer", &[&[2], &[3]]),
        ("cross", &[&[2, 3], &[3]]),
        ("det", &[&[2, 2]]),
        ("det", &[&[3, 3]]),
        ("det", &[&[4, 4]]),
        ("slogdet", &[&[3, 3]]),
        ("inv", &[&[2, 3, 3]]),
        ("solve", &[&[3, 3], &[3]]),
        ("solve", &[&[2, 2, 2], &[2, 3]]),
        ("cholesky", &[&[3, 3]]),
        ("triangular_solve", &[&[3, 3], &[3, 2]]),
        ("qr", &[&[3, 3]]),
        ("qr", &[&[4, 2]]),
        ("qr", &[&[2, 2, 3]]),
        ("svd", &[&[3, 3]]),
        ("svd", &[&[2, 2, 4]]),
        ("svd", &[&[4, 2]]),
        ("svdvals", &[&[3, 2]]),
        ("eigh", &[&[3, 3]]),
        ("eigh", &[&[2, 2, 2]]),
        ("eigvalsh", &[&[3, 3]]),
        ("lstsq", &[&[4, 2], &[4]]),
        ("lstsq", &[&[2, 2, 4], &[2, 3]]),
        ("lstsq", &[&[3, 3], &[3, 1]]),
        ("pinv", &[&[4, 2]]),
        ("pinv", &[&[2, 3]]),
        ("expm", &[&[3, 3]]),
        ("expm", &[&[2, 2, 2]]),
        ("kron", &[&[2, 2], &[1, 3]]),
        ("conv1d", &[&[2, 5], &[3, 2, 2], &[3]]),
        ("conv2d", &[&[2, 1, 3, 4], &[2, 1, 2, 3], &[2]]),
        ("batch_norm", &[&[2, 3], &[3], &[3]]),
    ];
    for (name, shapes) in cases {
        let value = |(i, shape): (usize, &&[usize])| {
            let mut x = numbers(shape.iter().product(), (0.2, 1.2), i);
            // Square matrices are made well-conditioned by their diagonals.
            if let [.., m, n] = **shape
                && m == n
            {
                x.iter_mut().enumerate().filter(|(k, _)| k % (n * n) % (n + 1) == 0).for_each(|(_, x)| *x += 3.0);
            }
            x
        };
        second_derivative_is_right(name, shapes, &shapes.iter().enumerate().map(value).collect::<Vec<_>>());
    }
}
