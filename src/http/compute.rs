//! `POST /jacobian`, `/gradient` and the other derivatives: the document goes where it is computed.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};

use super::app::Shared;
use super::body::Document;
use super::problem::Problem;
use crate::engine::Endpoint;

const TIMING: HeaderName = HeaderName::from_static("server-timing");

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
    let done = app.work.answer(endpoint, document).await?;
    let headers = [(CONTENT_TYPE, "application/json".to_owned()), (TIMING, done.timings.header())];
    let mut response = (headers, done.body).into_response();
    response.extensions_mut().insert(done.timings);
    Ok(response)
}
