//! A square of a picture, perhaps turned, as the samples that the network looks at.

use super::network::SIDE;
use crate::{image::GreyImage, turning::sin_cos};

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
}

/// How many points, at most, across a sample are looked at.
const MAX_POINTS: usize = 4;

/// The square on a grid of [`SIDE`] by [`SIDE`] samples, each the mean of points a pixel or so apart.
pub fn sample(image: GreyImage<'_>, square: Square) -> [u8; SIDE * SIDE] {
    let step = square.side / SIDE as f32;
    let points = (step.ceil() as usize).clamp(1, MAX_POINTS);
    let (sin, cos) = sin_cos(f64::from(square.angle));
    let (sin, cos) = (sin as f32, cos as f32);
    let at =
        |sample: usize, point: usize| (sample as f32 + (point as f32 + 0.5) / points as f32 - SIDE as f32 / 2.0) * step;
    std::array::from_fn(|index| {
        let mut sum = 0.0;
        for point in 0..points * points {
            let (right, down) = (at(index % SIDE, point % points), at(index / SIDE, point / points));
            sum += bilinear(image, square.x + right * cos - down * sin, square.y + right * sin + down * cos);
        }
        (sum / (points * points) as f32).round() as u8
    })
}

/// The brightness at a point, between the middles of four pixels.
fn bilinear(image: GreyImage<'_>, x: f32, y: f32) -> f32 {
    let (near_x, far_x, across) = tap(x, image.width());
    let (near_y, far_y, down) = tap(y, image.height());
    let value = |x: usize, y: usize| f32::from(image.pixels()[y * image.width() + x]);
    let mix = |y: usize| value(near_x, y) + (value(far_x, y) - value(near_x, y)) * across;
    let (above, below) = (mix(near_y), mix(far_y));
    above + (below - above) * down
}

fn tap(at: f32, length: usize) -> (usize, usize, f32) {
    let at = (at - 0.5).clamp(0.0, (length - 1) as f32);
    let near = (at as usize).min(length - 1);
    (near, (near + 1).min(length - 1), at - near as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_of_as_many_pixels_is_itself_turned_or_not() {
        let pixels: Vec<u8> = (0..SIDE * SIDE).map(|i| (i * 31 % 251) as u8).collect();
        let image = GreyImage::new(SIDE, SIDE, &pixels).unwrap();
        let middle = SIDE as f32 / 2.0;
        let turned = |angle| sample(image, Square { x: middle, y: middle, side: SIDE as f32, angle });
        assert_eq!(turned(0.0)[..], pixels[..]);
        // A quarter clockwise: what the upper left sample shows is the picture's upper right corner.
        assert_eq!(turned(90.0)[0], pixels[SIDE - 1]);
        assert_eq!(turned(180.0)[0], pixels[SIDE * SIDE - 1]);
    }

    #[test]
    fn large_squares_are_averaged_and_borders_repeated() {
        let pixels: Vec<u8> = (0..64 * 64).map(|i| if i % 2 == 0 { 0 } else { 200 }).collect();
        let image = GreyImage::new(64, 64, &pixels).unwrap();
        let check = |x: f32, side: f32, expected: u8| {
            let found = sample(image, Square { x, y: 32.0, side, angle: 0.0 });
            assert!(found.iter().all(|sample| *sample == expected), "{x}, {side}: {:?}", &found[..SIDE]);
        };
        check(32.0, 64.0, 100);
        check(-90.0, 64.0, 0);
        check(1e9, 64.0, 200);
    }
}
