//! Images at other sizes: OpenCV's INTER_AREA and INTER_CUBIC, to within a level.

use crate::pixels::Pixels;

impl<const CHANNELS: usize> Pixels<CHANNELS> {
    /// The image scaled to the given size, which is no larger each way, or no smaller.
    ///
    /// Shrinking averages areas, so that nothing aliases; enlarging is bicubic, which keeps lines sharp.
    ///
    /// # Panics
    /// When a side is 0.
    pub fn scaled(&self, width: u32, height: u32) -> Self {
        if (width, height) == self.sides() {
            return self.clone();
        }
        let (columns, rows) = (all_taps(self.width(), width), all_taps(self.height(), height));
        let mut sums = vec![0.0; self.width() as usize * CHANNELS];
        let mut bytes = Vec::with_capacity(width as usize * height as usize * CHANNELS);
        for taps in &rows {
            add_up(self, taps, &mut sums);
            for taps in &columns {
                let value = |channel: usize| {
                    taps.iter().map(|(at, weight)| sums[at * CHANNELS + channel] * weight).sum::<f32>().round() as u8
                };
                bytes.extend((0..CHANNELS).map(value));
            }
        }
        Self::new(width, height, bytes).expect("both sides are longer than 0")
    }
}

/// The pixels that one pixel is made from, and their weights, which add up to 1.
type Taps = Vec<(usize, f32)>;

fn all_taps(from: u32, to: u32) -> Vec<Taps> {
    let (from, to) = (from as usize, to as usize);
    (0..to).map(|i| if to <= from { area(i, from, to) } else { cubic(i, from, to) }).collect()
}

/// Each pixel counts by how much of it is covered.
fn area(i: usize, from: usize, to: usize) -> Taps {
    let scale = from as f64 / to as f64;
    let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
    let covered = |pixel: usize| (end.min(pixel as f64 + 1.0) - start.max(pixel as f64)).max(0.0);
    let pixels = start as usize..(end.ceil() as usize).min(from);
    pixels.map(|pixel| (pixel, (covered(pixel) / scale) as f32)).collect()
}

/// The weight of a pixel at a distance of 0 to 2 pixels: Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981, with
/// a = −0.75 as OpenCV has it.
#[inline]
pub(crate) fn keys_cubic(distance: f64) -> f64 {
    const A: f64 = -0.75;
    match distance {
        d if d <= 1.0 => ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0,
        d => ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A,
    }
}

/// Keys' cubic with a = −0.75 through four pixels; beyond the edge the last one is repeated.
fn cubic(i: usize, from: usize, to: usize) -> Taps {
    let middle = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let pixel = |offset: i32| {
        let at = middle.floor() + f64::from(offset);
        (at.clamp(0.0, from as f64 - 1.0) as usize, keys_cubic((middle - at).abs()) as f32)
    };
    (-1..=2).map(pixel).collect()
}

/// The weighted sum of rows.
fn add_up<const CHANNELS: usize>(image: &Pixels<CHANNELS>, taps: &Taps, sums: &mut [f32]) {
    sums.fill(0.0);
    let stride = sums.len();
    for (at, weight) in taps {
        let row = &image.bytes()[at * stride..(at + 1) * stride];
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += f32::from(*value) * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_worked_by_hand() {
        assert_eq!(area(0, 3, 2), [(0, 2.0 / 3.0), (1, 1.0 / 3.0)]);
        assert_eq!(area(1, 3, 2), [(1, 1.0 / 3.0), (2, 2.0 / 3.0)]);
        assert_eq!(area(1, 4, 2), [(2, 0.5), (3, 0.5)]);
    }

    #[test]
    fn an_image_of_its_own_size_is_itself_and_a_smaller_one_the_mean() {
        let image = Pixels::<1>::new(2, 2, vec![10, 20, 30, 41]).unwrap();
        assert_eq!(image.scaled(2, 2), image);
        assert_eq!(image.scaled(1, 1).bytes(), [25]);
        assert_eq!(image.scaled(1, 2).bytes(), [15, 36]);
    }

    #[test]
    fn weights_add_up() {
        for (from, to) in [(317, 96), (97, 96), (48, 96), (95, 96), (4, 3)] {
            for taps in all_taps(from, to) {
                let sum: f32 = taps.iter().map(|(_, weight)| weight).sum();
                assert!(
                    (sum - 1.0).abs() < 1e-5 && taps.iter().all(|(at, _)| *at < from as usize),
                    "{from} to {to}: {taps:?}"
                );
            }
        }
    }
}
