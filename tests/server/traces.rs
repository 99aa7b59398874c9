//! Traces: a collector is told of every request and its phases, in the trace of whoever asked.

#![cfg(feature = "otel")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;

use crate::client::SQUARE;
use crate::support::{Server, jacobi};

/// What a collector was sent.
type Received = Arc<Mutex<Vec<(Resource, Span)>>>;

/// A collector on a free port, and what it is sent.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let app = Router::new().route("/v1/traces", post(receive)).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), received)
}

async fn receive(State(received): State<Received>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("protobuf as OTLP says");
    let mut received = received.lock().expect("nobody panics with it");
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.expect("who sends it is told");
        let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        received.extend(spans.map(|span| (resource.clone(), span)));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The attribute of this name, as text.
fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref() {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => Some(text.clone()),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => Some(number.to_string()),
        _ => None,
    }
}

/// Asks with a `traceparent`.
async fn ask(server: &Server, body: &'static str, parent: Option<&str>) -> u16 {
    let mut request = server.client.post(server.url("/jacobian")).body(body);
    if let Some(parent) = parent {
        request = request.header("traceparent", parent);
    }
    request.send().await.expect("the server answers").status().as_u16()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_phases_are_spans_in_the_trace_of_the_caller() {
    let (endpoint, received) = collector().await;
    let server = Server::start(&["--otlp-endpoint", &endpoint]);
    assert_eq!(ask(&server, SQUARE, Some(&format!("00-{TRACE}-{CALLER}-01"))).await, 200);
    // What was traced last is sent before the server ends.
    assert!(server.terminate());
    let received = received.lock().expect("nobody panics with it");
    let spans: Vec<&Span> = received.iter().map(|(_, span)| span).collect();
    let whole = spans.iter().find(|span| span.name == "POST /jacobian").expect("a span for the request");
    assert_eq!((hex(&whole.trace_id).as_str(), hex(&whole.parent_span_id).as_str()), (TRACE, CALLER));
    assert_eq!(whole.kind, SpanKind::Server as i32);
    for (key, value) in
        [("http.request.method", "POST"), ("http.route", "/jacobian"), ("http.response.status_code", "200")]
    {
        assert_eq!(attribute(&whole.attributes, key).as_deref(), Some(value), "{key}");
    }
    // Whether it is known from before is asked first.
    for phase in ["recall", "parse", "plan", "queue", "run", "write"] {
        let found: Vec<_> = spans.iter().filter(|span| span.name == phase).collect();
        let [span] = found[..] else { panic!("{} spans are named {phase}", found.len()) };
        assert_eq!((&span.trace_id, &span.parent_span_id), (&whole.trace_id, &whole.span_id), "{phase}");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{phase}");
        assert!(whole.start_time_unix_nano <= span.start_time_unix_nano, "{phase}");
        assert!(span.end_time_unix_nano <= whole.end_time_unix_nano, "{phase}");
    }
    assert_eq!(spans.len(), 7, "{spans:#?}");
    let (resource, _) = &received[0];
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("jacobi"));
    assert_eq!(attribute(&resource.attributes, "service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_does_not_keep_is_not_sent_and_a_trace_of_ones_own_is_in_the_log() {
    let (endpoint, received) = collector().await;
    let server = Server::start(&["--otlp-endpoint", &endpoint, "--log-format", "json"]);
    assert_eq!(ask(&server, SQUARE, Some(&format!("00-{TRACE}-{CALLER}-00"))).await, 200);
    assert_eq!(ask(&server, "{", None).await, 400);
    let line = server.until_logged("not_json");
    assert!(server.terminate());
    let received = received.lock().expect("nobody panics with it");
    assert!(received.iter().all(|(_, span)| hex(&span.trace_id) != TRACE));
    let (_, failed) = received.iter().find(|(_, span)| span.name == "POST /jacobian").expect("the second request");
    assert_eq!(attribute(&failed.attributes, "error.type").as_deref(), Some("not_json"));
    assert!(failed.parent_span_id.is_empty());
    let line: serde_json::Value = serde_json::from_str(&line).expect("a line of the log is JSON");
    assert_eq!(line["span"]["trace_id"].as_str(), Some(hex(&failed.trace_id).as_str()), "{line}");
}

#[tokio::test]
async fn a_collector_that_is_not_there_keeps_nobody_from_an_answer() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let server = Server::start(&["--otlp-endpoint", &format!("http://{address}")]);
    assert_eq!(ask(&server, SQUARE, None).await, 200);
    assert!(server.terminate());
}

#[test]
fn an_address_that_is_none_is_refused_in_a_sentence() {
    for (wrong, said) in [("collector:4318", "`http://` and its host"), ("https://collector:4318", "plain HTTP")] {
        let output = jacobi().args(["serve", "--otlp-endpoint", wrong]).output().expect("the program runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(said), "{wrong}: {told}");
    }
}
