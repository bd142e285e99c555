//! Images in memory: rectangles of bytes, and what can be done with them without looking at what they show.

/// An image of `CHANNELS` bytes a pixel, row after row without gaps; at least one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels<const CHANNELS: usize> {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

/// An image in colour: red, green and blue of each pixel, 8 bits a channel.
pub type Rgb = Pixels<3>;

/// An image of brightness alone, 8 bits a pixel.
pub type Grey = Pixels<1>;

impl Rgb {
    /// All bytes with blue before green and red, as OpenCV holds pixels: the order of the hashes in the records of faces.
    pub fn blue_first(&self) -> Vec<u8> {
        self.pixels().iter().flat_map(|[red, green, blue]| [*blue, *green, *red]).collect()
    }
}

impl<const CHANNELS: usize> Pixels<CHANNELS> {
    /// An image of the given bytes; `None` unless there are exactly width × height × `CHANNELS` of them, at least one.
    pub fn new(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        let expected = (width as usize).checked_mul(height as usize)?.checked_mul(CHANNELS)?;
        (expected > 0 && bytes.len() == expected).then_some(Self { width, height, bytes })
    }

    /// An image of one colour.
    ///
    /// # Panics
    /// When a side is 0.
    pub fn filled(width: u32, height: u32, colour: [u8; CHANNELS]) -> Self {
        assert!(width > 0 && height > 0, "an image has at least one pixel");
        Self { width, height, bytes: colour.repeat(width as usize * height as usize) }
    }

    /// An image whose pixel at (x, y) is what `pixel` says.
    ///
    /// # Panics
    /// When a side is 0.
    pub fn from_fn(width: u32, height: u32, mut pixel: impl FnMut(u32, u32) -> [u8; CHANNELS]) -> Self {
        assert!(width > 0 && height > 0, "an image has at least one pixel");
        let mut bytes = Vec::with_capacity(width as usize * height as usize * CHANNELS);
        for y in 0..height {
            (0..width).for_each(|x| bytes.extend_from_slice(&pixel(x, y)));
        }
        Self { width, height, bytes }
    }

    /// How many pixels a row has.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// How many rows there are.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width and height in pixels.
    pub fn sides(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// How many pixels there are.
    pub fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// All bytes, row after row, the channels of a pixel together.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All bytes, without a copy; the image is gone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The rows, from the top.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.width as usize * CHANNELS)
    }

    /// The pixels, row after row.
    pub fn pixels(&self) -> &[[u8; CHANNELS]] {
        self.bytes.as_chunks().0
    }

    /// The pixel at (x, y).
    ///
    /// # Panics
    /// When that lies outside the image.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; CHANNELS] {
        assert!(x < self.width && y < self.height, "({x}, {y}) lies in {} x {}", self.width, self.height);
        self.pixels()[self.index(x, y)]
    }

    /// Colours a rectangle, or what of it lies inside.
    pub fn fill(&mut self, (left, top): (u32, u32), (width, height): (u32, u32), colour: [u8; CHANNELS]) {
        let (right, bottom) = (left.saturating_add(width).min(self.width), top.saturating_add(height).min(self.height));
        for y in top..bottom {
            let row = self.index(left.min(right), y)..self.index(right, y);
            self.bytes.as_chunks_mut().0[row].fill(colour);
        }
    }

    /// Lays another image on this one with its upper left corner at (left, top); what sticks out is left out.
    pub fn lay(&mut self, image: &Self, (left, top): (u32, u32)) {
        let width = image.width.min(self.width.saturating_sub(left)) as usize * CHANNELS;
        for (y, row) in (top..self.height).zip(image.rows()) {
            let start = self.index(left.min(self.width), y) * CHANNELS;
            self.bytes[start..start + width].copy_from_slice(&row[..width]);
        }
    }

    /// A rectangle of it. Where that sticks out, the outermost pixels are repeated.
    ///
    /// # Panics
    /// When a side is 0.
    pub fn cropped(&self, (left, top): (i32, i32), (width, height): (u32, u32)) -> Self {
        let clamped = |start: i32, offset: u32, length: u32| {
            (i64::from(start) + i64::from(offset)).clamp(0, i64::from(length) - 1) as u32
        };
        Self::from_fn(width, height, |x, y| self.pixel(clamped(left, x, self.width), clamped(top, y, self.height)))
    }

    /// The same with left and right exchanged.
    pub fn mirrored(&self) -> Self {
        Self::from_fn(self.width, self.height, |x, y| self.pixel(self.width - 1 - x, y))
    }

    fn index(&self, x: u32, y: u32) -> usize {
        y as usize * self.width as usize + x as usize
    }
}

impl Rgb {
    /// Its brightness, weighed as `cv2.cvtColor(…, COLOR_RGB2GRAY)` does.
    pub fn to_grey(&self) -> Grey {
        Grey { width: self.width, height: self.height, bytes: self.pixels().iter().map(luma).collect() }
    }
}

/// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) in OpenCV's 2⁻¹⁵ths, rounded.
#[inline]
pub(crate) fn luma(pixel: &[u8; 3]) -> u8 {
    let [red, green, blue] = pixel.map(u32::from);
    ((9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_must_fill_the_image() {
        let check = |width, height, length, expected| {
            assert_eq!(Rgb::new(width, height, vec![0; length]).is_some(), expected, "{width}×{height}, {length}");
        };
        check(2, 3, 18, true);
        check(2, 3, 17, false);
        check(0, 3, 0, false);
        check(u32::MAX, u32::MAX, 3, false);
    }

    #[test]
    fn crops_repeat_the_outermost_pixels() {
        let grey = Grey::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(grey.cropped((1, 0), (2, 2)).bytes(), [2, 3, 5, 6]);
        assert_eq!(grey.cropped((-1, 1), (3, 3)).bytes(), [4, 4, 5, 4, 4, 5, 4, 4, 5]);
        assert_eq!(grey.cropped((7, -9), (1, 1)).bytes(), [3]);
        assert_eq!(grey.cropped((0, 1), (3, 1)).bytes(), [4, 5, 6]);
    }

    #[test]
    fn what_sticks_out_is_neither_filled_nor_laid() {
        let mut grey = Grey::filled(3, 2, [0]);
        grey.fill((2, 1), (9, 9), [7]);
        grey.fill((9, 0), (1, 1), [8]);
        grey.lay(&Grey::filled(2, 2, [5]), (0, 1));
        assert_eq!(grey.bytes(), [0, 0, 0, 5, 5, 7]);
        grey.lay(&Grey::new(2, 1, vec![1, 2]).unwrap(), (2, 0));
        grey.lay(&Grey::filled(2, 1, [9]), (3, 0));
        assert_eq!(grey.bytes(), [0, 0, 1, 5, 5, 7]);
        assert_eq!(grey.pixel(2, 1), [7]);
    }

    #[test]
    fn greys_worked_by_hand() {
        let image = Rgb::new(4, 1, vec![255, 255, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0]).unwrap();
        assert_eq!(image.to_grey().bytes(), [255, 29, 150, 76]);
    }
}
