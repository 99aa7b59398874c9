//! What may be relied on: small programs are eliminated number by number, in few multiplications, with the derivatives of every other way, and a point alone has the bits it has among others.

use serde_json::{Value, json};

use super::super::{Cancel, Compiled, Endpoint, Limits, read_document};
use crate::exec::Workspace;
use crate::ir::reachable;

/// A robot arm of seven joints by Denavit and Hartenberg: position, and if wanted the angles of its hand.
fn arm(angles: bool) -> Value {
    let (d, ca, sa) = ([0.36, 0.0, 0.42, 0.0, 0.4, 0.0, 0.126], [0, 0, 0, 0, 0, 0, 1], [-1, 1, 1, -1, -1, 1, 0]);
    let links: Vec<String> = (0..7)
        .map(|i| {
            let ([ca, sa], d) = ([ca[i], sa[i]], d[i]);
            format!(
                "A{i} = [[cos(q[{i}]), -sin(q[{i}])*{ca}, sin(q[{i}])*{sa}, 0], [sin(q[{i}]), cos(q[{i}])*{ca}, \
                 -cos(q[{i}])*{sa}, 0], [0, {sa}, {ca}, {d}], [0, 0, 0, 1]]"
            )
        })
        .collect();
    let product = "T = A0 @ A1 @ A2 @ A3 @ A4 @ A5 @ A6".to_owned();
    let hand = if angles {
        "[T[0, 3], T[1, 3], T[2, 3], atan2(T[2, 1], T[2, 2]), atan2(-T[2, 0], sqrt(T[0, 0]^2 + T[1, 0]^2)), \
         atan2(T[1, 0], T[0, 0])]"
    } else {
        "T[:3, 3]"
    };
    let equations: Vec<String> = links.into_iter().chain([product, hand.to_owned()]).collect();
    json!({ "define": { "f(q)": equations }, "at": { "q": [0.3, -0.8, 1.1, 0.4, -1.7, 0.9, 0.2] } })
}

/// One observation of bundle adjustment: camera, point and weight to a residual.
fn observation() -> Value {
    let equations = [
        "r = c[:3]",
        "t = sqrt(r @ r)",
        "a = r / t",
        "y = X - c[3:6]",
        "z = y*cos(t) + cross(a, y)*sin(t) + a*(a @ y)*(1 - cos(t))",
        "p = z[:2] / z[2]",
        "s = p @ p",
        "w*(c[6]*p*(1 + c[9]*s + c[10]*s^2) + c[7:9] - [0.3, -0.2])",
    ];
    json!({
        "define": { "f(c, X, w)": equations },
        "at": { "c": [0.1, 0.2, -0.3, 0.4, 0.1, 0.2, 1.1, 0.2, 0.1, 0.01, 0.02], "X": [0.5, -0.3, 2.0], "w": 0.7 }
    })
}

fn rosenbrock(n: usize) -> Value {
    let x: Vec<f64> = (0..n).map(|i| (i as f64 * 0.618_033_988_749_895).fract() - 0.5).collect();
    json!({ "define": { "f(x)": "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)" }, "at": { "x": x } })
}

/// Products of edges that are computed, equal ones once.
fn multiplications(document: &Value) -> usize {
    let mut document = document.clone();
    document["mode"] = json!("elimination");
    let (compiled, _) = outputs(&document);
    let live = reachable(&compiled.graph.nodes, &compiled.graph.outputs);
    let products = compiled.graph.nodes.iter().zip(live).filter(|(node, live)| *live && node.origin.derivative);
    products.filter(|(node, _)| ["chain", "multiply"].contains(&node.op.name)).count()
}

#[test]
fn small_programs_take_few_multiplications() {
    for (what, document, most) in [
        ("an arm's position", arm(false), 110),
        ("an arm's position and angles", arm(true), 420),
        ("an observation", observation(), 145),
        ("Rosenbrock's function of 100 variables", rosenbrock(100), 4 * 99),
    ] {
        let found = multiplications(&document);
        assert!(found > 0 && found <= most, "{what}: {found}, at most {most}");
    }
}

