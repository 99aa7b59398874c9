//! `GET /openapi.yaml`, `/docs` and `/`: the contract, and a page that shows it and sends requests.
//!
//! The page is one file that asks nothing of any other host; it reads the contract with js-yaml.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect};

const OPENAPI: &str = include_str!("../../openapi.yaml");

const PAGE: &str = concat!(
    include_str!("docs/page.html"),
    "<style>",
    include_str!("docs/page.css"),
    "</style>\n<script>",
    include_str!("docs/js-yaml.min.js"),
    "</script>\n<script>",
    include_str!("docs/page.js"),
    "</script>\n",
);

/// What the page may do: run what it carries, and talk to its own server.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

pub(super) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml")], OPENAPI)
}

pub(super) async fn docs() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE))
}

pub(super) async fn home() -> Redirect {
    Redirect::temporary("/docs")
}
