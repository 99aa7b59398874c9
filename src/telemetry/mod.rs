//! What the program tells of itself while it runs: its log, on standard error as text or as JSON lines, and traces
//! for a collector that is named.

#[cfg(feature = "otel")]
mod otlp;

use std::io::IsTerminal;

use tokio::runtime::Handle;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

use crate::config::{LogFormat, Serve};

/// What has been started, and is told when the program ends.
#[derive(Debug)]
#[must_use = "what was traced last is sent at the end"]
pub struct Telemetry {
    /// The last lines are written when it is dropped.
    log: WorkerGuard,
    #[cfg(feature = "otel")]
    traces: Option<otlp::Traces>,
}

/// Starts logging, and tracing if a collector is named; to be called once, at the start of the program. Lines are written
/// by a thread of their own, so that nobody waits for whoever reads them; traces are sent on the runtime.
///
/// # Errors
/// A sentence, when the filter cannot be read, a log was started already, or this build sends no traces.
pub fn start(settings: &Serve, runtime: &Handle) -> Result<Telemetry, String> {
    let filter: Targets = settings.log.parse().map_err(|e| format!("--log {}: {e}", settings.log))?;
    #[cfg(feature = "otel")]
    let traces = settings.otlp_endpoint.as_deref().map(|endpoint| otlp::Traces::to(endpoint, runtime)).transpose()?;
    #[cfg(feature = "otel")]
    let registry = registry().with(traces.as_ref().map(otlp::Traces::layer));
    #[cfg(not(feature = "otel"))]
    let registry = match (&settings.otlp_endpoint, runtime) {
        (Some(_), _) => return Err("--otlp-endpoint: this program was built without the feature `otel`".to_owned()),
        (None, _) => registry(),
    };
    let (writer, guard) = NonBlockingBuilder::default().thread_name("log").finish(std::io::stderr());
    let log = fmt::layer().with_writer(writer);
    let log = match settings.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    registry.with(log.with_filter(filter)).try_init().map_err(|e| e.to_string())?;
    Ok(Telemetry {
        log: guard,
        #[cfg(feature = "otel")]
        traces,
    })
}

impl Telemetry {
    /// Sends what is left to send, and waits a bounded time for it. The runtime must still run.
    pub fn end(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.end();
        }
        drop(self.log);
    }
}
