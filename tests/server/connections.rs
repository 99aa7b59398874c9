//! Connections: half heads, slow readers, too many, Unix sockets, both versions of HTTP.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{LONG, SQUARE, connect, count, post, rest, sent, until};
use crate::frames::{NO_WINDOW, PING, PREFACE, SETTINGS, frame, request};
use crate::support::{Server, jacobi};

#[test]
fn half_a_head_is_closed_in_time() {
    let server = Server::start(&["--header-timeout", "0.5"]);
    for half in ["G", "GET /version HTTP/1.1\r\nhost: x\r\n", "PRI * HTTP/2.0\r\n"] {
        let (_, took) = rest(sent(&server, half));
        assert!(took < Duration::from_millis(1500), "{half:?}: {took:?}");
    }
}

#[test]
fn a_connection_is_kept_for_the_next_request_and_closed_when_idle() {
    let server = Server::start(&["--header-timeout", "0.4", "--idle-timeout", "1.5"]);
    let mut stream = sent(&server, &post("/value", SQUARE));
    let mut answer = [0; 4096];
    assert!(stream.read(&mut answer).expect("an answer") > 0);
    std::thread::sleep(Duration::from_millis(700));
    stream.write_all(post("/value", SQUARE).as_bytes()).expect("it is still open");
    let (answer, took) = rest(stream);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_reader_who_takes_nothing_is_cut_off_and_its_memory_given_back() {
    let server = Server::start(&["--write-timeout", "0.5", "--request-timeout", "600"]);
    // More than any socket buffers.
    let large = r#"{"define": {"f(x)": "x * ones((1500, 1000)) / 3"}, "at": {"x": 0.1}, "want": ["value"]}"#;
    let mut stream = sent(&server, &post("/value", large));
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("the answer begins");
    assert_eq!(&start, b"HTTP/1.1 200");
    assert!(count(&server, "jacobi_reserved_bytes{lane=\"large\"}").await > 1e7);
    until(&server, "jacobi_reserved_bytes{lane=\"large\"}", 0.0).await;
    let (rest, _) = rest(stream);
    assert!(rest.len() < 25_000_000, "the whole answer came");
}

#[tokio::test]
async fn a_window_that_never_opens_is_cut_off_though_the_client_shows_life() {
    let server = Server::start(&["--write-timeout", "0.5", "--request-timeout", "600"]);
    let large = br#"{"define": {"f(x)": "x * ones((1500, 1000)) / 3"}, "at": {"x": 0.1}, "want": ["value"]}"#;
    let mut stream = connect(&server);
    let start = [PREFACE, &frame(SETTINGS, 0, 0, &NO_WINDOW), &request(1, "/value", large)].concat();
    stream.write_all(&start).expect("the server reads");
    let reserved = "jacobi_reserved_bytes{lane=\"large\"}";
    let start = Instant::now();
    while count(&server, reserved).await < 1e7 {
        assert!(start.elapsed() < LONG, "the answer was not made");
    }
    let start = Instant::now();
    while stream.write_all(&frame(PING, 0, 0, b"I live. ")).is_ok() {
        assert!(start.elapsed() < LONG, "it is still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until(&server, reserved, 0.0).await;
}

#[test]
fn pings_do_not_keep_an_idle_connection_open() {
    let server = Server::start(&["--idle-timeout", "0.5"]);
    let mut stream = connect(&server);
    let start = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &request(1, "/value", SQUARE.as_bytes())].concat();
    stream.write_all(&start).expect("the server reads");
    let start = Instant::now();
    while stream.write_all(&frame(PING, 0, 0, b"I live. ")).is_ok() {
        assert!(start.elapsed() < LONG, "it is still open");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_connection_too_many_is_told_so() {
    let server = Server::start(&["--max-connections", "16"]);
    let held: Vec<_> = (0..16).map(|_| sent(&server, "G")).collect();
    let (answer, _) = rest(connect(&server));
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{} bytes: {answer}", body.len());
    let problem: Value = serde_json::from_str(body).expect("a problem is JSON");
    assert_eq!(problem["code"], "busy");
    drop(held);
    // Places are given back.
    let start = Instant::now();
    while !rest(sent(&server, "GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).0.contains(" 200 ") {
        assert!(start.elapsed() < Duration::from_secs(20), "no place became free");
    }
}

#[test]
fn a_unix_socket_serves_and_is_taken_away_at_the_end() {
    let path = std::env::temp_dir().join(format!("jacobi-{}.sock", std::process::id()));
    let place = format!("unix:{}", path.display());
    let start = || {
        let mut command = jacobi();
        command.args(["--listen", &place]);
        Server::spawn(command)
    };
    let ask = || {
        let mut stream = UnixStream::connect(&path).expect("the server listens");
        let request = post("/value", SQUARE).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        assert!(answer.contains("200 OK") && answer.contains("9.0"), "{answer}");
    };
    let server = start();
    ask();
    let check = jacobi().args(["healthcheck", "--listen", &place]).status().expect("the program runs");
    assert!(check.success());
    // Killed, it leaves its socket behind; the next one takes its place.
    drop(server);
    assert!(path.exists());
    let server = start();
    ask();
    assert!(server.terminate());
    assert!(!path.exists());
}

#[tokio::test]
async fn http_2_is_spoken_without_tls_too() {
    let server = Server::start(&["--header-timeout", "0.5"]);
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    for _ in 0..3 {
        let answer = client.post(server.url("/value")).body(SQUARE).send().await.expect("the server answers");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
        // Longer than a head may take: the connection is idle, and stays.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}
