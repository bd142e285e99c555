//! A picture turned about its centre, so that what is tilted in it stands upright; the same bytes on every processor.

use crate::image::GreyImage;

/// Fractional bits of places in a picture: over the longest row the steps' rounding adds up to less than a tenth of a pixel.
const FRACTION: u32 = 20;

/// What lies outside of the picture: the middle of an equalised histogram.
const OUTSIDE: u8 = 128;

/// How a picture is turned, and onto how large a canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turning {
    sides: (usize, usize),
    canvas: (usize, usize),
    cos: f64,
    sin: f64,
}

impl Turning {
    /// Turns a picture of the given sides so that what is turned clockwise in it by `degrees`, from −180 to 180, stands upright.
    /// The canvas holds all of it.
    pub fn new((width, height): (usize, usize), degrees: f64) -> Self {
        let (sin, cos) = sin_cos(degrees);
        // A turn by a quarter must not gain a column from a cosine that is nearly 0.
        let extent =
            |across: f64, down: f64| (width as f64 * across.abs() + height as f64 * down.abs() - 1e-6).ceil().max(1.0);
        let canvas = (extent(cos, sin) as usize, extent(sin, cos) as usize);
        Self { sides: (width, height), canvas, cos, sin }
    }

    /// The canvas's width and height in pixels.
    pub fn canvas(&self) -> (usize, usize) {
        self.canvas
    }

    /// The place in the picture of a place on the canvas. Both are in pixels from the upper left corner, so that the first pixel's
    /// middle is at (0.5, 0.5).
    pub fn in_picture(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let middle = |(width, height): (usize, usize)| (width as f64 / 2.0, height as f64 / 2.0);
        let ((from_x, from_y), (to_x, to_y)) = (middle(self.canvas), middle(self.sides));
        let (across, down) = (x - from_x, y - from_y);
        (to_x + across * self.cos - down * self.sin, to_y + across * self.sin + down * self.cos)
    }

    /// The canvas's pixels, blended from four neighbours in 256ths; what lies outside of the picture is of a middle grey.
    ///
    /// # Panics
    /// If the picture has other sides than those that the turning is of.
    pub fn turned(&self, image: GreyImage<'_>) -> Vec<u8> {
        assert_eq!((image.width(), image.height()), self.sides, "a turning is of one size");
        let (width, height) = self.canvas;
        let mut pixels = vec![OUTSIDE; width * height];
        for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
            self.turn_row(image, y, row);
        }
        pixels
    }

    fn turn_row(&self, image: GreyImage<'_>, y: usize, row: &mut [u8]) {
        let fixed = |value: f64| (value * f64::from(1 << FRACTION)).round() as i64;
        let (x, y) = self.in_picture((0.5, y as f64 + 0.5));
        let start = (fixed(x - 0.5), fixed(y - 0.5));
        let step = (fixed(self.cos), fixed(self.sin));
        // Where all four neighbours are there.
        let across = within(start.0, step.0, image.width(), row.len());
        let down = within(start.1, step.1, image.height(), row.len());
        let (first, end) = (across.0.max(down.0), across.1.min(down.1));
        let (pixels, width) = (image.pixels(), image.width());
        let (mut x, mut y) = (start.0 + first as i64 * step.0, start.1 + first as i64 * step.1);
        for pixel in row.get_mut(first..end).unwrap_or_default() {
            let at = (y >> FRACTION) as usize * width + (x >> FRACTION) as usize;
            let weight = |place: i64| (place >> (FRACTION - 8)) as u32 & 255;
            let (right, down) = (weight(x), weight(y));
            let pair = |pair: &[u8]| (256 - right) * u32::from(pair[0]) + right * u32::from(pair[1]);
            let (upper, lower) = (pair(&pixels[at..at + 2]), pair(&pixels[at + width..at + width + 2]));
            *pixel = (((256 - down) * upper + down * lower + (1 << 15)) >> 16) as u8;
            (x, y) = (x + step.0, y + step.1);
        }
    }
}

/// The columns, as first and end, whose place start + column · step lies between the first pixel of a line and the one before its last.
fn within(start: i64, step: i64, length: usize, columns: usize) -> (usize, usize) {
    let last = ((length as i64 - 1) << FRACTION) - 1;
    let bounded = |column: i64| column.clamp(0, columns as i64) as usize;
    // Rounded up: the first column at which a place is reached.
    let reached = |place: i64, step: i64| (place + step - 1).div_euclid(step);
    match step {
        0 if (0..=last).contains(&start) => (0, columns),
        0 => (0, 0),
        1.. => (bounded(reached(-start, step)), bounded(reached(last + 1 - start, step))),
        _ => (bounded(reached(start - last, -step)), bounded(reached(start + 1, -step))),
    }
}

