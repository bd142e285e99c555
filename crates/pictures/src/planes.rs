//! Planes of numbers, as networks make them, to bytes.

use crate::pixels::Rgb;

/// Three planes of numbers, red, green and blue, as interleaved bytes: −1 is 0 and 1 is 255, and what lies beyond is cut off.
///
/// The inverse of how a dataset's bytes become numbers: v = (byte − 127.5) / 127.5.
pub fn interleave(planes: &[f32]) -> Vec<u8> {
    let area = planes.len() / 3;
    let byte = |value: f32| (value * 127.5 + 127.5).round() as u8;
    (0..area).flat_map(|pixel| [0, 1, 2].map(|channel| byte(planes[channel * area + pixel]))).collect()
}

impl Rgb {
    /// An image of three planes of width × height numbers from −1 to 1; `None` unless there are exactly as many.
    pub fn from_planes(width: u32, height: u32, planes: &[f32]) -> Option<Self> {
        planes.len().is_multiple_of(3).then(|| Self::new(width, height, interleave(planes)))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_pixels() {
        assert_eq!(interleave(&[-1.0, 1.0, 0.0, -0.6, 0.6, 9.0]), [0, 128, 204, 255, 51, 255]);
        assert_eq!(Rgb::from_planes(1, 1, &[-9.0, 0.6, 1.0]).unwrap().pixel(0, 0), [0, 204, 255]);
        assert_eq!(Rgb::from_planes(1, 1, &[0.0; 4]), None);
    }

    #[test]
    fn every_byte_survives_the_way_through_the_network_s_range() {
        for value in 0..=255_u8 {
            assert_eq!(interleave(&[(f32::from(value) - 127.5) / 127.5; 3]), [value; 3]);
        }
    }
}
