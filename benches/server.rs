//! Requests a second over HTTP, with 1 and with 16 connections kept open, to the program in a process of
//! its own.

mod client;
mod documents;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use support::Server;
use tokio::task::JoinSet;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = Server::start(&[]);
    let mut group = criterion.benchmark_group("server");
    for connections in [1, 16] {
        group.throughput(Throughput::Elements(connections));
        group.bench_function(format!("polar_{connections}"), |b| {
            b.iter_custom(|requests| runtime.block_on(drive(&server.address, connections, requests)));
        });
    }
    group.finish();
    drop(server);
    criterion.final_summary();
}

/// The time in which every connection has sent its requests, one after the other.
async fn drive(address: &str, connections: u64, requests: u64) -> Duration {
    let request = client::post(address, "/jacobian", &[], documents::POLAR.as_bytes());
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(client::connect(address).await);
    }
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for mut stream in open {
        let request = request.clone();
        clients.spawn(async move {
            let mut answer = Vec::new();
            for _ in 0..requests {
                client::ask(&mut stream, &request, &mut answer).await;
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client");
    }
    start.elapsed()
}
