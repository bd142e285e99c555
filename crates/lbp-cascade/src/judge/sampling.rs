//! A square of a picture, perhaps turned, as the samples that the network looks at.

use super::network::{CHANNELS, SIDE};
use crate::turning::sin_cos;

/// A square of a picture, which may stick out: the border is repeated there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Square {
    /// Its middle, in pixels from the left edge.
    pub x: f32,
    /// Its middle, in pixels from the upper edge.
    pub y: f32,
    /// Its side in pixels.
    pub side: f32,
    /// How far it is turned about its middle, in degrees, clockwise.
    pub angle: f32,
}

impl Square {
    /// The area that two squares have in common, as if neither were turned.
    pub fn common_area(&self, other: &Self) -> f32 {
        let common = |a: f32, b: f32| {
            let (low, high) =
                ((a - self.side / 2.0).max(b - other.side / 2.0), (a + self.side / 2.0).min(b + other.side / 2.0));
            (high - low).max(0.0)
        };
        common(self.x, other.x) * common(self.y, other.y)
    }

    /// Intersection over union, as if neither were turned.
    pub fn overlap(&self, other: &Self) -> f32 {
        let common = self.common_area(other);
        common / (self.side * self.side + other.side * other.side - common)
    }

    /// The point of the picture that lies so many sides right of and below the middle, as the square has right and below.
    pub fn point(&self, right: f32, down: f32) -> (f32, f32) {
        self.axes().point(right, down)
    }

    /// [`Self::point`] for many points.
    pub fn axes(&self) -> Axes {
        let (sin, cos) = sin_cos(f64::from(self.angle));
        Axes { x: self.x, y: self.y, across: self.side * cos as f32, down: self.side * sin as f32 }
    }
}

/// A square's own coordinates.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    x: f32,
    y: f32,
    across: f32,
    down: f32,
}

impl Axes {
    /// The point of the picture that lies so many sides right of and below the square's middle.
    #[inline]
    pub fn point(&self, right: f32, down: f32) -> (f32, f32) {
        (self.x + right * self.across - down * self.down, self.y + right * self.down + down * self.across)
    }
}

/// Red, green and blue of pixels, row after row without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plane {
    width: usize,
    height: usize,
    pixels: Vec<[u8; CHANNELS]>,
}

/// A picture in colour at half its size, at a quarter and so on: squares are sampled from the plane whose pixels are about as large as
/// samples. Nothing much smaller than a window of the proposing search has to be seen, so a large picture's first planes are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    sides: (usize, usize),
    /// How often the first plane was halved.
    first: usize,
    planes: Vec<Plane>,
}

/// Pictures are halved at once for as long as their longer side has so many pixels, and twice as many before.
const LONGER_SIDE: usize = 640;

impl Planes {
    /// The planes of a picture: red, green and blue of its pixels, row after row; `None` unless there are width × height, at least one.
    pub fn new(width: usize, height: usize, pixels: &[[u8; CHANNELS]]) -> Option<Self> {
        let area = width.checked_mul(height)?;
        if area == 0 || pixels.len() != area {
            return None;
        }
        let (mut first, mut plane) = (0, None);
        // A picture that is a line cannot be halved.
        while width.max(height) >> (first + 1) >= LONGER_SIDE && width.min(height) >> (first + 1) > 0 {
            plane = Some(match &plane {
                None => halved(width, height, pixels),
                Some(Plane { width, height, pixels }) => halved(*width, *height, pixels),
            });
            first += 1;
        }
        let mut planes = vec![plane.unwrap_or_else(|| Plane { width, height, pixels: pixels.to_vec() })];
        while let Some(Plane { width, height, pixels }) = planes.last()
            && *width.min(height) >= 2 * SIDE
        {
            planes.push(halved(*width, *height, pixels));
        }
        Some(Self { sides: (width, height), first, planes })
    }

    /// The largest plane: its width, its height and its pixels.
    pub fn largest(&self) -> (usize, usize, &[[u8; CHANNELS]]) {
        let Plane { width, height, pixels } = &self.planes[0];
        (*width, *height, pixels)
    }

    /// The picture's width and height in pixels.
    pub fn sides(&self) -> (usize, usize) {
        self.sides
    }

    /// What is sampled where samples are so many pixels of the picture apart.
    pub fn sampler(&self, step: f32) -> Sampler<'_> {
        let mut level = 0;
        while level + 1 < self.planes.len() && step >= (2 << (self.first + level)) as f32 {
            level += 1;
        }
        Sampler { plane: &self.planes[level], share: 1.0 / (1 << (self.first + level)) as f32 }
    }

    /// The square on a grid of [`SIDE`] by [`SIDE`] samples.
    pub fn sample(&self, square: Square) -> [[u8; CHANNELS]; SIDE * SIDE] {
        let (axes, sampler) = (square.axes(), self.sampler(square.side / SIDE as f32));
        let at = |sample: usize| (sample as f32 + 0.5) / SIDE as f32 - 0.5;
        std::array::from_fn(|index| {
            let (x, y) = axes.point(at(index % SIDE), at(index / SIDE));
            sampler.colour(x, y)
        })
    }
}

