//! Laplacian pyramids: an image as the details of each scale.

use crate::images::CHANNELS;

/// The smallest side that a pyramid goes down to, as in the paper of the distance, unless the image itself is smaller.
pub const MIN_SIDE: usize = 16;

/// The binomial filter of Burt and Adelson, "The Laplacian pyramid as a compact image code" (1983), a = 3/8.
const FILTER: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// The sides of an image's pyramid, finest first: each half of the one before, rounded up, down to 16 pixels.
pub fn sides(side: usize) -> Vec<usize> {
    let halves = std::iter::successors(Some(side), |side| Some(side.div_ceil(2)));
    halves.enumerate().take_while(|(level, side)| *level == 0 || *side >= MIN_SIDE).map(|(_, side)| side).collect()
}

/// One level of an image's Laplacian pyramid, counted from 0, the finest.
///
/// With G₀ the image and Gₗ₊₁ = reduce(Gₗ), level l is Gₗ − expand(Gₗ₊₁); the last of [`sides`] is Gₗ itself. Edges are
/// mirrored at the outermost pixels (d c b | a b c d | c b a).
///
/// # Shapes
/// - `pixels`: `side · side · 3`, RGB interleaved
/// - output: `3 · s · s` with s = `sides(side)[level]`, one plane a channel, in grey levels
pub fn level(pixels: &[u8], side: usize, level: usize) -> Vec<f32> {
    let sides = sides(side);
    let planes = (0..CHANNELS).flat_map(|channel| plane_level(plane(pixels, channel), &sides, level));
    planes.collect()
}

fn plane(pixels: &[u8], channel: usize) -> Vec<f32> {
    pixels.iter().skip(channel).step_by(CHANNELS).map(|value| f32::from(*value)).collect()
}

fn plane_level(plane: Vec<f32>, sides: &[usize], level: usize) -> Vec<f32> {
    let mut gaussian = sides[..level].iter().fold(plane, |plane, side| reduce(&plane, *side));
    if level + 1 < sides.len() {
        let coarser = expand(&reduce(&gaussian, sides[level]), sides[level]);
        gaussian.iter_mut().zip(coarser).for_each(|(fine, coarse)| *fine -= coarse);
    }
    gaussian
}

/// Blurs a `side`×`side` plane and keeps every second pixel of every second row.
fn reduce(plane: &[f32], side: usize) -> Vec<f32> {
    let half = side.div_ceil(2);
    let blur = |value: &dyn Fn(usize) -> f32, at: usize| filtered(at * 2, side, |position| Some(value(position)));
    let rows: Vec<f32> = (0..side * half).map(|i| blur(&|x| plane[i / half * side + x], i % half)).collect();
    (0..half * half).map(|i| blur(&|y| rows[y * half + i % half], i / half)).collect()
}

/// Spreads a plane of half the side over `side`×`side`: zeros between its pixels, then the blur at twice the weight in
/// each direction.
fn expand(plane: &[f32], side: usize) -> Vec<f32> {
    let half = side.div_ceil(2);
    let spread = |value: &dyn Fn(usize) -> f32, at: usize| {
        2.0 * filtered(at, side, |position| position.is_multiple_of(2).then(|| value(position / 2)))
    };
    let rows: Vec<f32> = (0..half * side).map(|i| spread(&|x| plane[i / side * half + x], i % side)).collect();
    (0..side * side).map(|i| spread(&|y| rows[y * side + i % side], i / side)).collect()
}

/// The filter centred at `centre` over a line of `side` values; `None` is a zero.
fn filtered(centre: usize, side: usize, value: impl Fn(usize) -> Option<f32>) -> f32 {
    let taps = FILTER.iter().enumerate().filter_map(|(tap, weight)| {
        value(mirrored(centre as isize + tap as isize - 2, side)).map(|value| weight * value)
    });
    taps.sum()
}

fn mirrored(position: isize, side: usize) -> usize {
    let last = side as isize - 1;
    let inside = position.abs();
    let inside = if inside > last { 2 * last - inside } else { inside };
    inside.clamp(0, last) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sides_halve_down_to_sixteen() {
        let check = |side: usize, expected: &[usize]| assert_eq!(sides(side), expected, "{side}");
        check(64, &[64, 32, 16]);
        check(48, &[48, 24]);
        check(96, &[96, 48, 24]);
        check(33, &[33, 17]);
        check(16, &[16]);
        check(8, &[8]);
    }

    #[test]
    fn edges_are_mirrored_without_repeating_them() {
        let line: Vec<usize> = (-2..7).map(|position| mirrored(position, 5)).collect();
        assert_eq!(line, [2, 1, 0, 1, 2, 3, 4, 3, 2]);
    }

    /// A single bright pixel in the middle of 5×5: reduced, its weight at the middle is (6/16)², at the corners (1/16)²
    /// doubled by the mirror in each direction.
    #[test]
    fn a_point_is_blurred_by_the_binomial_filter() {
        let mut plane = vec![0.0; 25];
        plane[12] = 256.0;
        assert_eq!(reduce(&plane, 5), [4.0, 12.0, 4.0, 12.0, 36.0, 12.0, 4.0, 12.0, 4.0]);
    }

    #[test]
    fn a_flat_image_has_no_details() {
        let level = level(&[77; 32 * 32 * 3], 32, 0);
        assert_eq!(level.len(), 3 * 32 * 32);
        assert!(level.iter().all(|value| value.abs() < 1e-4));
    }

    proptest! {
        /// level 0 + expand(level 1) is the image again: nothing is lost.
        #[test]
        fn two_levels_make_the_image(side in 31_usize..40, seed: u8) {
            let pixels: Vec<u8> = (0..side * side * 3).map(|i| (i as u8).wrapping_mul(seed)).collect();
            let (fine, coarse) = (level(&pixels, side, 0), level(&pixels, side, 1));
            let half = side.div_ceil(2);
            for channel in 0..CHANNELS {
                let expanded = expand(&coarse[channel * half * half..][..half * half], side);
                for (i, coarse) in expanded.into_iter().enumerate() {
                    let value = fine[channel * side * side + i] + coarse;
                    prop_assert!((value - f32::from(pixels[i * 3 + channel])).abs() < 1e-3);
                }
            }
        }
    }
}
