//! openapi.yaml says what the server does: its routes, its answers to every example, its problems.

#[path = "support/contract.rs"]
mod contract;
mod support;

use std::collections::BTreeSet;

use contract::{contract, faults, resolve, validator};
use jacobi::http::ROUTES;
use reqwest::Response;
use serde_json::Value;
use support::Server;

fn assert_valid(contract: &Value, schema: &Value, value: &Value, what: &str) {
    let wrong = faults(&validator(contract, schema), value);
    assert!(wrong.is_empty(), "{what}: {wrong:#?}\n{value:#}");
}

/// Status, media type, headers and body of an answer are what the contract says of the operation.
async fn assert_documented(contract: &Value, operation: &Value, response: Response, what: &str) {
    let status = response.status().as_u16().to_string();
    let said = operation["responses"].get(&status).unwrap_or_else(|| panic!("{what}: {status} is not documented"));
    let said = resolve(contract, said);
    if let Some(headers) = said["headers"].as_object() {
        for (name, header) in headers {
            let required = resolve(contract, header)["required"] == true;
            assert!(!required || response.headers().contains_key(name), "{what}: {status} without {name}");
        }
    }
    let Some(content) = said["content"].as_object() else {
        return;
    };
    let kind = response.headers()["content-type"].to_str().expect("a media type is text").to_owned();
    let kind = kind.split(';').next().unwrap_or_default();
    let media = content.get(kind).unwrap_or_else(|| panic!("{what}: {status} as {kind} is not documented"));
    if kind.ends_with("json") {
        let body: Value = response.json().await.expect("JSON");
        assert_valid(contract, &media["schema"], &body, &format!("{what}: {status}"));
    }
}

#[test]
fn the_contract_lists_exactly_the_routes() {
    let contract = contract();
    let paths = contract["paths"].as_object().expect("paths");
    let published: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().expect("a path item").keys().map(|method| (method.clone(), path.clone()))
        })
        .collect();
    let served = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(published, served);
}

/// Which statuses of the problems there are an operation may answer with.
fn may_answer(method: &str, path: &str, status: u16) -> bool {
    let computes = method == "post";
    let guarded = !path.starts_with("/health/");
    match status {
        408 | 413 | 415 | 422 => computes,
        401 | 429 => guarded,
        404 => path.contains('{'),
        // A head that is no request and a connection too many are refused whatever they ask for.
        400 | 405 | 431 | 500 | 503 => true,
        _ => panic!("{status} is new: who answers with it?"),
    }
}

