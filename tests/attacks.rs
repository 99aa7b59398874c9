//! Attacks: each is refused in bounded time and memory, and the server goes on.
//!
//! Documents that attack are part of the ordinary tests. Connections that attack take a minute and a thousand open
//! files: `cargo test --test attacks -- --ignored --nocapture`. Both print a table.

#![allow(clippy::print_stdout, reason = "what was measured is told to whoever asks for it")]

#[path = "server/client.rs"]
mod client;
#[path = "attacks/connections.rs"]
mod connections;
#[path = "attacks/documents.rs"]
mod documents;
#[path = "server/frames.rs"]
mod frames;
mod support;

use std::time::{Duration, Instant};

use client::SQUARE;
use serde_json::Value;
use support::Server;

/// Longer than any attack may keep the server busy, in an unoptimised build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// More than any attack may take: a body as long as a body may be, twice, and the budget that the attacks are given.
const MEMORY: u64 = 400 << 20;

/// Leaves a server as it was attacked, looks at what that took, and writes a row of the table.
async fn survives(server: &Server, name: &str, answer: &str, start: Instant) {
    let (took, memory) = (start.elapsed(), server.peak_memory());
    println!("| {name} | {answer} | {:.2} s | {} MB |", took.as_secs_f64(), memory >> 20);
    assert!(took < PATIENCE, "{name} took {took:?}");
    assert!(memory < MEMORY, "{name} took {memory} bytes");
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200, "after {name}");
}

fn head() {
    println!("| attack | answer | time | peak memory |\n| --- | --- | --- | --- |");
}

#[tokio::test]
async fn documents_that_attack_are_refused_in_bounded_time_and_memory() {
    head();
    for attack in documents::documents() {
        let server = Server::start(&["--memory-budget", "256000000"]);
        let start = Instant::now();
        // Twice: the second time all that can be remembered of it is.
        server.post(attack.path, attack.body.clone()).await;
        let response = server.post(attack.path, attack.body).await;
        let status = response.status().as_u16();
        let body: Value = response.json().await.expect("an answer is JSON");
        let kind = body["type"].as_str().unwrap_or_default();
        survives(&server, attack.name, &format!("{status} {kind}"), start).await;
        let expected = if attack.refused.is_empty() { status == 200 } else { attack.refused.contains(&kind) };
        assert!(expected, "{}: {status} {:.1000}", attack.name, body.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and a thousand open files"]
async fn connections_that_attack_are_refused_in_bounded_time_and_memory() {
    head();
    connections::bombs().await;
    connections::heads().await;
    connections::slow().await;
    connections::many().await;
    connections::frames().await;
}
