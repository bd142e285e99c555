//! A level's pixels as an integral image: scaled exactly as OpenCV's INTER_LINEAR_EXACT does, summed on the way.

use super::levels::Level;

/// Window rows are read in blocks of this many columns, also where a row ends earlier.
pub(super) const LANES: usize = 32;

/// How an integral image lies in memory.
///
/// Sums are kept modulo 2¹⁶: differences that stay below that come out right. Where windows are two pixels apart, even
/// columns come before odd ones in each row, so that neighbouring windows are always neighbours in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Sums from one row to the next; even.
    pub(super) stride: usize,
    /// The step between windows: 1 or 2.
    pub(super) step: usize,
}

impl Layout {
    /// Where a column lies within its row.
    pub(super) fn column(self, x: usize) -> usize {
        if self.step == 1 { x } else { (x % 2) * (self.stride / 2) + x / 2 }
    }
}

/// A level's integral image, in memory that is used again and again.
#[derive(Default)]
pub(super) struct Plane {
    sums: Vec<u16>,
    rows: Blend,
    columns: Vec<Tap>,
}

/// Between two neighbouring pixels: (256 − weight) of the one at `at` and weight of the next, in 256ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tap {
    at: u32,
    weight: u16,
}

/// One row between two.
#[derive(Default)]
struct Blend {
    taps: Vec<Tap>,
    row: Vec<u16>,
}

impl Plane {
    /// Makes the integral image of a picture (of at least two pixels each way) at a level.
    pub(super) fn fill(&mut self, picture: &[u8], (width, height): (usize, usize), level: &Level, layout: Layout) {
        taps(&mut self.columns, width, level.width);
        taps(&mut self.rows.taps, height, level.height);
        self.rows.row.resize(width, 0);
        let length = (level.height + 1) * layout.stride + LANES;
        if self.sums.len() < length {
            self.sums.resize(length, 0);
        }
        self.sums[..layout.stride].fill(0);
        for y in 0..level.height {
            let Tap { at, weight } = self.rows.taps[y];
            let start = at as usize * width;
            let (upper, lower) = picture[start..start + 2 * width].split_at(width);
            blend(upper, lower, weight, &mut self.rows.row);
            let (above, row) = self.sums[y * layout.stride..(y + 2) * layout.stride].split_at_mut(layout.stride);
            match layout.step {
                1 => sum_up(&self.rows.row, &self.columns, above, row, |x| x),
                _ => sum_up(&self.rows.row, &self.columns, above, row, |x| layout.column(x)),
            }
        }
    }

    /// The sums: row y, column x of the integral image at `y * stride + layout.column(x)`.
    pub(super) fn sums(&self) -> &[u16] {
        &self.sums
    }
}

/// Where the pixels of a line come from when it is scaled from `from` to `to` pixels, in OpenCV's fixed point.
fn taps(taps: &mut Vec<Tap>, from: usize, to: usize) {
    let step = 1.0 / (to as f64 / from as f64);
    let tap = |i: usize| {
        let place = step * (i as f64 + 0.5) - 0.5;
        let at = place.floor();
        if at < 0.0 {
            Tap { at: 0, weight: 0 }
        } else if at as usize >= from - 1 {
            Tap { at: (from - 2) as u32, weight: 256 }
        } else {
            Tap { at: at as u32, weight: ((place - at) * 256.0).round_ties_even() as u16 }
        }
    };
    taps.clear();
    taps.extend((0..to).map(tap));
}

/// A row between two, in 256ths. OpenCV blends along the rows first; both products are exact, so the order is free.
fn blend(upper: &[u8], lower: &[u8], weight: u16, row: &mut [u16]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has these instructions.
        #[allow(unsafe_code, reason = "a tenth of all time was spent here")]
        return unsafe { blend_avx2(upper, lower, weight, row) };
    }
    blend_portable(upper, lower, weight, row);
}

/// The same with wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn blend_avx2(upper: &[u8], lower: &[u8], weight: u16, row: &mut [u16]) {
    blend_portable(upper, lower, weight, row);
}

#[inline(always)]
fn blend_portable(upper: &[u8], lower: &[u8], weight: u16, row: &mut [u16]) {
    for ((upper, lower), blended) in upper.iter().zip(lower).zip(row) {
        *blended = (256 - weight) * u16::from(*upper) + weight * u16::from(*lower);
    }
}

/// Scales a blended row and adds its pixels up below the sums of the row above.
fn sum_up(blended: &[u16], taps: &[Tap], above: &[u16], row: &mut [u16], column: impl Fn(usize) -> usize) {
    row[column(0)] = 0;
    let mut sum = 0u16;
    for (x, tap) in taps.iter().enumerate() {
        let (at, weight) = (tap.at as usize, u32::from(tap.weight));
        let pixel = (256 - weight) * u32::from(blended[at]) + weight * u32::from(blended[at + 1]);
        sum = sum.wrapping_add(((pixel + (1 << 15)) >> 16) as u16);
        let place = column(x + 1);
        row[place] = above[place].wrapping_add(sum);
    }
}
