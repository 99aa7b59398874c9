//! Bytes that attack: bombs, long heads, slow clients, many requests, frames of HTTP/2.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{SQUARE, connect, count, heavy, post, rest, until};
use crate::frames::{
    CANCEL, CONTINUATION, DATA, END_HEADERS, HEADERS, NO_WINDOW, PING, PREFACE, RESET, SETTINGS, frame, head, request,
};
use crate::support::Server;
use crate::survives;

/// An answer of twenty megabytes.
const LARGE: &str = r#"{"define": {"f(x)": "x * ones((1000, 1000)) / 3"}, "at": {"x": 0.1}, "want": ["value"]}"#;

/// Settings under which slow clients are told from others soon.
const HASTY: [&str; 10] = [
    "--header-timeout",
    "3",
    "--body-timeout",
    "3",
    "--idle-timeout",
    "3",
    "--write-timeout",
    "3",
    "--memory-budget",
    "256000000",
];

/// Status and problem type at the start of what came, and how many answers came in all.
fn answers(text: &str) -> String {
    let status = text.get(9..12).unwrap_or("closed");
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let problem: Value =
        serde_json::Deserializer::from_str(body).into_iter().next().and_then(Result::ok).unwrap_or_default();
    let kind = problem["type"].as_str().unwrap_or_default();
    match text.matches("HTTP/1.1 ").count() {
        0 | 1 => format!("{status} {kind}"),
        more => format!("{more} answers, the first {status} {kind}"),
    }
}

/// Writes while it reads, and gives all that came until the server closed the connection.
async fn exchange(server: &Server, bytes: Vec<u8>) -> String {
    let stream = connect(server);
    let mut writer = stream.try_clone().expect("a second handle");
    let writing = tokio::task::spawn_blocking(move || {
        // Who refuses does not read to the end.
        let _ = writer.write_all(&bytes);
    });
    let (text, _) = tokio::task::spawn_blocking(move || rest(stream)).await.expect("it ends");
    writing.await.expect("it ends");
    text
}

pub(crate) async fn bombs() {
    let zeros = vec![b' '; 256 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&zeros).expect("it can be compressed");
    let gzip = gzip.finish().expect("it can be compressed");
    let zstd = zstd::encode_all(&zeros[..], 19).expect("it can be compressed");
    drop(zeros);
    for (encoding, bomb) in [("gzip", gzip.clone()), ("zstd", zstd), ("br", gzip)] {
        let server = Server::start(&[]);
        let (start, length) = (Instant::now(), bomb.len());
        let post = server.client.post(server.url("/value")).header("content-encoding", encoding).body(bomb);
        let answer = post.send().await.expect("the server answers");
        let said = format!("{} {}", answer.status().as_u16(), answer.json::<Value>().await.expect("JSON")["type"]);
        survives(&server, &format!("256 MB in {length} bytes of {encoding}"), &said, start).await;
    }
}

pub(crate) async fn heads() {
    let many = (0..10_000).map(|i| format!("x{i}: {i}\r\n")).collect::<Vec<_>>().concat();
    let get = |more: &str| format!("GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
    let tiny = "1\r\n \r\n".repeat(1_000_000);
    for (name, bytes) in [
        ("a header of 1 MB", get(&format!("x: {}\r\n", "y".repeat(1 << 20)))),
        ("10⁴ headers", get(&many)),
        ("a path of 1 MB", format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(1 << 20))),
        (
            "a promise of 4 GB",
            "POST /value HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4294967296\r\n\r\n".into(),
        ),
        (
            "10⁶ chunks of a byte",
            format!(
                "POST /value HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{tiny}0\r\n\r\n"
            ),
        ),
        (
            "a chunk of 2⁶⁴ bytes",
            "POST /value HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n".into(),
        ),
    ] {
        let server = Server::start(&HASTY);
        let start = Instant::now();
        let text = exchange(&server, bytes.into_bytes()).await;
        survives(&server, name, &answers(&text), start).await;
    }
}

