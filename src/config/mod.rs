//! Settings: every flag `--some-flag` may be given as `JACOBI_SOME_FLAG`, or as `some-flag` in a TOML file.
//!
//! The only room that knows where settings come from; everything else is handed values.

mod file;
mod machine;
mod serve;
mod show;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use file::read;
pub use machine::Machine;
pub use serve::{LogFormat, Serve};
pub use show::in_force;

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
    /// Print the settings that the server would have, and where each comes from.
    Config(Serve),
}

impl Cli {
    /// The command given, or the command to serve.
    pub fn chosen(self) -> Command {
        self.command.unwrap_or(Command::Serve(self.serve))
    }
}

/// Settings of `jacobi eval`.
#[derive(Debug, Clone, Args)]
pub struct Eval {
    /// The document; `-` or nothing reads standard input.
    pub file: Option<PathBuf>,
    /// The endpoint whose answer to give.
    #[arg(long, env = "JACOBI_ENDPOINT", default_value = "jacobian")]
    pub endpoint: Asked,
    /// A TOML file with settings.
    #[arg(long, env = "JACOBI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
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
    /// The address where the server was told to answer for its health, if that is another.
    #[arg(long, env = "JACOBI_ADMIN_LISTEN")]
    pub admin_listen: Option<String>,
    /// The certificate the server was given, which means that it is asked over TLS.
    #[arg(long, env = "JACOBI_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// A TOML file with settings.
    #[arg(long, env = "JACOBI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
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
        assert!(seen > 25, "only {seen} flags were looked at");
    }

    #[test]
    fn serving_is_the_default() {
        for line in [vec!["jacobi", "--listen", "127.0.0.1:1"], vec!["jacobi", "serve", "--listen", "127.0.0.1:1"]] {
            let Command::Serve(serve) = Cli::parse_from(line).chosen() else { panic!("not serve") };
            assert_eq!(serve.listen, "127.0.0.1:1");
        }
    }
}
