//! Which windows of a level pass every stage, in OpenCV's order and with its skips.

use contracts::record::PixelBox;

use super::{
    kernel::{Kernel, bits},
    levels::{Level, round},
    plane::{LANES, Layout},
    program::{Mask, Program},
};
use crate::engine::Window;

/// A level ready to be searched.
pub(super) struct Search<'a> {
    /// The compiled model.
    pub(super) program: &'a Program,
    /// The instructions to use.
    pub(super) kernel: Kernel,
    /// The level.
    pub(super) level: &'a Level,
    /// How `sums` lies in memory.
    pub(super) layout: Layout,
    /// The integral image.
    pub(super) sums: &'a [u16],
    /// The window's sides in the picture.
    pub(super) window: (i32, i32),
}

impl Search<'_> {
    /// Adds the windows that pass to `found`, row by row.
    pub(super) fn run(&self, found: &mut Vec<Window>) {
        for y in (0..self.level.end).step_by(self.layout.step) {
            let mut skips = Skips::default();
            for first in (0..self.level.columns).step_by(LANES) {
                let at = y * self.layout.stride + first;
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
        let placed = |place: usize| round(place as f32 * self.level.scale);
        let (width, height) = self.window;
        let pixel_box = PixelBox { x: placed(column * self.layout.step), y: placed(y), width, height };
        Window { pixel_box, weight: self.program.sum(self.sums, at, self.program.stages() - 1) }
    }
}

/// OpenCV passes over the window after one that the first stage rejects, unless that one was passed over itself.
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
