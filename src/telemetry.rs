//! Where the log goes and what it looks like: standard error, as text or as JSON lines.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts logging; to be called once, at the start of the program. Lines are written by a thread of their own, so
/// that nobody waits for whoever reads them; the last ones are when the guard is dropped.
///
/// # Errors
/// A sentence, when the filter cannot be read or a log was started already.
pub fn start(filter: &str, format: LogFormat) -> Result<WorkerGuard, String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| format!("--log {filter}: {e}"))?;
    let (writer, guard) = NonBlockingBuilder::default().thread_name("log").finish(std::io::stderr());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|e| e.to_string())?;
    Ok(guard)
}
