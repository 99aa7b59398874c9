//! Heads that are no requests: hyper refuses them before any route sees them, and the answer is a problem like all others.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::Value;

use crate::client::{SQUARE, connect, count, post, rest, sent};
use crate::support::Server;

/// The problem that an answer carries, after looking at its head.
fn problem(answer: &str, status: u16) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    for field in ["content-type: application/problem+json", "connection: close"] {
        assert!(head.contains(field), "{head}");
    }
    assert!(head.contains(&format!("content-length: {}", body.len())), "{} bytes: {head}", body.len());
    let problem: Value = serde_json::from_str(body).expect("a problem is JSON");
    assert_eq!(problem["status"], status);
    let id = problem["request_id"].as_str().expect("an id");
    assert!(!id.is_empty() && head.contains(&format!("x-request-id: {id}")), "{head}");
    problem
}

#[tokio::test]
async fn whatever_is_no_head_is_a_problem() {
    let server = Server::start(&[]);
    let heads = [
        "hello\r\n\r\n",
        "G@T / HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/3.7\r\nhost: x\r\n\r\n",
        "GET /\u{7f}\u{1} HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\u{0}b\r\n\r\n",
        "POST /value HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        "POST /value HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "POST /value HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        "POST /value HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
        "POST /value HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    for head in heads {
        let (answer, _) = rest(sent(&server, head));
        assert_eq!(problem(&answer, 400)["code"], "malformed_head", "{head:?}");
    }
    assert_eq!(count(&server, "jacobi_requests_total{route=\"other\",status=\"400\"}").await, heads.len() as f64);
    assert_eq!(count(&server, "jacobi_problems_total{code=\"malformed_head\"}").await, heads.len() as f64);
}

#[test]
fn heads_that_are_too_large_are_told_so_though_the_client_goes_on_sending() {
    let server = Server::start(&["--header-timeout", "2"]);
    let one = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}", "a".repeat(4 << 20));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(101));
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(65_535));
    for head in [one, many, path] {
        let mut stream = connect(&server);
        // All of it is taken, so that the answer is not lost with a connection that is reset.
        stream.write_all(head.as_bytes()).expect("the server reads");
        stream.shutdown(std::net::Shutdown::Write).expect("it is open");
        let (answer, _) = rest(stream);
        assert_eq!(problem(&answer, 431)["code"], "head_too_large");
    }
    // Who neither ends nor goes on is not waited for longer than a head may take.
    let mut stream = sent(&server, "hello\r\n\r\n");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    std::thread::sleep(Duration::from_secs(4));
    let gone = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"more").is_err()
    });
    assert!(gone, "the connection is still open");
}

#[test]
fn a_request_before_it_keeps_its_answer() {
    let server = Server::start(&[]);
    let (answers, _) = rest(sent(&server, &format!("{}hello\r\n\r\n", post("/value", SQUARE))));
    let (first, second) = answers.split_once("HTTP/1.1 400 ").expect("two answers");
    assert!(first.starts_with("HTTP/1.1 200 ") && first.contains("9.0"), "{first}");
    problem(&format!("HTTP/1.1 400 {second}"), 400);
}
