//! A turned square of an image as an image of its own, sampled once.

use crate::{pixels::Pixels, scale::keys_cubic};

impl<const CHANNELS: usize> Pixels<CHANNELS> {
    /// The square whose upper left corner is at `corner` and whose upper edge is the vector `across`, both in pixels from the image's upper
    /// left corner, as an upright image of the given side. Beyond the image its outermost pixels are repeated.
    ///
    /// The image is taken as what Keys' cubic makes of it between its pixels, and each new pixel is the mean of as many places, evenly
    /// spread, as it takes for them to lie no more than a pixel apart: so nothing aliases where a square is shrunk, and lines stay
    /// sharp where it is enlarged.
    ///
    /// # Panics
    /// When the side is 0.
    pub fn turned_square(&self, corner: (f64, f64), across: (f64, f64), side: u32) -> Self {
        let length = across.0.hypot(across.1);
        let places = (length / f64::from(side)).ceil().max(1.0) as u32;
        let share = 1.0 / f64::from(places * side);
        let (right, down) = ((across.0 * share, across.1 * share), (-across.1 * share, across.0 * share));
        Self::from_fn(side, side, |column, row| {
            let mut sums = [0.0; CHANNELS];
            for i in 0..places {
                let y = f64::from(row * places + i) + 0.5;
                for j in 0..places {
                    let x = f64::from(column * places + j) + 0.5;
                    self.add_at(corner.0 + x * right.0 + y * down.0, corner.1 + x * right.1 + y * down.1, &mut sums);
                }
            }
            let count = (places * places) as f32;
            sums.map(|sum| (sum / count).round() as u8)
        })
    }

    /// Adds the value between pixels at a place to a sum for each channel.
    #[inline]
    fn add_at(&self, x: f64, y: f64, sums: &mut [f32; CHANNELS]) {
        let (columns, rows) = (taps(x, self.width()), taps(y, self.height()));
        let pixels = self.pixels();
        for (row, down) in rows {
            let start = row * self.width() as usize;
            let mut line = [0.0; CHANNELS];
            for (column, across) in columns {
                let pixel = &pixels[start + column];
                line.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += across * f32::from(*value));
            }
            sums.iter_mut().zip(line).for_each(|(sum, line)| *sum += down * line);
        }
    }
}

/// The four pixels around a place of a line and their weights.
#[inline]
fn taps(place: f64, length: u32) -> [(usize, f32); 4] {
    let middle = place - 0.5;
    let first = middle.floor() - 1.0;
    std::array::from_fn(|i| {
        let at = first + i as f64;
        (at.clamp(0.0, f64::from(length) - 1.0) as usize, keys_cubic((middle - at).abs()) as f32)
    })
}

#[cfg(test)]
mod tests {
    use crate::pixels::Grey;

    #[test]
    fn quarter_turns_move_pixels_and_blend_none() {
        let grey = Grey::new(3, 3, (1..=9).collect()).unwrap();
        let check = |corner: (f64, f64), across: (f64, f64), expected: [u8; 9]| {
            assert_eq!(grey.turned_square(corner, across, 3).bytes(), expected, "{across:?}");
        };
        check((0.0, 0.0), (3.0, 0.0), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        // The square's top is the picture's right side.
        check((3.0, 0.0), (0.0, 3.0), [3, 6, 9, 2, 5, 8, 1, 4, 7]);
        check((3.0, 3.0), (-3.0, 0.0), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        // Half a square to the left of the picture.
        check((-1.0, 0.0), (3.0, 0.0), [1, 1, 2, 4, 4, 5, 7, 7, 8]);
    }

    #[test]
    fn fine_stripes_shrink_to_their_mean() {
        let stripes = Grey::from_fn(256, 256, |x, _| [if x % 2 == 0 { 50 } else { 150 }]);
        let turned = stripes.turned_square((90.0, 40.0), (80.0, 46.0), 16);
        assert!(turned.bytes().iter().all(|level| level.abs_diff(100) <= 8), "{:?}", turned.bytes());
    }

    #[test]
    fn a_slope_stays_a_slope_at_any_angle_and_size() {
        let slope = Grey::from_fn(120, 120, |x, y| [(x + y) as u8]);
        for side in [7, 40, 90] {
            let (corner, across) = ((50.0, 20.0), (40.0, 20.0));
            let turned = slope.turned_square(corner, across, side);
            for (y, row) in turned.rows().enumerate() {
                for (x, found) in row.iter().enumerate() {
                    let (fx, fy) = ((x as f64 + 0.5) / f64::from(side), (y as f64 + 0.5) / f64::from(side));
                    let (px, py) = (corner.0 + fx * across.0 - fy * across.1, corner.1 + fx * across.1 + fy * across.0);
                    assert!((f64::from(*found) - (px + py - 1.0)).abs() < 1.0, "{side}: {x}, {y}");
                }
            }
        }
    }
}
