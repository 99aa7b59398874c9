//! A request between its halves: understood and planned, so that what it costs is known, and not yet run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use super::compiled::{Compiled, Cost};
use super::document::Document;
use super::{Endpoint, sparse, verify};
use crate::json::Encoding;

/// Bytes that a number of full precision takes in the text of an answer: 17 digits with sign, point and comma.
const BYTES_OF_TEXT: u64 = 20;

/// Bytes of base64 for three numbers.
const BYTES_OF_BASE64: u64 = 32;

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
    /// What answering it is predicted to take; a check runs nothing.
    pub fn cost(&self) -> Cost {
        if self.endpoint == Endpoint::Check {
            return Cost { flops: 0, bytes: 0, elements: 0, nodes: self.compiled.cost.nodes };
        }
        self.cost_of_running()
    }

    /// What running it is predicted to take: its verification and the text of its answer included.
    pub(super) fn cost_of_running(&self) -> Cost {
        let planned = self.compiled.cost;
        let (flops, bytes) = if self.document.verify { verify::cost(&self.document, &self.compiled) } else { (0, 0) };
        Cost {
            flops: planned.flops.saturating_add(flops),
            // What verifying takes is given back before the answer is written.
            bytes: planned.bytes.saturating_add(bytes.max(self.text())),
            ..planned
        }
    }

    /// Bytes that the text of the answer takes.
    fn text(&self) -> u64 {
        let numbers = self.compiled.cost.elements;
        let arrays = if self.document.style.encoding == Encoding::Base64 {
            numbers.saturating_mul(BYTES_OF_BASE64) / 3
        } else {
            numbers.saturating_mul(BYTES_OF_TEXT)
        };
        let leaves = self.compiled.members.iter().flat_map(|m| &m.leaves);
        let patterns = leaves.filter_map(|leaf| leaf.pattern.as_deref());
        let positions = patterns.map(|pattern| sparse::room(pattern, self.document.format) as u64);
        let whole = positions.fold(arrays, u64::saturating_add);
        // As much as the writer reserves to be safe.
        whole.saturating_add(whole / 32)
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
