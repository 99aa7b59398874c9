//! What the server counts of itself, and `GET /metrics`, which tells it in the format of Prometheus.
//!
//! Labels are words of this program; nothing that a client wrote becomes one.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::app::Shared;
use super::work::{Load, PHASES, Reason, Timings};

/// One label whose values are known words.
type By = [(&'static str, &'static str); 1];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u16,
}

/// A histogram of seconds, from a tenth of a millisecond to a minute.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(1e-4, 4.0, 11))
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    duration: Family<By, Histogram>,
    /// In the order of [`PHASES`].
    phases: [Histogram; PHASES.len()],
    problems: Family<By, Counter>,
    rejected: Family<By, Counter>,
    cancelled: Family<By, Counter>,
    flops: Counter,
    connections: Gauge,
    running: Family<By, Gauge>,
    waiting: Family<By, Gauge>,
    reserved: Family<By, Gauge>,
    held: Gauge,
}

impl Metrics {
    pub(super) fn new(budget: u64) -> Self {
        let mut registry = Registry::with_prefix("jacobi");
        let phases: Family<By, Histogram> = Family::new_with_constructor(seconds as fn() -> Histogram);
        let mut all = Self {
            registry: Registry::default(),
            requests: Family::default(),
            duration: Family::new_with_constructor(seconds as fn() -> Histogram),
            phases: PHASES.map(|phase| phases.get_or_create(&[("phase", phase)]).clone()),
            problems: Family::default(),
            rejected: Family::default(),
            cancelled: Family::default(),
            flops: Counter::default(),
            connections: Gauge::default(),
            running: Family::default(),
            waiting: Family::default(),
            reserved: Family::default(),
            held: Gauge::default(),
        };
        let whole: Gauge = Gauge::default();
        whole.set(signed(budget));
        let version: Family<By, Gauge> = Family::default();
        version.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("requests", "Requests answered, by route and status", all.requests.clone());
        registry.register("request_seconds", "Time to the head of an answer, by route", all.duration.clone());
        registry.register("phase_seconds", "Time spent in the phases of a computation", phases);
        registry.register("problems", "Problems answered, by code", all.problems.clone());
        registry.register("rejected", "Requests not let in, by reason", all.rejected.clone());
        registry.register("cancelled", "Computations stopped, by reason", all.cancelled.clone());
        registry.register("flops", "Floating-point operations of completed requests, as predicted", all.flops.clone());
        registry.register("connections", "Open connections", all.connections.clone());
        registry.register("running", "Requests that compute, by lane", all.running.clone());
        registry.register("queue_depth", "Requests that wait for a place to compute, by lane", all.waiting.clone());
        registry.register("reserved_bytes", "Bytes reserved by predictions and answers, by lane", all.reserved.clone());
        registry.register("held_body_bytes", "Bytes of bodies that are held", all.held.clone());
        registry.register("memory_budget_bytes", "Bytes that may be reserved", whole);
        registry.register("build_info", "The version that runs", version);
        // A series that exists from the start shows its first increase.
        for reason in [Reason::HungUp, Reason::Deadline, Reason::Shutdown] {
            drop(all.cancelled.get_or_create(&[("reason", reason.label())]));
        }
        for rejection in Rejection::ALL {
            drop(all.rejected.get_or_create(&[("reason", rejection.label())]));
        }
        all.registry = registry;
        all
    }

    /// An answer was begun.
    pub(super) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&Answered { route, status }).inc();
        self.duration.get_or_create(&[("route", route)]).observe(took.as_secs_f64());
    }

    /// Something was refused that never became a request.
    pub(super) fn refused(&self, status: u16, code: &'static str) {
        self.requests.get_or_create(&Answered { route: "other", status }).inc();
        self.problem(code);
    }

    /// A computation was done.
    pub(super) fn computed(&self, timings: &Timings, flops: u64) {
        self.flops.inc_by(flops);
        for (phase, (_, time)) in self.phases.iter().zip(timings.phases()) {
            phase.observe(time.as_secs_f64());
        }
    }

    pub(super) fn problem(&self, code: &'static str) {
        self.problems.get_or_create(&[("code", code)]).inc();
    }

    pub(super) fn rejected(&self, rejection: Rejection) {
        self.rejected.get_or_create(&[("reason", rejection.label())]).inc();
    }

    pub(super) fn cancelled(&self, reason: Reason) {
        self.cancelled.get_or_create(&[("reason", reason.label())]).inc();
    }

    pub(super) fn connected(&self, open: usize) {
        self.connections.set(signed(open as u64));
    }

    /// The counts as text, with what is measured only when somebody asks.
    pub(super) fn tell(&self, lanes: [(&'static str, Load); 2], held: u64) -> String {
        for (lane, load) in lanes {
            let by = [("lane", lane)];
            self.running.get_or_create(&by).set(signed(load.running as u64));
            self.waiting.get_or_create(&by).set(signed(load.waiting as u64));
            self.reserved.get_or_create(&by).set(signed(load.reserved));
        }
        self.held.set(signed(held));
        let mut told = String::new();
        // A text can always be written to.
        let _ = text::encode(&mut told, &self.registry);
        told
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Why a request was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    /// The queue for its lane was full.
    QueueFull,
    /// It waited in the queue as long as it may.
    QueueTimeout,
    /// It needs more than the budget of all requests.
    OverBudget,
    /// The bodies being held left no room for its own.
    BodiesHeld,
    /// There were too many connections.
    Connections,
    /// It had no key, or a wrong one.
    Unauthorized,
    /// Its key had used up its quota.
    Quota,
}

impl Rejection {
    const ALL: [Self; 7] = [
        Self::QueueFull,
        Self::QueueTimeout,
        Self::OverBudget,
        Self::BodiesHeld,
        Self::Connections,
        Self::Unauthorized,
        Self::Quota,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::QueueTimeout => "queue_timeout",
            Self::OverBudget => "over_budget",
            Self::BodiesHeld => "bodies_held",
            Self::Connections => "connections",
            Self::Unauthorized => "unauthorized",
            Self::Quota => "quota",
        }
    }
}

pub(super) async fn metrics(State(app): State<Shared>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], app.metrics.tell(app.work.loads(), app.bytes_held()))
}
