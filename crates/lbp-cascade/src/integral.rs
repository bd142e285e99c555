//! Sums of pixels, from which any rectangle's sum follows.

use crate::image::GreyImage;

/// A picture's integral image (Viola, Jones: Rapid Object Detection using a Boosted Cascade of Simple Features, 2001): every
/// rectangle's sum in four look-ups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegralImage {
    stride: usize,
    sums: Vec<u32>,
}

impl IntegralImage {
    /// The sums of a picture. They wrap around in one too bright and too large for 32 bits; differences, which are all that
    /// is used, do not mind.
    pub fn of(image: GreyImage<'_>) -> Self {
        // One more than there are pixels, each way: nothing lies left of the first column and above the first row.
        let stride = image.width() + 1;
        let mut sums = vec![0; stride * (image.height() + 1)];
        for (y, row) in image.pixels().chunks_exact(image.width()).enumerate() {
            let mut sum = 0u32;
            for (x, pixel) in row.iter().enumerate() {
                sum = sum.wrapping_add(u32::from(*pixel));
                sums[(y + 1) * stride + x + 1] = sum.wrapping_add(sums[y * stride + x + 1]);
            }
        }
        Self { stride, sums }
    }

    /// The sum of the pixels left of `x` and above `y`, modulo 2³².
    ///
    /// # Panics
    /// If that corner lies outside of the picture.
    pub fn sum(&self, x: usize, y: usize) -> u32 {
        self.sums[y * self.stride + x]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_worked_by_hand() {
        let integral = IntegralImage::of(GreyImage::new(3, 2, &[1, 2, 3, 4, 5, 6]).unwrap());
        assert_eq!([(0, 0), (3, 0), (1, 1), (2, 2), (3, 2)].map(|(x, y)| integral.sum(x, y)), [0, 0, 1, 12, 21]);
    }
}
