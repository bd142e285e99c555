//! Not too fast: requests are spaced, and all of them wait when the site asks for it.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Spaces requests evenly over all connections.
#[derive(Debug)]
pub(crate) struct Pacer {
    rhythm: Mutex<Rhythm>,
}

#[derive(Debug)]
struct Rhythm {
    /// The shortest time between two requests.
    interval: Duration,
    /// When the next request may start.
    next: Instant,
}

/// How often a request is tried again, and after how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// How often a request is made at most.
    pub(crate) tries: u32,
    first_delay: Duration,
}

/// The longest wait between two tries that is made on our own account.
const MAX_DELAY: Duration = Duration::from_secs(60);

impl Pacer {
    /// A pacer for so many requests a second.
    pub(crate) fn new(requests_per_second: f64) -> Self {
        let interval = interval(requests_per_second);
        Self { rhythm: Mutex::new(Rhythm { interval, next: Instant::now() }) }
    }

    /// Waits for this request's turn.
    pub(crate) async fn turn(&self) {
        let slot = self.take_slot();
        tokio::time::sleep_until(slot).await;
    }

    /// Lets no request start before `delay` has passed.
    pub(crate) fn hold(&self, delay: Duration) {
        let mut rhythm = self.rhythm();
        // A wait so long that no clock can tell its end is as good as none being told.
        rhythm.next = Instant::now().checked_add(delay).map_or(rhythm.next, |end| end.max(rhythm.next));
    }

    /// Leaves at least `interval` between two requests from now on, the last one included; whether that is longer than
    /// before.
    pub(crate) fn slow_down(&self, interval: Duration) -> bool {
        let mut rhythm = self.rhythm();
        let longer = interval > rhythm.interval;
        if longer {
            let longer_by = interval - rhythm.interval;
            rhythm.next += longer_by;
            rhythm.interval = interval;
        }
        longer
    }

    /// Up to a quarter of the interval more than asked for, so that requests do not come like a clock's ticks.
    fn take_slot(&self) -> Instant {
        let mut rhythm = self.rhythm();
        let slot = rhythm.next.max(Instant::now());
        rhythm.next = slot + rhythm.interval.mul_f64(1.0 + chance() / 4.0);
        slot
    }

    fn rhythm(&self) -> MutexGuard<'_, Rhythm> {
        self.rhythm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RetryPolicy {
    /// A policy that fits a pace: whoever asks seldom also asks again late.
    pub(crate) fn new(requests_per_second: f64) -> Self {
        // The last delay of four tries is four times the first: it stays below the longest.
        let first_delay = (4 * interval(requests_per_second)).max(Duration::from_millis(50)).min(MAX_DELAY / 8);
        Self { tries: 4, first_delay }
    }

    /// How long to wait after the attempt of that number, counted from 1: doubling, up to half as much again by chance.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        let doubled = self.first_delay.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled.min(MAX_DELAY).mul_f64(1.0 + chance() / 2.0)
    }
}

fn interval(requests_per_second: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / requests_per_second).unwrap_or(MAX_DELAY)
}

/// A number from 0 to 1 that another process does not have too. No result depends on it.
fn chance() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_their_distance_and_a_hold_moves_them() {
        let pacer = Pacer::new(10.0);
        let (first, second) = (pacer.take_slot(), pacer.take_slot());
        let distance = second - first;
        assert!((Duration::from_millis(100)..=Duration::from_millis(125)).contains(&distance), "{distance:?}");
        let before = Instant::now();
        pacer.hold(Duration::from_secs(60));
        assert!(pacer.take_slot() >= before + Duration::from_secs(60));
        pacer.hold(Duration::ZERO);
        assert!(pacer.take_slot() >= before + Duration::from_secs(60), "a shorter hold shortens nothing");
    }

    #[test]
    fn a_site_can_slow_us_down_but_not_hurry_us() {
        let pacer = Pacer::new(10.0);
        let first = pacer.take_slot();
        assert!(pacer.slow_down(Duration::from_secs(3)));
        assert!(!pacer.slow_down(Duration::from_secs(1)));
        let (second, third) = (pacer.take_slot(), pacer.take_slot());
        assert!(second - first >= Duration::from_secs(3), "the request before it counts");
        assert!(third - second >= Duration::from_secs(3));
    }

    #[test]
    fn delays_double_up_to_a_limit() {
        let check = |rate: f64, attempt: u32, least: u64, most: u64| {
            let delay = RetryPolicy::new(rate).delay(attempt);
            assert!(delay >= Duration::from_millis(least) && delay <= Duration::from_millis(most), "{delay:?}");
        };
        check(2.0, 1, 2_000, 3_000);
        check(2.0, 3, 8_000, 12_000);
        check(2.0, 1_000_000, 60_000, 90_000);
        check(1000.0, 1, 50, 75);
        check(1e-300, 1, 7_500, 11_250);
    }
}
