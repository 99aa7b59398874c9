//! A lane of work: so many at a time, within so many bytes, and a bounded queue in order of arrival.
//!
//! What was let in holds a [`Grant`]. Neither count nor bytes are ever exceeded: a grant gives back what it
//! holds when it is dropped, which is when the work has really ended and its answer has been taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// How much the newest service time weighs in the average of recent ones.
const NEWEST: f64 = 0.2;

/// Nobody is told to come back later than in this many seconds.
const LATEST: f64 = 60.0;

#[derive(Debug)]
pub(super) struct Lane {
    slots: usize,
    bytes: u64,
    queue: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    reserved: u64,
    waiting: VecDeque<Waiting>,
    tickets: u64,
    /// Average seconds of recent work.
    service: f64,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    bytes: u64,
    admit: oneshot::Sender<Grant>,
}

/// Why work was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The queue is full.
    Full,
    /// It waited as long as it may.
    Waited,
}

/// How busy a lane is.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::http) struct Load {
    pub(in crate::http) running: usize,
    pub(in crate::http) waiting: usize,
    pub(in crate::http) reserved: u64,
}

impl Lane {
    pub(super) fn new(slots: usize, bytes: u64, queue: usize) -> Arc<Self> {
        Arc::new(Self { slots, bytes, queue, state: Mutex::default() })
    }

    /// The bytes that all its work together may take.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn load(&self) -> Load {
        let state = self.state();
        Load { running: state.running, waiting: state.waiting.len(), reserved: state.reserved }
    }

    /// Seconds after which trying again makes sense: the time in which those who wait now will be done.
    pub(super) fn retry_after(&self) -> u32 {
        let state = self.state();
        let rounds = (state.waiting.len() + state.running) as f64 / self.slots.max(1) as f64;
        (rounds * state.service).ceil().clamp(1.0, LATEST) as u32
    }

    /// Lets in with `bytes`, if nobody waits and there is room.
    pub(super) fn enter_now(self: &Arc<Self>, bytes: u64) -> Option<Grant> {
        let mut state = self.state();
        (state.waiting.is_empty() && self.fits(&state, bytes)).then(|| self.grant(&mut state, bytes))
    }

    /// Waits to be let in with `bytes`, for so long at most.
    pub(super) async fn enter(self: &Arc<Self>, bytes: u64, patience: Duration) -> Result<Grant, Refused> {
        if let Some(grant) = self.enter_now(bytes) {
            return Ok(grant);
        }
        let (ticket, admitted) = {
            let mut state = self.state();
            if state.waiting.len() >= self.queue {
                return Err(Refused::Full);
            }
            let (admit, admitted) = oneshot::channel();
            state.tickets += 1;
            let ticket = state.tickets;
            state.waiting.push_back(Waiting { ticket, bytes, admit });
            (ticket, admitted)
        };
        let _leaves = Leaves { lane: self, ticket };
        match tokio::time::timeout(patience, admitted).await {
            Ok(Ok(grant)) => Ok(grant),
            Ok(Err(_)) | Err(_) => Err(Refused::Waited),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fits(&self, state: &State, bytes: u64) -> bool {
        state.running < self.slots && state.reserved.saturating_add(bytes) <= self.bytes
    }

    fn grant(self: &Arc<Self>, state: &mut State, bytes: u64) -> Grant {
        state.running += 1;
        state.reserved += bytes;
        Grant { lane: Arc::clone(self), bytes, running: true, since: Instant::now() }
    }

    /// Changes the state, then lets in who fits now, in their order: one that needs much is not overtaken.
    fn change(self: &Arc<Self>, change: impl FnOnce(&mut State)) {
        let mut admitted = Vec::new();
        let mut state = self.state();
        change(&mut state);
        while let Some(first) = state.waiting.front()
            && self.fits(&state, first.bytes)
            && let Some(first) = state.waiting.pop_front()
        {
            let grant = self.grant(&mut state, first.bytes);
            admitted.push((first.admit, grant));
        }
        drop(state);
        for (admit, grant) in admitted {
            // Who has left meanwhile does not take the grant, which then makes room for the next.
            let _ = admit.send(grant);
        }
    }
}

/// Takes whoever stops waiting out of the queue.
struct Leaves<'a> {
    lane: &'a Arc<Lane>,
    ticket: u64,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        // The next in line may fit where the one who leaves did not.
        self.lane.change(|state| state.waiting.retain(|waiting| waiting.ticket != self.ticket));
    }
}

