//! Images to the bytes of PNG and JPEG files.

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
};

use crate::pixels::Rgb;

/// The quality of JPEG files, of 100: what `cv2.imwrite` takes where nothing is said.
const JPEG_QUALITY: u8 = 95;

/// That of JPEG files of which a page has many: artefacts can be seen where one looks for them.
const SMALL_JPEG_QUALITY: u8 = 85;

/// What kind of file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// PNG, compressed quickly: for sheets and crops that stay on this disk.
    Png,
    /// PNG, compressed more slowly and smaller: for pictures that travel within a report's page.
    SmallPng,
    /// JPEG of quality 95, where artefacts cannot be seen.
    Jpeg,
    /// JPEG of quality 85, half as long: for the films and sheets of a report's page.
    SmallJpeg,
}

/// An image that no file of the format can hold, as a JPEG cannot hold more than 65,535 pixels across.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode an image of {width}x{height} pixels: {problem}")]
pub struct EncodeError {
    width: u32,
    height: u32,
    problem: image::ImageError,
}

impl Rgb {
    /// The image as a file's content.
    ///
    /// # Errors
    /// When a side is longer than the format allows.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>, EncodeError> {
        let mut file = Vec::new();
        let ((width, height), kind) = (self.sides(), ExtendedColorType::Rgb8);
        let written = match encoding {
            Encoding::Png => PngEncoder::new(&mut file).write_image(self.bytes(), width, height, kind),
            Encoding::SmallPng => PngEncoder::new_with_quality(
                &mut file,
                CompressionType::Default,
                FilterType::Adaptive,
            )
            .write_image(self.bytes(), width, height, kind),
            Encoding::Jpeg | Encoding::SmallJpeg => {
                let quality = if encoding == Encoding::Jpeg { JPEG_QUALITY } else { SMALL_JPEG_QUALITY };
                JpegEncoder::new_with_quality(&mut file, quality).write_image(self.bytes(), width, height, kind)
            }
        };
        written.map(|()| file).map_err(|problem| EncodeError { width, height, problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Alpha, Narrowing, PictureFile};

    #[test]
    fn a_png_gives_the_same_pixels_back() {
        let image = Rgb::new(2, 2, (0..12).map(|value| value * 20).collect()).unwrap();
        for encoding in [Encoding::Png, Encoding::SmallPng] {
            let file = image.encode(encoding).unwrap();
            let opened = PictureFile::open(&file, 4).unwrap();
            assert_eq!(opened.decode(Alpha::Drop, Narrowing::Nearest).unwrap(), image);
        }
    }

    #[test]
    fn what_a_jpeg_cannot_hold_is_an_error() {
        let error = Rgb::filled(65_536, 1, [0; 3]).encode(Encoding::Jpeg).unwrap_err().to_string();
        assert!(error.starts_with("cannot encode an image of 65536x1 pixels"), "{error}");
    }
}
