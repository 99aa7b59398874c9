//! Where the time of one answer goes: reading, compiling, running, and the whole from bytes to bytes,
//! the first time and every time after it.

mod documents;

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use jacobi::engine::{Cancel, Compiled, Endpoint, Engine, Limits, Want, read_document};
use jacobi::exec::Workspace;
use jacobi::json;

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for case in documents::cases() {
        measure(&mut criterion, &case);
    }
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, case: &documents::Case) {
    let body = case.body.as_bytes();
    let cancel = Cancel::new(false);
    let limits = Limits::default();
    let want = match case.endpoint {
        Endpoint::Gradient => [Want::Value.into(), Want::Gradient.into()],
        _ => [Want::Value.into(), Want::Jacobian.into()],
    };
    let mut group = criterion.benchmark_group(case.name);
    group.bench_function("json", |b| b.iter(|| json::read(black_box(body))));
    group.bench_function("document", |b| b.iter(|| read_document(black_box(body))));

    let document = read_document(body).expect("a sound document");
    group.bench_function("compile", |b| b.iter(|| Compiled::new(black_box(&document), &want, &limits)));

    let compiled = Compiled::new(&document, &want, &limits).expect("a sound document");
    let inputs = compiled.bind(&document);
    let mut workspace = Workspace::default();
    group.bench_function("run", |b| b.iter(|| compiled.plan.run(black_box(&inputs), &mut workspace, &cancel)));

    group.bench_function("first_answer", |b| {
        let fresh = || Engine::new(limits);
        b.iter_batched_ref(
            fresh,
            |engine| engine.answer(black_box(body), case.endpoint, &cancel),
            BatchSize::SmallInput,
        );
    });
    let engine = Engine::new(limits);
    group.bench_function("answer", |b| b.iter(|| engine.answer(black_box(body), case.endpoint, &cancel)));
    group.finish();
}
