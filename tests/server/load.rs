//! Load: large requests do not starve small ones, no budget is exceeded, and nobody who left is worked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{LONG, SQUARE, count, heavy, post, sent, until};
use crate::support::Server;

/// Between two requests of a client that comes again and again: without it, the client measures itself, since it wants
/// the cores that serve it.
const PACE: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_requests_pass_large_ones_and_no_budget_is_exceeded() {
    const BUDGET: f64 = 400e6;
    let server = Arc::new(Server::start(&[
        "--threads",
        "2",
        "--queue",
        "3",
        "--queue-timeout",
        "1",
        "--request-timeout",
        "600",
        "--memory-budget",
        "400000000",
    ]));
    let done = Arc::new(AtomicBool::new(false));
    let mut large = JoinSet::new();
    for _ in 0..12 {
        let server = Arc::clone(&server);
        large.spawn(async move {
            let answer = server.post("/value", heavy(15)).await;
            let status = answer.status().as_u16();
            let seconds: Option<u32> =
                answer.headers().get("retry-after").and_then(|seconds| seconds.to_str().ok()?.parse().ok());
            assert!(status == 200 || (status == 503 && seconds.is_some_and(|s| (1..=60).contains(&s))), "{status}");
            status
        });
    }
    let watched = tokio::spawn({
        let (server, done) = (Arc::clone(&server), Arc::clone(&done));
        async move {
            let mut most = 0.0_f64;
            while !done.load(Ordering::Relaxed) {
                let lanes = ["small", "large"].map(|lane| format!("jacobi_reserved_bytes{{lane=\"{lane}\"}}"));
                most = most.max(count(&server, &lanes[0]).await + count(&server, &lanes[1]).await);
                let start = Instant::now();
                assert_eq!(server.get("/health/live").await.status(), 200);
                assert!(start.elapsed() < Duration::from_secs(5), "alive after {:?}", start.elapsed());
                tokio::time::sleep(PACE).await;
            }
            most
        }
    });
    let mut small = Vec::new();
    let mut statuses = Vec::new();
    while !large.is_empty() {
        let start = Instant::now();
        assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
        small.push(start.elapsed());
        tokio::time::sleep(PACE).await;
        while let Some(ended) = large.try_join_next() {
            statuses.push(ended.expect("a large request was answered as it should be"));
        }
    }
    done.store(true, Ordering::Relaxed);
    let most = watched.await.expect("the watch ends");
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(most > 0.0 && most <= BUDGET, "{most} bytes reserved");
    small.sort();
    let median = small[small.len() / 2];
    assert!(median < Duration::from_millis(250), "half of {} small requests took over {median:?}", small.len());
}

/// A short document that expands into a hundred thousand operations; `seed` makes it one of its own.
fn long_to_plan(seed: usize) -> String {
    let mut define = serde_json::Map::new();
    define.insert("g0(x, y)".into(), format!("sin(x)*y + cos(y + {seed})").into());
    for i in 0..12 {
        define.insert(format!("g{}(x, y)", i + 1), format!("g{i}(x + {i}, y)*g{i}(y, x - {i})").into());
    }
    define.insert("f(x)".into(), "g12(x, x + 1)".into());
    serde_json::json!({ "define": define, "at": { "x": 0.5 } }).to_string()
}

#[tokio::test]
async fn what_takes_long_to_plan_is_no_small_request_however_short_it_is() {
    let server = Arc::new(Server::start(&["--threads", "1", "--queue-timeout", "600", "--request-timeout", "600"]));
    let mut planned = JoinSet::new();
    for seed in 0..4 {
        let server = Arc::clone(&server);
        planned.spawn(async move { server.post("/check", long_to_plan(seed)).await.status().as_u16() });
    }
    let mut small = Vec::new();
    while !planned.is_empty() {
        let start = Instant::now();
        assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
        small.push(start.elapsed());
        tokio::time::sleep(PACE).await;
        while let Some(ended) = planned.try_join_next() {
            assert_eq!(ended.expect("it was answered"), 200);
        }
    }
    small.sort();
    let median = small[small.len() / 2];
    assert!(median < Duration::from_millis(500), "half of {} small requests took over {median:?}", small.len());
    // It begins anew in the lane for large ones, and that is no cancellation.
    assert_eq!(count(&server, "jacobi_cancelled_total{reason=\"hung_up\"}").await, 0.0);
}

