//! Pictures as they travel within a page: no more bytes than the page can bear.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pictures::{Alpha, EncodeError, Encoding, Narrowing, PictureError, PictureFile, Rgb};

/// The most pixels of a picture that is decoded for a page: the largest grid, of 64 samples of 1024 px.
const MAX_PIXELS: u64 = 1 << 26;

/// The smallest side that a picture is shrunk to.
const MIN_SIDE: u32 = 64;

/// A picture in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// An address that contains the file.
    pub(crate) uri: String,
    /// Its width in pixels.
    pub(crate) width: u32,
    /// Its height in pixels.
    pub(crate) height: u32,
}

/// What keeps a picture from being embedded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EmbedError {
    /// It is no picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// No file can hold it.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Embedded {
    /// A PNG file as it is, or as a JPEG where it is longer than `max_bytes`.
    ///
    /// # Errors
    /// When it is no PNG file, or a damaged one.
    pub(crate) fn png(file: &[u8], max_bytes: usize) -> Result<Self, EmbedError> {
        let image = decode(file)?;
        if file.len() <= max_bytes {
            return Ok(Self::new("png", file, &image));
        }
        Self::jpeg(&image, max_bytes)
    }

    /// An image as a JPEG file of at most `max_bytes`, shrunk as far as that needs.
    ///
    /// # Errors
    /// When it is wider or higher than a JPEG file can be.
    pub(crate) fn jpeg(image: &Rgb, max_bytes: usize) -> Result<Self, EmbedError> {
        let file = image.encode(Encoding::SmallJpeg)?;
        let (width, height) = image.sides();
        if file.len() <= max_bytes || width.min(height) < 2 * MIN_SIDE {
            return Ok(Self::new("jpeg", &file, image));
        }
        // Halved, so that the pixels of small images stay alike in size.
        Self::jpeg(&image.scaled(width / 2, height / 2), max_bytes)
    }

    fn new(kind: &str, file: &[u8], image: &Rgb) -> Self {
        let uri = format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(file));
        Self { uri, width: image.width(), height: image.height() }
    }
}

/// The pixels of a picture file.
///
/// # Errors
/// When it is none, or a damaged one.
pub(crate) fn decode(file: &[u8]) -> Result<Rgb, PictureError> {
    PictureFile::open(file, MAX_PIXELS)?.decode(Alpha::Drop, Narrowing::Nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst that there is for an encoder.
    fn noise(side: u32) -> Rgb {
        let mut state = 1_u32;
        Rgb::from_fn(side, side, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            [state.to_be_bytes()[0], state.to_be_bytes()[1], 0]
        })
    }

    #[test]
    fn a_small_file_stays_as_it_is_and_a_long_one_is_shrunk() {
        let image = noise(512);
        let png = image.encode(Encoding::Png).unwrap();
        let kept = Embedded::png(&png, png.len()).unwrap();
        assert_eq!((kept.width, kept.uri.starts_with("data:image/png;base64,iVBOR")), (512, true));
        let shrunk = Embedded::png(&png, 30_000).unwrap();
        assert!(shrunk.uri.starts_with("data:image/jpeg;base64,") && shrunk.width < 512, "{}", shrunk.width);
        assert!(shrunk.uri.len() < 30_000 * 4 / 3 + 40, "{}", shrunk.uri.len());
        assert!(Embedded::png(b"no picture", 100).is_err());
    }
}
