//! Raw connections, documents that take long, and what the server counts.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::Server;

pub(crate) const SQUARE: &str = r#"{"define": {"f(x)": "x^2"}, "at": {"x": 3}}"#;

/// Longer than anything here should take.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// A connection to the server that gives up after a while.
pub(crate) fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(&server.address).expect("the server listens");
    stream.set_read_timeout(Some(LONG)).expect("a timeout can be set");
    stream
}

/// A connection that has sent these bytes.
pub(crate) fn sent(server: &Server, bytes: &str) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(bytes.as_bytes()).expect("the server reads");
    stream
}

/// What comes until the server closes the connection, and how long that took.
pub(crate) fn rest(mut stream: TcpStream) -> (String, Duration) {
    let start = Instant::now();
    let mut bytes = Vec::new();
    // A connection that is reset has ended too.
    let _ = stream.read_to_end(&mut bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), start.elapsed())
}

/// A post as it goes over the wire.
pub(crate) fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A document whose answer takes about `rounds` passes over a million numbers, hundreds of them a few seconds.
pub(crate) fn heavy(rounds: usize) -> String {
    let mut lines = vec!["u0 = x * ones((1000, 1000))".to_owned()];
    // A sum between the steps keeps each pass one of its own.
    lines.extend((0..rounds).map(|i| format!("u{} = sin(u{i}) + cos(u{i} * mean(u{i}))", i + 1)));
    lines.push(format!("sum(u{rounds})"));
    let define = serde_json::json!({ "f(x)": lines });
    serde_json::json!({ "define": define, "at": { "x": 0.5 } }).to_string()
}

/// The value of one series, such as `jacobi_cancelled_total{reason="hung_up"}`; 0 if it is not there.
pub(crate) async fn count(server: &Server, series: &str) -> f64 {
    let text = server.get("/metrics").await.text().await.expect("counts are text");
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

/// Waits until a series has a value.
pub(crate) async fn until(server: &Server, series: &str, value: f64) {
    let start = Instant::now();
    loop {
        let now = count(server, series).await;
        if now == value {
            return;
        }
        assert!(start.elapsed() < LONG, "{series} is {now}, not {value}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
