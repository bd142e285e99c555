//! Bilinear scaling, exactly as OpenCV's INTER_LINEAR_EXACT does it.
//!
//! It blends in 256ths across and down. Both products are exact in whole numbers and only their end is rounded, so the order
//! is free: OpenCV goes across first, this goes down first, which leaves one pass over each row, and the bits are the same.

use crate::image::GreyImage;

/// A place between two neighbouring pixels: (256 − weight) of the one at `at` and weight of the next, in 256ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tap {
    at: u32,
    weight: u16,
}

/// Scales pictures of at least two pixels each way, row by row, in memory that is used again and again.
#[derive(Default)]
pub(crate) struct Scaler {
    columns: Vec<Tap>,
    rows: Vec<Tap>,
    blended: Vec<u16>,
}

/// A picture at another size, as OpenCV's INTER_LINEAR_EXACT gives it: pixels row after row.
///
/// # Panics
/// If the picture has a side of a single pixel, between which there is nothing.
pub fn scaled(image: GreyImage<'_>, width: usize, height: usize) -> Vec<u8> {
    let mut scaler = Scaler::default();
    scaler.prepare(image, width, height);
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        pixels.extend(scaler.row(image, y));
    }
    pixels
}

impl Scaler {
    /// Works out where the pixels of a picture scaled to the given sides come from.
    pub(crate) fn prepare(&mut self, image: GreyImage<'_>, width: usize, height: usize) {
        assert!(image.width() > 1 && image.height() > 1, "bilinear scaling needs two pixels each way");
        taps(&mut self.columns, image.width(), width);
        taps(&mut self.rows, image.height(), height);
        self.blended.resize(image.width(), 0);
    }

    /// The pixels of a row of the scaled picture.
    #[inline(always)]
    pub(crate) fn row(&mut self, image: GreyImage<'_>, y: usize) -> impl ExactSizeIterator<Item = u8> {
        let Tap { at, weight } = self.rows[y];
        let width = image.width();
        let (upper, lower) = image.pixels()[at as usize * width..][..2 * width].split_at(width);
        blend(upper, lower, weight, &mut self.blended);
        let blended = &self.blended;
        self.columns.iter().map(|tap| {
            let (at, weight) = (tap.at as usize, u32::from(tap.weight));
            let pixel = (256 - weight) * u32::from(blended[at]) + weight * u32::from(blended[at + 1]);
            ((pixel + (1 << 15)) >> 16) as u8
        })
    }
}

/// Where the pixels of a line come from when it is scaled from `from` to `to` pixels, in OpenCV's fixed point.
fn taps(taps: &mut Vec<Tap>, from: usize, to: usize) {
    // Not from / to: OpenCV divides twice, and the last bit may differ.
    let step = 1.0 / (to as f64 / from as f64);
    let tap = |i: usize| {
        let centre = step * (i as f64 + 0.5) - 0.5;
        let at = centre.floor();
        if at < 0.0 {
            Tap { at: 0, weight: 0 }
        } else if at as usize >= from - 1 {
            // The last pixel alone, named by its left neighbour, so that a pair is always there to be read.
            Tap { at: (from - 2) as u32, weight: 256 }
        } else {
            Tap { at: at as u32, weight: ((centre - at) * 256.0).round_ties_even() as u16 }
        }
    };
    taps.clear();
    taps.extend((0..to).map(tap));
}

/// A row between two, in 256ths of a level.
fn blend(upper: &[u8], lower: &[u8], weight: u16, row: &mut [u16]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code, reason = "a tenth of all time was spent here")]
        // SAFETY: the processor has AVX2, which is all that the function asks for.
        return unsafe { blend_avx2(upper, lower, weight, row) };
    }
    blend_portable(upper, lower, weight, row);
}

/// The same, compiled for wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn blend_avx2(upper: &[u8], lower: &[u8], weight: u16, row: &mut [u16]) {
    blend_portable(upper, lower, weight, row);
}

#[inline(always)]
fn blend_portable(upper: &[u8], lower: &[u8], weight: u16, row: &mut [u16]) {
    for ((upper, lower), blended) in upper.iter().zip(lower).zip(row) {
        // At most 256 · 255, which sixteen bits hold.
        *blended = (256 - weight) * u16::from(*upper) + weight * u16::from(*lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_worked_by_hand() {
        let check = |pixels: &[u8], from: (usize, usize), to: (usize, usize), expected: &[u8]| {
            assert_eq!(scaled(GreyImage::new(from.0, from.1, pixels).unwrap(), to.0, to.1), expected, "{pixels:?}");
        };
        check(&[0, 10, 20, 30], (2, 2), (2, 2), &[0, 10, 20, 30]);
        check(&[0, 10, 20, 30], (2, 2), (1, 1), &[15]);
        check(&[0, 10, 20, 30, 40, 50, 60, 70], (4, 2), (2, 1), &[25, 45]);
        // Quarters of the way; the outermost pixels are repeated.
        check(&[0, 100, 0, 100], (2, 2), (4, 2), &[0, 25, 75, 100, 0, 25, 75, 100]);
    }
}
