//! Keys: who has one is let in, within its quota; a file that is changed is read again when told.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::client::{SQUARE, count};
use crate::support::Server;

/// A file of keys that is removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("jacobi-keys-{name}-{}.toml", std::process::id())));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("a temporary file can be written");
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path is text")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn entry(name: &str, key: &str, more: &str) -> String {
    let digest: Vec<String> = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("[keys.{name}]\nsha256 = \"{}\"\n{more}\n", digest.concat())
}

async fn ask(server: &Server, key: Option<&str>) -> Response {
    let mut request = server.client.post(server.url("/value")).body(SQUARE);
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    request.send().await.expect("the server answers")
}

async fn code(response: Response) -> String {
    let problem: Value = response.json().await.expect("a problem is JSON");
    problem["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn a_right_key_opens_and_no_other() {
    let file = File::new("open", &(entry("alice", "alpha", "") + &entry("bob", "beta", "")));
    let server = Server::start(&["--api-keys-file", file.path()]);
    for key in ["Bearer alpha", "bearer beta", "Bearer  beta "] {
        assert_eq!(ask(&server, Some(key)).await.status(), 200, "{key}");
    }
    for key in [None, Some("Bearer gamma"), Some("Bearer "), Some("Basic alpha"), Some("alpha"), Some("Bearer alphaa")]
    {
        let refused = ask(&server, key).await;
        assert_eq!(refused.status(), 401, "{key:?}");
        assert_eq!(refused.headers()["www-authenticate"], "Bearer realm=\"jacobi\"");
        assert_eq!(code(refused).await, "unauthorized");
    }
    for path in ["/metrics", "/limits", "/nowhere"] {
        assert_eq!(server.get(path).await.status(), 401, "{path}");
    }
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(server.get(path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_quota_is_kept_for_each_key_and_says_when_to_come_back() {
    let file = File::new("quota", &(entry("alice", "alpha", "requests_per_minute = 2") + &entry("bob", "beta", "")));
    let server = Server::start(&["--api-keys-file", file.path()]);
    for _ in 0..2 {
        assert_eq!(ask(&server, Some("Bearer alpha")).await.status(), 200);
    }
    let refused = ask(&server, Some("Bearer alpha")).await;
    assert_eq!(refused.status(), 429);
    let seconds: u32 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(code(refused).await, "quota");
    for _ in 0..5 {
        assert_eq!(ask(&server, Some("Bearer beta")).await.status(), 200);
    }
}

#[tokio::test]
async fn sighup_reads_the_keys_again_and_a_fault_keeps_the_old() {
    let file = File::new("reload", &entry("alice", "alpha", ""));
    let server = Server::start(&["--api-keys-file", file.path()]);
    file.write(&entry("alice", "omega", ""));
    assert_eq!(ask(&server, Some("Bearer omega")).await.status(), 401);
    server.signal("HUP");
    let start = Instant::now();
    while ask(&server, Some("Bearer omega")).await.status() != 200 {
        assert!(start.elapsed() < Duration::from_secs(30), "the keys were not read again");
    }
    assert_eq!(ask(&server, Some("Bearer alpha")).await.status(), 401);
    file.write("[keys.alice]\nsha256 = \"nonsense\"");
    server.signal("HUP");
    server.until_logged("the old ones stay in force");
    assert_eq!(ask(&server, Some("Bearer omega")).await.status(), 200);
}

#[tokio::test]
async fn the_operators_address_needs_no_key_and_has_its_routes_to_itself() {
    let file = File::new("admin", &entry("alice", "alpha", ""));
    let server = Server::start(&["--api-keys-file", file.path(), "--admin-listen", "127.0.0.1:0"]);
    let admin = server.until_logged("health and metrics are at http://");
    let admin = admin.split("http://").nth(1).expect("an address").trim();
    let get = |path: &str| server.client.get(format!("http://{admin}{path}")).send();
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(get(path).await.expect("it answers").status(), 200, "{path}");
    }
    assert_eq!(get("/version").await.expect("it answers").status(), 404);
    assert_eq!(server.get("/health/live").await.status(), 404);
    let request = server.client.get(server.url("/metrics")).header("authorization", "Bearer alpha");
    assert_eq!(request.send().await.expect("it answers").status(), 404);
}

#[test]
fn where_others_can_come_in_without_keys_the_log_says_so() {
    let server = Server::start(&["--listen", "0.0.0.0:0"]);
    server.until_logged("NO API KEYS");
}

#[tokio::test]
async fn browsers_are_let_in_from_named_origins_alone() {
    let server = Server::start(&[]);
    let request = server.client.post(server.url("/value")).header("origin", "https://a.example").body(SQUARE);
    let closed = request.send().await.expect("the server answers");
    assert!(!closed.headers().contains_key("access-control-allow-origin"));
    let server = Server::start(&["--cors-origin", "https://a.example,https://b.example"]);
    for (origin, allowed) in [("https://a.example", true), ("https://b.example", true), ("https://c.example", false)] {
        let preflight = server
            .client
            .request(reqwest::Method::OPTIONS, server.url("/value"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let preflight = preflight.send().await.expect("the server answers");
        assert_eq!(preflight.status(), 200);
        let said = preflight.headers().get("access-control-allow-origin");
        assert_eq!(said.is_some_and(|said| said == origin), allowed, "{origin}: {said:?}");
    }
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let file = File::new("counted", &entry("alice", "alpha", "requests_per_minute = 3"));
    let server = Server::start(&["--api-keys-file", file.path(), "--admin-listen", "127.0.0.1:0"]);
    let admin = server.until_logged("health and metrics are at http://");
    let admin = server.beside(admin.split("http://").nth(1).expect("an address").trim());
    for key in ["Bearer alpha", "Bearer wrong", "Bearer alpha", "Bearer alpha", "Bearer alpha"] {
        ask(&server, Some(key)).await;
    }
    assert_eq!(count(&admin, "jacobi_rejected_total{reason=\"unauthorized\"}").await, 1.0);
    assert_eq!(count(&admin, "jacobi_rejected_total{reason=\"quota\"}").await, 1.0);
    assert_eq!(count(&admin, "jacobi_problems_total{code=\"quota\"}").await, 1.0);
}