/// All outputs of the plan of a document.
fn outputs(document: &Value) -> (Compiled, Vec<Vec<f64>>) {
    let document = read_document(document.to_string().as_bytes()).expect("a document");
    let compiled = Compiled::new(&document, &Endpoint::Jacobian.default_want(), &Limits::default()).expect("a plan");
    let inputs = compiled.bind(&document);
    let mut workspace = Workspace::default();
    compiled.plan.run(&inputs, &mut workspace, &Cancel::default()).expect("nobody cancels");
    let outputs =
        (0..compiled.plan.count()).map(|i| compiled.plan.output(i, &inputs, &workspace).to_contiguous().into_owned());
    let outputs = outputs.collect();
    (compiled, outputs)
}

#[test]
fn elimination_gives_what_the_other_ways_give() {
    for document in [arm(false), arm(true), observation(), rosenbrock(20)] {
        let found = ["auto", "forward", "reverse", "elimination"].map(|mode| {
            let mut document = document.clone();
            document["mode"] = json!(mode);
            let (compiled, outputs) = outputs(&document);
            assert!(mode == "auto" || compiled.method.mode == mode);
            outputs
        });
        for other in &found[1..] {
            for (x, y) in found[0].iter().flatten().zip(other.iter().flatten()) {
                assert!((x - y).abs() <= 1e-13 * (1.0 + x.abs()), "{document}: {x} is not {y}");
            }
        }
    }
}

/// The hand of ADBench.
fn hand() -> Value {
    serde_json::from_str(include_str!("../../../examples/adbench/hand.json")).expect("a document")
}

#[test]
fn zeros_and_indices_among_constants_leave_few_numbers() {
    let (compiled, found) = outputs(&hand());
    assert_eq!(compiled.method.mode, "elimination", "{:?}", compiled.method);
    assert!(compiled.cost.flops < 60_000, "{:?}", compiled.cost);
    for name in ["parameter", "vertex", "weights"] {
        assert!(compiled.structural.iter().any(|s| s == name), "the plan is for these {name} alone");
    }
    let mut document = hand();
    document["mode"] = json!("forward");
    let (_, swept) = outputs(&document);
    for (x, y) in found.iter().flatten().zip(swept.iter().flatten()) {
        assert!((x - y).abs() <= 1e-12 * (1.0 + x.abs()), "{x} is not {y}");
    }
}

#[test]
fn elimination_is_not_taken_by_itself_where_it_makes_more_nodes_than_are_allowed() {
    let document = read_document(hand().to_string().as_bytes()).expect("a document");
    let limits = Limits { max_nodes: 20_000, ..Limits::default() };
    let compiled = Compiled::new(&document, &Endpoint::Jacobian.default_want(), &limits).expect("another way");
    assert_ne!(compiled.method.mode, "elimination");
}

#[test]
fn an_arm_is_eliminated_unless_another_way_is_asked_for() {
    let (compiled, _) = outputs(&arm(true));
    assert_eq!(compiled.method.mode, "elimination", "{:?}", compiled.method);
}

#[test]
fn a_point_alone_has_the_bits_it_has_among_others() {
    for mode in ["elimination", "forward", "reverse"] {
        let mut one = arm(true);
        one["mode"] = json!(mode);
        let points: Vec<Vec<f64>> =
            (0..131).map(|p| (0..7).map(|j| (f64::from(p * 7 + j) * 0.618).fract() * 5.0 - 2.5).collect()).collect();
        let mut many = one.clone();
        (many["at"]["q"], many["batch"]) = (json!(points), json!(["q"]));
        let (_, among) = outputs(&many);
        for (p, point) in points.iter().enumerate() {
            one["at"]["q"] = json!(point);
            let (_, alone) = outputs(&one);
            for (alone, among) in alone.iter().zip(&among) {
                let size = alone.len();
                let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(alone), bits(&among[p * size..(p + 1) * size]), "{mode}, point {p}");
            }
        }
    }
}

#[test]
fn a_large_program_is_small_enough_to_be_kept() {
    let hand: Value = serde_json::from_str(include_str!("../../../examples/adbench/hand.json")).expect("JSON");
    let (compiled, _) = outputs(&hand);
    assert!(compiled.cost.nodes > 10_000, "laid open: {} operations", compiled.cost.nodes);
    // What was built and not taken is forgotten.
    let live = reachable(&compiled.graph.nodes, &compiled.graph.outputs).iter().filter(|live| **live).count();
    assert!(compiled.graph.nodes.len() - live < 100, "{} nodes, {live} of them live", compiled.graph.nodes.len());
    assert!(compiled.weight() < 24 << 20, "{} bytes", compiled.weight());
}