#[test]
fn every_operation_documents_every_problem_it_may_answer_with_and_no_other() {
    let contract = contract();
    let statuses: BTreeSet<u16> = jacobi::http::KINDS.iter().map(|kind| kind.status).collect();
    for (method, path) in ROUTES {
        let said = contract["paths"][path][method]["responses"].as_object().expect("responses");
        let said: BTreeSet<u16> = said.keys().map(|s| s.parse().expect("a status")).filter(|s| *s >= 400).collect();
        let may: BTreeSet<u16> = statuses.iter().copied().filter(|s| may_answer(method, path, *s)).collect();
        assert_eq!(said, may, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    fn walk(node: &Value, seen: &mut BTreeSet<String>) {
        match node {
            Value::Object(members) => {
                seen.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| walk(member, seen));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let contract = contract();
    let mut seen = BTreeSet::new();
    walk(&contract, &mut seen);
    let kinds = contract["components"].as_object().expect("components");
    // Security schemes are used by their name, not by reference.
    let there = kinds.iter().filter(|(kind, _)| *kind != "securitySchemes").flat_map(|(kind, members)| {
        let names = members.as_object().expect("named components").keys();
        names.map(move |name| format!("#/components/{kind}/{name}"))
    });
    assert_eq!(seen, there.collect());
}

#[test]
fn the_version_is_the_programs() {
    assert_eq!(contract()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn every_example_is_valid_and_answered_as_documented() {
    let contract = contract();
    let server = Server::start(&[]);
    for (_, path) in ROUTES.iter().filter(|(method, _)| *method == "post") {
        let operation = &contract["paths"][path]["post"];
        let body = &resolve(&contract, &operation["requestBody"])["content"]["application/json"];
        for (name, example) in body["examples"].as_object().expect("examples") {
            let what = format!("{path} {name}");
            let document = &resolve(&contract, example)["value"];
            assert_valid(&contract, &body["schema"], document, &what);
            let response = server.post(path, document.to_string()).await;
            assert_eq!(response.status(), 200, "{what}: {}", response.text().await.unwrap_or_default());
            let response = server.post(path, document.to_string()).await;
            assert_documented(&contract, operation, response, &what).await;
        }
    }
}

#[tokio::test]
async fn every_get_is_answered_as_documented() {
    let contract = contract();
    let server = Server::start(&[]);
    for (_, path) in ROUTES.iter().filter(|(method, _)| *method == "get") {
        let operation = &contract["paths"][path]["get"];
        let asked = path.replace("{slug}", "unknown-name");
        assert_documented(&contract, operation, server.get(&asked).await, path).await;
    }
    let operation = &contract["paths"]["/problems/{slug}"]["get"];
    assert_documented(&contract, operation, server.get("/problems/none").await, "an unknown problem").await;
}

#[tokio::test]
async fn everything_wrong_is_answered_as_documented() {
    let contract = contract();
    let server = Server::start(&["--max-body-bytes", "2000"]);
    let documents = [
        String::new(),
        "[]".into(),
        "{}".into(),
        " ".repeat(2001),
        r#"{"define": {"f(x)": "sin(x) +"}, "at": {"x": 1}}"#.into(),
        r#"{"define": {"f(x)": "sine(x)"}, "at": {"x": 1}}"#.into(),
        r#"{"define": {"f(x)": "A @ x"}, "constants": {"A": [[1, 2]]}, "at": {"x": [1, 2, 3]}}"#.into(),
        r#"{"define": {"f(x)": "log(x)"}, "at": {"x": -1}, "wnat": ["value"]}"#.into(),
        r#"{"define": {"f(x)": "log(x)"}, "at": {"x": -1}}"#.into(),
        r#"{"define": {"f(x)": "x"}, "at": {"x": [[1], [2, 3]]}, "mode": "sideways"}"#.into(),
    ];
    for (_, path) in ROUTES.iter().filter(|(method, _)| *method == "post") {
        let operation = &contract["paths"][path]["post"];
        for document in &documents {
            let response = server.post(path, document.clone()).await;
            assert_documented(&contract, operation, response, &format!("{path} {document:.80}")).await;
        }
        let request = server.client.post(server.url(path)).header("content-type", "text/csv").body("{}");
        let response = request.send().await.expect("the server answers");
        assert_documented(&contract, operation, response, &format!("{path} as CSV")).await;
        assert_documented(&contract, operation, server.get(path).await, &format!("GET {path}")).await;
    }
}

#[tokio::test]
async fn keys_quotas_and_business_are_answered_as_documented() {
    let contract = contract();
    let path = std::env::temp_dir().join(format!("jacobi-openapi-{}.toml", std::process::id()));
    // The SHA-256 of `abc` (FIPS 180-4, example B.1).
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let keys = format!("[keys.alice]\nsha256 = \"{digest}\"\nrequests_per_minute = 1\n");
    std::fs::write(&path, keys).expect("a temporary file can be written");
    let server = Server::start(&["--api-keys-file", path.to_str().expect("text"), "--max-held-bytes", "1"]);
    std::fs::remove_file(path).expect("it can be removed");
    let operation = &contract["paths"]["/value"]["post"];
    let mut statuses = Vec::new();
    for key in ["wrong", "abc", "abc"] {
        let request = server.client.post(server.url("/value")).bearer_auth(key).body("{}");
        let response = request.send().await.expect("the server answers");
        statuses.push(response.status().as_u16());
        assert_documented(&contract, operation, response, key).await;
    }
    assert_eq!(statuses, [401, 503, 429]);
}
