//! The documents that are measured, in the notation of users: what is computed, where, and what of it is wanted.

use std::f64::consts::PI;

use serde_json::{Value, json};

use crate::data::{array, signed, uniform, weight};

/// How the elements of an answer are lined up for its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Array by array as they are asked for, of a sparse one its elements row by row.
    AsAnswered,
    /// Zeros of sparse matrices included.
    Filled,
    /// Bundle adjustment: for each residual its derivatives by 15 parameters, then those of the weights.
    Blocks,
}

/// A document to measure.
pub(crate) struct Case {
    /// Its family and its name within it.
    pub(crate) work: &'static str,
    pub(crate) name: &'static str,
    /// What is wanted of the document.
    pub(crate) want: &'static str,
    /// Makes the document but for what is wanted, which is work only for those that are measured.
    pub(crate) make: Box<dyn Fn() -> Value>,
    pub(crate) order: Order,
    /// Operations of its matrix products, if they are what its time goes into.
    pub(crate) product_flops: Option<f64>,
}

impl Case {
    /// The document.
    pub(crate) fn document(&self) -> Value {
        wanting(self.want, (self.make)())
    }

    /// The same, wanting the value alone.
    pub(crate) fn value(&self) -> Value {
        let mut document = wanting("value", (self.make)());
        let members = document.as_object_mut().expect("an object");
        members.retain(|field, _| !matches!(field.as_str(), "tangent" | "wrt" | "format"));
        document
    }
}

/// A document, and what is wanted of it.
pub(crate) fn wanting(want: &str, mut document: Value) -> Value {
    document["want"] = json!([want]);
    document
}

/// A document whose answer is compared as it comes.
pub(crate) fn case(
    work: &'static str,
    name: &'static str,
    want: &'static str,
    make: impl Fn() -> Value + 'static,
) -> Case {
    Case { work, name, want, make: Box::new(make), order: Order::AsAnswered, product_flops: None }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::from(polar());
    all.extend(rosenbrock());
    all.extend(network());
    all.push(bottleneck());
    all.extend(stencils());
    all.extend(crate::adbench::cases());
    all.extend(matrices());
    all.extend(arm());
    all
}

/// Polar to Cartesian coordinates.
fn polar() -> [Case; 2] {
    const DEFINE: &str = "[z[0]*cos(z[1]), z[0]*sin(z[1])]";
    let many = || {
        let n = 1_000_000;
        let angles = uniform(12, n);
        let points: Vec<f64> = uniform(11, n).iter().zip(angles).flat_map(|(r, t)| [0.5 + r, 2.0 * PI * t]).collect();
        json!({ "define": { "f(z)": DEFINE }, "at": { "z": array(&[n, 2], &points) }, "batch": ["z"] })
    };
    [
        case("W1", "single", "jacobian", || json!({ "define": { "f(z)": DEFINE }, "at": { "z": [1.5, 0.7] } })),
        case("W1", "batch1e6", "jacobian", many),
    ]
}

/// The chained Rosenbrock function of n variables.
pub(crate) fn chained(n: usize) -> Value {
    json!({
        "define": { "f(x)": "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)" },
        "at": { "x": signed(21, n) },
    })
}

fn rosenbrock() -> [Case; 5] {
    let sparse = || {
        let mut document = chained(1000);
        document["format"] = json!("csr");
        document
    };
    let product = || {
        let mut document = chained(1000);
        document["tangent"] = json!({ "x": signed(22, 1000) });
        document
    };
    [
        case("W2", "grad n=1000", "gradient", || chained(1000)),
        case("W2", "hess n=100", "hessian", || chained(100)),
        case("W2", "hess n=1000 dense", "hessian", || chained(1000)),
        Case { order: Order::Filled, ..case("W2", "hess n=1000 sparse", "hessian", sparse) },
        case("W2", "hvp n=1000", "hvp", product),
    ]
}

