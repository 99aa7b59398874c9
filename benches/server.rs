//! Requests a second over HTTP, with 1 and with 16 connections kept open, to the program in a process of
//! its own. The client speaks just enough HTTP to cost little: what is measured is the server.

mod documents;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use support::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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
    let body = documents::POLAR;
    let request = format!(
        "POST /jacobian HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut open = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP stream");
        open.push(stream);
    }
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for mut stream in open {
        let request = request.clone();
        clients.spawn(async move {
            let mut answer = Vec::new();
            for _ in 0..requests {
                ask(&mut stream, &request, &mut answer).await;
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client");
    }
    start.elapsed()
}

/// Sends a request and reads the whole answer, which must be a good one.
async fn ask(stream: &mut TcpStream, request: &str, answer: &mut Vec<u8>) {
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    answer.clear();
    loop {
        assert_ne!(stream.read_buf(answer).await.expect("the server writes"), 0, "the server hung up");
        if let Some(length) = length(answer)
            && answer.len() >= length
        {
            return assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer));
        }
    }
}

/// Bytes of an answer, head and body; `None` before the whole head is there.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let body = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(head + body.parse::<usize>().ok()?)
}
