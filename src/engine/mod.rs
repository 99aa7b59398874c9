//! Answers documents: the whole request on one screen, in [`Engine::prepare`] and [`Engine::run`].
//!
//! Architecture invariant: nothing here knows HTTP. A document comes in as bytes, an answer goes out
//! as bytes, and everything wrong comes out as a list of [`Fault`]s.

mod answer;
mod cache;
mod chain;
mod check;
mod colours;
mod compile;
mod compiled;
mod deadline;
mod directions;
mod document;
mod forms;
mod limits;
mod lower;
mod mode;
mod names;
mod nonfinite;
mod operations;
mod part;
mod prelude;
mod prepared;
mod run;
mod settled;
mod sparse;
mod verify;
mod wanted;
mod warning;

#[cfg(test)]
mod tests;

pub use crate::exec::{Cancel, helped_by};
pub use compiled::{Compiled, Cost};
pub use document::{
    Definitions, Directions, Document, Format, Layout, Mode, Places, Text, Want, Wanted, read_document,
};
pub use limits::Limits;
pub use prepared::{Answer, Prepared};
pub use warning::Warning;

use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::{Span, debug_span};

use crate::fault::Fault;
use cache::Caches;
use prepared::timed;

/// At most so many faults are told at once.
const MOST_FAULTS: usize = 64;

/// What a request asks for when its document does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Value and Jacobian.
    Jacobian,
    /// Value and gradient.
    Gradient,
    /// The value alone.
    Value,
    /// Value, gradient and Hessian.
    Hessian,
    /// Value, and the Jacobian times tangents.
    Jvp,
    /// Value, and cotangents times the Jacobian.
    Vjp,
    /// Gradient, and the Hessian times tangents.
    Hvp,
    /// Shapes and predicted cost; runs nothing.
    Check,
}

impl Endpoint {
    fn default_want(self) -> Vec<Wanted> {
        let words: &[Want] = match self {
            Self::Jacobian | Self::Check => &[Want::Value, Want::Jacobian],
            Self::Gradient => &[Want::Value, Want::Gradient],
            Self::Value => &[Want::Value],
            Self::Hessian => &[Want::Value, Want::Gradient, Want::Hessian],
            Self::Jvp => &[Want::Value, Want::Jvp],
            Self::Vjp => &[Want::Value, Want::Vjp],
            Self::Hvp => &[Want::Gradient, Want::Hvp],
        };
        words.iter().map(|&want| want.into()).collect()
    }
}

/// Answers documents within limits.
#[derive(Debug, Default)]
pub struct Engine {
    limits: Limits,
    caches: Caches,
}