/// A network of three layers with its weights, at one point or 1024.
fn layers(one: bool) -> Value {
    let small = |seed, n| signed(seed, n).into_iter().map(|x| 0.1 * x).collect::<Vec<_>>();
    let points = signed(37, 1024 * 64);
    json!({
        "define": { "logits(x)": { "sequential": [
            { "op": "affine", "weight": "W1", "bias": "b1" }, "tanh",
            { "op": "affine", "weight": "W2", "bias": "b2" }, "tanh",
            { "op": "affine", "weight": "W3", "bias": "b3" },
        ] } },
        "constants": {
            "W1": array(&[128, 64], &weight(31, 128, 64)), "b1": small(32, 128),
            "W2": array(&[128, 128], &weight(33, 128, 128)), "b2": small(34, 128),
            "W3": array(&[10, 128], &weight(35, 10, 128)), "b3": small(36, 10),
        },
        "at": { "x": if one { json!(points[..64]) } else { array(&[1024, 64], &points) } },
    })
}

/// What the network makes of its inputs.
fn classified(one: bool) -> Value {
    let mut document = layers(one);
    document["define"]["f(x)"] = json!("softmax(logits(x))");
    if !one {
        document["batch"] = json!(["x"]);
    }
    document
}

/// How badly it does with the weights it has.
fn trained(one: bool) -> Value {
    let mut document = layers(one);
    let labels = |n: usize| -> Vec<f64> { (0..10 * n).map(|i| f64::from(u8::from(i % 10 == i / 10 % 10))).collect() };
    document["define"]["loss(x)"] = json!("-mean(sum(label*log_softmax(logits(x)), axis=-1))");
    document["of"] = json!("loss");
    document["wrt"] = json!(["W1", "b1", "W2", "b2", "W3", "b3"]);
    document["constants"]["label"] = if one { json!(labels(1)) } else { array(&[1024, 10], &labels(1024)) };
    document
}

/// The network by its inputs and by its weights.
fn network() -> [Case; 4] {
    let (inner, first, last) = (128.0 * 128.0, 128.0 * 64.0, 10.0 * 128.0);
    let forward = 2.0 * 1024.0 * (first + inner + last);
    let pulled = 2.0 * 1024.0 * 10.0 * (inner + first);
    let back = 2.0 * 1024.0 * (inner + last);
    let of_products = |flops, case| Case { product_flops: Some(flops), ..case };
    [
        case("W3", "in-jac single", "jacobian", || classified(true)),
        of_products(forward + pulled, case("W3", "in-jac batch1024", "jacobian", || classified(false))),
        of_products(2.0 * forward + back, case("W3", "param-grad batch1024", "gradient", || trained(false))),
        case("W3", "param-grad single", "gradient", || trained(true)),
    ]
}

/// A chain of layers that narrows to two values in the middle.
fn bottleneck() -> Case {
    case("W4", "500x500", "jacobian", || {
        json!({
            "define": { "f(x)": "tanh(W4 @ tanh(W3 @ tanh(W2 @ tanh(W1 @ x))))" },
            "constants": {
                "W1": array(&[500, 500], &weight(41, 500, 500)), "W2": array(&[2, 500], &weight(42, 2, 500)),
                "W3": array(&[500, 2], &weight(43, 500, 2)), "W4": array(&[500, 500], &weight(44, 500, 500)),
            },
            "at": { "x": signed(45, 500) },
        })
    })
}

/// Burgers' equation on n inner points, one implicit step.
pub(crate) fn burgers(n: usize) -> Value {
    let h = 1.0 / (n + 1) as f64;
    let before: Vec<f64> = (1..=n).map(|i| (2.0 * PI * (i as f64 * h)).sin()).collect();
    let u: Vec<f64> = before.iter().zip(signed(52, n)).map(|(b, s)| b + 0.1 * s).collect();
    json!({
        "define": { "residual(u)": [
            "p = pad(u, 1)",
            "slope = (p[2:] - p[:-2])/(2*h)",
            "curvature = (p[2:] - 2*u + p[:-2])/h^2",
            "u - before + dt*u*slope - nu*dt*curvature",
        ] },
        "constants": { "h": h, "dt": 1e-3, "nu": 0.01, "before": before },
        "at": { "u": u },
        "format": "csr",
    })
}

/// Bratu's equation on a grid of n by n inner points.
fn bratu(n: usize) -> Value {
    json!({
        "define": { "residual(u)": [
            "p = pad(u, 1)",
            "4*u - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:] - h^2*lam*exp(u)",
        ] },
        "constants": { "h": 1.0 / (n + 1) as f64, "lam": 6 },
        "at": { "u": array(&[n, n], &uniform(51, n * n)) },
        "format": "csr",
    })
}

