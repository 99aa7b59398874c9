//! The compiled server on a free port, for one test; it ends with the value.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program, with none of the surrounding `JACOBI_…` settings.
pub(crate) fn jacobi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jacobi"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JACOBI_") {
            command.env_remove(name);
        }
    }
    command
}

/// A running server.
pub(crate) struct Server {
    process: Child,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    /// A client without proxies, redirects or decompression of its own doing.
    pub(crate) client: reqwest::Client,
}

impl Server {
    /// Starts a server with further arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = jacobi();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        Self::spawn(command)
    }

    /// Starts a server by a command that must make it listen on port 0.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = BufReader::new(process.stderr.take().expect("standard error is piped"));
        let (send, receive) = mpsc::channel();
        // Reads on after the address is known, so that the server never waits for its log to be read.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on http://") {
                    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
                    let _ = send.send(rest[..end.unwrap_or(rest.len())].to_owned());
                }
            }
        });
        let address = match receive.recv_timeout(Duration::from_secs(30)) {
            Ok(address) => address,
            Err(error) => {
                let _ = process.kill();
                panic!("the server did not say where it listens: {error}");
            }
        };
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be made");
        Self { process, address, client }
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a path.
    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.expect("the server answers")
    }

    /// Posts JSON text.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
        let request = self.client.post(self.url(path)).header("content-type", "application/json");
        request.body(body).send().await.expect("the server answers")
    }

    /// Tells the server to stop, as a supervisor would, and waits; whether it ended in order.
    pub(crate) fn terminate(mut self) -> bool {
        let pid = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        told.success() && self.process.wait().expect("the server ends").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
