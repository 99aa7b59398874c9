//! Load on any HTTP server, for comparing servers: so many connections, each with one request after another.
//!
//! `cargo bench --bench load -- drive HOST:PORT PATH BODY-FILE CONNECTIONS SECONDS [HEADER …]` prints a line of JSON;
//! `… -- bare ANSWER-FILE` is what they are compared with: a handler that takes a body and answers with that file.

mod client;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use serde_json::json;
use tokio::task::JoinSet;

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match words.as_slice() {
        ["bare", answer] => runtime.block_on(bare(std::fs::read(answer).expect("a file"))),
        ["drive", host, path, body, connections, seconds, headers @ ..] => {
            let body = std::fs::read(body).expect("a file");
            let headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
            let request = client::post(host, path, &headers, &body);
            let connections = connections.parse().expect("a number of connections");
            let time = Duration::from_secs_f64(seconds.parse().expect("a number of seconds"));
            runtime.block_on(drive(host, request, connections, time));
        }
        _ => tell("this is for benches/peers/run, which says what to drive\n"),
    }
}

fn tell(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("standard output");
}

/// Serves on a free port, which is printed.
async fn bare(answer: Vec<u8>) {
    let answer = Bytes::from(answer);
    let handler = move |_body: Bytes| async move { ([(CONTENT_TYPE, "application/json")], answer) };
    let app = Router::new().route("/", post(handler)).layer(axum::extract::DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    tell(&format!("{}\n", listener.local_addr().expect("a bound port")));
    axum::serve(listener, app).await.expect("a server");
}

/// Every connection sends its requests, one after the other, until the time is up.
async fn drive(host: &str, request: Vec<u8>, connections: usize, time: Duration) {
    let request: Arc<[u8]> = request.into();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(client::connect(host).await);
    }
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for mut stream in open {
        let request = request.clone();
        clients.spawn(async move {
            let (mut answer, mut taken) = (Vec::new(), Vec::new());
            while start.elapsed() < time {
                let sent = Instant::now();
                client::ask(&mut stream, &request, &mut answer).await;
                taken.push(sent.elapsed().as_secs_f64());
            }
            taken
        });
    }
    let mut all = Vec::new();
    while let Some(taken) = clients.join_next().await {
        all.extend(taken.expect("a client"));
    }
    let seconds = start.elapsed().as_secs_f64();
    all.sort_by(f64::total_cmp);
    let quantile = |percent: usize| all[(all.len() * percent / 100).min(all.len() - 1)];
    let line = json!({
        "requests": all.len(), "per_second": all.len() as f64 / seconds,
        "median": quantile(50), "p99": quantile(99), "connections": connections,
    });
    tell(&format!("{line}\n"));
}
