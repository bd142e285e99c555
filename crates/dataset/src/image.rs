//! How an image's pixels are written: binary PPM where a copy must do, PNG where space matters more.

use std::borrow::Cow;

use image::{ColorType, ImageDecoder, ImageEncoder, codecs::png};
use serde::{Deserialize, Serialize};

use crate::error::DatasetError;

/// Values a pixel: red, green, blue.
pub const CHANNELS: usize = 3;

/// The largest side that is written as PPM. Reading one is a copy, so up to here training never waits for a decoder; a
/// million images of this side are 49 GB, and larger ones would be too many bytes to hold.
const MAX_PPM_SIDE: u32 = 128;

/// How image bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageEncoding {
    /// Binary PPM (P6): a short header, then the pixels as they are.
    Ppm,
    /// PNG of 8-bit RGB, which has to be decoded and takes about half the space.
    Png,
}

/// The shape that all images of a dataset share: square, RGB, 8 bits a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    side: u32,
}

/// One image as the dataset stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedImage(Vec<u8>);

impl EncodedImage {
    /// The bytes of the image's file, as a shard holds them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl ImageShape {
    /// The shape of squares of `side` by `side` pixels.
    pub fn new(side: u32) -> Self {
        Self { side }
    }

    /// Pixels of a row, and rows of an image.
    pub fn side(self) -> u32 {
        self.side
    }

    /// Values of one image: side × side × 3.
    pub fn values(self) -> usize {
        self.side as usize * self.side as usize * CHANNELS
    }

    /// How images of this shape are written.
    pub fn encoding(self) -> ImageEncoding {
        if self.side <= MAX_PPM_SIDE { ImageEncoding::Ppm } else { ImageEncoding::Png }
    }

    /// Encodes pixels given row by row, RGB interleaved.
    ///
    /// # Errors
    /// When their number is not side × side × 3.
    pub fn encode(self, pixels: &[u8]) -> Result<EncodedImage, DatasetError> {
        if pixels.len() != self.values() {
            return Err(DatasetError::ImageSize { side: self.side, expected: self.values(), found: pixels.len() });
        }
        match self.encoding() {
            ImageEncoding::Ppm => Ok(EncodedImage([self.ppm_header().as_bytes(), pixels].concat())),
            ImageEncoding::Png => self.encode_png(pixels).map(EncodedImage),
        }
    }

    /// The pixels of an image of this shape: borrowed where it is a PPM, decoded where it is a PNG.
    ///
    /// # Errors
    /// When the bytes are no image of this shape.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>, DatasetError> {
        match self.encoding() {
            ImageEncoding::Ppm => self.strip_ppm_header(bytes).map(Cow::Borrowed),
            ImageEncoding::Png => self.decode_png(bytes).map(Cow::Owned),
        }
    }

    fn ppm_header(self) -> String {
        format!("P6\n{0} {0}\n255\n", self.side)
    }

    fn strip_ppm_header(self, bytes: &[u8]) -> Result<&[u8], DatasetError> {
        let pixels = bytes.strip_prefix(self.ppm_header().as_bytes()).filter(|pixels| pixels.len() == self.values());
        pixels.ok_or_else(|| cannot_decode(format!("it is no PPM of {0}x{0} pixels", self.side)))
    }

    /// Encodes pixels as PNG whatever their number, for tools that read no PPM.
    ///
    /// # Errors
    /// When their number is not side × side × 3.
    pub fn encode_png(self, pixels: &[u8]) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        let encoder = png::PngEncoder::new_with_quality(&mut bytes, png::CompressionType::Default, Default::default());
        encoder
            .write_image(pixels, self.side, self.side, ColorType::Rgb8.into())
            .map_err(|error| DatasetError::Image { action: "encode", problem: error.to_string() })?;
        Ok(bytes)
    }

    fn decode_png(self, bytes: &[u8]) -> Result<Vec<u8>, DatasetError> {
        let decoder =
            png::PngDecoder::new(std::io::Cursor::new(bytes)).map_err(|error| cannot_decode(error.to_string()))?;
        if (decoder.dimensions(), decoder.color_type()) != ((self.side, self.side), ColorType::Rgb8) {
            return Err(cannot_decode(format!("it is no RGB PNG of {0}x{0} pixels", self.side)));
        }
        let mut pixels = vec![0; self.values()];
        decoder.read_image(&mut pixels).map_err(|error| cannot_decode(error.to_string()))?;
        Ok(pixels)
    }
}

fn cannot_decode(problem: String) -> DatasetError {
    DatasetError::Image { action: "decode", problem }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pixels(side: u32) -> Vec<u8> {
        (0..side as usize * side as usize * CHANNELS).map(|i| (i * 7 % 251) as u8).collect()
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same_pixels() {
        let check = |side: u32, encoding: ImageEncoding| {
            let shape = ImageShape::new(side);
            let encoded = shape.encode(&pixels(side)).unwrap();
            assert_eq!(shape.encoding(), encoding);
            assert_eq!(shape.decode(encoded.bytes()).unwrap(), pixels(side));
        };
        check(8, ImageEncoding::Ppm);
        check(128, ImageEncoding::Ppm);
        check(129, ImageEncoding::Png);
    }

    #[test]
    fn a_ppm_is_read_by_other_programs() {
        let encoded = ImageShape::new(9).encode(&pixels(9)).unwrap();
        let decoded = image::load_from_memory_with_format(encoded.bytes(), image::ImageFormat::Pnm).unwrap();
        assert_eq!(decoded.into_rgb8().into_raw(), pixels(9));
    }

    #[test]
    fn other_shapes_are_refused() {
        assert!(ImageShape::new(8).encode(&pixels(9)).is_err());
        for (written, read) in [(8, 9), (130, 131)] {
            let encoded = ImageShape::new(written).encode(&pixels(written)).unwrap();
            assert!(ImageShape::new(read).decode(encoded.bytes()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = ImageShape::new(8).decode(&bytes);
            let _ = ImageShape::new(200).decode(&bytes);
        }
    }
}
