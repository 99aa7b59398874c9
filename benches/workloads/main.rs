//! What the core takes for the workloads that other engines are measured by as well: one line of JSON for each
//! figure. `run` is the time inside the core with inputs and memory ready, `value` that of the function alone,
//! `answer` from bytes to bytes, `first` the same for a function never seen.
//!
//! `memory`, which is measured only if asked for, is by how much one run made the process grow.
//!
//! `cargo bench --bench workloads -- [--threads n] [--quick] [--only run,first] [parts of names]`, or `--list`;
//! a whole name ends in `$`

mod adbench;
mod answers;
mod data;
mod documents;
mod extras;
mod memory;
mod sample;

use std::hint::black_box;
use std::io::Write;

use jacobi::engine::{Cancel, Compiled, Document, Endpoint, Engine, Limits, read_document};
use jacobi::exec::Workspace;
use serde_json::{Value, json};

use documents::Case;
use sample::{Effort, Time, time};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured of each document, unless `--only` says less.
const KINDS: [&str; 4] = ["run", "value", "answer", "first"];

/// What was asked for.
struct Options {
    threads: usize,
    effort: Effort,
    kinds: Vec<String>,
    names: Vec<String>,
    list: bool,
}

fn main() {
    let options = options();
    if options.list {
        for case in documents::cases() {
            writeln!(std::io::stdout().lock(), "{} {}", case.work, case.name).expect("standard output");
        }
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().expect("threads");
    let wanted = |name: &str| options.names.is_empty() || options.names.iter().any(|part| picks(part, name));
    pool.install(|| {
        for case in documents::cases().iter().filter(|case| wanted(&format!("{} {}", case.work, case.name))) {
            measure(case, &options);
        }
        extras::measure(options.threads, options.effort, &wanted);
    });
}

/// Whether a part of a name, or a whole one that ends in `$`, is of this name.
fn picks(part: &str, name: &str) -> bool {
    part.strip_suffix('$').map_or_else(|| name.contains(part), |whole| name == whole)
}

fn options() -> Options {
    let mut options = Options { threads: 1, effort: Effort::FULL, kinds: Vec::new(), names: Vec::new(), list: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--threads" => options.threads = words.next().and_then(|n| n.parse().ok()).expect("a number of threads"),
            "--list" => options.list = true,
            "--quick" => options.effort = Effort::QUICK,
            "--only" => options.kinds = words.next().unwrap_or_default().split(',').map(str::to_owned).collect(),
            "--bench" => {}
            _ => options.names.push(word),
        }
    }
    if options.kinds.is_empty() {
        options.kinds = KINDS.map(str::to_owned).to_vec();
    }
    options
}

/// Everything about one document.
fn measure(case: &Case, options: &Options) {
    let body = case.document().to_string();
    let limits = Limits { max_bytes: 16 << 30, ..Limits::default() };
    let cancel = Cancel::new(false);
    for kind in &options.kinds {
        let mut line = json!({ "engine": "jacobi", "threads": options.threads, "work": case.work, "case": case.name,
            "kind": kind, "product_flops": case.product_flops });
        let taken = match kind.as_str() {
            "run" => run(&body, &limits, Some(case), options.effort, &mut line),
            "memory" => {
                memory::measure(&body, &limits, &mut line);
                writeln!(std::io::stdout().lock(), "{line}").expect("standard output");
                continue;
            }
            "value" => run(&case.value().to_string(), &limits, None, options.effort, &mut line),
            "answer" => {
                let engine = Engine::new(limits);
                time(options.effort, || {
                    let answer = engine.answer(black_box(body.as_bytes()), Endpoint::Jacobian, &cancel);
                    black_box(answer).expect("an answer");
                })
            }
            _ => time(options.effort, || {
                let engine = Engine::new(limits);
                let answer = engine.answer(black_box(body.as_bytes()), Endpoint::Jacobian, &cancel);
                black_box(answer).expect("an answer");
            }),
        };
        tell(line, taken);
    }
}

/// The time inside the core; all outputs of the plan lie in memory in the end, row by row, which some are copied for.
fn run(body: &str, limits: &Limits, checked: Option<&Case>, effort: Effort, line: &mut Value) -> Time {
    let document = read_document(body.as_bytes()).expect("a sound document");
    let want = document.want.clone().expect("the document says what it wants");
    let compiled = Compiled::new(&document, &want, limits).expect("a sound document");
    let (inputs, mut workspace) = (compiled.bind(&document), Workspace::default());
    let cancel = Cancel::new(false);
    let mut room = vec![Vec::new(); compiled.plan.count()];
    let taken = time(effort, || {
        compiled.plan.run(black_box(&inputs), &mut workspace, &cancel).expect("nobody cancels");
        for (i, room) in room.iter_mut().enumerate() {
            let output = compiled.plan.output(i, &inputs, &workspace);
            if !output.is_contiguous() {
                room.resize(output.len(), 0.0);
                output.copy_into(room);
            }
            black_box(room);
        }
    });
    line["copied"] = json!(room.iter().map(Vec::len).sum::<usize>());
    describe(&document, &compiled, line);
    if let Some(case) = checked {
        line["checksum"] = json!(answers::sums(&compiled, &inputs, &workspace, case.order));
    }
    taken
}

/// How it was computed.
fn describe(document: &Document, compiled: &Compiled, line: &mut Value) {
    let method = compiled.second.as_ref().unwrap_or(&compiled.method);
    line["mode"] = json!(method.mode);
    line["nodes"] = json!(compiled.cost.nodes);
    line["flops"] = json!(compiled.cost.flops);
    line["bytes"] = json!(compiled.cost.bytes);
    line["batch"] = json!(document.batch);
}

/// Writes a line.
fn tell(mut line: Value, taken: Time) {
    line["median"] = json!(taken.median);
    line["min"] = json!(taken.least);
    line["cpu"] = json!(taken.cpu);
    line["samples"] = json!(taken.samples);
    writeln!(std::io::stdout().lock(), "{line}").expect("standard output");
}
