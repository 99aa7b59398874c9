//! Times of something done over and over: medians of samples, each long enough for the clock.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// How often and how long to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Samples taken.
    pub(crate) samples: usize,
    /// Least length of a sample.
    pub(crate) least: Duration,
    /// Most time for all samples, once there are five.
    pub(crate) most: Duration,
}

impl Effort {
    /// What the tables are made with.
    pub(crate) const FULL: Self = Self { samples: 15, least: Duration::from_millis(30), most: Duration::from_secs(6) };
    /// A look.
    pub(crate) const QUICK: Self = Self { samples: 5, least: Duration::from_millis(10), most: Duration::from_secs(1) };
}

/// Seconds for one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    pub(crate) median: f64,
    pub(crate) least: f64,
    /// The median of what the thread itself computed, whoever else used the machine.
    pub(crate) cpu: f64,
    pub(crate) samples: usize,
}

/// Seconds that this thread has computed.
fn computed() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn middle(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Times `act`, which is done twice beforehand.
pub(crate) fn time(effort: Effort, mut act: impl FnMut()) -> Time {
    act();
    act();
    let inner = repeats(effort.least, &mut act);
    let begun = Instant::now();
    let (mut seconds, mut own) = (Vec::with_capacity(effort.samples), Vec::with_capacity(effort.samples));
    while seconds.len() < effort.samples && (seconds.len() < 5 || begun.elapsed() < effort.most) {
        let (start, before) = (Instant::now(), computed());
        for _ in 0..inner {
            act();
        }
        own.push((computed() - before) / f64::from(inner));
        seconds.push(start.elapsed().as_secs_f64() / f64::from(inner));
    }
    Time { median: middle(&mut seconds), least: seconds[0], cpu: middle(&mut own), samples: seconds.len() }
}

/// How often `act` is done in `least`.
fn repeats(least: Duration, act: &mut impl FnMut()) -> u32 {
    let mut inner = 1u32;
    loop {
        let start = Instant::now();
        for _ in 0..inner {
            act();
        }
        let taken = start.elapsed();
        if taken >= least || inner >= 1 << 28 {
            return inner;
        }
        let scale = least.as_secs_f64() / taken.as_secs_f64().max(1e-9);
        inner = (f64::from(inner) * scale.clamp(1.1, 100.0)).ceil() as u32;
    }
}
