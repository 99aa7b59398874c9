//! `GET /problems` and `/problems/{slug}`: the help pages that problem types point at; and the answer to unknown paths.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::Uri;
use serde::Serialize;

use super::kinds::{self, KINDS, Kind};
use super::problem::Problem;
use super::router::ROUTES;

/// A problem type, explained.
#[derive(Serialize)]
pub(super) struct Page {
    r#type: String,
    code: &'static str,
    status: u16,
    title: &'static str,
    help: &'static str,
}

impl From<&'static Kind> for Page {
    fn from(kind: &'static Kind) -> Self {
        Self { r#type: kind.path(), code: kind.code, status: kind.status, title: kind.title, help: kind.help }
    }
}

#[derive(Serialize)]
pub(super) struct Index {
    problems: Vec<Page>,
}

pub(super) async fn index() -> Json<Index> {
    Json(Index { problems: KINDS.iter().copied().map(Page::from).collect() })
}

pub(super) async fn page(slug: Result<Path<String>, PathRejection>, uri: Uri) -> Result<Json<Page>, Problem> {
    let kind = slug.ok().and_then(|Path(slug)| KINDS.iter().find(|kind| kind.slug() == slug));
    match kind {
        Some(kind) => Ok(Json(Page::from(*kind))),
        None => Err(Problem::new(
            &kinds::NOT_FOUND,
            format!("There is no problem type at {}; GET /problems lists them.", uri.path()),
        )),
    }
}

/// 404 for everything that is not a route, with the route that was perhaps meant.
pub(super) async fn nothing_here(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    let near = ROUTES
        .iter()
        .map(|(_, route)| (strsim::damerau_levenshtein(&path, route), *route))
        .filter(|(distance, route)| *distance <= 3 && *distance < route.len() / 2)
        .min();
    let hint = near.map(|(_, route)| format!(" Did you mean {route}?")).unwrap_or_default();
    Problem::new(
        &kinds::NOT_FOUND,
        format!("There is nothing at {path}.{hint} The contract is at /docs and /openapi.yaml."),
    )
}
