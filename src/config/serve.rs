//! What can be set of the server.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::machine::Machine;
use super::{Budget, Limits};

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// A TOML file with settings, named as the flags are; flags and variables go before it.
    #[arg(long, env = "JACOBI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on, or `unix:` and the path of a socket; port 0 takes any free one.
    #[arg(long, env = "JACOBI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Where health and metrics are answered, instead of the address for everyone.
    #[arg(long, env = "JACOBI_ADMIN_LISTEN")]
    pub admin_listen: Option<String>,
    /// Certificate chain in PEM; with it and its key the server speaks TLS.
    #[arg(long, env = "JACOBI_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, env = "JACOBI_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A TOML file of API keys, hashed; with it every request but a probe must carry one.
    #[arg(long, env = "JACOBI_API_KEYS_FILE", value_name = "FILE")]
    pub api_keys_file: Option<PathBuf>,
    /// Origins whose pages may call the server from a browser, separated by commas; `*` for all.
    #[arg(long, env = "JACOBI_CORS_ORIGIN", value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origin: Vec<String>,
    /// Connections that may be open at one time; 0 means as many as the limit on open files admits, at most 4096.
    #[arg(long, env = "JACOBI_MAX_CONNECTIONS", default_value_t = 0)]
    pub max_connections: usize,
    /// Seconds in which the head of a request, or a TLS handshake, must arrive.
    #[arg(long, env = "JACOBI_HEADER_TIMEOUT", default_value = "10", value_parser = seconds)]
    pub header_timeout: Duration,
    /// Seconds after which a connection without a request is closed.
    #[arg(long, env = "JACOBI_IDLE_TIMEOUT", default_value = "75", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// Seconds in which a client must take each 64 KiB of an answer.
    #[arg(long, env = "JACOBI_WRITE_TIMEOUT", default_value = "20", value_parser = seconds)]
    pub write_timeout: Duration,
    /// Largest body accepted, measured after inflating.
    #[arg(long, env = "JACOBI_MAX_BODY_BYTES", default_value_t = 64 << 20)]
    pub max_body_bytes: usize,
    /// Bytes of all bodies that may be held at one time, beyond which the server is busy; 0 means an eighth of the memory, at most 1 GiB.
    #[arg(long, env = "JACOBI_MAX_HELD_BYTES", default_value_t = 0)]
    pub max_held_bytes: usize,
    /// Seconds in which a whole body must arrive.
    #[arg(long, env = "JACOBI_BODY_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Seconds a request may wait and compute.
    #[arg(long, env = "JACOBI_REQUEST_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub request_timeout: Duration,
    /// Threads for large requests, and as many for small ones, each with one that helps; 0 means one for each core that the container may use.
    #[arg(long, env = "JACOBI_THREADS", default_value_t = 0)]
    pub threads: usize,
    /// Bytes that all running requests together may take by their predictions; 0 means half of the memory of the container or machine.
    #[arg(long, env = "JACOBI_MEMORY_BUDGET", default_value_t = 0)]
    pub memory_budget: u64,
    /// Large requests that may wait for a place to compute, and sixteen times as many small ones; beyond it the server is busy.
    #[arg(long, env = "JACOBI_QUEUE", default_value_t = 64)]
    pub queue: usize,
    /// Seconds a request may wait for a place to compute; after it the server is busy.
    #[arg(long, env = "JACOBI_QUEUE_TIMEOUT", default_value = "5", value_parser = seconds)]
    pub queue_timeout: Duration,
    /// Seconds for which a server that was told to stop goes on as before, but says that it is not ready.
    #[arg(long, env = "JACOBI_DRAIN_DELAY", default_value = "0", value_parser = delay)]
    pub drain_delay: Duration,
    /// Seconds that requests under way may take to finish after that; then they are stopped.
    #[arg(long, env = "JACOBI_DRAIN_TIMEOUT", default_value = "20", value_parser = seconds)]
    pub drain_timeout: Duration,
    /// Seconds after which the log says of an answer what took so long.
    #[arg(long, env = "JACOBI_SLOW_REQUEST", default_value = "1", value_parser = seconds)]
    pub slow_request: Duration,
    /// What to log: a level or a filter such as `jacobi=debug`.
    #[arg(long, env = "JACOBI_LOG", default_value = "info")]
    pub log: String,
    /// How to write the log, which goes to standard error.
    #[arg(long, env = "JACOBI_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Where traces are sent, by OTLP over HTTP: the address of a collector, such as `http://127.0.0.1:4318`.
    #[arg(long, env = "JACOBI_OTLP_ENDPOINT", value_name = "URL", value_parser = collector)]
    pub otlp_endpoint: Option<String>,
    /// What one request may cost.
    #[command(flatten)]
    pub budget: Budget,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Serve {
    /// The settings with everything that follows the machine filled in.
    #[must_use]
    pub fn on(mut self, machine: &Machine) -> Self {
        let share = |part: u64| machine.memory / part;
        if self.threads == 0 {
            self.threads = machine.cores;
        }
        if self.memory_budget == 0 {
            self.memory_budget = share(2).max(64 << 20);
        }
        if self.max_held_bytes == 0 {
            // No server is of use that cannot hold one body.
            let held = usize::try_from(share(8).min(1 << 30)).unwrap_or(usize::MAX);
            self.max_held_bytes = held.max(self.max_body_bytes.min(64 << 20));
        }
        if self.max_connections == 0 {
            // A few files are open beside them.
            self.max_connections = machine.files.saturating_sub(64).clamp(16, 4096);
        }
        self
    }

    /// The engine's limits.
    pub fn limits(&self) -> Limits {
        self.budget.limits()
    }
}

/// Reads the address of a collector, to which the path of each signal is added.
fn collector(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
    match host {
        Some(host) if !host.is_empty() && !text.contains(['?', '#', ' ']) => Ok(text.to_owned()),
        _ if text.starts_with("https://") => {
            Err("collectors are spoken to in plain HTTP: put one beside the server, which passes traces on".to_owned())
        }
        _ => Err("a collector's address is `http://` and its host and port".to_owned()),
    }
}

/// Reads a positive number of seconds, such as `30` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let duration = delay(text)?;
    if duration.is_zero() {
        return Err(format!("`{text}` seconds is outside 0 < s ≤ 86400"));
    }
    Ok(duration)
}

/// Reads a number of seconds that may be zero.
fn delay(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a number of seconds");
    let value: f64 = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from_secs_f64(value).map_err(|_| wrong())?;
    // A day is longer than anyone waits, and keeps `now + duration` within the clock's range.
    if duration > Duration::from_hours(24) {
        return Err(format!("`{text}` seconds is outside 0 ≤ s ≤ 86400"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_positive_and_finite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(delay("0"), Ok(Duration::ZERO));
        for wrong in ["0", "-1", "NaN", "inf", "1e300", "soon", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_collector_has_a_host_and_plain_http() {
        for right in ["http://127.0.0.1:4318", "http://collector:4318/", "http://gateway/otlp"] {
            assert_eq!(collector(right).as_deref(), Ok(right));
        }
        for wrong in
            ["", "collector:4318", "https://collector:4318", "http://", "http:///v1", "http://a?b", "http://a b"]
        {
            assert!(collector(wrong).is_err(), "{wrong}");
        }
    }
}
