//! Sums of pixels.

/// The sums of a grey rectangle's pixels: every rectangle's sum in four look-ups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integral {
    width: usize,
    sums: Vec<u32>,
}

impl Integral {
    /// The sums of rows of `width` pixels. They wrap around in a picture too bright and too large for u32; differences,
    /// which are all that is used, do not mind.
    pub fn of(pixels: &[u8], width: usize) -> Self {
        let stride = width + 1;
        let mut sums = vec![0; stride * (pixels.len() / width + 1)];
        for (y, row) in pixels.chunks_exact(width).enumerate() {
            let mut sum = 0u32;
            for (x, pixel) in row.iter().enumerate() {
                sum = sum.wrapping_add(u32::from(*pixel));
                sums[(y + 1) * stride + x + 1] = sum.wrapping_add(sums[y * stride + x + 1]);
            }
        }
        Self { width, sums }
    }

    /// The sum of the pixels left of `x` and above `y`.
    pub fn sum(&self, x: usize, y: usize) -> u32 {
        self.sums[y * (self.width + 1) + x]
    }
}
