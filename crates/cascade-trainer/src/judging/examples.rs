//! What the network is shown: each crop or window every time moved, scaled, turned, mirrored, lit and coloured otherwise.

use fastrand::Rng;
use lbp_cascade::judge::{CHANNELS, Planes, SIDE, Samples, Square, standardised};
use pictures::Rgb;

/// Of red, green and blue in brightness (ITU-R BT.601).
const LUMA: [f32; CHANNELS] = [0.299, 0.587, 0.114];

/// The sum of two uniform numbers from −1 to 1 deviates by √(2/3); times this by 1.
const TO_NORMAL: f32 = 1.2247;

/// How an example may be off: cascades frame nothing exactly.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    /// How far its middle is off, as a share of the square's side.
    pub shift: f32,
    /// The range of factors on its side.
    pub scale: (f32, f32),
    /// How far it is turned, in degrees.
    pub tilt: f32,
}

/// What faces and crops are moved by.
pub const OF_SUBJECT: Play = Play { shift: 0.1, scale: (0.75, 1.2), tilt: 25.0 };
/// Windows are as far off as windows are: they are moved little.
pub const OF_WINDOW: Play = Play { shift: 0.06, scale: (0.85, 1.15), tilt: 20.0 };
/// What crops are moved by that are then confused.
pub const OF_CONFUSED: Play = Play { shift: 0.08, scale: (0.6, 1.12), tilt: 20.0 };
/// The range of the shares of a crop's side that a part of it has.
const PART: (f32, f32) = (0.22, 0.5);

/// The range of the logarithm of width over height, halved.
const STRETCH: (f32, f32) = (-0.1, 0.1);
/// How far one half is drawn out and the other pressed together, as when a head is turned aside; and the share of examples that are.
const WARP: (f32, f32) = (-0.12, 0.12);
const WARPED: f32 = 0.6;
/// The share of pictures' squares beyond which the border is repeated, as it is beyond crops: otherwise that alone would tell them apart.
const FRAMED: f32 = 0.5;
/// The share of examples without colour, and of those whose colours are as they are; the range of what others are multiplied by.
const COLOURLESS: f32 = 0.18;
const AS_COLOURED: f32 = 0.3;
const SATURATION: (f32, f32) = (0.4, 1.3);
/// How far the logarithm of a channel's brightness deviates.
const TINT: f32 = 0.15;
/// The range of the logarithm of the exponent of brightness.
const GAMMA: (f32, f32) = (-0.6, 0.5);
/// The share of examples that are blurred, to how many samples across: small faces are few pixels.
const BLURRED: f32 = 0.35;
const FEW_SAMPLES: std::ops::Range<u32> = 10..27;
/// How far noise deviates at most, in grey levels.
const NOISE: f32 = 8.0;
/// The share of examples of the subject of which something hides a part: a hand, a book, hair; glasses, in every fifth of them.
const HIDDEN: f32 = 0.3;
const BAR: f32 = 0.2;

/// Samples before they are standardised.
pub type Pixels = [[u8; CHANNELS]; SIDE * SIDE];

/// Where the subject is, as the square that is shown has it: right, down, size and turn of [`lbp_cascade::judge::Look`].
pub type Place = [f32; 4];

/// A square of a picture; of a crop, all of it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The picture.
    pub planes: &'a Planes,
    /// The square.
    pub square: Square,
}

impl<'a> Source<'a> {
    /// All of a crop.
    pub fn whole(planes: &'a Planes) -> Self {
        let (width, height) = planes.sides();
        let side = width.min(height) as f32;
        Self { planes, square: Square { x: width as f32 / 2.0, y: height as f32 / 2.0, side, angle: 0.0 } }
    }

    /// The square otherwise each time, and where it lies in what is shown.
    pub fn drawn(&self, play: Play, framed: bool, random: &mut Rng) -> (Pixels, Place) {
        let tilt = between(random, (-play.tilt, play.tilt)).to_radians();
        let scale = between(random, play.scale);
        let (right, down) = (between(random, (-play.shift, play.shift)), between(random, (-play.shift, play.shift)));
        let flip = if random.bool() { -1.0 } else { 1.0 };
        let stretch = between(random, STRETCH).exp();
        let warp = if chance(random, WARPED) { between(random, WARP) } else { 0.0 };
        let (sin, cos) = tilt.sin_cos();
        let limit = if framed { 0.5 } else { f32::INFINITY };
        let (axes, sampler) = (self.square.axes(), self.planes.sampler(self.square.side * scale / SIDE as f32));
        let at = |sample: usize| (2 * sample + 1) as f32 / SIDE as f32 - 1.0;
        let pixels = std::array::from_fn(|index| {
            let (x, y) = (at(index % SIDE), at(index / SIDE));
            let x = (x + warp * (1.0 - x * x)) * flip * stretch * scale / 2.0;
            let y = y / stretch * scale / 2.0;
            let x_of_frame = (x * cos - y * sin + right).clamp(-limit, limit);
            let y_of_frame = (x * sin + y * cos + down).clamp(-limit, limit);
            let (x, y) = axes.point(x_of_frame, y_of_frame);
            sampler.colour(x, y)
        });
        let place =
            [flip * -(right * cos + down * sin) / scale, (right * sin - down * cos) / scale, -scale.ln(), -tilt * flip];
        (coloured(pixels, random), place)
    }