impl Engine {
    /// An engine with the given limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, caches: Caches::beside(limits.max_bytes) }
    }

    /// Answers a document: JSON in, JSON out. Takes processor time in proportion to the predicted cost,
    /// which is checked against the limits first.
    ///
    /// # Errors
    /// All that is wrong with the document; or one fault if the answer is not finite, too costly, or
    /// no longer wanted.
    pub fn answer(&self, body: &[u8], endpoint: Endpoint, cancel: &Cancel) -> Result<Vec<u8>, Vec<Fault>> {
        let prepared = match self.by_form(body, endpoint) {
            Some(prepared) => prepared,
            None => self.prepare(body, endpoint, cancel)?,
        };
        deadline::within(prepared.document.time_ms, cancel, || self.run(&prepared, cancel)).map(|answer| answer.body)
    }

    /// The first half of an answer: reads the document and plans it, so that its cost is known.
    ///
    /// # Errors
    /// All that is wrong with the document, or that its cost is over the limits.
    pub fn prepare(&self, body: &[u8], endpoint: Endpoint, cancel: &Cancel) -> Result<Prepared, Vec<Fault>> {
        let (document, read) = timed(debug_span!("parse"), || self.read(body, cancel));
        run::wanted_still(cancel)?;
        let document = document?;
        let want = document.want.clone().unwrap_or_else(|| endpoint.default_want());
        let (compiled, plan) = timed(debug_span!("plan"), || {
            self.caches
                .plan(&document, &want, |settled| Compiled::unless(cancel, &document, &want, &self.limits, settled))
        });
        let compiled = compiled?;
        self.caches.forms().remember(body, endpoint, &document, &compiled);
        Ok(Prepared::new(document, compiled, endpoint, [read, plan]))
    }

    /// Takes in the next piece of a document's text.
    pub fn receive(&self, text: &mut Text, piece: &[u8]) {
        text.receive(piece, self.caches.texts());
    }

    /// The first half for a document whose functions and plan are known from an earlier one, and which has at most
    /// `fresh` bytes beside these functions and their constants; `None` for any other. Takes time in proportion to
    /// that, and to compare what is known.
    pub fn recall(&self, text: &Text, endpoint: Endpoint, fresh: usize) -> Option<Prepared> {
        // As it may come to nothing, it is one phase of its own in traces.
        let _recalling = debug_span!("recall").entered();
        let (kept, absent) = (text.kept(), text.absent());
        // Without its constants it has the form of another.
        let whole = absent.is_none().then_some(kept);
        if let Some(prepared) = whole.and_then(|whole| self.by_form(whole, endpoint)) {
            return Some(prepared);
        }
        let (document, read) =
            timed(Span::none(), || document::recall(kept, absent, fresh, &self.caches, &Cancel::default()));
        let document = document?;
        let (compiled, plan) = timed(Span::none(), || match &document.want {
            Some(want) => self.caches.known_plan(&document, want),
            None => self.caches.known_plan(&document, &endpoint.default_want()),
        });
        let compiled = compiled?;
        if let Some(whole) = whole {
            self.caches.forms().remember(whole, endpoint, &document, &compiled);
        }
        Some(Prepared::new(document, compiled, endpoint, [read, plan]))
    }

    /// The first half for a document that differs from an earlier one in numbers alone.
    fn by_form(&self, text: &[u8], endpoint: Endpoint) -> Option<Prepared> {
        let (known, read) = timed(Span::none(), || self.caches.forms().recall(text, endpoint));
        known.map(|(document, compiled)| Prepared::new(document, compiled, endpoint, [read, Duration::ZERO]))
    }

    /// The second half: runs what was prepared, and writes the answer. A deadline of the document's own is
    /// left to the caller, who raises `cancel`.
    ///
    /// # Errors
    /// One fault if the answer is not finite, verifying it is too costly, or it is no longer wanted.
    pub fn run(&self, prepared: &Prepared, cancel: &Cancel) -> Result<Answer, Vec<Fault>> {
        let (document, compiled) = (&prepared.document, &*prepared.compiled);
        if prepared.endpoint == Endpoint::Check {
            let (body, write) = timed(debug_span!("write"), || check::write(document, compiled, &prepared.running));
            return Ok(Answer { body, run: Duration::ZERO, write });
        }
        let (ran, run) = timed(debug_span!("run"), || -> Result<_, Vec<Fault>> {
            let values = if compiled.computes_nothing() {
                run::Values::none(compiled)
            } else {
                run::run(document, compiled, cancel)?
            };
            let verify = || verify::verify(document, compiled, &values, &self.limits, cancel);
            let verified = document.verify.then(verify).transpose()?;
            Ok((values, verified))
        });
        let (values, verified) = ran?;
        let (body, write) =
            timed(debug_span!("write"), || answer::write(document, compiled, &values, verified.as_ref(), cancel));
        run::wanted_still(cancel)?;
        compiled.give_back(values.into_workspace());
        compiled.quickest.fetch_min((run + write).as_nanos() as u64, Ordering::Relaxed);
        Ok(Answer { body: body?, run, write })
    }

    /// Reads a document. One with faults is looked at further where that makes sense, so that a slip in
    /// one function does not hide those in the others.
    fn read(&self, body: &[u8], cancel: &Cancel) -> Result<Document, Vec<Fault>> {
        match document::read_partially(body, &self.caches, cancel) {
            (Some(document), faults) if faults.is_empty() => Ok(document),
            (partial, mut faults) => {
                if let Some(document) = partial
                    && let Err(more) = Compiled::unless(cancel, &document, &[Want::Value.into()], &self.limits, false)
                {
                    faults.extend(more);
                }
                Err(faults)
            }
        }
    }

    /// The reference of all operations, as JSON.
    pub fn operations(&self) -> String {
        operations::reference()
    }
}
