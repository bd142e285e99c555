//! Pictures in memory, and nothing about where they come from.

/// A picture of `CHANNELS` bytes a pixel, row after row without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels<const CHANNELS: usize> {
    width: i32,
    height: i32,
    bytes: Vec<u8>,
}

/// Blue, green and red: OpenCV's order.
pub type Colour = Pixels<3>;

/// Brightness alone.
pub type Grey = Pixels<1>;

impl<const CHANNELS: usize> Pixels<CHANNELS> {
    /// A picture of the given bytes; `None` unless there are exactly width × height × `CHANNELS` of them, at least one.
    pub fn new(width: i32, height: i32, bytes: Vec<u8>) -> Option<Self> {
        let across = usize::try_from(width).ok()?;
        let down = usize::try_from(height).ok()?;
        let expected = across.checked_mul(down)?.checked_mul(CHANNELS)?;
        (expected > 0 && bytes.len() == expected).then_some(Self { width, height, bytes })
    }

    /// Pixels across.
    pub fn width(&self) -> i32 {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> i32 {
        self.height
    }

    /// How many pixels there are.
    pub fn area(&self) -> u64 {
        (self.bytes.len() / CHANNELS) as u64
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A square of it. Where it sticks out, the outermost pixels are repeated.
    pub fn square(&self, left: i32, top: i32, side: i32) -> Self {
        let mut bytes = Vec::with_capacity(side as usize * side as usize * CHANNELS);
        for y in top..top + side {
            let row = y.clamp(0, self.height - 1) as usize * self.width as usize;
            for x in left..left + side {
                let at = (row + x.clamp(0, self.width - 1) as usize) * CHANNELS;
                bytes.extend_from_slice(&self.bytes[at..at + CHANNELS]);
            }
        }
        Self { width: side, height: side, bytes }
    }

    /// The rows, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.width as usize * CHANNELS)
    }
}

/// One pixel of the given opacity on white: c·α + 255·(1 − α), rounded.
pub(crate) fn on_white(colour: [u8; 3], alpha: u8) -> [u8; 3] {
    let alpha = u32::from(alpha);
    colour.map(|c| ((u32::from(c) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparency_on_white_worked_by_hand() {
        assert_eq!(on_white([0, 100, 255], 255), [0, 100, 255]);
        assert_eq!(on_white([0, 100, 255], 0), [255, 255, 255]);
        assert_eq!(on_white([0, 100, 255], 51), [204, 224, 255]); // a fifth of the colour, four fifths of white
    }

    #[test]
    fn squares_repeat_the_outermost_pixels() {
        let grey = Grey::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(grey.square(1, 0, 2).bytes(), [2, 3, 5, 6]);
        assert_eq!(grey.square(-1, 1, 3).bytes(), [4, 4, 5, 4, 4, 5, 4, 4, 5]);
        assert_eq!(grey.square(7, -9, 1).bytes(), [3]);
    }

    #[test]
    fn the_bytes_must_fill_the_picture() {
        let check = |width, height, length, expected| {
            assert_eq!(Colour::new(width, height, vec![0; length]).is_some(), expected, "{width}×{height}, {length}");
        };
        check(2, 3, 18, true);
        check(2, 3, 17, false);
        check(0, 3, 0, false);
        check(-1, -1, 3, false);
    }
}
