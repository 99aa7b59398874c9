//! `POST /jacobian`, `/gradient` and the other derivatives: the document goes to the engine, on the compute pool.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::app::Shared;
use super::body::Document;
use super::problem::Problem;
use crate::engine::Endpoint;

/// One handler for each endpoint; they differ in what is answered when the document does not say.
macro_rules! endpoints {
    ($($name:ident => $endpoint:ident;)*) => {
        $(pub(super) async fn $name(State(app): State<Shared>, document: Document) -> Result<Response, Problem> {
            answer(app, Endpoint::$endpoint, document).await
        })*
    };
}

endpoints! {
    jacobian => Jacobian;
    gradient => Gradient;
    value => Value;
    hessian => Hessian;
    jvp => Jvp;
    vjp => Vjp;
    hvp => Hvp;
    check => Check;
}

async fn answer(app: Shared, endpoint: Endpoint, document: Document) -> Result<Response, Problem> {
    let engine = Arc::clone(&app.engine);
    let answer = app.pool.run(move |cancel| engine.answer(document.bytes(), endpoint, cancel)).await??;
    Ok(([(CONTENT_TYPE, "application/json")], answer).into_response())
}
