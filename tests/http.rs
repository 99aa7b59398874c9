//! What a client may rely on over a real socket: statuses, headers, and a problem for everything that is wrong.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::Value;
use support::Server;

const SQUARE: &str = r#"{"define": {"f(x)": "x^2"}, "at": {"x": 3}}"#;

/// The same document, compressed.
const SQUARE_GZIP: &str = "1f8b0800000000000203ab564a494dcbcc4b55b2aa564ad3a8d054b252aa883352aad5514a2c018955285919\
                           d7d60200e421908b26000000";

/// A hundred thousand spaces in 133 bytes of gzip.
fn bomb() -> Vec<u8> {
    let mut bytes = hex("1f8b0800000000000203edc13101000000c2a02aeb9fd21a1e4001");
    bytes.resize(123, 0);
    bytes.extend(hex("af062df079caa0860100"));
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs.map(|pair| u8::from_str_radix(&pair, 16).expect("hex digits")).collect()
}

/// The problem in an answer, after looking at what every problem has.
async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().expect("an id is text").to_owned();
    let problem: Value = response.json().await.expect("a problem is JSON");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["type"], format!("/problems/{}", code.replace('_', "-")));
    assert_eq!(problem["request_id"], id);
    assert!(!problem["detail"].as_str().unwrap_or_default().is_empty(), "{problem}");
    problem
}