/// The mean of two by two pixels, halves rounded up. An odd last row or column is left out.
fn halved(width: usize, height: usize, pixels: &[[u8; CHANNELS]]) -> Plane {
    let mut half = Vec::with_capacity((width / 2) * (height / 2));
    for rows in pixels.chunks_exact(2 * width) {
        let (upper, lower) = rows.split_at(width);
        for (upper, lower) in upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0) {
            half.push(std::array::from_fn(|channel| {
                let sum = [upper[0], upper[1], lower[0], lower[1]].map(|pixel| u16::from(pixel[channel]));
                ((sum.iter().sum::<u16>() + 2) / 4) as u8
            }));
        }
    }
    Plane { width: width / 2, height: height / 2, pixels: half }
}

/// One plane of a picture, asked in pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Sampler<'a> {
    plane: &'a Plane,
    share: f32,
}

impl Sampler<'_> {
    /// The colour at a point of the picture, between the middles of four pixels; beyond the border that is repeated.
    #[inline]
    pub fn colour(&self, x: f32, y: f32) -> [u8; CHANNELS] {
        let (near_x, far_x, across) = tap(x * self.share, self.plane.width);
        let (near_y, far_y, down) = tap(y * self.share, self.plane.height);
        let row = |y: usize| &self.plane.pixels[y * self.plane.width..][..self.plane.width];
        let (above, below) = (row(near_y), row(far_y));
        let corners = [above[near_x], above[far_x], below[near_x], below[far_x]];
        std::array::from_fn(|channel| {
            let [a, b, c, d] = corners.map(|pixel| f32::from(pixel[channel]));
            let (above, below) = (a + (b - a) * across, c + (d - c) * across);
            // Between 0 and 255, so that adding a half rounds.
            (above + (below - above) * down + 0.5) as u8
        })
    }
}

#[inline]
fn tap(at: f32, length: usize) -> (usize, usize, f32) {
    let at = (at - 0.5).clamp(0.0, (length - 1) as f32);
    let near = (at as usize).min(length - 1);
    (near, (near + 1).min(length - 1), at - near as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(count: usize, pixel: impl Fn(usize) -> u8) -> Vec<[u8; CHANNELS]> {
        (0..count).map(|i| [pixel(i), 255 - pixel(i), 9]).collect()
    }

    #[test]
    fn a_square_of_as_many_pixels_is_itself_turned_or_not() {
        let pixels = pixels(SIDE * SIDE, |i| (i * 31 % 251) as u8);
        let planes = Planes::new(SIDE, SIDE, &pixels).unwrap();
        let middle = SIDE as f32 / 2.0;
        let turned = |angle| planes.sample(Square { x: middle, y: middle, side: SIDE as f32, angle });
        assert_eq!(turned(0.0)[..], pixels[..]);
        // A quarter clockwise: what the upper left sample shows is the picture's upper right corner.
        assert_eq!(turned(90.0)[0], pixels[SIDE - 1]);
        assert_eq!(turned(180.0)[0], pixels[SIDE * SIDE - 1]);
    }

    #[test]
    fn large_squares_are_averaged_and_borders_repeated() {
        let planes = Planes::new(64, 64, &pixels(64 * 64, |i| if i % 2 == 0 { 0 } else { 200 })).unwrap();
        let check = |x: f32, side: f32, expected: [u8; CHANNELS]| {
            let found = planes.sample(Square { x, y: 32.0, side, angle: 0.0 });
            assert!(found.iter().all(|sample| *sample == expected), "{x}, {side}: {:?}", &found[..SIDE]);
        };
        check(32.0, 64.0, [100, 155, 9]);
        check(-90.0, 60.0, [0, 255, 9]);
        check(1e9, 60.0, [200, 55, 9]);
    }

    #[test]
    fn a_square_s_own_right_and_below_turn_with_it() {
        let square = Square { x: 10.0, y: 20.0, side: 8.0, angle: 90.0 };
        let (x, y) = square.point(0.5, 0.25);
        assert!((x - 8.0).abs() < 1e-5 && (y - 24.0).abs() < 1e-5, "{x}, {y}");
    }

    #[test]
    fn pixels_must_fill_the_sides() {
        assert_eq!(Planes::new(2, 2, &[[0; 3]; 3]), None);
        assert_eq!(Planes::new(0, 2, &[]), None);
    }

    #[test]
    fn large_pictures_are_asked_in_their_own_pixels() {
        // Brightness rises by one every sixteen pixels to the right.
        let pixels = pixels(2600 * 40, |i| (i % 2600 / 16) as u8);
        let planes = Planes::new(2600, 40, &pixels).unwrap();
        assert_eq!((planes.sides(), planes.largest().0), ((2600, 40), 650));
        for step in [1.0, 3.0, 40.0] {
            assert_eq!(planes.sampler(step).colour(1608.0, 20.0)[0], 100, "{step}");
        }
        let line = Planes::new(3000, 1, &pixels[..3000]).unwrap();
        assert_eq!(line.largest().0, 3000);
    }
}
