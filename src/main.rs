//! The program: reads the settings, then serves, evaluates one document, asks after a server's health, or prints
//! the settings.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use jacobi::config::{self, Command, Eval, Healthcheck, Machine, Serve};
use jacobi::engine::{Cancel, Engine};
use jacobi::http::{self, Problem};
use jacobi::telemetry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (cli, matches, from_file) = match config::read(std::env::args_os().collect()) {
        Ok(read) => read,
        // Help and the version come this way too.
        Err(error) => error.exit(),
    };
    let machine = Machine::look();
    let done = match cli.chosen() {
        Command::Serve(settings) => serve(&settings.on(&machine)),
        Command::Eval(settings) => eval(&settings),
        Command::Healthcheck(settings) => healthcheck(&settings),
        Command::Config(settings) => print(config::in_force(&settings, &matches, &from_file, &machine).as_bytes()),
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("the runtime did not start: {e}"))?;
    let telemetry = telemetry::start(settings, runtime.handle())?;
    let served = runtime.block_on(async {
        let server = http::Server::bind(settings).await?;
        // Before the address is announced: whoever reads it may tell us to stop at once.
        let stop = told_to_stop().map_err(|e| format!("cannot listen for signals: {e}"))?;
        on_hangup(server.renewal()).map_err(|e| format!("cannot listen for signals: {e}"))?;
        server.announce();
        server.run(stop).await;
        Ok(())
    });
    tracing::info!("stopped");
    telemetry.end();
    // Computations that outlived the drain are not waited for.
    runtime.shutdown_background();
    served
}

/// Does something whenever SIGHUP comes, where there is such a signal.
fn on_hangup(renew: impl Fn() + Send + 'static) -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                renew();
            }
        });
    }
    #[cfg(not(unix))]
    drop(renew);
    Ok(())
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
    print(&answer)
}

/// Writes to standard output, with a line's end.
fn print(text: &[u8]) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let end: &[u8] = if text.ends_with(b"\n") { b"" } else { b"\n" };
    out.write_all(text)
        .and_then(|()| out.write_all(end))
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

/// A server that speaks TLS to everyone answers operators in plain, if it has an address for them.
fn healthcheck(settings: &Healthcheck) -> Result<(), String> {
    match &settings.admin_listen {
        Some(place) => http::probe(place, false),
        None => http::probe(&settings.listen, settings.tls_cert.is_some()),
    }
}
