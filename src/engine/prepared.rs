//! A request between its halves: understood and planned, so that what it costs is known, and not yet run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use super::compiled::{Compiled, Cost};
use super::document::Document;
use super::{Endpoint, verify};

/// Bytes that a number takes in the text of an answer, digits, comma and brackets together.
const BYTES_WRITTEN: u64 = 26;

/// A document made ready to run, and how long that took.
#[derive(Debug)]
pub struct Prepared {
    pub(super) document: Document,
    pub(super) compiled: Arc<Compiled>,
    pub(super) endpoint: Endpoint,
    /// Time spent on reading the document.
    pub read: Duration,
    /// Time spent on compiling it, or on finding its plan.
    pub plan: Duration,
}

impl Prepared {
    /// What running it is predicted to take: its verification and the text of its answer included.
    pub fn cost(&self) -> Cost {
        let planned = self.compiled.cost;
        if self.endpoint == Endpoint::Check {
            return Cost { flops: 0, bytes: 0, elements: 0, nodes: planned.nodes };
        }
        let verify = if self.document.verify { verify::flops(&self.document, &self.compiled) } else { 0 };
        Cost {
            flops: planned.flops.saturating_add(verify),
            bytes: planned.bytes.saturating_add(planned.elements.saturating_mul(BYTES_WRITTEN)),
            ..planned
        }
    }

    /// The time the caller will wait at most, if the document says so.
    pub fn patience(&self) -> Option<Duration> {
        self.document.time_ms.map(Duration::from_millis)
    }
}

/// An answer, and how long its parts took.
#[derive(Debug)]
pub struct Answer {
    /// JSON.
    pub body: Vec<u8>,
    /// Time spent on computing.
    pub run: Duration,
    /// Time spent on writing.
    pub write: Duration,
}

/// Does something, as a phase that traces show, and says how long it took.
pub(super) fn timed<T>(phase: Span, work: impl FnOnce() -> T) -> (T, Duration) {
    let _entered = phase.entered();
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}
