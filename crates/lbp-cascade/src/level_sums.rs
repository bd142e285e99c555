//! A level's integral image in sixteen bits, laid out for many windows at a time.

use crate::{image::GreyImage, pyramid::Level, scaling::Scaler};

/// Rows of windows are read in blocks of this many columns, also where a row ends earlier.
pub(crate) const LANES: usize = 32;

/// How the sums lie in memory.
///
/// They are kept modulo 2¹⁶: a block's sum, which stays below that, comes out right as a difference. Where windows are two
/// pixels apart, even columns come before odd ones in each row, so that neighbouring windows are always neighbours in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SumsLayout {
    /// Sums from one row to the next; even.
    pub(crate) stride: usize,
    /// Pixels from one window to the next: 1 or 2.
    pub(crate) step: usize,
}

impl SumsLayout {
    /// Where a column lies within its row.
    #[inline]
    pub(crate) fn column(self, x: usize) -> usize {
        if self.step == 1 { x } else { (x % 2) * (self.stride / 2) + x / 2 }
    }
}

/// A level's integral image, in memory that is used again and again.
#[derive(Default)]
pub(crate) struct LevelSums {
    scaler: Scaler,
    sums: Vec<u16>,
}

impl LevelSums {
    /// Scales a picture to a level and adds its pixels up on the way.
    pub(crate) fn fill(&mut self, image: GreyImage<'_>, level: &Level, layout: SumsLayout) {
        self.scaler.prepare(image, level.width, level.height);
        // A block of windows that begins in the last row may be read as far as its last lane.
        let length = (level.height + 1) * layout.stride + LANES;
        if self.sums.len() < length {
            self.sums.resize(length, 0);
        }
        self.sums[..layout.stride].fill(0);
        for y in 0..level.height {
            let (above, row) = self.sums[y * layout.stride..(y + 2) * layout.stride].split_at_mut(layout.stride);
            let pixels = self.scaler.row(image, y);
            // Told apart here, so that the common case is compiled without a column's arithmetic.
            match layout.step {
                1 => sum_up(pixels, above, row, |x| x),
                _ => sum_up(pixels, above, row, |x| layout.column(x)),
            }
        }
    }

    /// The sums: row y, column x of the integral image at `y * stride + layout.column(x)`.
    pub(crate) fn sums(&self) -> &[u16] {
        &self.sums
    }
}

/// Adds a row's pixels up, below the sums of the row above.
#[inline(always)]
fn sum_up(pixels: impl Iterator<Item = u8>, above: &[u16], row: &mut [u16], column: impl Fn(usize) -> usize) {
    row[column(0)] = 0;
    let mut sum = 0u16;
    for (x, pixel) in pixels.enumerate() {
        sum = sum.wrapping_add(u16::from(pixel));
        let at = column(x + 1);
        row[at] = above[at].wrapping_add(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{integral::IntegralImage, scaling::scaled};

    #[test]
    fn both_layouts_hold_the_integral_image() {
        let pixels: Vec<u8> = (0..90 * 70u32).map(|i| (i * i / 7) as u8).collect();
        let image = GreyImage::new(90, 70, &pixels).unwrap();
        let level = Level { scale: 1.5, width: 60, height: 47, step: 2, columns: 0, end: 0 };
        let pixels = scaled(image, level.width, level.height);
        let integral = IntegralImage::of(GreyImage::new(level.width, level.height, &pixels).unwrap());
        let mut sums = LevelSums::default();
        for step in [1, 2] {
            let layout = SumsLayout { stride: 62, step };
            sums.fill(image, &level, layout);
            for (x, y) in (0..48).flat_map(|y| (0..61).map(move |x| (x, y))) {
                let found = sums.sums()[y * layout.stride + layout.column(x)];
                assert_eq!(found, integral.sum(x, y) as u16, "{x}, {y}, step {step}");
            }
        }
    }
}
