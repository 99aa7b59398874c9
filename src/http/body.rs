//! Reading a document's bytes: media type, size after inflating, time, and memory held by all bodies together.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::sync::OwnedSemaphorePermit;

use super::app::{App, Shared};
use super::kinds;
use super::metrics::Rejection;
use super::problem::Problem;
use crate::engine::Text;

/// The body of a POST, whole, and its share of the memory that bodies may hold.
#[derive(Debug)]
pub(super) struct Document {
    text: Text,
    held: Option<OwnedSemaphorePermit>,
}

impl Document {
    pub(super) fn text(&self) -> &Text {
        &self.text
    }
}

impl FromRequest<Shared> for Document {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        must_be_plain(request.headers())?;
        must_be_json(request.headers())?;
        let promised: Option<u64> = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        if promised.is_some_and(|n| n > app.settings.max_body_bytes as u64) {
            // A client that was promised 100-continue is told before it sends anything.
            let waits = request.headers().contains_key("expect");
            return Err(too_large(app, if waits { None } else { Some(request.into_body()) }).await);
        }
        let patience = app.settings.body_timeout;
        match tokio::time::timeout(patience, read(request.into_body(), promised, app)).await {
            Ok(done) => done,
            Err(_) => Err(Problem::new(
                &kinds::BODY_TIMEOUT,
                format!("The body did not arrive within {} s.", patience.as_secs_f64()),
            )),
        }
    }
}

/// A promised length is believed when this part of it is there: room for the rest is made at once.
const BELIEVED: usize = 16;

async fn read(mut body: Body, promised: Option<u64>, app: &App) -> Result<Document, Problem> {
    let promised = promised.map_or(0, |n| n as usize);
    let mut document = Document { text: Text::default(), held: None };
    while let Some(chunk) = chunk(&mut body).await {
        let chunk = chunk.map_err(|e| {
            Problem::new(&kinds::UNREADABLE_BODY, format!("The body could not be read to its end: {e}."))
        })?;
        let arrived = document.text.len().saturating_add(chunk.len());
        if arrived > app.settings.max_body_bytes {
            return Err(too_large(app, Some(body)).await);
        }
        document.hold(app, chunk.len())?;
        app.work.receive(&mut document.text, &chunk);
        if (promised / BELIEVED..promised).contains(&arrived) {
            document.text.reserve(promised - arrived);
        }
    }
    Ok(document)
}

impl Document {
    /// Takes a share of the memory for bodies, which is given back with the document.
    fn hold(&mut self, app: &App, bytes: usize) -> Result<(), Problem> {
        let busy = || {
            let detail =
                "The documents being read and computed fill the memory set aside for them; try again in a moment.";
            app.metrics.rejected(Rejection::BodiesHeld);
            Problem::new(&kinds::BUSY, detail).retry_after(1)
        };
        let bytes = u32::try_from(bytes).map_err(|_| busy())?;
        let share = Arc::clone(&app.held).try_acquire_many_owned(bytes).map_err(|_| busy())?;
        match &mut self.held {
            Some(held) => held.merge(share),
            none => *none = Some(share),
        }
        Ok(())
    }
}

/// The problem, after throwing away what is left of the body (within reason): a client that is still
/// sending would otherwise see its connection reset in place of the answer.
async fn too_large(app: &App, rest: Option<Body>) -> Problem {
    let limit = app.settings.max_body_bytes;
    if let Some(mut body) = rest {
        let mut left = limit.max(64 << 20);
        let discard = async {
            while let Some(Ok(chunk)) = chunk(&mut body).await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    break;
                }
            }
        };
        // Out of time is as good as done: the answer goes out either way.
        let _ = tokio::time::timeout(app.settings.body_timeout, discard).await;
    }
    Problem::new(
        &kinds::BODY_TOO_LARGE,
        format!(
            "The body is larger than {limit} bytes, the most this server reads (measured after inflating). \
             Arrays are smaller as base64: {{\"shape\": […], \"dtype\": \"float64\", \"base64\": \"…\"}}."
        ),
    )
}

async fn chunk(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        // Inflating never has to wait; others are served in between.
        tokio::task::coop::consume_budget().await;
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

/// Gzip and zstd were inflated before, and its header taken away; any other encoding is still named.
fn must_be_plain(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Problem::new(
            &kinds::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "The body's content-encoding `{}` is not understood. Send it plain, or as gzip or zstd.",
                String::from_utf8_lossy(encoding.as_bytes()).escape_debug()
            ),
        )),
        _ => Ok(()),
    }
}

/// A POST may leave its type out, but not say that it is something else.
fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    // Nearly all say it so.
    let Some(value) = headers.get(CONTENT_TYPE).filter(|value| *value != "application/json") else {
        return Ok(());
    };
    let said = String::from_utf8_lossy(value.as_bytes());
    let essence = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    let because = if essence == "application/x-www-form-urlencoded" {
        ", which is what curl sends unless told otherwise"
    } else {
        ""
    };
    Err(Problem::new(
        &kinds::UNSUPPORTED_MEDIA_TYPE,
        format!(
            "The body is said to be `{}`{because}. Send JSON: -H 'content-type: application/json'.",
            said.escape_debug()
        ),
    ))
}
