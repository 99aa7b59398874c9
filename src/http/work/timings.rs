//! How long the phases of a request took: for `Server-Timing`, the metrics and the log.

use std::time::Duration;

use crate::engine::Prepared;

/// The phases, by the names they have everywhere.
pub(in crate::http) const PHASES: [&str; 5] = ["parse", "plan", "queue", "run", "write"];

/// Time spent in each of [`PHASES`].
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::http) struct Timings {
    pub(super) parse: Duration,
    pub(super) plan: Duration,
    pub(super) queue: Duration,
    pub(super) run: Duration,
    pub(super) write: Duration,
}

impl Timings {
    /// Those of what was read and planned.
    pub(super) fn prepared(prepared: &Prepared) -> Self {
        Self { parse: prepared.read, plan: prepared.plan, ..Self::default() }
    }

    /// The phases with their times.
    pub(in crate::http) fn phases(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        PHASES.into_iter().zip([self.parse, self.plan, self.queue, self.run, self.write])
    }

    /// The value of a `Server-Timing` header, in milliseconds.
    pub(in crate::http) fn header(&self) -> String {
        let mut text = String::with_capacity(96);
        for (phase, time) in self.phases() {
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(phase);
            text.push_str(";dur=");
            let mut digits = itoa::Buffer::new();
            text.push_str(digits.format(time.as_millis()));
            text.push('.');
            // With a one before them, so that they are three.
            text.push_str(&digits.format(1000 + time.subsec_micros() % 1000)[1..]);
        }
        text
    }

    /// The phases in words.
    pub(in crate::http) fn words(&self) -> String {
        let spent = |(phase, time): (&str, Duration)| format!("{phase} {:.3} s", time.as_secs_f64());
        self.phases().map(spent).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_every_phase_in_milliseconds() {
        let [plan, run] = [Duration::from_micros(42), Duration::from_micros(61_001_507)];
        let timings = Timings { plan, run, ..Timings::default() };
        let expected = "parse;dur=0.000, plan;dur=0.042, queue;dur=0.000, run;dur=61001.507, write;dur=0.000";
        assert_eq!(timings.header(), expected);
    }
}
