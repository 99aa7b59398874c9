//! The compiled server on a free port, for one test; it ends with the value.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The program, or another build of it that the variable `PROGRAM` names, with none of the surrounding `JACOBI_…`
/// settings.
pub(crate) fn jacobi() -> Command {
    let mut command = Command::new(std::env::var("PROGRAM").as_deref().unwrap_or(env!("CARGO_BIN_EXE_jacobi")));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JACOBI_") {
            command.env_remove(name);
        }
    }
    command
}

/// A running server.
pub(crate) struct Server {
    process: Option<Child>,
    /// `127.0.0.1:port`, or the path of a socket.
    pub(crate) address: String,
    /// A client without proxies, redirects or decompression of its own doing.
    pub(crate) client: reqwest::Client,
    log: Log,
}

impl Server {
    /// Starts a server with further arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = jacobi();
        command.arg("serve");
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts a server by a command that must make it listen on port 0 or a socket.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = Log::of(process.stderr.take().expect("standard error is piped"));
        let mut server = Self::at(String::new(), log);
        server.process = Some(process);
        let line = server.until_logged("listening on ");
        let place = line.split("listening on ").nth(1).expect("it was looked for");
        let place = place.split(['"', ' ']).next().unwrap_or_default();
        let place = place.rsplit("//").next().unwrap_or_default();
        place.trim_start_matches("unix:").clone_into(&mut server.address);
        server
    }

    /// Another address of a running server.
    pub(crate) fn beside(&self, address: &str) -> Self {
        Self::at(address.to_owned(), self.log.clone())
    }

    fn at(address: String, log: Log) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be made");
        Self { process: None, address, client, log }
    }

    /// Waits until the log has a line with this text, and gives that line.
    pub(crate) fn until_logged(&self, text: &str) -> String {
        self.log.until(text)
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

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.as_ref().expect("it has a process").id().to_string();
        let told = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill is there");
        assert!(told.success());
    }

    /// Waits for the server to end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.process.take().expect("it has a process").wait().expect("the server ends")
    }

    /// Tells the server to stop, as a supervisor would, and waits; whether it ended in order.
    pub(crate) fn terminate(self) -> bool {
        self.signal("TERM");
        self.wait().success()
    }

    /// The most memory its process has had, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let pid = self.process.as_ref().expect("it has a process").id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// What a server has written to its log.
#[derive(Clone)]
struct Log(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Log {
    /// Reads all the time, so that the server never waits for its log to be read.
    fn of(stream: ChildStderr) -> Self {
        let log = Self(Arc::default());
        let lines = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                lines.0.0.lock().expect("nobody panics with it").push(line);
                lines.0.1.notify_all();
            }
        });
        log
    }

    fn until(&self, text: &str) -> String {
        let lines = self.0.0.lock().expect("nobody panics with it");
        let patience = Duration::from_mins(1);
        let absent = |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(text));
        let (lines, _) = self.0.1.wait_timeout_while(lines, patience, absent).expect("nobody panics with it");
        let found = lines.iter().find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("`{text}` is not in the log: {lines:#?}")).clone()
    }
}

/// What a server of its own answers to a document.
pub(crate) async fn ask(path: &str, document: &serde_json::Value) -> serde_json::Value {
    let server = Server::start(&[]);
    server.post(path, document.to_string()).await.json().await.expect("an answer in JSON")
}

/// All numbers of an array, however nested.
pub(crate) fn numbers(value: &serde_json::Value) -> Vec<f64> {
    match value {
        serde_json::Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap_or_else(|| panic!("{other} is no number"))],
    }
}
