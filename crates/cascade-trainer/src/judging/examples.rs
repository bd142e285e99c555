//! What the network is shown: each crop or window every time a little moved, scaled, turned, mirrored and lit otherwise.

use fastrand::Rng;
use lbp_cascade::judge::{SIDE, Square, sample, standardised};
use pictures::Grey;

use super::candidates::{Candidate, Picture};
use crate::sampling::{Frame, as_image, sample as resampled};

/// Samples as the network takes them.
pub type Samples = [f32; SIDE * SIDE];

/// How far an example is off, as a share of its side: cascades frame nothing exactly.
const SHIFT: f32 = 0.08;
/// The range of factors on its side.
const SCALE: (f32, f32) = (0.78, 1.12);
/// How far it is turned, in degrees.
const TILT: f32 = 20.0;
/// The range of the logarithm of the exponent of brightness.
const GAMMA: (f32, f32) = (-0.6, 0.5);
/// The share of examples that are blurred: small faces are few pixels.
const BLURRED: f32 = 0.35;
/// How many samples across a blurred example still has.
const FEW_SAMPLES: std::ops::Range<u32> = 11..26;
/// The share of examples of the subject of which something hides a part: a hand, a book, hair.
const HIDDEN: f32 = 0.25;
/// The sides of what hides it, in samples.
const HIDING: std::ops::Range<usize> = 4..18;
/// How far noise goes, in grey levels.
const NOISE: f32 = 8.0;

/// A crop of the subject, otherwise each time.
pub fn of_crop(crop: &Grey, random: &mut Rng) -> Samples {
    let pixels = sampled(crop, moved(whole(crop), 1.0, random), random);
    finished(partly_hidden(pixels, random), random)
}

/// A part of a crop that is not the subject: an eye, a cheek, a corner with hair.
pub fn of_part(crop: &Grey, random: &mut Rng) -> Samples {
    let whole = crop.width().min(crop.height()) as f32;
    let side = whole * between(random, (0.22, 0.5));
    let x = between(random, (0.1, 0.9)) * crop.width() as f32;
    let y = between(random, (0.1, 0.9)) * crop.height() as f32;
    let square = Square { x, y, side, angle: between(random, (-30.0, 30.0)) };
    finished(sampled(crop, square, random), random)
}

/// A crop that lies on its side, stands on its head, or is cut into squares that have changed places: made of all that the subject is
/// made of, and wrong.
pub fn of_confused(crop: &Grey, random: &mut Rng) -> Samples {
    let Square { side, .. } = whole(crop);
    let square = moved(Square { side: side * between(random, (0.75, 1.0)), ..whole(crop) }, 1.0, random);
    if random.bool() {
        let angle = square.angle + [90.0, 180.0, 270.0][random.usize(..3)];
        return finished(sampled(crop, Square { angle, ..square }, random), random);
    }
    let pixels = sampled(crop, square, random);
    let across = [2, 4][random.usize(..2)];
    let side = SIDE / across;
    let mut places: Vec<usize> = (0..across * across).collect();
    random.shuffle(&mut places);
    // Where chance left every one in its place, all move on by one.
    if places.is_sorted() {
        places.rotate_left(1);
    }
    let from = |index: usize| {
        let (x, y) = (index % SIDE, index / SIDE);
        let place = places[y / side * across + x / side];
        pixels[(place / across * side + y % side) * SIDE + place % across * side + x % side]
    };
    finished(std::array::from_fn(from), random)
}

/// A window of a picture.
pub fn of_candidate(pictures: &[Picture], candidate: &Candidate, random: &mut Rng) -> Samples {
    // Windows are as far off as windows are: they are moved little.
    let square = moved(candidate.square, 0.6, random);
    let grey = &pictures[candidate.picture].grey;
    let pixels =
        if random.bool() { sampled(grey, square, random) } else { framed(grey, candidate.square, square, random) };
    finished(pixels, random)
}

/// A subject that somebody saw in a picture, turned upright and then as crops are.
pub fn of_subject(picture: &Picture, subject: Square, random: &mut Rng) -> Samples {
    let square = moved(subject, 1.0, random);
    let grey = &picture.grey;
    let pixels = if random.bool() { sampled(grey, square, random) } else { framed(grey, subject, square, random) };
    finished(partly_hidden(pixels, random), random)
}

fn whole(crop: &Grey) -> Square {
    let side = crop.width().min(crop.height()) as f32;
    Square { x: crop.width() as f32 / 2.0, y: crop.height() as f32 / 2.0, side, angle: 0.0 }
}

