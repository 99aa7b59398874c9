//! The table of contents: every route and who answers it.

use axum::Router;
use axum::routing::{get, post};

use super::app::Shared;
use super::{about, compute, contract, health, layers, problems};

/// Declares the routes once: as the public list [`ROUTES`] and as axum's router.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path;)*) => {
        /// Every route: method in lower case, and path. `get` answers `HEAD` too.
        pub const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        fn table() -> Router<Shared> {
            Router::new()$(.route($path, $method($handler)))*
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
}

/// The whole service.
pub(super) fn router(app: Shared) -> Router {
    layers::wrap(table().fallback(problems::nothing_here).with_state(app))
}
