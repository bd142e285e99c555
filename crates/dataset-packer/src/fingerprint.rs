//! The perceptual hash: alike images get hashes that differ in few bits.

use dataset::Dhash;
use pictures::{lanczos_grey, whole};

use crate::resample::transposed;

/// The difference hashes of square RGB images (Krawetz, 2013): each is made grey and scaled to 9×8; each bit says whether
/// a pixel is darker than its right neighbour, row by row, the first in the highest bit. The layout is that of Python's
/// imagehash.
pub(crate) fn dhashes(images: &[Vec<u8>], side: u32) -> Vec<Dhash> {
    let (count, length) = (images.len() as u32, side as usize);
    let mut stacked = Vec::with_capacity(images.len() * length * length);
    images.iter().for_each(|pixels| stacked.extend(pixels.chunks_exact(3).map(luma)));
    // Down, then across: the order shows, and the hashes of datasets that were packed before are to stay.
    let side_by_side = transposed(&stacked, images.len(), length, length);
    let low = scaled(&side_by_side, (count * side, side), (count * side, ROWS));
    let small = scaled(&low, (side, count * ROWS), (COLUMNS, count * ROWS));
    let stacked = transposed(&small, ROWS as usize, images.len(), COLUMNS as usize);
    stacked.chunks_exact((COLUMNS * ROWS) as usize).map(hash).collect()
}

fn scaled(pixels: &[u8], sides: (u32, u32), new_sides: (u32, u32)) -> Vec<u8> {
    lanczos_grey(pixels, sides, whole(sides), new_sides)
}

const COLUMNS: u32 = 9;
const ROWS: u32 = 8;

fn hash(small: &[u8]) -> Dhash {
    let bits = small.chunks_exact(COLUMNS as usize).flat_map(|row| row.windows(2).map(|pair| pair[0] < pair[1]));
    Dhash(bits.fold(0, |hash, bit| hash << 1 | u64::from(bit)))
}

/// The luma of ITU-R BT.601 in 16-bit fixed point, as PIL's mode L.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dhash(pixels: Vec<u8>, side: u32) -> Dhash {
        dhashes(&[pixels], side)[0]
    }

    #[test]
    fn many_at_once_are_what_they_are_alone_and_what_one_scaling_makes() {
        let images: Vec<Vec<u8>> =
            (1..6).map(|seed| image(|x, y| (((x * 7 * seed) ^ (y * 5)) % 97 + (x + seed * y) % 130) as u8)).collect();
        let alone = |pixels: &Vec<u8>| {
            let grey: Vec<u8> = pixels.chunks_exact(3).map(luma).collect();
            let hash = hash(&scaled(&grey, (64, 64), (COLUMNS, ROWS)));
            assert_eq!(dhash(pixels.clone(), 64), hash);
            hash
        };
        assert_eq!(dhashes(&images, 64), images.iter().map(alone).collect::<Vec<_>>());
        assert_eq!(dhashes(&[], 64), []);
    }

    fn image(value: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..64 * 64).flat_map(|i| [value(i % 64, i / 64); 3]).collect()
    }

    #[test]
    fn the_bits_say_where_it_gets_brighter() {
        let check = |value: fn(usize, usize) -> u8, expected: u64| {
            assert_eq!(dhash(image(value), 64), Dhash(expected));
        };
        check(|_, _| 80, 0);
        check(|x, _| x as u8 * 4, u64::MAX);
        check(|x, _| 255 - x as u8 * 4, 0);
        check(|x, y| if y < 32 { x as u8 * 4 } else { 255 - x as u8 * 4 }, 0xffff_ffff_0000_0000);
    }

    #[test]
    fn brightness_and_noise_change_few_bits() {
        let face = |x: usize, y: usize| (((x * x + y * 40) / 30) % 200) as u8;
        let hash = dhash(image(face), 64);
        assert!(hash.distance(dhash(image(|x, y| face(x, y) + 20), 64)) <= 2);
        assert!(hash.distance(dhash(image(|x, y| face(x, y) + ((x ^ y) & 3) as u8), 64)) <= 4);
        assert!(hash.distance(dhash(image(|x, y| face(63 - x, y)), 64)) > 16);
    }
}
