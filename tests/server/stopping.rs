//! SIGTERM: what is under way is finished, what stalls is cut off, and the program ends in time.

use std::time::{Duration, Instant};

use crate::client::{LONG, SQUARE, heavy, post, rest, sent, until};
use crate::support::Server;

#[tokio::test]
async fn a_running_job_gets_its_answer_and_a_stalled_body_keeps_nobody() {
    let server = Server::start(&["--drain-delay", "0.5", "--drain-timeout", "20", "--body-timeout", "60"]);
    let stalled = sent(&server, "POST /value HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{");
    let job = sent(&server, &post("/value", &heavy(4)));
    until(&server, "jacobi_running{lane=\"large\"}", 1.0).await;
    let start = Instant::now();
    server.signal("TERM");
    let (answer, _) = rest(job);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_millis(21_500), "{:?}", start.elapsed());
    drop(stalled);
}

#[tokio::test]
async fn readiness_ends_at_once_and_service_goes_on_during_the_delay() {
    let server = Server::start(&["--drain-delay", "3", "--drain-timeout", "1"]);
    server.signal("TERM");
    let start = Instant::now();
    loop {
        let ready = server.get("/health/ready").await;
        if ready.status() == 503 {
            assert!(ready.headers().contains_key("retry-after"));
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "it still says that it is ready");
    }
    assert_eq!(server.get("/health/live").await.status(), 200);
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
    assert!(server.wait().success());
    assert!(start.elapsed() < LONG);
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_stopped_and_told() {
    let server = Server::start(&["--drain-timeout", "0.5", "--request-timeout", "600"]);
    let job = sent(&server, &post("/value", &heavy(900)));
    until(&server, "jacobi_running{lane=\"large\"}", 1.0).await;
    let start = Instant::now();
    server.signal("TERM");
    let (answer, _) = rest(job);
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"code\":\"draining\""), "{answer}");
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_idle_server_ends_at_once_though_connections_are_kept_open() {
    let server = Server::start(&[]);
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
    let silent = sent(&server, "");
    let start = Instant::now();
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    drop(silent);
}
