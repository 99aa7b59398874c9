//! Who may ask: API keys with quotas, and origins of pages in browsers.

mod cors;
mod keys;
mod layer;
mod quota;

pub(super) use cors::cors;
pub(super) use keys::Keys;
pub(super) use layer::{KeyName, admit};