#[tokio::test]
async fn a_reset_in_mid_run_frees_the_worker_and_counts_once() {
    let server = Server::start(&["--threads", "1", "--request-timeout", "600"]);
    let stream = sent(&server, &post("/value", &heavy(900)));
    until(&server, "jacobi_running{lane=\"large\"}", 1.0).await;
    drop(stream);
    let start = Instant::now();
    until(&server, "jacobi_running{lane=\"large\"}", 0.0).await;
    assert!(start.elapsed() < Duration::from_secs(5), "free after {:?}", start.elapsed());
    assert_eq!(count(&server, "jacobi_cancelled_total{reason=\"hung_up\"}").await, 1.0);
    assert_eq!(count(&server, "jacobi_cancelled_total{reason=\"deadline\"}").await, 0.0);
    assert_eq!(count(&server, "jacobi_reserved_bytes{lane=\"large\"}").await, 0.0);
}

#[tokio::test]
async fn a_reset_in_the_middle_of_one_factorisation_frees_the_worker() {
    let server = Server::start(&["--threads", "1", "--request-timeout", "600"]);
    let define =
        serde_json::json!({ "f(t)": "sum(solve(reshape(sin(t*arange(20250000)), (4500, 4500)), arange(4500)))" });
    let document = serde_json::json!({ "define": define, "at": { "t": 0.5 } }).to_string();
    let stream = sent(&server, &post("/value", &document));
    until(&server, "jacobi_running{lane=\"large\"}", 1.0).await;
    // Its matrix is made in a fraction of the time that it takes to be factored.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&server, "jacobi_running{lane=\"large\"}").await, 1.0);
    drop(stream);
    let start = Instant::now();
    until(&server, "jacobi_running{lane=\"large\"}", 0.0).await;
    assert!(start.elapsed() < Duration::from_secs(2), "free after {:?}", start.elapsed());
    assert_eq!(count(&server, "jacobi_cancelled_total{reason=\"hung_up\"}").await, 1.0);
}

#[tokio::test]
async fn a_document_may_allow_itself_less_time_than_the_server_would() {
    let server = Server::start(&["--request-timeout", "600"]);
    let mut document: Value = serde_json::from_str(&heavy(900)).expect("JSON");
    document["limits"] = serde_json::json!({ "time_ms": 50 });
    let start = Instant::now();
    let answer = server.post("/value", document.to_string()).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.expect("a problem is JSON");
    assert_eq!(problem["code"], "deadline");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("50 ms")), "{problem}");
    assert!(start.elapsed() < LONG / 4, "{:?}", start.elapsed());
    until(&server, "jacobi_running{lane=\"large\"}", 0.0).await;
    assert_eq!(count(&server, "jacobi_cancelled_total{reason=\"deadline\"}").await, 1.0);
}

#[tokio::test]
async fn functions_with_long_constants_are_known_again_at_other_points() {
    let server = Server::start(&[]);
    let weights: Vec<f64> = (0..60_000).map(|i| f64::from(i % 7) + 0.5).collect();
    let total: f64 = weights.iter().sum();
    for x in [1.0, -2.0, 0.25] {
        let document = serde_json::json!({
            "define": { "f(x)": "sum(w)*x" }, "constants": { "w": weights }, "at": { "x": x }, "want": ["value", "gradient"],
        });
        let answer: Value = server.post("/gradient", document.to_string()).await.json().await.expect("JSON");
        assert_eq!(answer["value"]["f"]["data"], total * x);
        assert_eq!(answer["gradient"]["f"]["x"]["data"], serde_json::json!([[total]]));
    }
}

#[tokio::test]
async fn a_full_queue_is_503_at_once_with_retry_after() {
    let server = Server::start(&["--threads", "1", "--queue", "0", "--request-timeout", "600"]);
    let running = sent(&server, &post("/value", &heavy(900)));
    until(&server, "jacobi_running{lane=\"large\"}", 1.0).await;
    let answer = server.post("/value", heavy(5)).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.expect("a problem is JSON");
    assert_eq!(problem["code"], "busy");
    assert_eq!(count(&server, "jacobi_rejected_total{reason=\"queue_full\"}").await, 1.0);
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
    drop(running);
}

#[tokio::test]
async fn one_that_needs_more_than_the_budget_is_422_with_the_need_and_the_limit() {
    let server = Server::start(&["--memory-budget", "8000000"]);
    let answer = server.post("/value", heavy(1)).await;
    assert_eq!(answer.status(), 422);
    let problem: Value = answer.json().await.expect("a problem is JSON");
    assert_eq!(problem["code"], "over_budget");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("7000000")), "{problem}");
}

#[tokio::test]
async fn planning_takes_no_more_memory_than_the_request_may() {
    let server = Server::start(&["--max-memory-bytes", "67108864"]);
    // Nine million outputs, of three thousand inputs each.
    let x: Vec<f64> = (0..3000).map(f64::from).collect();
    let document = json!({ "define": { "f(x)": "outer(x, x)" }, "at": { "x": x } });
    let before = server.peak_memory();
    assert_eq!(server.post("/jacobian", document.to_string()).await.status(), 422);
    let taken = server.peak_memory().saturating_sub(before);
    assert!(taken < 64 << 20, "{taken} bytes");
}
