//! A turned square of an image as an image of its own, sampled once.

use crate::{
    pixels::{Pixels, Rgb},
    scale::keys_cubic,
};

impl Rgb {
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
        // Of one kind of image, so that it is compiled here, as fast as this crate is, and not in each crate that calls it.
        square(self, corner, across, side)
    }
}

/// [`Rgb::turned_square`] of any image.
fn square<const CHANNELS: usize>(
    image: &Pixels<CHANNELS>,
    corner: (f64, f64),
    across: (f64, f64),
    side: u32,
) -> Pixels<CHANNELS> {
    let length = across.0.hypot(across.1);
    let places = (length / f64::from(side)).ceil().max(1.0) as u32;
    let share = 1.0 / f64::from(places * side);
    let (right, down) = ((across.0 * share, across.1 * share), (-across.1 * share, across.0 * share));
    Pixels::from_fn(side, side, |column, row| {
        let mut sums = [0.0; CHANNELS];
        for i in 0..places {
            let y = f64::from(row * places + i) + 0.5;
            for j in 0..places {
                let x = f64::from(column * places + j) + 0.5;
                add_at(image, corner.0 + x * right.0 + y * down.0, corner.1 + x * right.1 + y * down.1, &mut sums);
            }
        }
        let count = (places * places) as f32;
        sums.map(|sum| (sum / count).round() as u8)
    })
}

/// Adds the value between pixels at a place to a sum for each channel.
#[inline]
fn add_at<const CHANNELS: usize>(image: &Pixels<CHANNELS>, x: f64, y: f64, sums: &mut [f32; CHANNELS]) {
    let (columns, across) = taps(x, image.width());
    let (rows, down) = taps(y, image.height());
    let width = image.width() as usize;
    for (row, down) in rows.into_iter().zip(down) {
        let pixels = &image.pixels()[row * width..][..width];
        let mut line = [0.0; CHANNELS];
        for (column, across) in columns.into_iter().zip(across) {
            line.iter_mut().zip(pixels[column]).for_each(|(sum, value)| *sum += across * f32::from(value));
        }
        sums.iter_mut().zip(line).for_each(|(sum, line)| *sum += down * line);
    }
}

/// The four pixels around a place of a line and their weights.
#[inline]
fn taps(place: f64, length: u32) -> ([usize; 4], [f32; 4]) {
    let middle = place - 0.5;
    // In whole numbers: `floor` is a call where not every processor has an instruction for it.
    let whole = middle as i64;
    let first = whole - i64::from(whole as f64 > middle) - 1;
    let last = i64::from(length) - 1;
    let at = |i: usize| first + i as i64;
    (
        std::array::from_fn(|i| at(i).clamp(0, last) as usize),
        std::array::from_fn(|i| keys_cubic((middle - at(i) as f64).abs()) as f32),
    )
}

#[cfg(test)]
mod tests {
    use super::square;
    use crate::pixels::Grey;

    #[test]
    fn quarter_turns_move_pixels_and_blend_none() {
        let grey = Grey::new(3, 3, (1..=9).collect()).unwrap();
        let check = |corner: (f64, f64), across: (f64, f64), expected: [u8; 9]| {
            assert_eq!(square(&grey, corner, across, 3).bytes(), expected, "{across:?}");
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
        let turned = square(&stripes, (90.0, 40.0), (80.0, 46.0), 16);
        assert!(turned.bytes().iter().all(|level| level.abs_diff(100) <= 8), "{:?}", turned.bytes());
    }

    #[test]
    fn a_slope_stays_a_slope_at_any_angle_and_size() {
        let slope = Grey::from_fn(120, 120, |x, y| [(x + y) as u8]);
        for side in [7, 40, 90] {
            let (corner, across) = ((50.0, 20.0), (40.0, 20.0));
            let turned = square(&slope, corner, across, side);
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