fn moved(square: Square, share: f32, random: &mut Rng) -> Square {
    let mut off = |range: f32| between(random, (-range, range)) * share;
    let (x, y) = (square.x + off(SHIFT) * square.side, square.y + off(SHIFT) * square.side);
    let angle = square.angle + off(TILT);
    let scale = 1.0 + (between(random, SCALE) - 1.0) * share;
    Square { x, y, side: square.side * scale, angle }
}

type Pixels = [u8; SIDE * SIDE];

/// A square, mirrored or not.
fn sampled(grey: &Grey, square: Square, random: &mut Rng) -> Pixels {
    let mut pixels = sample(as_image(grey), square);
    if random.bool() {
        pixels.chunks_exact_mut(SIDE).for_each(<[u8]>::reverse);
    }
    pixels
}

/// A square as if `frame` had been cut out as a crop before: beyond it the border is repeated, as it is beyond crops. Otherwise that
/// alone would tell crops from windows.
fn framed(grey: &Grey, frame: Square, square: Square, random: &mut Rng) -> Pixels {
    const CROP: u32 = 2 * SIDE as u32;
    let scale = CROP as f32 / frame.side;
    let crop: Vec<u8> = {
        // The frame's four quarters, side by side, each at the resolution of a sample.
        let (sin, cos) = frame.angle.to_radians().sin_cos();
        let quarter = |right: f32, down: f32| {
            let (right, down) = (right * frame.side / 4.0, down * frame.side / 4.0);
            let (x, y) = (frame.x + right * cos - down * sin, frame.y + right * sin + down * cos);
            sample(as_image(grey), Square { x, y, side: frame.side / 2.0, angle: frame.angle })
        };
        let quarters = [quarter(-1.0, -1.0), quarter(1.0, -1.0), quarter(-1.0, 1.0), quarter(1.0, 1.0)];
        let pixel = |index: usize| {
            let (x, y) = (index % (2 * SIDE), index / (2 * SIDE));
            quarters[y / SIDE * 2 + x / SIDE][y % SIDE * SIDE + x % SIDE]
        };
        (0..4 * SIDE * SIDE).map(pixel).collect()
    };
    let crop = Grey::new(CROP, CROP, crop).expect("four quarters fill it");
    let middle = CROP as f32 / 2.0;
    let (x, y) = (middle + (square.x - frame.x) * scale, middle + (square.y - frame.y) * scale);
    sampled(&crop, Square { x, y, side: square.side * scale, angle: square.angle - frame.angle }, random)
}

fn partly_hidden(mut pixels: Pixels, random: &mut Rng) -> Pixels {
    if random.f32() < HIDDEN {
        let (width, height) = (random.usize(HIDING), random.usize(HIDING));
        let (left, top) = (random.usize(..SIDE - width), random.usize(..SIDE - height));
        let level = random.u8(..);
        pixels.chunks_exact_mut(SIDE).skip(top).take(height).for_each(|row| row[left..left + width].fill(level));
    }
    pixels
}

/// Lit, blurred and disturbed otherwise each time.
fn finished(pixels: Pixels, random: &mut Rng) -> Samples {
    let gamma = between(random, GAMMA).exp();
    let table: [u8; 256] = std::array::from_fn(|v| ((v as f32 / 255.0).powf(gamma) * 255.0).round() as u8);
    let mut pixels = pixels.map(|pixel| table[usize::from(pixel)]);
    if random.f32() < BLURRED {
        pixels = blurred(pixels, random.u32(FEW_SAMPLES));
    }
    let noise = random.f32() * NOISE;
    standardised(&pixels.map(|pixel| {
        // The sum of two is small more often than large.
        let off = (random.f32() + random.f32() - 1.0) * noise;
        (f32::from(pixel) + off).round().clamp(0.0, 255.0) as u8
    }))
}

/// As if there had been so many samples across.
fn blurred(pixels: Pixels, samples: u32) -> Pixels {
    let side = SIDE as u32;
    let step = side as f32 / samples as f32;
    let grey = Grey::new(side, side, pixels.to_vec()).expect("a square of samples");
    let few = resampled(&grey, Frame { x: 0.0, y: 0.0, step }, samples, samples);
    let blurred = resampled(&few, Frame { x: 0.0, y: 0.0, step: 1.0 / step }, side, side);
    blurred.bytes().try_into().expect("as many samples as before")
}

fn between(random: &mut Rng, (min, max): (f32, f32)) -> f32 {
    min + random.f32() * (max - min)
}