/// Sine and cosine by their series: the standard library's are the system's, and may differ in the last bit.
///
/// What is computed in degrees from −180 to 180 is right to 2⁻⁵⁰.
pub fn sin_cos(degrees: f64) -> (f64, f64) {
    let angle = degrees.clamp(-180.0, 180.0) * (std::f64::consts::PI / 180.0);
    let series = |first: f64, start: u32| {
        let mut term = first;
        // From the smallest term to the largest, so that little is rounded away.
        let terms: Vec<f64> = (0..16)
            .map(|i| {
                let before = term;
                let n = f64::from(start + 2 * i);
                term *= -angle * angle / ((n + 1.0) * (n + 2.0));
                before
            })
            .collect();
        terms.iter().rev().sum()
    };
    (series(angle, 1), series(1.0, 0))
}

/// A picture at half its size: the mean of two by two pixels, halves rounded up. An odd last row or column is left out; `None` where
/// nothing would be left.
pub fn halved(image: GreyImage<'_>) -> Option<(usize, usize, Vec<u8>)> {
    let (width, height) = (image.width() / 2, image.height() / 2);
    if width == 0 || height == 0 {
        return None;
    }
    let mut pixels = Vec::with_capacity(width * height);
    for rows in image.pixels().chunks_exact(2 * image.width()) {
        let (upper, lower) = rows.split_at(image.width());
        let sum = |pair: &[u8; 2]| u16::from(pair[0]) + u16::from(pair[1]);
        let (upper, lower) = (upper.as_chunks().0, lower.as_chunks().0);
        pixels.extend(upper.iter().zip(lower).map(|(upper, lower)| ((sum(upper) + sum(lower) + 2) / 4) as u8));
    }
    Some((width, height, pixels))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quarter_turns_move_pixels_and_blend_none() {
        let pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let check = |degrees: f64, canvas: (usize, usize), expected: &[u8]| {
            let turning = Turning::new((4, 3), degrees);
            assert_eq!(turning.canvas(), canvas, "{degrees}");
            let turned = turning.turned(GreyImage::new(4, 3, &pixels).unwrap());
            // The outermost pixels have no neighbour on one side.
            let seen = turned.iter().zip(expected).filter(|(found, _)| **found != OUTSIDE);
            assert!(seen.clone().count() >= 6 && seen.clone().all(|(found, expected)| found == expected), "{turned:?}");
        };
        check(0.0, (4, 3), &pixels);
        // What is turned clockwise by a quarter has its top on the right; upright, the right column is the top row.
        check(90.0, (3, 4), &[4, 8, 12, 3, 7, 11, 2, 6, 10, 1, 5, 9]);
        check(180.0, (4, 3), &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        check(-90.0, (3, 4), &[9, 5, 1, 10, 6, 2, 11, 7, 3, 12, 8, 4]);
    }

    #[test]
    fn sines_and_cosines_are_the_library_s() {
        for degrees in -180..=180 {
            let (expected_sin, expected_cos) = f64::from(degrees).to_radians().sin_cos();
            let (sin, cos) = sin_cos(f64::from(degrees));
            assert!((sin - expected_sin).abs() < 1e-14 && (cos - expected_cos).abs() < 1e-14, "{degrees}");
        }
    }

    #[test]
    fn halves_are_means_of_four() {
        let image = GreyImage::new(5, 3, &[0, 1, 10, 20, 9, 0, 1, 30, 41, 9, 9, 9, 9, 9, 9]).unwrap();
        assert_eq!(halved(image), Some((2, 1, vec![1, 25])));
        assert_eq!(halved(GreyImage::new(1, 2, &[1, 2]).unwrap()), None);
    }

    proptest! {
        #[test]
        fn a_turned_picture_shows_what_lies_at_its_places(
            (width, height) in (2..60usize, 2..60usize),
            degrees in -180.0..180.0f64,
        ) {
            // Brightness that rises evenly is blended exactly, but for rounding.
            let pixels: Vec<u8> = (0..width * height).map(|i| (2 * (i % width) + 2 * (i / width)) as u8).collect();
            let turning = Turning::new((width, height), degrees);
            let turned = turning.turned(GreyImage::new(width, height, &pixels).unwrap());
            let columns = turning.canvas().0;
            for (i, found) in turned.iter().enumerate() {
                let (x, y) = turning.in_picture(((i % columns) as f64 + 0.5, (i / columns) as f64 + 0.5));
                let (x, y) = (x - 0.5, y - 0.5);
                let inside = |v: f64, length: usize| v > 0.01 && v < length as f64 - 1.01;
                if inside(x, width) && inside(y, height) {
                    prop_assert!((f64::from(*found) - 2.0 * x - 2.0 * y).abs() < 0.6, "{i}: {found}");
                }
            }
        }
    }
}
