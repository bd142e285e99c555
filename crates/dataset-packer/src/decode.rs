//! Bytes to 8-bit RGB pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};

use crate::reason::Reason;

/// Files longer than this are not opened, pictures of more pixels not decoded.
pub(crate) const MOST_BYTES: u64 = 256 << 20;
const MOST_PIXELS: u64 = 200_000_000;
const MOST_MEMORY: u64 = 2 << 30;

/// Decodes a picture of any supported format, judged by its content, not its name.
///
/// The orientation noted by a camera is applied, of an animation the first frame is taken, what is transparent lies on
/// white, 16 bits become 8. Colour profiles are not: values are taken as sRGB.
pub(crate) fn decode(bytes: &[u8]) -> Result<RgbImage, Reason> {
    if is_cut_off(bytes) {
        return Err(Reason::Unreadable);
    }
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| Reason::Unreadable)?;
    let mut decoder = reader.into_decoder().map_err(|_| Reason::Unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Reason::TooLarge);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    decoder.set_limits(limits).map_err(|_| Reason::TooLarge)?;
    let orientation = decoder.orientation().map_err(|_| Reason::Unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| Reason::Unreadable)?;
    picture.apply_orientation(orientation);
    Ok(if picture.color().has_alpha() { on_white(&picture) } else { picture.into_rgb8() })
}

/// Lays a picture on white, in the values as they are stored.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (pixel, out) in picture.pixels().zip(flat.pixels_mut()) {
        let [red, green, blue, alpha] = pixel.0.map(u32::from);
        *out = Rgb([red, green, blue].map(|value| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8));
    }
    flat
}

/// JPEG decoders fill what is missing with grey instead of failing, so a file without the end marker is found here.
fn is_cut_off(bytes: &[u8]) -> bool {
    const START: [u8; 3] = [0xff, 0xd8, 0xff];
    const END: [u8; 2] = [0xff, 0xd9];
    let last_scan = || bytes.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap_or(0);
    bytes.starts_with(&START) && !bytes[last_scan()..].windows(2).any(|marker| marker == END)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Luma, Rgba, RgbaImage};

    use super::*;

    fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn gradient() -> DynamicImage {
        RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8 * 6, y as u8 * 8, (x + y) as u8])).into()
    }

    #[test]
    fn every_format_is_read_by_its_content() {
        let exact = |format| assert_eq!(decode(&file(&gradient(), format)).unwrap(), gradient().into_rgb8());
        [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Pnm].into_iter().for_each(exact);
        for format in [ImageFormat::Jpeg, ImageFormat::Gif] {
            assert_eq!(decode(&file(&gradient().to_rgb8().into(), format)).unwrap().dimensions(), (40, 30));
        }
    }

    #[test]
    fn grey_and_sixteen_bits_become_rgb() {
        let grey = image::ImageBuffer::from_pixel(2, 2, Luma([0x8080_u16]));
        assert_eq!(decode(&file(&grey.into(), ImageFormat::Png)).unwrap().get_pixel(0, 0).0, [128, 128, 128]);
    }

    #[test]
    fn transparency_lies_on_white() {
        let check = |pixel: [u8; 4], expected: [u8; 3]| {
            let picture = RgbaImage::from_pixel(2, 2, Rgba(pixel)).into();
            assert_eq!(decode(&file(&picture, ImageFormat::Png)).unwrap().get_pixel(1, 1).0, expected);
        };
        check([10, 20, 30, 255], [10, 20, 30]);
        check([10, 20, 30, 0], [255, 255, 255]);
        check([0, 100, 255, 51], [204, 224, 255]);
    }

    #[test]
    fn what_is_cut_off_is_unreadable() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp] {
            let whole = file(&gradient().to_rgb8().into(), format);
            for share in [0, 10, 50, 90] {
                let cut = &whole[..whole.len() * share / 100];
                assert_eq!(decode(cut), Err(Reason::Unreadable), "{format:?} cut to {share} %");
            }
        }
        assert_eq!(decode(b"<html>no picture</html>"), Err(Reason::Unreadable));
    }

    #[test]
    fn a_bomb_is_not_decoded() {
        let mut bomb = file(&gradient(), ImageFormat::Bmp);
        bomb[18..22].copy_from_slice(&60_000_i32.to_le_bytes());
        bomb[22..26].copy_from_slice(&60_000_i32.to_le_bytes());
        assert_eq!(decode(&bomb), Err(Reason::TooLarge));
    }
}