    /// Whether the border of a picture's square is to be repeated this time.
    pub fn framed(random: &mut Rng) -> bool {
        chance(random, FRAMED)
    }

    /// A part of the square that is not the subject: an eye, a cheek, a corner with hair.
    pub fn part(&self, random: &mut Rng) -> Pixels {
        let side = self.square.side * between(random, PART);
        let (x, y) = self.square.point(between(random, (-0.4, 0.4)), between(random, (-0.4, 0.4)));
        let part = Self { square: Square { x, y, side, ..self.square }, ..*self };
        part.drawn(Play { shift: 0.0, scale: (1.0, 1.0), tilt: 30.0 }, false, random).0
    }
}

/// On its side, on its head, or cut into squares that have changed places: made of all that the subject is made of, and wrong.
pub fn confused(pixels: Pixels, random: &mut Rng) -> Pixels {
    let last = SIDE - 1;
    match random.u8(..4) {
        0 => std::array::from_fn(|index| pixels[index % SIDE * SIDE + last - index / SIDE]),
        1 => std::array::from_fn(|index| pixels[SIDE * SIDE - 1 - index]),
        kind => {
            let across = 2 * usize::from(kind - 1);
            let side = SIDE / across;
            let mut places: Vec<usize> = (0..across * across).collect();
            random.shuffle(&mut places);
            // Where chance left every one in its place, all move on by one.
            if places.is_sorted() {
                places.rotate_left(1);
            }
            std::array::from_fn(|index| {
                let (x, y) = (index % SIDE, index / SIDE);
                let place = places[y / side * across + x / side];
                pixels[(place / across * side + y % side) * SIDE + place % across * side + x % side]
            })
        }
    }
}

/// Far off a subject: on the seam of two that lie beside each other, or with one in it that is much too small.
pub fn beside(one: &Pixels, other: &Pixels, random: &mut Rng) -> Pixels {
    if random.bool() {
        let seam = random.usize(SIDE * 3 / 8..SIDE * 5 / 8);
        let across = random.bool();
        return std::array::from_fn(|index| {
            let (x, y) = (index % SIDE, index / SIDE);
            let along = if across { x } else { y } + seam;
            let from = if along < SIDE { one } else { other };
            let along = along % SIDE;
            from[if across { y * SIDE + along } else { along * SIDE + x }]
        });
    }
    let side = random.u32(SIDE as u32 / 4..SIDE as u32 / 2);
    let small = as_picture(one).scaled(side, side);
    let side = side as usize;
    let (left, top) = (random.usize(..SIDE - side), random.usize(..SIDE - side));
    std::array::from_fn(|index| {
        let (x, y) = (index % SIDE, index / SIDE);
        match (x.wrapping_sub(left), y.wrapping_sub(top)) {
            (x, y) if x < side && y < side => small.pixels()[y * side + x],
            _ => other[y * SIDE + (x + SIDE / 2) % SIDE],
        }
    })
}

/// Something in front of it, now and then: a plain colour, or what another window shows.
pub fn partly_hidden(mut pixels: Pixels, other: impl FnOnce(&mut Rng) -> Pixels, random: &mut Rng) -> Pixels {
    if !chance(random, HIDDEN) {
        return pixels;
    }
    let is_bar = chance(random, BAR);
    let mut side = || random.usize(SIDE / 8..SIDE * 9 / 16);
    let (mut width, mut height) = (side(), side());
    if is_bar {
        (width, height) = (SIDE - 2, random.usize(2..SIDE / 5));
    }
    let (left, top) = (random.usize(..SIDE - width), random.usize(..SIDE - height));
    let other = if random.bool() { [[(); CHANNELS].map(|()| random.u8(..)); SIDE * SIDE] } else { other(random) };
    for y in top..top + height {
        let row = y * SIDE + left..y * SIDE + left + width;
        pixels[row.clone()].copy_from_slice(&other[row]);
    }
    pixels
}

