//! Who may ask: API keys with quotas, and origins of pages in browsers.

mod admit;
mod cors;
mod keys;
mod quota;

pub(super) use admit::{KeyName, admit};
pub(super) use cors::cors;
pub(super) use keys::Keys;
