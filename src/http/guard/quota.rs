//! So many requests a minute: a bucket that fills at that rate and holds a minute's worth.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What is left of a quota.
#[derive(Debug)]
pub(super) struct Quota {
    per_minute: u32,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    since: Instant,
}

impl Quota {
    pub(super) fn new(per_minute: u32) -> Self {
        let bucket = Bucket { left: f64::from(per_minute), since: Instant::now() };
        Self { per_minute, bucket: Mutex::new(bucket) }
    }

    /// Requests a minute.
    pub(super) fn limit(&self) -> u32 {
        self.per_minute
    }

    /// Takes one request, or says after how many seconds there will be one.
    pub(super) fn take(&self) -> Result<(), u32> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Result<(), u32> {
        let whole = f64::from(self.per_minute);
        let rate = whole / 60.0;
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(bucket.since).as_secs_f64();
        bucket.left = whole.min(bucket.left + passed * rate);
        bucket.since = now;
        if bucket.left < 1.0 {
            return Err(((1.0 - bucket.left) / rate).ceil().max(1.0) as u32);
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_minutes_worth_at_once_and_then_at_the_rate() {
        let quota = Quota::new(3);
        let start = Instant::now();
        assert!((0..3).all(|_| quota.take_at(start).is_ok()));
        assert_eq!(quota.take_at(start), Err(20));
        assert_eq!(quota.take_at(start + Duration::from_secs(21)), Ok(()));
        assert!(quota.take_at(start + Duration::from_secs(22)).is_err());
    }
}
