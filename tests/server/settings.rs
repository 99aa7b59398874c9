//! Settings: a flag before the environment, that before a file, and that before the default.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::support::{Server, jacobi};

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("jacobi-settings-{name}-{}.toml", std::process::id()));
    std::fs::write(&path, text).expect("a temporary file can be written");
    path
}

fn config(arguments: &[&str], path: &PathBuf) -> Output {
    let mut command = jacobi();
    command.arg("config").args(arguments).env("JACOBI_CONFIG", path).env("JACOBI_QUEUE", "7");
    command.output().expect("the program runs")
}

#[test]
fn what_is_in_force_is_told_with_its_source() {
    let path = file(
        "sources",
        "queue = 1\nlog-format = \"json\"\nmax_flops = 5\nbody-timeout = 2.5\notlp-endpoint = \"http://collector:4318\"\n",
    );
    let output = config(&["--max-flops", "6"], &path);
    let text = String::from_utf8(output.stdout).expect("text");
    for line in [
        "max-flops = 6 # flag",
        "queue = 7 # environment",
        "log-format = \"json\" # file",
        "body-timeout = 2.5 # file",
        "idle-timeout = 75 # default",
        "# tls-cert is not set",
        "otlp-endpoint = \"http://collector:4318\" # file",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    let threads = text.lines().find(|line| line.starts_with("threads = ")).expect("threads");
    assert!(threads.ends_with("# default, by the machine") && !threads.contains("= 0"), "{threads}");
    // What it prints is a file of settings itself.
    std::fs::write(&path, &text).expect("it can be written");
    assert!(config(&[], &path).status.success());
    std::fs::remove_file(path).expect("it can be removed");
}

#[tokio::test]
async fn a_server_reads_the_file_and_shows_its_limits() {
    let path = file("limits", "max-flops = 12345\ncors-origin = [\"https://a.example\", \"https://b.example\"]\n");
    let mut command = jacobi();
    command.args(["--listen", "127.0.0.1:0", "--memory-budget", "80000000"]).arg("--config").arg(&path);
    let server = Server::spawn(command);
    let limits: Value = server.get("/limits").await.json().await.expect("limits are JSON");
    assert_eq!((limits["max_flops"].as_u64(), limits["memory_budget_bytes"].as_u64()), (Some(12345), Some(80_000_000)));
    assert_eq!(limits["max_memory_bytes"], 70_000_000);
    std::fs::remove_file(path).expect("it can be removed");
}

#[test]
fn faults_of_the_file_are_told_in_a_sentence() {
    for (name, text, said) in [
        ("unknown", "threds = 2", "there is no setting `threds`; did you mean `threads`?"),
        ("value", "threads = \"many\"", "toml: invalid value 'many' for '--threads"),
        ("type", "threads = { a = 1 }", "must be a number"),
        ("toml", "threads =", "TOML parse error"),
    ] {
        let path = file(name, text);
        let output = config(&[], &path);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(said), "{text}: {told}");
        std::fs::remove_file(path).expect("it can be removed");
    }
    let output = config(&[], &PathBuf::from("/no/such/file"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/file"));
}

#[test]
fn a_filter_of_the_log_that_says_nothing_is_told_in_a_sentence() {
    for filter in ["jacobi=loud", "info,a=b=c"] {
        let output = jacobi().args(["--listen", "127.0.0.1:0", "--log", filter]).output().expect("the program runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(&format!("--log {filter}: ")), "{told}");
    }
}

#[test]
fn deployments_set_what_there_is_to_set() {
    let help = jacobi().args(["serve", "--help"]).output().expect("the program runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let mut seen = 0;
    for text in [
        include_str!("../../Dockerfile"),
        include_str!("../../deploy/compose.yaml"),
        include_str!("../../deploy/kubernetes/deployment.yaml"),
    ] {
        for (at, _) in text.match_indices("JACOBI_") {
            let rest = &text[at..];
            let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
            let known = ["=", "]"].iter().any(|after| help.contains(&format!("[env: {}{after}", &rest[..end])));
            assert!(known, "there is no {}", &rest[..end]);
            seen += 1;
        }
    }
    assert!(seen >= 9, "only {seen} were looked at");
}
