//! A grey picture that somebody else holds.

/// The pixels of a grey picture, a byte each, row after row without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GreyImage<'a> {
    width: usize,
    height: usize,
    pixels: &'a [u8],
}

impl<'a> GreyImage<'a> {
    /// A picture of these pixels; `None` unless there are exactly width × height of them, at least one.
    pub fn new(width: usize, height: usize, pixels: &'a [u8]) -> Option<Self> {
        let area = width.checked_mul(height)?;
        (area > 0 && pixels.len() == area).then_some(Self { width, height, pixels })
    }

    /// Pixels across, at least one.
    pub fn width(self) -> usize {
        self.width
    }

    /// Pixels down, at least one.
    pub fn height(self) -> usize {
        self.height
    }

    /// Brightness from 0 to 255, from the upper left pixel to the lower right one.
    pub fn pixels(self) -> &'a [u8] {
        self.pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pixels_must_fill_the_sides() {
        let check = |width, height, length, expected| {
            assert_eq!(
                GreyImage::new(width, height, &vec![0; length]).is_some(),
                expected,
                "{width}×{height}, {length}"
            );
        };
        check(2, 3, 6, true);
        check(2, 3, 5, false);
        check(0, 3, 0, false);
        check(usize::MAX, 2, 6, false);
    }
}