/// A place in a lane, and bytes of its budget.
#[derive(Debug)]
pub(in crate::http) struct Grant {
    lane: Arc<Lane>,
    bytes: u64,
    running: bool,
    since: Instant,
}

impl Grant {
    /// Changes the bytes held, if there is room for that now.
    pub(super) fn resize(&mut self, bytes: u64) -> bool {
        let mut state = self.lane.state();
        let others = state.reserved.saturating_sub(self.bytes);
        let fits = others.saturating_add(bytes) <= self.lane.bytes;
        // Who waits already goes first.
        if bytes > self.bytes && (!fits || !state.waiting.is_empty()) {
            return false;
        }
        state.reserved = others + bytes;
        self.bytes = bytes;
        true
    }

    /// The work has ended; `bytes` of what it made are still there.
    pub(super) fn ended(&mut self, bytes: u64) {
        let kept = bytes.min(self.bytes);
        let given_back = self.bytes - kept;
        self.bytes = kept;
        let took = std::mem::take(&mut self.running).then(|| self.since.elapsed().as_secs_f64());
        self.lane.change(|state| {
            state.reserved -= given_back;
            if let Some(took) = took {
                state.running -= 1;
                state.service += NEWEST * (took - state.service);
            }
        });
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.ended(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const LATER: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn neither_places_nor_bytes_are_exceeded() {
        let lane = Lane::new(2, 100, 5);
        let first = lane.enter(60, SOON).await.expect("there is room");
        assert_eq!(lane.enter(60, SOON).await.expect_err("no bytes"), Refused::Waited);
        let second = lane.enter(40, SOON).await.expect("there is room");
        assert_eq!(lane.enter(0, SOON).await.expect_err("no place"), Refused::Waited);
        assert_eq!((lane.load().running, lane.load().reserved, lane.load().waiting), (2, 100, 0));
        drop((first, second));
        assert_eq!((lane.load().running, lane.load().reserved), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
        let lane = Lane::new(1, 100, 0);
        let held = lane.enter(1, SOON).await.expect("there is room");
        assert_eq!(lane.enter(1, LATER).await.expect_err("no queue"), Refused::Full);
        assert_eq!(lane.retry_after(), 1);
        drop(held);
        lane.state().service = 1e9;
        let _held = lane.enter(1, SOON).await.expect("there is room");
        assert_eq!(lane.retry_after(), 60);
    }

    #[tokio::test]
    async fn who_waits_is_let_in_by_order_of_arrival() {
        let lane = Lane::new(9, 100, 9);
        let held = lane.enter(50, SOON).await.expect("there is room");
        let large = lane.enter(100, LATER);
        let small = async {
            tokio::task::yield_now().await;
            // Ten bytes are free, but the large one came first.
            let small = lane.enter(10, LATER);
            drop(held);
            small.await
        };
        let large = async { large.await.map(drop) };
        let (large, small) = tokio::join!(large, small);
        assert!(large.is_ok() && small.is_ok());
    }

    #[tokio::test]
    async fn one_that_gives_up_makes_way_for_the_next() {
        let lane = Lane::new(9, 100, 9);
        let _held = lane.enter(50, SOON).await.expect("there is room");
        let (large, small) = tokio::join!(lane.enter(100, SOON), async {
            tokio::task::yield_now().await;
            lane.enter(10, LATER).await
        });
        assert_eq!(large.expect_err("too large for now"), Refused::Waited);
        assert!(small.is_ok());
    }

    #[tokio::test]
    async fn what_was_made_stays_counted_until_it_is_taken() {
        let lane = Lane::new(1, 100, 1);
        let mut grant = lane.enter(10, SOON).await.expect("there is room");
        assert!(grant.resize(90) && !grant.resize(101));
        grant.ended(30);
        assert_eq!((lane.load().running, lane.load().reserved), (0, 30));
        assert!(lane.enter(80, SOON).await.is_err());
        drop(grant);
        assert!(lane.enter(80, SOON).await.is_ok());
    }
}
