//! Noise textures: walls and paper, which look like anything once their brightness is spread evenly.

use fastrand::Rng;
use pictures::Grey;

use crate::sampling::{Frame, sample};

/// About as many pixels as a preview of a picture, and as many windows.
const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;
/// The range of pixels from one random value to the next: from a sensor's noise to clouds.
const COARSENESS: (f32, f32) = (1.0, 12.0);

/// Noise of one random coarseness over noise of another, under uneven light.
pub(crate) fn picture(random: &mut Rng) -> Grey {
    let layers = [layer(random), layer(random)];
    let (across, down) = (random.f32() - 0.5, random.f32() - 0.5);
    let pixel = |i: u32| {
        let light = across * (i % WIDTH) as f32 / WIDTH as f32 + down * (i / WIDTH) as f32 / HEIGHT as f32;
        let noise = f32::from(layers[0].bytes()[i as usize]) * 0.6 + f32::from(layers[1].bytes()[i as usize]) * 0.4;
        (noise + light * 100.0).clamp(0.0, 255.0) as u8
    };
    Grey::new(WIDTH, HEIGHT, (0..WIDTH * HEIGHT).map(pixel).collect()).expect("it has WIDTH × HEIGHT pixels")
}

fn layer(random: &mut Rng) -> Grey {
    let (finest, coarsest) = COARSENESS;
    // Evenly by ratio, not by difference: a step from 1 to 2 changes as much as one from 6 to 12.
    let step = finest * (coarsest / finest).powf(random.f32());
    let size = |length: u32| (length as f32 / step).ceil() as u32 + 1;
    let (width, height) = (size(WIDTH), size(HEIGHT));
    // The sum of two is no longer even: most values lie in the middle.
    let pixels = (0..width * height).map(|_| random.u8(..128) + random.u8(..128)).collect();
    let values = Grey::new(width, height, pixels).expect("it has width × height pixels");
    sample(&values, Frame { x: 0.5, y: 0.5, step: 1.0 / step }, WIDTH, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_follows_from_its_seed_and_is_not_flat() {
        let picture = |seed| picture(&mut Rng::with_seed(seed));
        assert_eq!(picture(1), picture(1));
        assert_ne!(picture(1), picture(2));
        let (darkest, brightest) = (picture(3).bytes().iter().min().copied(), picture(3).bytes().iter().max().copied());
        assert!(darkest < Some(90) && brightest > Some(150), "{darkest:?} to {brightest:?}");
    }
}
