//! The body of an answer, handed over in portions, each of which tells when it has been sent.
//!
//! What is handed over and not sent is watched by the connection's [`Activity`]: in HTTP/2 a client that opens
//! no window takes nothing although the socket can be written to.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::PORTION;
use super::activity::Activity;

pub(super) struct Portions {
    body: Body,
    /// What came from the body and was not handed over yet.
    rest: Bytes,
    activity: Arc<Activity>,
    id: u64,
}

impl Portions {
    pub(super) fn new(body: Body, activity: Arc<Activity>) -> Self {
        let id = activity.number();
        Self { body, rest: Bytes::new(), activity, id }
    }
}

impl HttpBody for Portions {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        let length = self.rest.len().min(PORTION);
        let bytes = self.rest.split_to(length);
        self.activity.handed_over(self.id);
        let portion = Portion { bytes, activity: Arc::clone(&self.activity), id: self.id };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(portion)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, inner) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

/// Bytes that are dropped when they have been sent, or never will be.
struct Portion {
    bytes: Bytes,
    activity: Arc<Activity>,
    id: u64,
}

impl AsRef<[u8]> for Portion {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.activity.sent(self.id);
    }
}
