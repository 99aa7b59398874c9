//! The command line and its environment twins: every flag `--some-flag` may be given as `JACOBI_SOME_FLAG`.
//!
//! The only file that knows where settings come from; everything else is handed values.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::{Endpoint, Limits};

/// Exact derivatives over HTTP: post a function as data, get values, gradients and Jacobians with their shapes.
#[derive(Debug, Parser)]
#[command(name = "jacobi", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; to serve, when nothing is said.
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer requests over HTTP (the default).
    Serve(Serve),
    /// Answer one document from a file or standard input, without a server.
    Eval(Eval),
    /// Ask a running server whether it is alive; the exit code is the answer.
    Healthcheck(Healthcheck),
}

impl Cli {
    /// The command given, or the command to serve.
    pub fn chosen(self) -> Command {
        self.command.unwrap_or(Command::Serve(self.serve))
    }
}

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, env = "JACOBI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Largest body accepted, measured after inflating.
    #[arg(long, env = "JACOBI_MAX_BODY_BYTES", default_value_t = 64 << 20)]
    pub max_body_bytes: usize,
    /// Bytes of all bodies that may be held at one time; beyond it the server is busy.
    #[arg(long, env = "JACOBI_MAX_HELD_BYTES", default_value_t = 1 << 30)]
    pub max_held_bytes: usize,
    /// Seconds in which a whole body must arrive.
    #[arg(long, env = "JACOBI_BODY_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Seconds a request may wait and compute.
    #[arg(long, env = "JACOBI_REQUEST_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub request_timeout: Duration,
    /// Seconds that requests under way may take to finish once the server is told to stop.
    #[arg(long, env = "JACOBI_DRAIN_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub drain_timeout: Duration,
    /// Threads that compute; 0 means one for each core.
    #[arg(long, env = "JACOBI_THREADS", default_value_t = 0)]
    pub threads: usize,
    /// Requests that may wait for a computing thread; beyond it the server is busy.
    #[arg(long, env = "JACOBI_QUEUE", default_value_t = 64)]
    pub queue: usize,
    /// What to log: a level or a filter such as `jacobi=debug`.
    #[arg(long, env = "JACOBI_LOG", default_value = "info")]
    pub log: String,
    /// How to write the log, which goes to standard error.
    #[arg(long, env = "JACOBI_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What one request may cost.
    #[command(flatten)]
    pub budget: Budget,
}

/// Settings of `jacobi eval`.
#[derive(Debug, Clone, Args)]
pub struct Eval {
    /// The document; `-` or nothing reads standard input.
    pub file: Option<PathBuf>,
    /// The endpoint whose answer to give.
    #[arg(long, env = "JACOBI_ENDPOINT", default_value = "jacobian")]
    pub endpoint: Asked,
    /// What the request may cost.
    #[command(flatten)]
    pub budget: Budget,
}

/// Settings of `jacobi healthcheck`.
#[derive(Debug, Clone, Args)]
pub struct Healthcheck {
    /// The address the server was told to listen on.
    #[arg(long, env = "JACOBI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
}

/// What one request may cost before it is refused.
#[derive(Debug, Clone, Copy, Args)]
pub struct Budget {
    /// Predicted floating-point operations a request may take.
    #[arg(long, env = "JACOBI_MAX_FLOPS", default_value_t = Limits::default().max_flops)]
    pub max_flops: u64,
    /// Predicted bytes of memory a request may take.
    #[arg(long, env = "JACOBI_MAX_MEMORY_BYTES", default_value_t = Limits::default().max_bytes)]
    pub max_memory_bytes: u64,
}

impl Budget {
    /// The engine's limits with these two set.
    pub fn limits(self) -> Limits {
        Limits { max_flops: self.max_flops, max_bytes: self.max_memory_bytes, ..Limits::default() }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The endpoint that `jacobi eval` stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Asked {
    /// `POST /jacobian`.
    Jacobian,
    /// `POST /gradient`.
    Gradient,
    /// `POST /value`.
    Value,
    /// `POST /hessian`.
    Hessian,
    /// `POST /jvp`.
    Jvp,
    /// `POST /vjp`.
    Vjp,
    /// `POST /hvp`.
    Hvp,
    /// `POST /check`.
    Check,
}

impl From<Asked> for Endpoint {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Jacobian => Self::Jacobian,
            Asked::Gradient => Self::Gradient,
            Asked::Value => Self::Value,
            Asked::Hessian => Self::Hessian,
            Asked::Jvp => Self::Jvp,
            Asked::Vjp => Self::Vjp,
            Asked::Hvp => Self::Hvp,
            Asked::Check => Self::Check,
        }
    }
}

/// Reads a positive number of seconds, such as `30` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a positive number of seconds");
    let value: f64 = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from_secs_f64(value).map_err(|_| wrong())?;
    // A day is longer than anyone waits, and keeps `now + duration` within the clock's range.
    if duration.is_zero() || duration > Duration::from_hours(24) {
        return Err(format!("`{text}` seconds is outside 0 < s ≤ 86400"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn walk(command: &clap::Command, check: &mut impl FnMut(&clap::Arg)) {
        command.get_arguments().for_each(&mut *check);
        command.get_subcommands().for_each(|inner| walk(inner, check));
    }

    #[test]
    fn every_flag_has_an_environment_twin_and_a_sentence() {
        let mut seen = 0;
        walk(&Cli::command(), &mut |arg| {
            let Some(long) = arg.get_long() else { return };
            let twin = format!("JACOBI_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(arg.get_env().and_then(|e| e.to_str()), Some(twin.as_str()), "--{long}");
            assert!(arg.get_help().is_some(), "--{long} says nothing of itself");
            seen += 1;
        });
        assert!(seen > 12, "only {seen} flags were looked at");
    }

    #[test]
    fn serving_is_the_default() {
        for line in [vec!["jacobi", "--listen", "127.0.0.1:1"], vec!["jacobi", "serve", "--listen", "127.0.0.1:1"]] {
            let Command::Serve(serve) = Cli::parse_from(line).chosen() else { panic!("not serve") };
            assert_eq!(serve.listen, "127.0.0.1:1");
        }
    }

    #[test]
    fn times_are_positive_and_finite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "NaN", "inf", "1e300", "soon", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
