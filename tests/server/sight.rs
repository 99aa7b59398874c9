//! What an operator sees: timings, counts, and log lines that say why.

use serde_json::{Value, json};

use crate::client::{SQUARE, count, heavy};
use crate::support::{Server, jacobi};

#[tokio::test]
async fn an_answer_says_how_long_its_phases_took() {
    let server = Server::start(&[]);
    let answer = server.post("/jacobian", SQUARE).await;
    let timing = answer.headers()["server-timing"].to_str().expect("text").to_owned();
    for phase in ["parse", "plan", "queue", "run", "write"] {
        assert!(timing.contains(&format!("{phase};dur=")), "{timing}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status_and_by_no_word_of_a_client() {
    let server = Server::start(&[]);
    for _ in 0..3 {
        server.post("/jacobian", SQUARE).await;
    }
    server.post("/jacobian", "{").await;
    server.get("/secret-path?token=hunter2").await;
    let series = |route: &str, status: u16| format!("jacobi_requests_total{{route=\"{route}\",status=\"{status}\"}}");
    assert_eq!(count(&server, &series("/jacobian", 200)).await, 3.0);
    assert_eq!(count(&server, &series("/jacobian", 400)).await, 1.0);
    assert_eq!(count(&server, &series("other", 404)).await, 1.0);
    assert_eq!(count(&server, "jacobi_problems_total{code=\"not_json\"}").await, 1.0);
    assert_eq!(count(&server, "jacobi_phase_seconds_count{phase=\"run\"}").await, 3.0);
    assert!(count(&server, "jacobi_flops_total").await > 0.0);
    assert!(count(&server, "jacobi_connections").await >= 1.0);
    let response = server.get("/metrics").await;
    assert!(response.headers()["content-type"].to_str().expect("text").starts_with("application/openmetrics-text"));
    let text = response.text().await.expect("text");
    assert!(text.ends_with("# EOF\n") && !text.contains("secret") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn alerts_and_dashboard_ask_for_series_that_there_are() {
    let server = Server::start(&[]);
    server.post("/jacobian", SQUARE).await;
    server.post("/jacobian", "{").await;
    let told = server.get("/metrics").await.text().await.expect("text");
    let asked = concat!(
        include_str!("../../deploy/prometheus/alerts.yaml"),
        include_str!("../../deploy/grafana/dashboard.json")
    );
    let mut seen = 0;
    for (at, _) in asked.match_indices("jacobi_") {
        let rest = &asked[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = &rest[..end];
        let there = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        assert!(told.lines().any(there), "there is no {name} in\n{told}");
        seen += 1;
    }
    assert!(seen > 15, "only {seen} names were looked at");
    let dashboard = include_str!("../../deploy/grafana/dashboard.json");
    for metric in told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(dashboard.contains(metric), "{metric} is on no panel");
    }
}

#[tokio::test]
async fn the_log_names_the_trace_and_why_an_answer_was_slow_or_refused() {
    let mut command = jacobi();
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--slow-request", "0.0001"]);
    let server = Server::spawn(command);
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let request = server.client.post(server.url("/value")).header("traceparent", format!("00-{trace}-{span}-01"));
    request.body(heavy(1)).send().await.expect("the server answers");
    let line: Value = serde_json::from_str(&server.until_logged("slow: ")).expect("a line is JSON");
    assert_eq!(line["span"]["trace_id"], trace, "{line}");
    assert_eq!(line["span"]["parent_id"], span, "{line}");
    assert_eq!((&line["status"], &line["span"]["path"]), (&json!(200), &json!("/value")));
    assert!(line["why"].as_str().is_some_and(|why| why.contains("queue") && why.contains("run")), "{line}");
    server.post("/value", "{").await;
    let line: Value = serde_json::from_str(&server.until_logged("not_json: ")).expect("a line is JSON");
    assert_eq!(line["status"], 400);
}
