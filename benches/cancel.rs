//! How soon a computation ends that nobody wants any more: each document takes seconds, its cancel flag is
//! raised at moments drawn at random, and the time until the answer is given up is shown.
//!
//! `cargo bench --bench cancel`, or with a part of a document's name to run those alone.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "cancel/heavy.rs"]
mod heavy;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jacobi::engine::{Cancel, Engine, Limits};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each document is given up.
const TIMES: u32 = 12;

/// The flag is raised within so many milliseconds of the start.
const WITHIN: u64 = 2500;

/// What a computation is to be free within.
const PROMISED: Duration = Duration::from_millis(50);

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let mut random = 1u64;
    println!("{:<28} {:>9} {:>9} {:>9}  finished before", "document", "mean ms", "worst ms", "after ms");
    for (name, body, endpoint) in heavy::documents() {
        if !chosen.is_empty() && !chosen.iter().any(|c| name.contains(c.as_str())) {
            continue;
        }
        let limits = Limits { max_bytes: 8 << 30, ..Limits::default() };
        let mut taken: Vec<(Duration, Duration)> = Vec::new();
        for _ in 0..TIMES {
            // The multiplier of Knuth's MMIX generator.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let after = Duration::from_millis(random >> 33).as_millis() as u64 % WITHIN;
            taken.extend(given_up(&Engine::new(limits), body.as_bytes(), endpoint, Duration::from_millis(after)));
        }
        let worst = taken.iter().max().copied().unwrap_or_default();
        let mean = taken.iter().map(|t| t.0).sum::<Duration>() / (taken.len().max(1) as u32);
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        println!(
            "{name:<28} {:>9.1} {:>9.1} {:>9.0}  {}{}",
            ms(mean),
            ms(worst.0),
            ms(worst.1),
            TIMES as usize - taken.len(),
            if worst.0 > PROMISED { "  LATE" } else { "" }
        );
    }
}

/// The time from raising the flag to the end, with the time after which it was raised; nothing if the answer was
/// done before.
fn given_up(
    engine: &Engine,
    body: &[u8],
    endpoint: jacobi::engine::Endpoint,
    after: Duration,
) -> Option<(Duration, Duration)> {
    let cancel = Cancel::new(false);
    let (ended, raised) = std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let answer = engine.answer(body, endpoint, &cancel);
            (Instant::now(), answer)
        });
        std::thread::sleep(after);
        let raised = Instant::now();
        cancel.store(true, Ordering::Relaxed);
        (work.join().expect("no panic"), raised)
    });
    match ended.1 {
        Err(faults) if faults.iter().any(|f| f.detail.contains("given up")) => Some((ended.0 - raised, after)),
        Err(faults) => panic!("{faults:?}"),
        Ok(_) => None,
    }
}