#[tokio::test]
async fn a_document_is_answered_with_or_without_a_content_type() {
    let server = Server::start(&[]);
    for kind in [None, Some("application/json"), Some("application/json; charset=utf-8"), Some("application/ld+json")] {
        let mut request = server.client.post(server.url("/jacobian")).body(SQUARE);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), 200, "{kind:?}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let answer: Value = response.json().await.expect("an answer is JSON");
        assert_eq!(answer["value"]["f"]["data"], 9.0);
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_name_a_near_route() {
    let server = Server::start(&[]);
    let missing = problem(server.post("/jacobain", SQUARE).await, 404, "not_found").await;
    assert!(missing["detail"].as_str().is_some_and(|d| d.contains("Did you mean /jacobian?")), "{missing}");
    problem(server.get("/problems/no-such-thing").await, 404, "not_found").await;
    problem(server.get("/problems/%FF").await, 404, "not_found").await;
}

#[tokio::test]
async fn other_methods_are_405_with_allow() {
    let server = Server::start(&[]);
    for (method, path, allow) in [
        (Method::GET, "/jacobian", "POST"),
        (Method::DELETE, "/check", "POST"),
        (Method::POST, "/operations", "GET,HEAD"),
        (Method::OPTIONS, "/jacobian", "POST"),
    ] {
        let response = server.client.request(method, server.url(path)).send().await.expect("the server answers");
        assert_eq!(response.headers()["allow"], allow, "{path}");
        problem(response, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn head_is_answered_wherever_get_is() {
    let server = Server::start(&[]);
    for (_, path) in jacobi::http::ROUTES.iter().filter(|(method, path)| *method == "get" && !path.contains('{')) {
        let head = server.client.head(server.url(path)).send().await.expect("the server answers");
        let get = server.get(path).await;
        assert_eq!(head.status(), get.status(), "{path}");
        assert_eq!(head.headers().get("content-type"), get.headers().get("content-type"), "{path}");
        assert!(head.bytes().await.expect("a body").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_json_are_400() {
    let server = Server::start(&[]);
    for body in ["", "{", "define f(x)", "\u{feff}{}", "{} {}"] {
        problem(server.post("/jacobian", body).await, 400, "not_json").await;
    }
    problem(server.post("/jacobian", vec![b'"', 0xff, b'"']).await, 400, "not_json").await;
}

#[tokio::test]
async fn documents_that_are_wrong_are_422() {
    let server = Server::start(&[]);
    for path in ["/jacobian", "/gradient", "/value", "/check"] {
        let wrong = problem(server.post(path, r#"{"at": {"x": 1}}"#).await, 422, "missing_field").await;
        assert_eq!(wrong["errors"][0]["code"], "missing_field");
    }
}

#[tokio::test]
async fn other_media_types_are_415_and_say_what_to_send() {
    let server = Server::start(&[]);
    for kind in
        ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", "multipart/form-data; boundary=x", ""]
    {
        let request = server.client.post(server.url("/value")).header("content-type", kind).body(SQUARE);
        let refused = problem(request.send().await.expect("the server answers"), 415, "unsupported_media_type").await;
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("-H 'content-type: application/json'"), "{detail}");
    }
    let request = server.client.post(server.url("/value")).header("content-encoding", "br").body(SQUARE);
    problem(request.send().await.expect("the server answers"), 415, "unsupported_media_type").await;
}

async fn post_gzip(server: &Server, body: Vec<u8>) -> Response {
    let request = server.client.post(server.url("/jacobian")).header("content-encoding", "gzip").body(body);
    request.send().await.expect("the server answers")
}

#[tokio::test]
async fn gzip_is_inflated_and_broken_gzip_is_400() {
    let server = Server::start(&[]);
    assert_eq!(post_gzip(&server, hex(SQUARE_GZIP)).await.status(), 200);
    let mut cut = hex(SQUARE_GZIP);
    cut.truncate(30);
    problem(post_gzip(&server, cut).await, 400, "unreadable_body").await;
    problem(post_gzip(&server, SQUARE.into()).await, 400, "unreadable_body").await;
}

#[tokio::test]
async fn bodies_over_the_limit_are_413_also_when_they_were_small_before_inflating() {
    let server = Server::start(&["--max-body-bytes", "1000"]);
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
    assert_eq!(server.post("/jacobian", format!("{SQUARE:1000}")).await.status(), 200);
    problem(server.post("/jacobian", format!("{SQUARE:1001}")).await, 413, "body_too_large").await;
    problem(server.post("/jacobian", vec![b' '; 3_000_000]).await, 413, "body_too_large").await;
    problem(post_gzip(&server, bomb()).await, 413, "body_too_large").await;
}

#[tokio::test]
async fn bodies_beyond_what_all_may_hold_are_503_with_retry_after() {
    let server = Server::start(&["--max-held-bytes", "10"]);
    let response = server.post("/jacobian", SQUARE).await;
    assert!(response.headers().contains_key("retry-after"));
    problem(response, 503, "busy").await;
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_503_with_retry_after() {
    let server = Server::start(&["--request-timeout", "0.05"]);
    let products =
        r#"{"define": {"f(x)": ["A = x * ones((2000, 2000))", "sum(tanh(A @ A) @ A)"]}, "at": {"x": 0.001}}"#;
    let response = server.post("/jacobian", products).await;
    assert!(response.headers().contains_key("retry-after"));
    problem(response, 503, "deadline").await;
    assert_eq!(server.get("/health/ready").await.status(), 200);
}

#[test]
fn a_body_that_does_not_arrive_is_408() {
    let server = Server::start(&["--body-timeout", "0.3"]);
    let mut stream = TcpStream::connect(&server.address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    stream.write_all(b"POST /jacobian HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").expect("the server reads");
    let mut answer = Vec::new();
    let start = Instant::now();
    stream.read_to_end(&mut answer).expect("the server answers and closes");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"body_timeout\""), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn request_ids_are_taken_over_or_made_up() {
    let server = Server::start(&[]);
    let request = server.client.get(server.url("/nowhere")).header("x-request-id", "mine-42");
    let missing = problem(request.send().await.expect("the server answers"), 404, "not_found").await;
    assert_eq!(missing["request_id"], "mine-42");
    let (one, other) = (server.get("/version").await, server.get("/version").await);
    assert_ne!(one.headers()["x-request-id"], other.headers()["x-request-id"]);
}

#[tokio::test]
async fn every_problem_type_has_a_page() {
    let server = Server::start(&[]);
    let index: Value = server.get("/problems").await.json().await.expect("the index is JSON");
    let listed = index["problems"].as_array().expect("a list");
    assert_eq!(listed.len(), jacobi::http::KINDS.len());
    for entry in listed {
        let path = entry["type"].as_str().expect("a path");
        let page = server.get(path).await;
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(&page.json::<Value>().await.expect("help is JSON"), entry);
    }
}

#[tokio::test]
async fn the_front_door_leads_to_the_page() {
    let server = Server::start(&[]);
    let home = server.get("/").await;
    assert_eq!((home.status().as_u16(), &home.headers()["location"]), (307, &"/docs".parse().expect("a header")));
    let page = server.get("/docs").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let text = page.text().await.expect("a page");
    assert!(!text.contains("src=\"http") && !text.contains("@import"), "the page asks other hosts");
}

#[tokio::test]
async fn health_and_limits_say_what_was_set() {
    let server = Server::start(&["--threads", "3", "--max-flops", "12345"]);
    assert_eq!(server.get("/health/live").await.status(), 200);
    assert_eq!(server.get("/health/ready").await.status(), 200);
    let limits: Value = server.get("/limits").await.json().await.expect("limits are JSON");
    assert_eq!((limits["threads"].as_u64(), limits["max_flops"].as_u64()), (Some(3), Some(12345)));
}

#[tokio::test]
async fn told_to_stop_the_server_ends_in_order() {
    let server = Server::start(&[]);
    assert_eq!(server.post("/jacobian", SQUARE).await.status(), 200);
    assert!(server.terminate());
}
