//! Picture files to 8-bit pixels.
//!
//! The EXIF orientation is applied, of an animation the first frame counts, and colour profiles are ignored: values are
//! taken as sRGB. This is what `cv2.imread` does.

use std::{
    io::{BufRead, Cursor, Seek},
    panic::{AssertUnwindSafe, catch_unwind},
};

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage, RgbaImage, metadata::Orientation};

use crate::{
    error::PictureError, file::PictureFile, format::Format, jpeg, orientation::orientation, pixels::Rgb,
    preview::Reduction, probe::Probe,
};

/// The most memory that decoders ask for a pixel: four channels of 16 bits, or an RGBA frame beside its RGBA canvas.
const PIXEL_BYTES: u64 = 8;

/// The most memory that decoders ask for beside the pixels: texts, profiles, tables.
const EXTRA_BYTES: u64 = 64 << 20;

/// What becomes of transparent and half-transparent pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpha {
    /// Colours stay as they are stored, however little of them would be seen, as `cv2.imread` leaves them.
    Drop,
    /// The picture is laid on white.
    White,
}

/// How sixteen bits become eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrowing {
    /// The upper eight are taken, as `cv2.imread` does it.
    UpperByte,
    /// v · 255 / 65535, rounded.
    Nearest,
}

impl PictureFile<'_> {
    /// Decodes the picture and turns it upright.
    ///
    /// # Errors
    /// When the decoder gives up on it, or asks for more memory than a picture of its sides needs.
    pub fn decode(&self, alpha: Alpha, narrowing: Narrowing) -> Result<Rgb, PictureError> {
        let Decoded { mut picture, orientation } = guarded(|| match self.probe().format {
            Format::Jpeg => jpeg(self.bytes()),
            _ => other(Cursor::new(self.bytes()), self.probe()),
        })?;
        if narrowing == Narrowing::UpperByte {
            picture = upper_bytes(picture);
        }
        let picture = match alpha {
            Alpha::White if picture.color().has_alpha() => laid_on_white(&picture.into_rgba8()),
            _ => Some(picture.into_rgb8()),
        };
        // Last, when pixels are smallest: a picture that is turned is there twice.
        let mut upright = DynamicImage::from(picture.ok_or(PictureError::Damaged)?);
        upright.apply_orientation(orientation);
        Rgb::new(upright.width(), upright.height(), upright.into_rgb8().into_raw()).ok_or(PictureError::Damaged)
    }
}

/// Decodes a probed file to the last pixel, only to see whether that can be done.
///
/// # Errors
/// When it cannot be read, the decoder gives up, or asks for more memory than a picture of its sides needs.
pub fn verify<R: BufRead + Seek>(reader: &mut R, probe: &Probe) -> Result<(), PictureError> {
    reader.rewind()?;
    let decoded = guarded(|| match probe.format {
        Format::Jpeg => {
            let mut file = Vec::new();
            reader.read_to_end(&mut file)?;
            jpeg(&file)
        }
        _ => other(reader, probe),
    });
    decoded.map(drop)
}

/// A picture as it is stored, and how it is to be turned.
struct Decoded {
    picture: DynamicImage,
    orientation: Orientation,
}

/// Decoders are other people's code, and files may be made to break them: one that panics costs one picture, not the run.
fn guarded(decode: impl FnOnce() -> Result<Decoded, PictureError>) -> Result<Decoded, PictureError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(PictureError::Damaged))
}

fn jpeg(file: &[u8]) -> Result<Decoded, PictureError> {
    let orientation = orientation(&mut Cursor::new(file), Format::Jpeg)?;
    let picture = jpeg::decode(file, Reduction::None)?;
    let (width, height) = picture.sides();
    let picture = RgbImage::from_raw(width, height, picture.into_bytes()).ok_or(PictureError::Damaged)?;
    Ok(Decoded { picture: picture.into(), orientation })
}

fn other<R: BufRead + Seek>(reader: R, probe: &Probe) -> Result<Decoded, PictureError> {
    let mut reader = ImageReader::with_format(reader, probe.format.decoder());
    let mut limits = Limits::default();
    limits.max_alloc = Some(probe.largest().saturating_mul(PIXEL_BYTES).saturating_add(EXTRA_BYTES));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let orientation = decoder.orientation().map_err(refused)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    Ok(Decoded { picture, orientation })
}

fn refused(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        _ => PictureError::Damaged,
    }
}

fn laid_on_white(picture: &RgbaImage) -> Option<RgbImage> {
    // Asked for at once: a buffer that grows would be there twice.
    let mut bytes = Vec::with_capacity(picture.as_raw().len() / 4 * 3);
    picture.pixels().for_each(|p| bytes.extend(on_white([p[0], p[1], p[2]], p[3])));
    RgbImage::from_raw(picture.width(), picture.height(), bytes)
}

/// Of sixteen bits the upper eight; what has eight stays as it is.
fn upper_bytes(picture: DynamicImage) -> DynamicImage {
    let (width, height, color) = (picture.width(), picture.height(), picture.color());
    let upper = |wide: Vec<u16>| wide.into_iter().map(|value| (value >> 8) as u8).collect();
    let narrow: Option<DynamicImage> = match picture {
        DynamicImage::ImageRgba16(wide) => RgbaImage::from_raw(width, height, upper(wide.into_raw())).map(Into::into),
        DynamicImage::ImageRgb16(wide) => RgbImage::from_raw(width, height, upper(wide.into_raw())).map(Into::into),
        other if color.bytes_per_pixel() != 2 * color.channel_count() => return other,
        other if color.has_alpha() => {
            RgbaImage::from_raw(width, height, upper(other.into_rgba16().into_raw())).map(Into::into)
        }
        other => RgbImage::from_raw(width, height, upper(other.into_rgb16().into_raw())).map(Into::into),
    };
    narrow.expect("as many values as before")
}

/// One pixel of the given opacity on white: c·α + 255·(1 − α), rounded.
pub fn on_white(colour: [u8; 3], alpha: u8) -> [u8; 3] {
    let alpha = u32::from(alpha);
    colour.map(|c| ((u32::from(c) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

#[cfg(test)]
mod tests;
