//! What is measured beside the workloads: how costs grow with the size, how fast matrices are multiplied, how fast
//! numbers are read and written, and what a function of a hundred operations costs the first time.

use std::hint::black_box;

use jacobi::engine::{Cancel, Endpoint, Engine, Limits};
use jacobi::json::{Style, Writer};
use serde_json::{Value, json};

use crate::data::{array, signed};
use crate::documents::{burgers, chained, hand, wanting};
use crate::sample::{Effort, Time, time};
use crate::{run, tell};

/// Functions of a hundred operations that an engine keeps, and a few more.
const KEPT: usize = 2_000;

/// All of it, each under a name that the command line may pick.
pub(crate) fn measure(threads: usize, effort: Effort, wanted: &dyn Fn(&str) -> bool) {
    let line = |name: &str, kind: &str| json!({ "engine": "jacobi", "threads": threads, "work": "extra", "case": name, "kind": kind });
    if wanted("extra growth") {
        for n in [100, 1_000, 10_000, 100_000] {
            for (name, want, document) in [
                ("rosenbrock value", "value", chained(n)),
                ("rosenbrock gradient", "gradient", chained(n)),
                ("burgers jacobian csr", "jacobian", burgers(n)),
                ("arm jacobian, points in a batch", "jacobian", hand("position", Some(n))),
            ] {
                let mut line = line(name, "growth");
                line["n"] = json!(n);
                let body = wanting(want, document).to_string();
                let taken = run(&body, &Limits::default(), None, effort, &mut line);
                tell(line, taken);
            }
        }
    }
    if wanted("extra product") {
        let n = 1024;
        let document = json!({
            "define": { "f(A, B)": "A @ B" },
            "at": { "A": array(&[n, n], &signed(91, n * n)), "B": array(&[n, n], &signed(92, n * n)) },
            "want": ["value"],
        });
        let mut line = line("product n=1024", "product");
        line["product_flops"] = json!(2.0 * (n as f64).powi(3));
        let taken = run(&document.to_string(), &Limits::default(), None, effort, &mut line);
        tell(line, taken);
    }
    if wanted("extra json") {
        for (name, taken) in numbers(effort) {
            tell(line(name, "json"), taken);
        }
    }
    if wanted("extra first") {
        // An engine that has seen as many others as it keeps, and never the same one twice.
        let engine = Engine::new(Limits::default());
        let mut bodies = (0..10_000).map(|k| hundred(k).to_string()).collect::<Vec<_>>().into_iter();
        let mut next = || {
            let body = bodies.next().expect("fewer are measured");
            let answer = engine.answer(black_box(body.as_bytes()), Endpoint::Jacobian, &Cancel::new(false));
            black_box(answer).expect("an answer");
        };
        (0..KEPT).for_each(|_| next());
        let taken = time(effort, next);
        tell(line("100 operations", "first"), taken);
    }
}

/// 100 000 numbers with all their digits, read and written by us and by `serde_json`.
fn numbers(effort: Effort) -> [(&'static str, Time); 4] {
    let numbers = signed(93, 100_000);
    let text = serde_json::to_vec(&numbers).expect("numbers are JSON");
    [
        ("read", time(effort, || drop(black_box(jacobi::json::read(black_box(&text)).expect("JSON"))))),
        (
            "read by serde_json",
            time(effort, || drop(black_box(serde_json::from_slice::<Vec<f64>>(black_box(&text)).expect("JSON")))),
        ),
        (
            "written",
            time(effort, || {
                let mut writer = Writer::new();
                writer.array(&[numbers.len()], black_box(&numbers), Style::default()).expect("finite numbers");
                black_box(writer.finish());
            }),
        ),
        (
            "written by serde_json",
            time(effort, || drop(black_box(serde_json::to_vec(black_box(&numbers)).expect("numbers are JSON")))),
        ),
    ]
}

/// The `k`-th function of one hundred operations, in ten equations, and its Jacobian by three numbers.
fn hundred(k: usize) -> Value {
    let mut equations = vec![format!("u0 = sin(x[0]*x[1]) + x[2]^2 - {k}")];
    for i in 1..10 {
        let last = i - 1;
        equations.push(format!("u{i} = tanh(u{last}*x[0] - {i}) + exp(-x[1]^2)*cos(u{last}/2) + x[2]*u{last}"));
    }
    equations.push("[u9, u5*u9, u3 + u9]".to_owned());
    json!({ "define": { "f(x)": equations }, "at": { "x": [0.3, -0.7, 1.1] }, "want": ["value", "jacobian"] })
}
