//! The table of contents: every route and who answers it.

use axum::Router;
use axum::routing::{get, post};
use tower_http::cors::CorsLayer;

use super::app::Shared;
use super::layers::Service;
use super::{about, compute, contract, health, layers, metrics, problems};

/// Declares the routes once: as the public list [`ROUTES`] and as axum's router.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path;)*) => {
        /// Every route: method in lower case, and path. `get` answers `HEAD` too.
        pub const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        /// The routes that are wanted here.
        fn table(wanted: impl Fn(&str) -> bool) -> Router<Shared> {
            let mut table = Router::new();
            $(if wanted($path) {
                table = table.route($path, $method($handler));
            })*
            table
        }
    };
}

routes! {
    post "/jacobian" => compute::jacobian;
    post "/gradient" => compute::gradient;
    post "/value" => compute::value;
    post "/hessian" => compute::hessian;
    post "/jvp" => compute::jvp;
    post "/vjp" => compute::vjp;
    post "/hvp" => compute::hvp;
    post "/check" => compute::check;

    get "/operations" => about::operations;
    get "/limits" => about::limits;
    get "/version" => about::version;

    get "/" => contract::home;
    get "/docs" => contract::docs;
    get "/openapi.yaml" => contract::openapi;
    get "/problems" => problems::index;
    get "/problems/{slug}" => problems::page;

    get "/health/live" => health::live;
    get "/health/ready" => health::ready;
    get "/metrics" => metrics::metrics;
}

/// What operators ask for.
fn is_for_operators(path: &str) -> bool {
    path.starts_with("/health/") || path == "/metrics"
}

/// The service for everyone, which leaves operators' routes to their own address if there is one.
pub(super) fn public(app: &Shared, cors: Option<CorsLayer>) -> Service {
    let apart = app.settings.admin_listen.is_some();
    let routes = table(|path| !(apart && is_for_operators(path)));
    layers::wrap(routes.fallback(problems::nothing_here).with_state(Shared::clone(app)), app, true, cors)
}

/// The service for operators alone: no keys, no pages of others.
pub(super) fn admin(app: &Shared) -> Service {
    let routes = table(is_for_operators);
    layers::wrap(routes.fallback(problems::nothing_here).with_state(Shared::clone(app)), app, false, None)
}

/// The route of a path, as a word of this program.
pub(super) fn route_of(path: &str) -> &'static str {
    let is = |route: &str| match route.split_once('{') {
        Some((start, _)) => path.strip_prefix(start).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
        None => route == path,
    };
    ROUTES.iter().map(|(_, route)| *route).find(|route| is(route)).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_words_of_this_program() {
        let cases = [("/jacobian", "/jacobian"), ("/problems/syntax", "/problems/{slug}"), ("/x'\"\n", "other")];
        for (path, route) in cases {
            assert_eq!(route_of(path), route);
        }
    }
}
