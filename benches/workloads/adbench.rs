//! The objectives of ADBench: the documents of `examples/adbench`, at the sizes at which they are measured.

use serde_json::{Value, json};

use crate::data::{array, signed, uniform};
use crate::documents::{Case, Order, case};

/// The four objectives.
pub(crate) fn cases() -> [Case; 4] {
    [
        case("W6", "gmm d10 k25 n1000", "gradient", || mixture(10, 25, 1000)),
        Case { order: Order::Blocks, ..case("W6", "ba1 p31843", "jacobian", || bundle(49, 7776, 31843)) },
        case("W6", "lstm l2 c1024", "gradient", || parse(include_str!("../../examples/adbench/lstm.json"))),
        case("W6", "hand1 t26 c100", "jacobian", || parse(include_str!("../../examples/adbench/hand.json"))),
    ]
}

fn parse(document: &str) -> Value {
    serde_json::from_str(document).expect("an example is JSON")
}

/// A mixture of k Gaussians in d dimensions and n observations, all numbers made up.
fn mixture(d: usize, k: usize, n: usize) -> Value {
    let mut document = parse(include_str!("../../examples/adbench/gmm.json"));
    // Element (i, j) of a lower triangle among [0, its diagonal, what is below it column by column].
    let column = |j: usize| 1 + d + j * d - j * (j + 1) / 2;
    let entry = |i: usize, j: usize| match i.cmp(&j) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => 1 + i,
        std::cmp::Ordering::Greater => column(j) + i - j - 1,
    };
    let triangle: Vec<Vec<usize>> = (0..d).map(|i| (0..d).map(|j| entry(i, j)).collect()).collect();
    let size = d * (d + 1) / 2;
    document["constants"] = json!({
        "d": d, "k": k, "n": n, "gamma": 1, "m": 0, "entry": triangle, "x": array(&[n, d], &signed(61, n * d)),
    });
    document["at"] = json!({
        "alpha": signed(62, k),
        "mu": array(&[k, d], &uniform(63, k * d)),
        "icf": array(&[k, size], &signed(64, k * size)),
    });
    document
}

/// So many cameras, points and observations, all as the first of the example.
fn bundle(cameras: usize, points: usize, observations: usize) -> Value {
    let mut document = parse(include_str!("../../examples/adbench/ba.json"));
    let index = |n: usize| json!((0..observations).map(|i| i % n).collect::<Vec<_>>());
    document["constants"]["camera"] = index(cameras);
    document["constants"]["point"] = index(points);
    for (input, n) in [("cams", cameras), ("X", points), ("w", observations)] {
        document["at"][input] = json!(vec![document["at"][input][0].clone(); n]);
    }
    document["format"] = json!("csr");
    document
}
