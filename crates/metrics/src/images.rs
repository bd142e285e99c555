//! Images in memory: what is measured.

use rayon::slice::ParallelSlice as _;

/// Red, green, blue.
pub const CHANNELS: usize = 3;

/// Square images of one side, 8 bits a channel, RGB interleaved, row by row, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    side: usize,
    pixels: Vec<u8>,
}

/// Pixels that make no whole number of images.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{values} values are no whole number of images of {side}x{side} RGB pixels")]
pub struct IncompleteImages {
    side: usize,
    values: usize,
}

impl Images {
    /// Takes the pixels of any number of images.
    ///
    /// # Errors
    /// When the side is 0 or the last image is not whole.
    pub fn new(side: usize, pixels: Vec<u8>) -> Result<Self, IncompleteImages> {
        if side == 0 || !pixels.len().is_multiple_of(side * side * CHANNELS) {
            return Err(IncompleteImages { side, values: pixels.len() });
        }
        Ok(Self { side, pixels })
    }

    /// Pixels across, and down.
    pub fn side(&self) -> usize {
        self.side
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.values()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// The first `count` of them, or all where there are fewer.
    pub fn first(&self, count: usize) -> Self {
        let values = self.pixels.len().min(count.saturating_mul(self.values()));
        Self { side: self.side, pixels: self.pixels[..values].to_vec() }
    }

    /// All pixels, image after image.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The pixels of the image at an index.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn get(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.values()..][..self.values()]
    }

    /// Each image's pixels.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact(self.values())
    }

    /// Each image's pixels, for several threads.
    pub(crate) fn par_iter(&self) -> rayon::slice::ChunksExact<'_, u8> {
        self.pixels.par_chunks_exact(self.values())
    }

    fn values(&self) -> usize {
        self.side * self.side * CHANNELS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_image_is_refused() {
        assert_eq!(Images::new(2, vec![0; 24]).unwrap().len(), 2);
        assert!(Images::new(2, vec![]).unwrap().is_empty());
        let error = Images::new(2, vec![0; 23]).unwrap_err().to_string();
        assert_eq!(error, "23 values are no whole number of images of 2x2 RGB pixels");
        assert!(Images::new(0, vec![]).is_err());
    }

    #[test]
    fn the_first_of_few_are_all() {
        let images = Images::new(1, (0..9).collect()).unwrap();
        assert_eq!(images.first(2).iter().collect::<Vec<_>>(), [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(images.first(9), images);
    }
}
