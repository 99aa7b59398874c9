//! `POST /jacobian`, `/gradient`, `/value` and `/check`: the document goes to the engine, on the compute pool.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::app::Shared;
use super::body::Document;
use super::problem::Problem;
use crate::engine::Endpoint;

pub(super) async fn jacobian(State(app): State<Shared>, document: Document) -> Result<Response, Problem> {
    answer(app, Endpoint::Jacobian, document).await
}

pub(super) async fn gradient(State(app): State<Shared>, document: Document) -> Result<Response, Problem> {
    answer(app, Endpoint::Gradient, document).await
}

pub(super) async fn value(State(app): State<Shared>, document: Document) -> Result<Response, Problem> {
    answer(app, Endpoint::Value, document).await
}

pub(super) async fn check(State(app): State<Shared>, document: Document) -> Result<Response, Problem> {
    answer(app, Endpoint::Check, document).await
}

async fn answer(app: Shared, endpoint: Endpoint, document: Document) -> Result<Response, Problem> {
    let engine = Arc::clone(&app.engine);
    let answer = app.pool.run(move |cancel| engine.answer(document.bytes(), endpoint, cancel)).await??;
    Ok(([(CONTENT_TYPE, "application/json")], answer).into_response())
}
