//! How many requests of an endpoint are let through: at most so many in any 60 seconds.
//!
//! A sliding window over the times of the requests that passed, and no GCRA (the algorithm of most limiter crates): that
//! one lets a full burst through at once and goes on at the usual rate, so twice the number pass in the first minute. A
//! time costs 16 bytes, so exactness is cheap at these numbers. Invariant: between any two requests that passed, the
//! later one and the one as many places before it as the limit says, lies a minute at least.

use crate::sync::Mutex;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The length of the window.
const MINUTE: Duration = Duration::from_secs(60);
/// The greatest limit.
pub const MOST: u32 = 1_000_000;

/// The window of one endpoint.
pub struct Window {
    per_minute: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: VecDeque<Instant>,
    rejected: u64,
}

/// How a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub used: u32,
    pub remaining: u32,
    /// Until the oldest request that counts does not count any more.
    pub reset: Duration,
    pub rejected: u64,
}

impl State {
    fn forget(&mut self, now: Instant) {
        while self.passed.front().is_some_and(|first| now.saturating_duration_since(*first) >= MINUTE) {
            self.passed.pop_front();
        }
    }

    fn reset(&self, now: Instant) -> Duration {
        self.passed.front().map_or(Duration::ZERO, |first| MINUTE.saturating_sub(now.saturating_duration_since(*first)))
    }
}

impl Window {
    pub fn new(per_minute: u32) -> Window {
        Window { per_minute, state: Mutex::default() }
    }

    pub fn per_minute(&self) -> u32 {
        self.per_minute
    }

    /// Counts a request that is just there; if it is one too many, says how long to wait.
    pub fn take(&self) -> Result<(), Duration> {
        let mut state = self.state.lock();
        // Under the lock, so that the times are in order.
        let now = Instant::now();
        take_at(&mut state, self.per_minute, now)
    }

    pub fn standing(&self) -> Standing {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.forget(now);
        let used = u32::try_from(state.passed.len()).unwrap_or(u32::MAX);
        let remaining = self.per_minute.saturating_sub(used);
        Standing { used, remaining, reset: state.reset(now), rejected: state.rejected }
    }
}

fn take_at(state: &mut State, per_minute: u32, now: Instant) -> Result<(), Duration> {
    state.forget(now);
    if state.passed.len() >= per_minute as usize {
        state.rejected += 1;
        return Err(state.reset(now));
    }
    state.passed.push_back(now);
    Ok(())
}

/// A wait in whole seconds, rounded up: whoever waits so long is let through.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_of_a_minute_holds_more_than_the_limit() {
        let (start, mut state, mut passed) = (Instant::now(), State::default(), Vec::new());
        for step in 0..4000_u64 {
            // Bursts of ten, then a pause.
            let now = start + Duration::from_millis(step / 10 * 900 + step % 10);
            if take_at(&mut state, 60, now).is_ok() {
                passed.push(now);
            }
        }
        assert!(passed.len() >= 300, "{}", passed.len());
        for pair in passed.windows(61) {
            assert!(pair[60] - pair[0] >= MINUTE);
        }
        assert_eq!(state.rejected as usize, 4000 - passed.len());
    }

    #[test]
    fn whoever_waits_as_told_is_let_through() {
        let (start, mut state) = (Instant::now(), State::default());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(take_at(&mut state, 2, at(0)).is_ok() && take_at(&mut state, 2, at(30_500)).is_ok());
        let wait = take_at(&mut state, 2, at(31_000)).unwrap_err();
        assert_eq!((wait, whole_seconds(wait)), (Duration::from_secs(29), 29));
        assert!(take_at(&mut state, 2, at(31_000) + wait - Duration::from_nanos(1)).is_err());
        assert!(take_at(&mut state, 2, at(31_000) + wait).is_ok());
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
    }

    #[test]
    fn threads_that_flood_get_exactly_the_limit_through() {
        let window = Window::new(100);
        let passed = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let one = u32::from(window.take().is_ok());
                        passed.fetch_add(one, std::sync::atomic::Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(passed.into_inner(), 100);
        let standing = window.standing();
        assert_eq!((standing.used, standing.remaining, standing.rejected), (100, 0, 7900));
        assert!(standing.reset > Duration::from_secs(50));
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_through() {
        assert!(Window::new(0).take().is_err());
    }
}
