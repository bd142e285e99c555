//! What the network is shown: each crop or window every time a little moved, scaled, turned, mirrored and lit otherwise.

use fastrand::Rng;
use lbp_cascade::judge::{SIDE, Square, sample, standardised};
use pictures::Grey;

use super::candidates::{Candidate, Picture};
use crate::sampling::as_image;

/// Samples as the network takes them.
pub type Samples = [f32; SIDE * SIDE];

/// How far an example is off, as a share of its side: cascades frame nothing exactly.
const SHIFT: f32 = 0.07;
/// The range of factors on its side.
const SCALE: (f32, f32) = (0.85, 1.12);
/// How far it is turned, in degrees.
const TILT: f32 = 14.0;
/// The range of the exponent of brightness.
const GAMMA: (f32, f32) = (0.6, 1.6);

/// A crop of the subject, otherwise each time.
pub fn of_crop(crop: &Grey, random: &mut Rng) -> Samples {
    let side = crop.width().min(crop.height()) as f32;
    let square = Square { x: crop.width() as f32 / 2.0, y: crop.height() as f32 / 2.0, side, angle: 0.0 };
    seen(crop, moved(square, 1.0, random), random)
}

/// A part of a crop that is not the subject: an eye, a cheek, a corner with hair.
pub fn of_part(crop: &Grey, random: &mut Rng) -> Samples {
    let whole = crop.width().min(crop.height()) as f32;
    let side = whole * between(random, (0.25, 0.55));
    let x = between(random, (0.1, 0.9)) * crop.width() as f32;
    let y = between(random, (0.1, 0.9)) * crop.height() as f32;
    let square = Square { x, y, side, angle: between(random, (-30.0, 30.0)) };
    seen(crop, square, random)
}

/// A window of a picture.
pub fn of_candidate(pictures: &[Picture], candidate: &Candidate, random: &mut Rng) -> Samples {
    // Windows are as far off as windows are: they are moved little.
    seen(&pictures[candidate.picture].grey, moved(candidate.square, 0.4, random), random)
}

/// A subject that somebody saw in a picture, turned upright and then as crops are.
pub fn of_subject(picture: &Picture, subject: Square, random: &mut Rng) -> Samples {
    seen(&picture.grey, moved(subject, 1.0, random), random)
}

fn moved(square: Square, share: f32, random: &mut Rng) -> Square {
    let mut off = |range: f32| between(random, (-range, range)) * share;
    let (x, y) = (square.x + off(SHIFT) * square.side, square.y + off(SHIFT) * square.side);
    let angle = square.angle + off(TILT);
    let scale = 1.0 + (between(random, SCALE) - 1.0) * share;
    Square { x, y, side: square.side * scale, angle }
}

fn seen(grey: &Grey, square: Square, random: &mut Rng) -> Samples {
    let mut pixels = sample(as_image(grey), square);
    if random.bool() {
        pixels.chunks_exact_mut(SIDE).for_each(<[u8]>::reverse);
    }
    let gamma = between(random, GAMMA);
    let table: [u8; 256] = std::array::from_fn(|v| ((v as f32 / 255.0).powf(gamma) * 255.0).round() as u8);
    standardised(&pixels.map(|pixel| table[usize::from(pixel)]))
}

fn between(random: &mut Rng, (min, max): (f32, f32)) -> f32 {
    min + random.f32() * (max - min)
}
