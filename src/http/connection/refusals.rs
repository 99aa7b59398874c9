//! A stream on which hyper's own refusals become problems.
//!
//! A head that is no request never reaches a route: hyper answers it by itself, without a body, and closes. Such an
//! answer is known by what it lacks, the id that every answer of ours bears. A problem takes its place, and what the
//! client was still sending is read and dropped, since a socket closed with unread bytes may take the answer with it.
//! HTTP/2 resets streams instead, and answers a head that is too large by a frame that stays as it is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::ids::REQUEST_ID;

/// Bytes that are read at a time, to be dropped.
const DROPPED: usize = 4 << 10;

/// `tell` makes an answer of the status that hyper chose.
pub(super) struct Refusals<S, F> {
    stream: S,
    tell: F,
    told: bool,
    /// What was not sent of the answer.
    left: Bytes,
}

impl<S, F> Refusals<S, F> {
    pub(super) fn new(stream: S, tell: F) -> Self {
        Self { stream, tell, told: false, left: Bytes::new() }
    }
}

/// The status, if this is an answer of hyper's own.
fn refusal(bytes: &[u8]) -> Option<u16> {
    // Most of what is written is no head at all.
    if !bytes.starts_with(b"HTTP/1.") || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let is_empty = head.contains("\r\ncontent-length: 0\r\n");
    ((400..500).contains(&status) && is_empty && !head.contains(REQUEST_ID.as_str())).then_some(status)
}

impl<S: AsyncRead + Unpin, F: Unpin> AsyncRead for Refusals<S, F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, F: FnMut(u16) -> Bytes + Unpin> AsyncWrite for Refusals<S, F> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(status) = refusal(buffer) {
            self.left = (self.tell)(status);
            self.told = true;
            return Poll::Ready(Ok(buffer.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match buffers {
            [head] => self.poll_write(context, head),
            _ => Pin::new(&mut self.stream).poll_write_vectored(context, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, left, .. } = &mut *self;
        while !left.is_empty() {
            match ready!(Pin::new(&mut *stream).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => drop(left.split_to(count)),
            }
        }
        Pin::new(stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        // For as long as a head may take.
        while self.told {
            let mut dropped = [0; DROPPED];
            let mut dropped = ReadBuf::new(&mut dropped);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut dropped));
            self.told = read.is_ok() && !dropped.filled().is_empty();
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hyper_says_by_itself_is_told_from_answers_of_ours() {
        let own = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(refusal(own.as_bytes()), Some(400));
        assert_eq!(refusal(own.replace("1.1 400", "1.0 431").as_bytes()), Some(431));
        for ours in [
            own.replace("date: x", "x-request-id: 1"),
            own.replace("length: 0", "length: 10"),
            own.replace("400 Bad Request", "200 OK"),
            format!("{own}{{}}"),
            format!("\"{own}"),
        ] {
            assert_eq!(refusal(ours.as_bytes()), None, "{ours}");
        }
    }
}
