//! `GET /operations`, `/limits` and `/version`: what this server can do, how much of it, and which one it is.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;

use super::app::Shared;

pub(super) async fn operations(State(app): State<Shared>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], app.operations.clone())
}

#[derive(Serialize)]
pub(super) struct Limits {
    max_body_bytes: usize,
    max_held_bytes: usize,
    body_timeout_seconds: f64,
    request_timeout_seconds: f64,
    queue_timeout_seconds: f64,
    header_timeout_seconds: f64,
    idle_timeout_seconds: f64,
    write_timeout_seconds: f64,
    max_connections: usize,
    threads: usize,
    queue: usize,
    memory_budget_bytes: u64,
    max_flops: u64,
    max_memory_bytes: u64,
    max_elements: usize,
    max_nodes: usize,
    max_rank: usize,
    max_depth: usize,
    max_steps: usize,
}

pub(super) async fn limits(State(app): State<Shared>) -> Json<Limits> {
    Json(Limits {
        max_body_bytes: app.settings.max_body_bytes,
        max_held_bytes: app.settings.max_held_bytes,
        body_timeout_seconds: app.settings.body_timeout.as_secs_f64(),
        request_timeout_seconds: app.settings.request_timeout.as_secs_f64(),
        queue_timeout_seconds: app.settings.queue_timeout.as_secs_f64(),
        header_timeout_seconds: app.settings.header_timeout.as_secs_f64(),
        idle_timeout_seconds: app.settings.idle_timeout.as_secs_f64(),
        write_timeout_seconds: app.settings.write_timeout.as_secs_f64(),
        max_connections: app.settings.max_connections,
        threads: app.work.threads(),
        queue: app.settings.queue,
        memory_budget_bytes: app.settings.memory_budget,
        max_flops: app.limits.max_flops,
        max_memory_bytes: app.limits.max_bytes,
        max_elements: app.limits.max_elements,
        max_nodes: app.limits.max_nodes,
        max_rank: app.limits.max_rank,
        max_depth: app.limits.max_depth,
        max_steps: app.limits.max_steps,
    })
}

#[derive(Serialize)]
pub(super) struct Version {
    name: &'static str,
    version: &'static str,
}

pub(super) async fn version() -> Json<Version> {
    Json(Version { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })
}
