//! What a connection is doing, and since when: it may be idle for a while, and take less long to send a head or
//! to take a portion of an answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Version;
use smallvec::SmallVec;
use tokio::time::{Instant, sleep_until};

#[derive(Debug)]
pub(super) struct Activity {
    header: Duration,
    idle: Duration,
    write: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests whose answer has not begun.
    under_way: usize,
    /// HTTP/2 sends more than heads between requests.
    has_frames: bool,
    /// The first byte of a head that is not whole yet.
    head: Option<Instant>,
    /// Answers of which something was handed over and not sent.
    unsent: SmallVec<[Unsent; 1]>,
    /// Answers so far.
    answers: u64,
    /// The last time that a request was answered, or the connection opened.
    moved: Instant,
}

/// What was not sent of an answer.
#[derive(Debug)]
struct Unsent {
    answer: u64,
    portions: usize,
    /// The last time that one was sent, or the first handed over.
    moved: Instant,
}

/// A request under way.
pub(super) struct UnderWay(Arc<Activity>);

impl Activity {
    pub(super) fn new(header: Duration, idle: Duration, write: Duration) -> Self {
        let state = State {
            under_way: 0,
            has_frames: false,
            head: None,
            unsent: SmallVec::new(),
            answers: 0,
            moved: Instant::now(),
        };
        Self { header, idle, write, state: Mutex::new(state) }
    }

    /// The head of a request is whole.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> UnderWay {
        let mut state = self.state();
        state.under_way += 1;
        state.head = None;
        state.has_frames = version == Version::HTTP_2;
        UnderWay(Arc::clone(self))
    }

    /// Bytes came. In HTTP/2 they may be pings, which are no reason to keep a connection.
    pub(super) fn read(&self) {
        let mut state = self.state();
        if state.under_way == 0 && !state.has_frames && state.head.is_none() {
            state.head = Some(Instant::now());
        }
    }

    /// A number for an answer.
    pub(super) fn number(&self) -> u64 {
        let mut state = self.state();
        state.answers += 1;
        state.answers
    }

    /// A portion of an answer is about to be sent.
    pub(super) fn handed_over(&self, answer: u64) {
        let unsent = &mut self.state().unsent;
        match unsent.iter_mut().find(|unsent| unsent.answer == answer) {
            Some(unsent) => unsent.portions += 1,
            None => unsent.push(Unsent { answer, portions: 1, moved: Instant::now() }),
        }
    }

    /// A portion of an answer was sent, or never will be.
    pub(super) fn sent(&self, answer: u64) {
        let mut state = self.state();
        let now = Instant::now();
        let Some(place) = state.unsent.iter().position(|unsent| unsent.answer == answer) else { return };
        let unsent = &mut state.unsent[place];
        unsent.portions -= 1;
        unsent.moved = now;
        if unsent.portions == 0 {
            state.unsent.swap_remove(place);
            state.moved = now;
            // A head that came meanwhile was not looked at before.
            state.head = state.head.map(|_| now);
        }
    }

    /// Resolves, with the reason, when the connection has taken longer than it may. Nobody wakes it when that changes:
    /// whatever begins later may take this long, so it is early enough to look again then.
    pub(super) async fn overdue(&self) -> &'static str {
        let least = self.header.min(self.idle).min(self.write);
        loop {
            let (due, now) = (self.due(), Instant::now());
            match due {
                Some((due, why)) if due <= now => return why,
                Some((due, _)) => sleep_until(due.min(now + least)).await,
                None => sleep_until(now + least).await,
            }
        }
    }

    /// When it will have taken too long, as things stand; a request under way has a deadline of its own.
    fn due(&self) -> Option<(Instant, &'static str)> {
        let state = self.state();
        if let Some(since) = state.unsent.iter().map(|unsent| unsent.moved).min() {
            return Some((since + self.write, "the reader is too slow"));
        }
        match state.head {
            _ if state.under_way > 0 => None,
            Some(since) => Some((since + self.header, "the head of a request did not arrive in time")),
            None => Some((state.moved + self.idle, "it was idle")),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        state.moved = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);
    const WRITE: Duration = Duration::from_secs(20);

    fn left(activity: &Activity) -> Option<u64> {
        activity.due().map(|(due, _)| due.saturating_duration_since(Instant::now()).as_secs_f64().round() as u64)
    }

    #[tokio::test]
    async fn a_head_has_less_time_than_idleness_and_a_request_its_own() {
        let activity = Arc::new(Activity::new(HEADER, IDLE, WRITE));
        assert_eq!(left(&activity), Some(75));
        activity.read();
        assert_eq!(left(&activity), Some(10));
        let request = activity.begin(Version::HTTP_11);
        activity.read();
        assert_eq!(left(&activity), None);
        drop(request);
        assert_eq!(left(&activity), Some(75));
    }

    #[tokio::test]
    async fn frames_between_requests_are_no_heads() {
        let activity = Arc::new(Activity::new(HEADER, IDLE, WRITE));
        drop(activity.begin(Version::HTTP_2));
        activity.read();
        assert_eq!(left(&activity), Some(75));
    }

    #[tokio::test]
    async fn an_answer_must_be_taken_whatever_else_goes_on() {
        let activity = Arc::new(Activity::new(HEADER, IDLE, WRITE));
        let (first, second) = (activity.number(), activity.number());
        activity.handed_over(first);
        activity.handed_over(second);
        let request = activity.begin(Version::HTTP_2);
        assert_eq!(left(&activity), Some(20));
        activity.sent(second);
        assert_eq!(left(&activity), Some(20));
        activity.sent(first);
        assert_eq!(left(&activity), None);
        drop(request);
        assert_eq!(left(&activity), Some(75));
    }
}
