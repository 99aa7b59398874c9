//! The program: reads the command line, then serves, evaluates one document, or asks after a server's health.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use jacobi::config::{Cli, Command, Eval, Healthcheck, Serve};
use jacobi::engine::{Cancel, Engine};
use jacobi::http::{self, Problem};
use jacobi::telemetry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().chosen() {
        Command::Serve(settings) => serve(&settings),
        Command::Eval(settings) => eval(&settings),
        Command::Healthcheck(settings) => healthcheck(&settings),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Standard error may be closed; the exit code still tells.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: &Serve) -> Result<(), String> {
    telemetry::start(&settings.log, settings.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("the runtime did not start: {e}"))?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&settings.listen)
            .await
            .map_err(|e| format!("cannot listen on {}: {e}", settings.listen))?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let app = http::App::new(settings)?;
        // Before the address is announced: whoever reads it may tell us to stop at once.
        let stop = told_to_stop().map_err(|e| format!("cannot listen for signals: {e}"))?;
        tracing::info!("listening on http://{address}");
        http::serve(listener, app, stop).await.map_err(|e| e.to_string())
    });
    // Computations that outlived the drain are not waited for.
    runtime.shutdown_background();
    served
}

/// Listens for ctrl-c, and for SIGTERM where there is one, from now on; the future resolves on either.
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => tracing::info!("interrupted: draining"),
                _ = terminate.recv() => tracing::info!("told to stop: draining"),
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn eval(settings: &Eval) -> Result<(), String> {
    let body = read(settings)?;
    let engine = Engine::new(settings.budget.limits());
    let answer = engine
        .answer(&body, settings.endpoint.into(), &Cancel::new(false))
        .map_err(|faults| Problem::from(faults).to_json())?;
    let mut out = io::stdout().lock();
    out.write_all(&answer)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|e| format!("cannot write the answer: {e}"))
}

fn read(settings: &Eval) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    match settings.file.as_deref().filter(|path| path.as_os_str() != "-") {
        Some(path) => File::open(path)
            .and_then(|mut file| file.read_to_end(&mut body))
            .map_err(|e| format!("cannot read {}: {e}", path.display())),
        None => io::stdin().read_to_end(&mut body).map_err(|e| format!("cannot read standard input: {e}")),
    }?;
    Ok(body)
}

/// Asks `GET /health/live` in plain HTTP/1.1, so that an image without curl can look after itself.
fn healthcheck(settings: &Healthcheck) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let unwell = |e: io::Error| format!("{} does not answer: {e}", settings.listen);
    let mut address = settings
        .listen
        .to_socket_addrs()
        .map_err(unwell)?
        .next()
        .ok_or_else(|| format!("{} is no address", settings.listen))?;
    // A server that listens everywhere is asked at home.
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(unwell)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(unwell)?;
    write!(stream, "GET /health/live HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").map_err(unwell)?;
    let mut start = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut start).map_err(unwell)?;
    if start.ends_with(b" 200") {
        Ok(())
    } else {
        Err(format!("{address} answered {}", String::from_utf8_lossy(&start)))
    }
}