/// Discretised differential equations.
fn stencils() -> [Case; 2] {
    [case("W5", "bratu n=1e4", "jacobian", || bratu(100)), case("W5", "burgers n=1e5", "jacobian", || burgers(100_000))]
}

/// Determinants and systems of equations.
fn matrices() -> [Case; 4] {
    let n = 100;
    let (g, x, b) = (signed(71, n * n), uniform(72, n), signed(73, n));
    let entry = |i: usize, j: usize| {
        let product: f64 = (0..n).map(|k| g[i * n + k] * g[j * n + k]).sum();
        product / 100.0 + f64::from(u8::from(i == j))
    };
    let fixed: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
    let whole: Vec<f64> = (0..n * n).map(|at| fixed[at] + if at / n == at % n { x[at % n] } else { 0.0 }).collect();
    let (fixed, whole) = (array(&[n, n], &fixed), array(&[n, n], &whole));
    let of_whole = json!({ "define": { "f(A)": "slogdet(A)[1]" }, "at": { "A": whole } });
    let of_diagonal =
        json!({ "define": { "f(x)": "slogdet(A0 + diag(x))[1]" }, "constants": { "A0": fixed }, "at": { "x": x } });
    let solution = json!({
        "define": { "f(x)": "solve(A0 + diag(x), b)" }, "constants": { "A0": fixed, "b": b }, "at": { "x": x },
    });
    let half = json!({ "define": { "f(A, b)": "sum(solve(A, b)^2)/2" }, "at": { "A": whole, "b": b } });
    [
        case("W7", "logdet grad full A", "gradient", move || of_whole.clone()),
        case("W7", "logdet grad x", "gradient", move || of_diagonal.clone()),
        case("W7", "solve jac x 100x100", "jacobian", move || solution.clone()),
        case("W7", "half|A^-1 b|^2 grad A,b", "gradient", move || half.clone()),
    ]
}

/// An arm of seven joints: where its hand is, and how it is turned; at one point, or at many.
pub(crate) fn hand(of: &str, many: Option<usize>) -> Value {
    let n = many.unwrap_or(1);
    let angles: Vec<f64> = signed(81, 7 * n).into_iter().map(|x| 0.9 * PI * x).collect();
    let mut document = json!({
        "define": {
            "joint(q, d, ca, sa)": [
                "c = cos(q)",
                "s = sin(q)",
                "[[c, -s*ca, s*sa, 0], [s, c*ca, -c*sa, 0], [0, sa, ca, d], [0, 0, 0, 1]]",
            ],
            "hand(q)": [
                "shoulder = joint(q[0], 0.36, 0, -1) @ joint(q[1], 0, 0, 1) @ joint(q[2], 0.42, 0, 1)",
                "elbow = joint(q[3], 0, 0, -1) @ joint(q[4], 0.4, 0, -1)",
                "shoulder @ elbow @ joint(q[5], 0, 0, 1) @ joint(q[6], 0.126, 1, 0)",
            ],
            "position(q)": ["T = hand(q)", "T[:3, 3]"],
            "pose(q)": [
                "T = hand(q)",
                "roll = atan2(T[2, 1], T[2, 2])",
                "pitch = atan2(-T[2, 0], sqrt(T[0, 0]^2 + T[1, 0]^2))",
                "yaw = atan2(T[1, 0], T[0, 0])",
                "[T[0, 3], T[1, 3], T[2, 3], roll, pitch, yaw]",
            ],
        },
        "of": of,
        "at": { "q": if many.is_some() { array(&[n, 7], &angles) } else { json!(angles) } },
    });
    if many.is_some() {
        document["batch"] = json!(["q"]);
    }
    document
}

fn arm() -> [Case; 4] {
    [
        case("W8", "3x7 single", "jacobian", || hand("position", None)),
        case("W8", "3x7 batch1e5", "jacobian", || hand("position", Some(100_000))),
        case("W8", "6x7 single", "jacobian", || hand("pose", None)),
        case("W8", "6x7 batch1e5", "jacobian", || hand("pose", Some(100_000))),
    ]
}
