//! Traces: the spans of each request, sent in batches to an OpenTelemetry collector, by OTLP in protobuf over HTTP.

use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long the collector may take to accept a batch.
const PATIENCE: Duration = Duration::from_secs(5);

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
        let client = HyperClient::with_default_connector(PATIENCE, None);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime { client, runtime: runtime.clone() })
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|e| format!("--otlp-endpoint {endpoint}: {e}"))?;
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

/// A client whose connections live on the program's runtime: batches are made on a thread outside of it.
#[derive(Debug)]
struct OnRuntime {
    client: HyperClient,
    runtime: Handle,
}

impl HttpClient for OnRuntime {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await });
        Box::pin(async move { sent.await? })
    }
}
