//! What a user of the command line may rely on.

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{Server, jacobi};

const SQUARE: &str = r#"{"define": {"f(x)": "x^2"}, "at": {"x": 3}}"#;

fn run(mut command: Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that does not read its input may have closed it.
    let _ = child.stdin.take().expect("standard input is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

fn eval(arguments: &[&str], input: &str) -> Output {
    let mut command = jacobi();
    command.arg("eval").args(arguments);
    run(command, input)
}

#[test]
fn eval_answers_a_document_from_standard_input_or_a_file() {
    let path = std::env::temp_dir().join(format!("jacobi-cli-{}.json", std::process::id()));
    std::fs::write(&path, SQUARE).expect("a temporary file can be written");
    let file = path.to_str().expect("the path is text");
    for arguments in [&[][..], &["-"], &[file]] {
        let output = eval(arguments, SQUARE);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.ends_with(b"}\n"));
        let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer is JSON");
        assert_eq!(answer["value"]["f"]["data"], 9.0);
    }
    std::fs::remove_file(&path).expect("the temporary file can be removed");
}

#[test]
fn eval_stands_in_for_each_endpoint() {
    for (endpoint, member) in [("jacobian", "jacobian"), ("gradient", "gradient"), ("value", "value"), ("check", "ok")]
    {
        let output = eval(&["--endpoint", endpoint], SQUARE);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer is JSON");
        assert!(answer.get(member).is_some(), "{endpoint}: {answer}");
    }
}

#[test]
fn eval_tells_faults_as_a_problem_on_standard_error() {
    let output = eval(&[], r#"{"at": {"x": 1}}"#);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let problem: Value = serde_json::from_slice(&output.stderr).expect("a problem is JSON");
    assert_eq!(problem["code"], "missing_field");
    let output = eval(&["/no/such/file"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/file"));
}

#[test]
fn healthcheck_tells_by_its_exit_code() {
    let server = Server::start(&[]);
    let check = |address: &str| {
        let mut command = jacobi();
        command.args(["healthcheck", "--listen", address]);
        run(command, "").status.code()
    };
    assert_eq!(check(&server.address), Some(0));
    let port = server.address.rsplit(':').next().expect("a port");
    assert_eq!(check(&format!("0.0.0.0:{port}")), Some(0));
    let address = server.address.clone();
    drop(server);
    assert_eq!(check(&address), Some(1));
}

#[tokio::test]
async fn settings_may_come_from_the_environment_and_serving_needs_no_word() {
    let mut command = jacobi();
    command.env("JACOBI_LISTEN", "127.0.0.1:0").env("JACOBI_QUEUE", "7").env("JACOBI_LOG_FORMAT", "json");
    let server = Server::spawn(command);
    let limits: Value = server.get("/limits").await.json().await.expect("limits are JSON");
    assert_eq!(limits["queue"], 7);
}

#[test]
fn a_flag_beats_the_environment() {
    let mut command = jacobi();
    command.env("JACOBI_LISTEN", "nowhere").args(["--listen", "127.0.0.1:0"]);
    assert!(Server::spawn(command).terminate());
}

#[test]
fn an_address_in_use_is_said_in_a_sentence() {
    let server = Server::start(&[]);
    let mut command = jacobi();
    command.args(["--listen", &server.address]);
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot listen on"));
}

#[test]
fn the_version_is_the_packages() {
    let mut command = jacobi();
    command.arg("--version");
    assert_eq!(run(command, "").stdout, format!("jacobi {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
}
