//! Picture files to pixels and back without a system library.
//!
//! What a file means is decided as `cv2.imread` does: the EXIF orientation is applied, sixteen bits become their upper
//! eight, colour profiles are ignored, of an animation the first frame counts. JPEG decoders differ by a level.

use std::io::Cursor;

use contracts::config::{Alpha, CropFormat};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};

use crate::picture::{Colour, on_white};

/// The quality of JPEG files: OpenCV's usual one.
const JPEG_QUALITY: u8 = 95;

/// Decodes a picture file; `None` where it is broken or of another format.
pub(crate) fn decode(file: &[u8], alpha: Alpha) -> Option<Colour> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    // How large pictures may be is decided before they come here.
    reader.limits(Limits::no_limits());
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    let (width, height) = (i32::try_from(picture.width()).ok()?, i32::try_from(picture.height()).ok()?);
    Colour::new(width, height, blue_first(eight_bits(picture), alpha))
}

/// Encodes a picture.
///
/// # Errors
/// What the encoder says.
pub(crate) fn encode(picture: &Colour, format: CropFormat) -> Result<Vec<u8>, String> {
    let (width, height) = (picture.width().unsigned_abs(), picture.height().unsigned_abs());
    let red_first: Vec<u8> = picture.bytes().as_chunks().0.iter().flat_map(|[b, g, r]| [*r, *g, *b]).collect();
    let mut file = Vec::new();
    let kind = ExtendedColorType::Rgb8;
    let written = match format {
        CropFormat::Png => PngEncoder::new(&mut file).write_image(&red_first, width, height, kind),
        CropFormat::Jpg => {
            JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY).write_image(&red_first, width, height, kind)
        }
    };
    written.map(|()| file).map_err(|error| error.to_string())
}

fn blue_first(picture: DynamicImage, alpha: Alpha) -> Vec<u8> {
    match alpha {
        Alpha::White if picture.color().has_alpha() => {
            picture.into_rgba8().pixels().flat_map(|p| on_white([p[2], p[1], p[0]], p[3])).collect()
        }
        _ => picture.into_rgb8().pixels().flat_map(|p| [p[2], p[1], p[0]]).collect(),
    }
}

/// Of sixteen bits the upper eight.
fn eight_bits(picture: DynamicImage) -> DynamicImage {
    let color = picture.color();
    if color.bytes_per_pixel() != 2 * color.channel_count() {
        return picture;
    }
    let wide = picture.into_rgba16();
    let upper = wide.as_raw().iter().map(|value| (value >> 8) as u8).collect();
    let narrow: DynamicImage =
        image::RgbaImage::from_raw(wide.width(), wide.height(), upper).expect("as many values as before").into();
    if color.has_alpha() { narrow } else { narrow.into_rgb8().into() }
}