pub(crate) async fn slow() {
    let half = "POST /value HTTP/1.1\r\nhost: x\r\n";
    let dripping = format!("{half}content-length: 1000\r\n\r\n");
    for (name, bytes) in [("1000 half heads", half.to_owned()), ("1000 dripping bodies", dripping)] {
        let server = Server::start(&HASTY);
        let start = Instant::now();
        let mut held: Vec<_> = (0..1000).map(|_| connect(&server)).collect();
        held.retain_mut(|stream| stream.write_all(bytes.as_bytes()).is_ok());
        let mut worst = Duration::ZERO;
        while count(&server, "jacobi_connections").await > 1.0 {
            held.retain_mut(|stream| stream.write_all(b" ").is_ok());
            let asked = Instant::now();
            assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
            worst = worst.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        survives(&server, name, &format!("closed; others waited {worst:.0?} at most"), start).await;
    }
    let server = Server::start(&HASTY);
    let start = Instant::now();
    let mut held: Vec<_> = (0..100).map(|_| connect(&server)).collect();
    for stream in &mut held {
        stream.write_all(post("/value", LARGE).as_bytes()).expect("the server reads");
    }
    given_back(&server).await;
    survives(&server, "100 readers who take nothing of 20 MB", "closed, or 503", start).await;
}

/// Waits until nothing runs and no answer is held.
async fn given_back(server: &Server) {
    tokio::time::sleep(Duration::from_millis(500)).await;
    for series in [
        "jacobi_running{lane=\"large\"}",
        "jacobi_reserved_bytes{lane=\"large\"}",
        "jacobi_reserved_bytes{lane=\"small\"}",
    ] {
        until(server, series, 0.0).await;
    }
}

pub(crate) async fn many() {
    let server = Server::start(&HASTY);
    let start = Instant::now();
    let last = "GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let text = exchange(&server, (post("/jacobian", SQUARE).repeat(9_999) + last).into_bytes()).await;
    survives(&server, "10⁴ requests at once on a connection", &answers(&text), start).await;

    let start = Instant::now();
    for _ in 0..5_000 {
        drop(connect(&server));
    }
    until(&server, "jacobi_connections", 1.0).await;
    survives(&server, "5000 connections opened and closed", "closed", start).await;
}

/// Sends frames until the server closes the connection or has read them all, and gives the code of its farewell.
async fn flood(server: &Server, frames: impl Iterator<Item = Vec<u8>> + Send + 'static) -> String {
    let mut stream = connect(server);
    let reader = stream.try_clone().expect("a second handle");
    let reading = tokio::task::spawn_blocking(move || farewell(reader));
    let writing = tokio::task::spawn_blocking(move || {
        let start = [PREFACE.to_vec(), frame(SETTINGS, 0, 0, &[])].concat();
        let sent = std::iter::once(start).chain(frames).take_while(|bytes| stream.write_all(bytes).is_ok()).count();
        // All that is left to say; a connection that was closed hears nothing.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        sent
    });
    let sent = writing.await.expect("it ends");
    let code = reading.await.expect("it ends");
    format!("{code} after {sent} writes")
}

/// The code of a GOAWAY frame among what came.
fn farewell(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset has ended too.
    let _ = stream.read_to_end(&mut bytes);
    let mut rest = &bytes[..];
    while let Some((start, after)) = rest.split_at_checked(9) {
        let length = usize::from(start[0]) << 16 | usize::from(start[1]) << 8 | usize::from(start[2]);
        let Some((payload, after)) = after.split_at_checked(length) else { break };
        if start[3] == 7 && payload.len() >= 8 {
            return format!("farewell {}", payload[7]);
        }
        rest = after;
    }
    "closed".into()
}

/// What is sent, one write after the other.
type Portions = Box<dyn Iterator<Item = Vec<u8>> + Send>;

pub(crate) async fn frames() {
    let odd = |i: u32| 2 * i + 1;
    let opened = frame(HEADERS, END_HEADERS, 1, &head("POST", "/jacobian"));
    let whole = heavy(100);
    let attacks: [(&str, Portions); 5] = [
        (
            "HTTP/2: 10⁵ requests, each reset at once",
            Box::new((0..100_000).map(move |i| {
                [frame(HEADERS, END_HEADERS, odd(i), &head("POST", "/jacobian")), frame(RESET, 0, odd(i), &CANCEL)]
                    .concat()
            })),
        ),
        (
            "HTTP/2: 2000 long computations, each reset at once",
            Box::new((0..2_000).map(move |i| {
                [request(odd(i), "/value", whole.as_bytes()), frame(RESET, 0, odd(i), &CANCEL)].concat()
            })),
        ),
        (
            "HTTP/2: a head that never ends",
            Box::new(
                std::iter::once(frame(HEADERS, 0, 1, &head("GET", "/version")))
                    .chain((0..100_000).map(|_| frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b".repeat(100).as_slice()))),
            ),
        ),
        ("HTTP/2: 10⁶ pings", Box::new((0..1_000).map(|_| frame(PING, 0, 0, b"I live. ").repeat(1_000)))),
        (
            "HTTP/2: 10⁶ empty frames of a body",
            Box::new(std::iter::once(opened).chain((0..1_000).map(|_| frame(DATA, 0, 1, &[]).repeat(1_000)))),
        ),
    ];
    for (name, frames) in attacks {
        let server = Server::start(&HASTY);
        let start = Instant::now();
        let said = flood(&server, frames).await;
        given_back(&server).await;
        survives(&server, name, &said, start).await;
    }
    let server = Server::start(&HASTY);
    let start = Instant::now();
    let mut stream = connect(&server);
    let asked: Vec<_> = (0..60).map(|i| request(odd(i), "/value", LARGE.as_bytes())).collect();
    let bytes = [PREFACE.to_vec(), frame(SETTINGS, 0, 0, &NO_WINDOW), asked.concat()].concat();
    stream.write_all(&bytes).expect("the server reads");
    while stream.write_all(&frame(PING, 0, 0, b"I live. ")).is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    given_back(&server).await;
    survives(&server, "HTTP/2: 60 answers of 20 MB and no window, but pings", "closed", start).await;
}