/// Noise, and standardised.
pub fn finished(pixels: &Pixels, random: &mut Rng) -> Samples {
    let noise = random.f32() * NOISE;
    standardised(&pixels.map(|pixel| pixel.map(|value| byte(f32::from(value) + normal(random) * noise))))
}

/// Coloured, blurred and lit otherwise each time.
fn coloured(pixels: Pixels, random: &mut Rng) -> Pixels {
    let colourless = chance(random, COLOURLESS);
    let saturation = match () {
        () if colourless => 0.0,
        () if chance(random, AS_COLOURED) => 1.0,
        () => between(random, SATURATION),
    };
    let tinted = !colourless && !chance(random, AS_COLOURED);
    let tint = [(); CHANNELS].map(|()| if tinted { (TINT * normal(random)).exp() } else { 1.0 });
    let gamma = between(random, GAMMA).exp();
    let lit: [u8; 256] = std::array::from_fn(|value| byte((value as f32 / 255.0).powf(gamma) * 255.0));
    let mut pixels = pixels.map(|pixel| {
        let grey: f32 = (0..CHANNELS).map(|channel| LUMA[channel] * f32::from(pixel[channel])).sum();
        std::array::from_fn(|channel| byte((grey + (f32::from(pixel[channel]) - grey) * saturation) * tint[channel]))
    });
    if chance(random, BLURRED) {
        let few = random.u32(FEW_SAMPLES);
        let blurred = as_picture(&pixels).scaled(few, few).scaled(SIDE as u32, SIDE as u32);
        pixels = blurred.pixels().try_into().expect("as many samples as before");
    }
    pixels.map(|pixel| pixel.map(|value| lit[usize::from(value)]))
}

fn as_picture(pixels: &Pixels) -> Rgb {
    Rgb::new(SIDE as u32, SIDE as u32, pixels.as_flattened().to_vec()).expect("a square of samples")
}

fn byte(value: f32) -> u8 {
    // Casts saturate.
    (value + 0.5) as u8
}

fn normal(random: &mut Rng) -> f32 {
    // Small more often than large, as a normal number is, for two numbers' price.
    (2.0 * (random.f32() + random.f32()) - 2.0) * TO_NORMAL
}

fn chance(random: &mut Rng, share: f32) -> bool {
    random.f32() < share
}

fn between(random: &mut Rng, (min, max): (f32, f32)) -> f32 {
    min + random.f32() * (max - min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes() -> Planes {
        let pixels: Vec<_> = (0..96 * 96).map(|i| [(i % 96 * 2) as u8, (i / 96 * 2) as u8, 90]).collect();
        Planes::new(96, 96, &pixels).unwrap()
    }

    #[test]
    fn the_place_is_where_the_square_went() {
        // Red rises to the right and green downwards: a pixel's colour says where it came from.
        let planes = planes();
        let square = Square { x: 48.0, y: 48.0, side: 48.0, angle: 0.0 };
        let source = Source { planes: &planes, square };
        for seed in 0..200 {
            let mut random = Rng::with_seed(seed);
            let play = Play { shift: 0.2, scale: (0.7, 1.3), tilt: 25.0 };
            let (_, [right, down, size, turn]) = source.drawn(play, false, &mut random);
            // Drawn the same way by hand: the frame's middle, as the shown square has it.
            let mut random = Rng::with_seed(seed);
            let tilt = between(&mut random, (-25.0, 25.0));
            let scale = between(&mut random, play.scale);
            let off = (between(&mut random, (-0.2, 0.2)), between(&mut random, (-0.2, 0.2)));
            let flip = if random.bool() { -1.0 } else { 1.0 };
            let (x, y) = square.point(off.0, off.1);
            let shown = Square { x, y, side: square.side * scale, angle: tilt };
            let (x, y) = shown.point(flip * right, down);
            assert!((x - 48.0).abs() < 1e-3 && (y - 48.0).abs() < 1e-3, "{seed}: {x}, {y}");
            assert!((shown.side * size.exp() - 48.0).abs() < 1e-3);
            assert!((tilt + flip * turn.to_degrees()).abs() < 1e-3);
        }
    }

    #[test]
    fn confused_squares_hold_the_same_pixels_elsewhere() {
        let (pixels, _) = Source::whole(&planes()).drawn(OF_CONFUSED, false, &mut Rng::with_seed(3));
        let sorted = |mut pixels: Vec<[u8; 3]>| {
            pixels.sort_unstable();
            pixels
        };
        for seed in 0..40 {
            let other = confused(pixels, &mut Rng::with_seed(seed));
            assert_ne!(other, pixels);
            assert_eq!(sorted(other.to_vec()), sorted(pixels.to_vec()));
        }
    }
}
