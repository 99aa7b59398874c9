//! Requests: whatever bytes a connection brings, whole requests or what is none, one or many, the server answers
//! them, ends the connection and goes on; no answer is a fault of its own.

#![no_main]

mod shared;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;

use jacobi::config::{self, Command};
use jacobi::http::Server;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde_json::Value;
use shared::{NAMES, Random, changed, mutate};

/// Settings under which no request takes long.
const SETTINGS: &[&str] = &[
    "jacobi",
    "--threads=1",
    "--max-flops=10000000",
    "--max-memory-bytes=16000000",
    "--memory-budget=256000000",
    "--max-body-bytes=100000",
    "--max-held-bytes=10000000",
    "--header-timeout=2",
    "--body-timeout=2",
    "--idle-timeout=2",
    "--request-timeout=5",
];

/// After it the server closes the connection, unless it takes it for a part of what came before.
const LAST: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// The path of the socket of a server in this process, so that its code is seen by the fuzzer.
static SOCKET: LazyLock<String> = LazyLock::new(|| {
    let path = format!("{}/jacobi-fuzz-{}.sock", std::env::temp_dir().display(), std::process::id());
    let place = format!("--listen=unix:{path}");
    let line = SETTINGS.iter().copied().chain([place.as_str()]).map(Into::into).collect();
    let (cli, ..) = config::read(line).unwrap();
    let Command::Serve(settings) = cli.chosen() else { unreachable!("no command was given") };
    let settings = settings.on(&config::Machine::look());
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::bind(&settings).await.unwrap();
            send.send(()).unwrap();
            server.run(std::future::pending()).await;
        });
    });
    receive.recv().unwrap();
    path
});

fuzz_target!(|requests: &[u8]| {
    let mut stream = UnixStream::connect(&*SOCKET).unwrap();
    // Who is refused need not be listened to until the end.
    let _ = stream.write_all(requests).and_then(|()| stream.write_all(LAST));
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    for (at, _) in answers.windows(9).enumerate().filter(|(_, start)| *start == b"HTTP/1.1 ") {
        // No body has such a line: in JSON it would be escaped.
        let head = String::from_utf8_lossy(&answers[at..]);
        let Some((head, _)) = head.split_once("\r\n\r\n") else { continue };
        match &head["HTTP/1.1 ".len()..] {
            status if status.starts_with("503 Service Unavailable\r\n") => {
                assert!(head.contains("\r\nretry-after: "), "{head}");
            }
            status if status.starts_with("500 Internal Server Error\r\n") => panic!("{head}"),
            _ => {}
        }
    }
});

/// Lines that mean something to who reads a head.
const LINES: &[&str] = &[
    "content-type: application/json",
    "content-type: text/plain",
    "content-encoding: gzip",
    "content-encoding: zstd",
    "content-encoding: br",
    "content-length: 0",
    "content-length: 5",
    "content-length: -1",
    "content-length: 18446744073709551616",
    "transfer-encoding: chunked",
    "transfer-encoding: gzip, chunked",
    "expect: 100-continue",
    "accept-encoding: gzip",
    "accept-encoding: zstd;q=0.5, br;q=1",
    "connection: close",
    "connection: keep-alive",
    "connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__",
    "host: ",
    "x-request-id: \u{fe}",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "authorization: Bearer x",
    "origin: null",
    "access-control-request-method: POST",
    "te: trailers",
    "range: bytes=0-1",
];

const STARTS: &[&str] = &[
    "GET /operations HTTP/1.1",
    "HEAD /docs HTTP/1.1",
    "GET /problems/syntax HTTP/1.1",
    "GET /problems/%FF HTTP/1.1",
    "GET //jacobian/?x HTTP/1.1",
    "GET http://x/limits HTTP/1.1",
    "GET /metrics HTTP/1.0",
    "OPTIONS * HTTP/1.1",
    "CONNECT x:80 HTTP/1.1",
    "TRACE / HTTP/1.1",
    "POST /jacobian HTTP/1.1",
    "POST /hessian HTTP/1.1",
    "POST /check HTTP/1.1",
    "PUT /value HTTP/1.1",
];

/// A request with another start or another line in its head, or with another document and its right length; or
/// one more request before it.
fn another(request: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let end = request.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&request[..end]).ok()?, &request[end + 4..]);
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    let at = 1 + random.below(lines.len());
    match random.below(6) {
        0 => lines[0] = STARTS[random.below(STARTS.len())],
        1 => lines.insert(at, LINES[random.below(LINES.len())]),
        2 if at < lines.len() => drop(lines.remove(at)),
        3 | 4 => {
            let document: Value = serde_json::Deserializer::from_slice(body).into_iter().next()?.ok()?;
            let body = mutate::structure(&document, &NAMES, random);
            lines.retain(|line| !line.starts_with("content-length") && !line.starts_with("transfer-encoding"));
            let length = format!("content-length: {}", body.len());
            lines.push(&length);
            return Some([lines.join("\r\n").as_bytes(), b"\r\n\r\n", &body].concat());
        }
        _ => {
            let start = STARTS[random.below(STARTS.len())];
            return Some([start.as_bytes(), b"\r\nhost: x\r\n\r\n", request].concat());
        }
    }
    Some([lines.join("\r\n").as_bytes(), b"\r\n\r\n", body].concat())
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    changed(data, size, max_size, seed, |requests, random| {
        if random.below(3) == 0 { None } else { another(requests, random) }
    })
});
