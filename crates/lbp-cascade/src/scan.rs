//! Which windows of a level pass every stage, in OpenCV's order and with its skips.

use crate::{
    grouping::Window,
    kernel::{Kernel, bits},
    level_sums::{LANES, SumsLayout},
    program::{Mask, Program},
    pyramid::Level,
};

/// A level ready to be searched.
pub(crate) struct LevelScan<'a> {
    /// The cascade, compiled for the layout.
    pub(crate) program: &'a Program,
    /// The processor's instructions to use.
    pub(crate) kernel: Kernel,
    /// Which windows the level has.
    pub(crate) level: &'a Level,
    /// How `sums` lies in memory.
    pub(crate) layout: SumsLayout,
    /// The level's integral image.
    pub(crate) sums: &'a [u16],
    /// The window's sides in the level.
    pub(crate) window: (usize, usize),
}

impl LevelScan<'_> {
    /// Adds the windows that pass to `found`, row by row.
    pub(crate) fn run(&self, found: &mut Vec<Window>) {
        for y in (0..self.level.end).step_by(self.layout.step) {
            let mut skips = Skips::default();
            // The skips go from block to block of a row, and begin anew in the next.
            for first in (0..self.level.columns).step_by(LANES) {
                let at = y * self.layout.stride + first;
                // The last block of a row is full of windows too, but only some of them begin before the row's end.
                let within = Mask::MAX >> (LANES - (self.level.columns - first).min(LANES));
                let passed = self.kernel.pass(self.program, self.sums, at, 0, within);
                let survivors = self.survivors(at, skips.visited(passed));
                found.extend(bits(survivors).map(|i| self.window(first + i, y, at + i)));
            }
        }
    }

    /// Which of the windows that passed the first stage pass all others.
    fn survivors(&self, at: usize, mut alive: Mask) -> Mask {
        let mut stage = 1;
        while alive != 0 && stage < self.program.stages() {
            alive = self.kernel.pass(self.program, self.sums, at, stage, alive);
            stage += 1;
        }
        alive
    }

    fn window(&self, column: usize, y: usize, at: usize) -> Window {
        let rect = self.level.rect(column * self.layout.step, y, self.window);
        // The last stage's sum is what OpenCV calls the level weight; few windows come here, so it is added up again.
        Window { rect, weight: self.program.sum(self.sums, at, self.program.stages() - 1) }
    }
}

/// OpenCV passes over the window after one that the first stage rejects (its neighbour would hardly do better), unless that one
/// was passed over itself.
///
/// Whether the first stage passes a window does not depend on its neighbours. So it is computed for all of them at once, and
/// which of them OpenCV would never have looked at is worked out afterwards.
#[derive(Default)]
struct Skips {
    /// Whether the next window is passed over.
    skip: bool,
}

impl Skips {
    /// Which of the windows that pass the first stage are visited at all, given the 32 windows from left to right.
    ///
    /// After a window that passes, the next one is always visited: if the passing one was visited, because it was not
    /// rejected, and if it was passed over, because it was. From there on every second one is, up to the next that passes.
    fn visited(&mut self, passed: Mask) -> Mask {
        let mut visited = 0;
        let mut from = usize::from(self.skip);
        for i in bits(passed) {
            if i >= from && (i - from) % 2 == 0 {
                visited |= 1 << i;
            }
            from = i + 1;
        }
        self.skip = (LANES - from) % 2 == 1;
        visited
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_are_passed_over_as_in_a_plain_loop(rows in prop::collection::vec(any::<u32>(), 1..5)) {
            let mut expected = vec![0; rows.len()];
            let mut i = 0;
            while i < 32 * rows.len() {
                let passed = rows[i / 32] >> (i % 32) & 1 == 1;
                expected[i / 32] |= u32::from(passed) << (i % 32);
                i += if passed { 1 } else { 2 };
            }
            let mut skips = Skips::default();
            let found: Vec<u32> = rows.iter().map(|row| skips.visited(*row)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
