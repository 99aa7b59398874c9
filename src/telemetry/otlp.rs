//! Traces: the spans of each request, sent in batches to an OpenTelemetry collector, by OTLP in protobuf over HTTP.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::HOST;
use axum::http::uri::{Scheme, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long the collector may take to accept a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of an answer of the collector's that are read: it has little to say.
const ANSWER: usize = 1 << 20;

/// How long the last batch is waited for when the program ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Spans on their way to a collector.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends to the collector at this address. One that is not there is complained of in the log, batch by batch;
    /// requests are answered all the same.
    ///
    /// # Errors
    /// A sentence, when the address cannot be read.
    pub(super) fn to(endpoint: &str, runtime: &Handle) -> Result<Self, String> {
        let unreadable = |why: &str| format!("--otlp-endpoint {endpoint}: {why}");
        let address: Uri = endpoint.parse().map_err(|e| unreadable(&format!("{e}")))?;
        if address.scheme() != Some(&Scheme::HTTP) || address.host().is_none() {
            return Err(unreadable("it has to be http:// and a host"));
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime(runtime.clone()))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|e| unreadable(&e.to_string()))?;
        let resource = Resource::builder()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    /// What makes spans of this program's spans; those of libraries, and the log, stay at home.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let own =
            |path: &str| path == env!("CARGO_PKG_NAME") || path.starts_with(concat!(env!("CARGO_PKG_NAME"), "::"));
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(env!("CARGO_PKG_NAME")))
            // Where in the sources a span is made says nothing about a request.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(move |about| about.is_span() && own(about.target())))
    }

    /// Sends what is left, and waits for that a bounded time.
    pub(super) fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!("the last traces were not sent: {error}");
        }
    }
}

/// Sends from the program's runtime, a connection for each batch: batches are made on a thread outside of it, seconds apart.
#[derive(Debug)]
struct OnRuntime(Handle);

impl HttpClient for OnRuntime {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        let sent = self.0.spawn(async { tokio::time::timeout(PATIENCE, send(request)).await });
        Box::pin(async move { sent.await?? })
    }
}

/// The collector's answer to a request.
async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (mut head, body) = request.into_parts();
    let address = head.uri.authority().ok_or("no host to send to")?;
    let (host, port) = (address.host(), address.port_u16().unwrap_or(80));
    head.headers.insert(HOST, HeaderValue::from_str(&format!("{host}:{port}"))?);
    // A number of IPv6 stands in brackets only in addresses of the web.
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    // To a server itself, not a proxy, a path is enough.
    head.uri = head.uri.path().parse()?;
    let (head, body) = sender.send_request(Request::from_parts(head, Body::from(body))).await?.into_parts();
    Ok(Response::from_parts(head, axum::body::to_bytes(Body::new(body), ANSWER).await?))
}
