//! How far a run is: the counters that decide, with the seed, everything that a step draws.

use serde::{Deserialize, Serialize};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Steps done, in all processes together.
    pub(crate) step: u64,
    /// Real images shown, each as often as it was.
    pub(crate) images: u64,
    /// How often the run was rolled back. It keys the random numbers and halves the learning rate each time.
    pub(crate) attempt: u16,
}

impl Position {
    /// Whether a step from `before` to here passed or met a multiple of `interval` images.
    pub(crate) fn passed(self, interval: u64, before: Self) -> bool {
        self.images / interval > before.images / interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_passed_once() {
        let check = |images_per_step: u64, interval: u64, expected: &[u64]| {
            let mut position = Position::default();
            let mut passed = Vec::new();
            for _ in 0..10 {
                let before = position;
                position.images += images_per_step;
                if position.passed(interval, before) {
                    passed.push(position.images);
                }
            }
            assert_eq!(passed, expected, "{images_per_step} images a step, every {interval}");
        };
        check(4, 10, &[12, 20, 32, 40]);
        check(4, 4, &[4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
        check(4, 1, &[4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
        check(4, 100, &[]);
    }
}
