//! Abuse: whatever is sent is refused in bounded time and memory, and others are served meanwhile.

use std::io::Write;
use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::{Value, json};

use crate::client::{LONG, SQUARE, count, rest, sent, until};
use crate::support::Server;

/// What a server may grow by when it is abused: bodies within its limit, and some.
const GROWTH: u64 = 200 << 20;

async fn code(response: Response, status: u16) -> String {
    assert_eq!(response.status(), status, "{}", response.text().await.unwrap_or_default());
    let problem: Value = response.json().await.expect("a problem is JSON");
    problem["code"].as_str().expect("a code").to_owned()
}

/// Refuses something, and looks at how long that took and how much memory.
async fn bounded<T>(server: &Server, what: &str, abuse: impl Future<Output = T>) -> T {
    let (start, before) = (Instant::now(), server.peak_memory());
    let done = abuse.await;
    assert!(start.elapsed() < LONG, "{what} took {:?}", start.elapsed());
    let grown = server.peak_memory().saturating_sub(before);
    assert!(grown < GROWTH, "{what} took {grown} bytes");
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200, "after {what}");
    done
}

#[tokio::test]
async fn bombs_are_measured_by_what_comes_out() {
    let server = Server::start(&["--max-body-bytes", "10000000"]);
    let zeros = vec![b' '; 100_000_000];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&zeros).expect("it can be compressed");
    let gzip = gzip.finish().expect("it can be compressed");
    let zstd = zstd::encode_all(&zeros[..], 3).expect("it can be compressed");
    for (encoding, bomb) in [("gzip", gzip), ("zstd", zstd)] {
        assert!(bomb.len() < 110_000, "{encoding}: {} bytes", bomb.len());
        let request = server.client.post(server.url("/value")).header("content-encoding", encoding).body(bomb);
        let answer = bounded(&server, encoding, request.send()).await.expect("the server answers");
        assert_eq!(code(answer, 413).await, "body_too_large");
    }
}

#[tokio::test]
async fn sound_bodies_in_zstd_are_read_and_answers_compressed_as_asked() {
    let server = Server::start(&[]);
    let body = zstd::encode_all(SQUARE.as_bytes(), 3).expect("it can be compressed");
    let request = server.client.post(server.url("/value")).header("content-encoding", "zstd").body(body);
    assert_eq!(request.send().await.expect("the server answers").status(), 200);
    let large = r#"{"define": {"f(x)": "x * ones((100, 100))"}, "at": {"x": 0.1}}"#;
    let plain = server.post("/value", large).await.text().await.expect("an answer");
    for encoding in ["gzip", "zstd", "br"] {
        let request = server.client.post(server.url("/value")).header("accept-encoding", encoding).body(large);
        let answer = request.send().await.expect("the server answers");
        assert_eq!(answer.headers().get("content-encoding").expect("it is compressed"), encoding);
        if encoding == "zstd" {
            let bytes = answer.bytes().await.expect("bytes");
            assert_eq!(zstd::decode_all(&bytes[..]).expect("sound zstd"), plain.as_bytes());
        }
    }
    let small = server.client.post(server.url("/value")).header("accept-encoding", "gzip").body(SQUARE);
    assert!(!small.send().await.expect("the server answers").headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn documents_that_are_deep_wide_or_long_are_refused() {
    let server = Server::start(&[]);
    let deep = "[".repeat(1_000_000);
    let answer = bounded(&server, "a million brackets", server.post("/value", deep.clone())).await;
    assert_eq!(answer.status(), 422);
    let deep =
        format!(r#"{{"define": {{"f(x)": "{}x{}"}}, "at": {{"x": 1}}}}"#, "(".repeat(1_000_000), ")".repeat(1_000_000));
    let answer = bounded(&server, "a million parentheses", server.post("/value", deep)).await;
    assert_eq!(answer.status(), 422);
    let name = "n".repeat(1 << 20);
    let named = json!({ "define": { "f(x)": name.clone() }, "at": { "x": 1 } }).to_string();
    let answer = bounded(&server, "a name of a megabyte", server.post("/value", named)).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.bytes().await.expect("a body").len() < 10_000, "the name is told in full");
    let signature = json!({ "define": { format!("{name}(x)"): "x" }, "at": { "y": 1 } }).to_string();
    assert_eq!(bounded(&server, "a signature of a megabyte", server.post("/value", signature)).await.status(), 422);
    let constants: serde_json::Map<_, _> = (0..100_000).map(|i| (format!("c{i}"), json!(i))).collect();
    let many = json!({ "define": { "f(x)": "x + y" }, "constants": constants, "at": { "x": 1 } }).to_string();
    assert_eq!(bounded(&server, "many constants", server.post("/value", many)).await.status(), 422);
}

#[tokio::test]
async fn a_promise_of_four_gigabytes_is_refused_before_they_come() {
    let server = Server::start(&["--body-timeout", "0.5"]);
    let head = "POST /value HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4294967296\r\n\r\n";
    let stream = sent(&server, head);
    let (answer, took) = bounded(&server, "four gigabytes", async {
        tokio::task::spawn_blocking(move || rest(stream)).await.expect("it ends")
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"), "{answer}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn three_hundred_slow_heads_keep_nobody_out() {
    let server = Server::start(&["--header-timeout", "2", "--max-connections", "400"]);
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(sent(&server, "POST /value HTTP/1.1\r\nhost: x\r\n"));
    }
    until(&server, "jacobi_connections", 301.0).await;
    let start = Instant::now();
    while count(&server, "jacobi_connections").await > 1.0 {
        // A byte now and then buys no time.
        held.retain_mut(|stream| stream.write_all(b"a").is_ok());
        assert_eq!(server.post("/value", SQUARE).await.status(), 200);
        assert!(start.elapsed() < LONG, "slow connections are still held");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
