//! A request between its halves: understood and planned, so that what it costs is known, and not yet run.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tracing::Span;

use super::compiled::{Compiled, Cost};
use super::document::Document;
use super::{Endpoint, sparse, verify};
use crate::json::{Encoding, base64_length};

/// Bytes that a number of full precision takes in the text of an answer: 17 digits with sign, point and comma.
const BYTES_OF_TEXT: u64 = 20;

/// A document made ready to run, and how long that took.
#[derive(Debug)]
pub struct Prepared {
    pub(super) document: Document,
    pub(super) compiled: Arc<Compiled>,
    pub(super) endpoint: Endpoint,
    /// What running it is predicted to take: its verification and the text of its answer included.
    pub(super) running: Cost,
    /// Time spent on reading the document.
    pub read: Duration,
    /// Time spent on compiling it, or on finding its plan.
    pub plan: Duration,
}

impl Prepared {
    /// Takes what was read and planned, and the time that took, and predicts what running it takes.
    pub(super) fn new(
        document: Document,
        compiled: Arc<Compiled>,
        endpoint: Endpoint,
        [read, plan]: [Duration; 2],
    ) -> Self {
        let planned = compiled.cost;
        let (flops, bytes) = if document.verify { verify::cost(&document, &compiled) } else { (0, 0) };
        let running = Cost {
            flops: planned.flops.saturating_add(flops),
            // What verifying takes is given back before the answer is written.
            bytes: planned.bytes.saturating_add(bytes.max(text(&document, &compiled))),
            ..planned
        };
        Self { document, compiled, endpoint, running, read, plan }
    }

    /// What answering it is predicted to take; a check runs nothing.
    pub fn cost(&self) -> Cost {
        if self.endpoint == Endpoint::Check {
            return Cost { flops: 0, bytes: 0, elements: 0, ..self.running };
        }
        self.running
    }

    /// The least time in which its plan was run and an answer written so far; `None` before the first, and where another
    /// run may take far longer.
    pub fn quickest(&self) -> Option<Duration> {
        let nanoseconds = self.compiled.quickest.load(Ordering::Relaxed);
        let is_known = nanoseconds < u64::MAX && self.compiled.plan.is_steady() && !self.document.verify;
        is_known.then_some(Duration::from_nanos(nanoseconds))
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

/// Bytes that the text of an answer takes.
fn text(document: &Document, compiled: &Compiled) -> u64 {
    let numbers = compiled.cost.elements;
    let arrays = if document.style.encoding == Encoding::Base64 {
        base64_length(usize::try_from(numbers).unwrap_or(usize::MAX)) as u64
    } else {
        numbers.saturating_mul(BYTES_OF_TEXT)
    };
    let patterns = compiled.members.iter().flat_map(|m| &m.leaves).filter_map(|leaf| leaf.pattern.as_deref());
    let positions = patterns.map(|pattern| sparse::room(pattern, document.format) as u64);
    let whole = positions.fold(arrays, u64::saturating_add);
    // As much as the writer reserves to be safe.
    whole.saturating_add(whole / 32)
}

/// Does something, as a phase that traces show, and says how long it took.
pub(super) fn timed<T>(phase: Span, work: impl FnOnce() -> T) -> (T, Duration) {
    let _entered = phase.entered();
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}
