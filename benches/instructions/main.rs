//! Small cases whose machine instructions are counted: `instructions NAME` does one of them once within `measured`, at
//! which the counting begins, and without a name they are listed. Driven by `benches/instructions/check`.

#[path = "../workloads/data.rs"]
#[allow(dead_code, reason = "each program uses its own part")]
mod data;
#[path = "../documents/mod.rs"]
mod documents;

use std::hint::black_box;
use std::io::Write;

use jacobi::engine::{Cancel, Compiled, Endpoint, Engine, Limits, read_document};
use jacobi::exec::Workspace;
use serde_json::{Value, json};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is counted of a document.
enum What {
    /// A run of its plan, in memory that is there.
    Run,
    /// Its answer from bytes to bytes, the plan being kept.
    Answer,
    /// Its answer by an engine that has seen nothing.
    First,
}

/// The cases, by name.
fn cases() -> [(&'static str, What, Value); 6] {
    let example = |text: &str| -> Value { serde_json::from_str(text).expect("an example is JSON") };
    let [polar, rosenbrock, network] = documents::cases().map(|case| example(&case.body));
    let point = data::signed(21, 1000);
    let stencil = json!({
        "define": { "f(u)": ["p = pad(u, 1)", "p[2:] - 2*u + p[:-2] - exp(u)"] }, "at": { "u": point }, "format": "csr",
    });
    let arm = example(include_str!("../../examples/puma560.json"));
    [
        ("a small Jacobian, run", What::Run, polar.clone()),
        ("a gradient by 100 numbers, run", What::Run, rosenbrock),
        ("a Jacobian of a network, run", What::Run, network),
        ("a sparse Jacobian by 1000 numbers, run", What::Run, stencil),
        ("a small Jacobian, answered", What::Answer, polar),
        ("the Jacobian of an arm, answered the first time", What::First, arm),
    ]
}

/// What is counted: a function that is called for each case once.
#[inline(never)]
fn measured(act: &mut dyn FnMut()) {
    act();
}

fn main() {
    let name = std::env::args().skip(1).find(|word| word != "--bench");
    let cases = cases();
    let Some((_, what, mut document)) = cases.into_iter().find(|case| name.as_deref() == Some(case.0)) else {
        let names = self::cases().map(|case| case.0).join("\n");
        return writeln!(std::io::stdout().lock(), "{names}").expect("standard output");
    };
    let cancel = Cancel::new(false);
    document["want"] = json!(["value", "jacobian"]);
    let body = document.to_string();
    let engine = Engine::default();
    let answer = |engine: &Engine| {
        black_box(engine.answer(black_box(body.as_bytes()), Endpoint::Jacobian, &cancel)).expect("an answer");
    };
    match what {
        What::Run => {
            let document = read_document(body.as_bytes()).expect("a sound document");
            let want = document.want.clone().expect("it was put there");
            let compiled = Compiled::new(&document, &want, &Limits::default()).expect("a sound document");
            let (inputs, mut workspace) = (compiled.bind(&document), Workspace::default());
            let mut run = || compiled.plan.run(black_box(&inputs), &mut workspace, &cancel).expect("nobody cancels");
            run();
            measured(&mut run);
        }
        What::Answer => {
            answer(&engine);
            measured(&mut || answer(&engine));
        }
        What::First => measured(&mut || answer(&engine)),
    }
}
