//! `GET /health/live` and `/health/ready`: for whoever keeps the server running.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::app::Shared;
use super::kinds;
use super::problem::Problem;

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
}

/// The process answers.
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// The server takes new work: 503 once it has been told to stop.
pub(super) async fn ready(State(app): State<Shared>) -> Result<Json<Health>, Problem> {
    if app.is_draining() {
        return Err(Problem::new(&kinds::DRAINING, "The server was told to stop and takes no new work.").retry_after(5));
    }
    Ok(Json(Health { status: "ready" }))
}
