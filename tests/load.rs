//! Load: two hundred clients, most with tiny requests and some with huge ones, and what each of them gets.
//!
//! It takes a minute and a half, and measures: run it against an optimised build on a quiet machine, by
//! `PROGRAM=target/release/jacobi cargo test --test load -- --ignored --nocapture`. `SECONDS` sets the time under load.

#![allow(clippy::print_stdout, reason = "what was measured is told to whoever asks for it")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use support::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

const TINY: &str = include_str!("../examples/polar.json");
const TINY_CLIENTS: usize = 160;
const HUGE_CLIENTS: usize = 40;
/// What a tiny client does between its requests.
const THINKING: Duration = Duration::from_millis(200);
const BUDGET: u64 = 1 << 30;
/// How often the server is asked whether it is alive.
const PROBE: Duration = Duration::from_millis(20);

/// What came of the requests of one kind.
#[derive(Debug, Default)]
struct Seen {
    /// How long answers took.
    times: Vec<Duration>,
    /// How many were told to come again.
    busy: usize,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.busy += other.busy;
    }

    /// The time within which a share of the answers came.
    fn within(&mut self, share: f64) -> Duration {
        self.times.sort_unstable();
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share).ceil() as usize).copied().unwrap_or_default()
    }

    fn tell(&mut self, name: &str) -> Duration {
        let times = [0.5, 0.99, 0.999, 1.0].map(|share| self.within(share));
        println!(
            "{name:28} {:7} answers, {:6} told to come again; half within {:9.2?}, 99 % {:9.2?}, 99.9 % {:9.2?}, all {:9.2?}",
            self.times.len(),
            self.busy,
            times[0],
            times[1],
            times[2],
            times[3]
        );
        times[1]
    }
}

/// A connection that is kept, with just enough HTTP to cost little.
struct Client {
    address: String,
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    async fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP stream");
        Self { address: address.to_owned(), stream, answer: Vec::with_capacity(256 << 10) }
    }

    /// Sends a request and reads all of its answer: status, and seconds to wait if it says so.
    async fn ask(&mut self, start: &str, body: &str) -> (u16, Option<u64>) {
        let head = format!("{start} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n", self.address, body.len());
        self.stream.write_all(head.as_bytes()).await.expect("the server reads");
        self.stream.write_all(body.as_bytes()).await.expect("the server reads");
        self.answer.clear();
        let end = loop {
            let read = self.stream.read_buf(&mut self.answer).await.expect("the server writes");
            assert_ne!(read, 0, "the server hung up");
            if let Some(end) = self.answer.windows(4).position(|end| end == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.answer[..end]).into_owned();
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        let length = header("content-length:").expect("a length");
        let mut left = (end as u64 + length) - self.answer.len() as u64;
        while left > 0 {
            self.answer.clear();
            let read = self.stream.read_buf(&mut self.answer).await.expect("the server writes");
            assert_ne!(read, 0, "the server hung up");
            left -= read as u64;
        }
        (head[9..12].parse().expect("a status"), header("retry-after:"))
    }

    /// Asks and waits until `done`; looks at every answer.
    async fn go_on(mut self, start: &str, bodies: Vec<String>, thinking: Duration, done: Arc<AtomicBool>) -> Seen {
        let mut seen = Seen::default();
        for body in bodies.iter().cycle() {
            if done.load(Ordering::Relaxed) {
                break;
            }
            let asked = Instant::now();
            match self.ask(start, body).await {
                (200, _) => seen.times.push(asked.elapsed()),
                (503, Some(seconds)) => {
                    seen.busy += 1;
                    sleep(Duration::from_secs(seconds.min(2))).await;
                }
                other => panic!("{start}: {other:?}"),
            }
            sleep(thinking).await;
        }
        seen
    }
}

/// Products that take long, answers of many megabytes, and passes over large arrays.
fn huge() -> Vec<String> {
    let products = "A = x*ones((1500, 1500)); B = A @ A; C = B @ A; sum(C @ B) / 1e12";
    let passes: Vec<String> = (0..60).map(|i| format!("u{} = sin(u{i}) + cos(u{i} * mean(u{i}))", i + 1)).collect();
    let passes = format!("u0 = x*ones((1000, 1000)); {}; sum(u60)", passes.join("; "));
    [products, "x*ones((1000, 1500))/3", &passes]
        .map(|lines| {
            json!({ "define": { "f(x)": lines.split("; ").collect::<Vec<_>>() }, "at": { "x": 0.1 } }).to_string()
        })
        .into()
}

/// Tiny requests alone, or with huge ones; what came of tiny and huge ones, and of questions after its health.
async fn load(address: &str, huge_clients: usize, time: Duration) -> [Seen; 3] {
    let done = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for i in 0..TINY_CLIENTS {
        let (client, done) = (Client::new(address).await, Arc::clone(&done));
        clients.spawn(async move {
            sleep(THINKING * i as u32 / TINY_CLIENTS as u32).await;
            (0, client.go_on("POST /jacobian", vec![TINY.to_owned()], THINKING, done).await)
        });
    }
    for i in 0..huge_clients {
        let (client, done) = (Client::new(address).await, Arc::clone(&done));
        let mut bodies = huge();
        bodies.rotate_left(i % 3);
        clients.spawn(async move { (1, client.go_on("POST /value", bodies, Duration::ZERO, done).await) });
    }
    let (client, stop) = (Client::new(address).await, Arc::clone(&done));
    clients.spawn(async move { (2, client.go_on("GET /health/live", vec![String::new()], PROBE, stop).await) });
    sleep(time).await;
    done.store(true, Ordering::Relaxed);
    let mut seen = <[Seen; 3]>::default();
    while let Some(ended) = clients.join_next().await {
        let (kind, ended) = ended.expect("every answer is a good one, or 503 with the time to come again");
        seen[kind].add(ended);
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: takes a minute and a half, an optimised build and a quiet machine"]
async fn two_hundred_clients_are_answered_or_told_when_to_come_again_within_the_budget() {
    let seconds = std::env::var("SECONDS").map_or(60, |text| text.parse().expect("a number of seconds"));
    let budget = BUDGET.to_string();
    let server = Server::start(&["--memory-budget", &budget, "--log", "warn,jacobi::http::server=info"]);
    let [mut tiny, _, mut health] = load(&server.address, 0, Duration::from_secs(10)).await;
    let idle = tiny.tell("tiny, alone");
    health.tell("health, tiny alone");
    let [mut tiny, mut huge, mut health] = load(&server.address, HUGE_CLIENTS, Duration::from_secs(seconds)).await;
    let busy = tiny.tell("tiny, beside huge");
    huge.tell("huge");
    health.tell("health, beside huge");
    println!("99 % of tiny: {:.1} times as long beside huge ones", busy.as_secs_f64() / idle.as_secs_f64());
    let peak = server.peak_memory();
    println!("peak memory {} MB of a budget of {} MB", peak >> 20, BUDGET >> 20);
    assert!(peak <= BUDGET, "{peak} bytes were taken");
    assert!(!huge.times.is_empty() && tiny.busy == 0, "{} huge answers, {} tiny refused", huge.times.len(), tiny.busy);
}
