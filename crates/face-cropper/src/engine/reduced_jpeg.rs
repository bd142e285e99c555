//! JPEG files as small grey planes: only a part of each block's frequencies is computed, so that little is left to do.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageDecoder, codecs::jpeg::JpegDecoder, metadata::Orientation};
use jpeg_decoder::{Decoder, PixelFormat};
use lbp_cascade::brightness;

use super::interface::Reduction;
use crate::picture::Grey;

/// The brightness of a JPEG at a fraction of its size, turned upright; `None` where it is of another kind, such as CMYK:
/// then it is decoded as any other picture.
pub(super) fn decode(file: &[u8], reduction: Reduction) -> Option<Grey> {
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.read_info().ok()?;
    let full = decoder.info()?;
    let reduced = |side: u16| side.div_ceil(reduction.divisor() as u16);
    let (width, height) = decoder.scale(reduced(full.width), reduced(full.height)).ok()?;
    let grey = match full.pixel_format {
        PixelFormat::L8 => decoder.decode().ok()?,
        PixelFormat::RGB24 => {
            let bytes = decoder.decode().ok()?;
            bytes.as_chunks().0.iter().map(|pixel| brightness(*pixel)).collect()
        }
        _ => return None,
    };
    upright(file, GrayImage::from_raw(u32::from(width), u32::from(height), grey)?)
}

fn upright(file: &[u8], grey: GrayImage) -> Option<Grey> {
    let orientation = JpegDecoder::new(Cursor::new(file)).ok()?.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::ImageLuma8(grey);
    picture.apply_orientation(orientation);
    let (width, height) = (i32::try_from(picture.width()).ok()?, i32::try_from(picture.height()).ok()?);
    Grey::new(width, height, picture.into_luma8().into_raw())
}
