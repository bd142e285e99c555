//! Whether bytes are a picture: decoded to the last pixel, within bounds, and what the site said it was.

use std::io::Cursor;

use contracts::{ContentHash, id::PictureHash};
use image::{ImageError, ImageFormat, ImageReader, Limits};
use md5::{Digest as _, Md5};

use crate::wholeness;

/// The most memory that a pixel may take while it is decoded: four channels of 16 bits.
const PIXEL_BYTES: u64 = 8;

/// A picture that was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// Its hash.
    pub(crate) sha256: PictureHash,
    /// The extension of its real format.
    pub(crate) extension: &'static str,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its width and height in pixels.
    pub(crate) dimensions: (u32, u32),
}

/// What a site claims of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The MD5 of its bytes.
    pub(crate) md5: Option<String>,
    /// Its length.
    pub(crate) bytes: Option<u64>,
    /// Its width and height in pixels.
    pub(crate) dimensions: Option<(u32, u32)>,
}

/// Why bytes are not the picture that was asked for. The texts are reasons in reports: a few words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("no bytes")]
    Empty,
    #[error("a web page instead of a picture")]
    WebPage,
    #[error("no picture format that is known")]
    UnknownFormat,
    #[error("cut off")]
    CutOff,
    #[error("too large to decode")]
    TooLarge,
    #[error("cannot be decoded")]
    Undecodable,
    #[error("another length than the site states")]
    OtherLength,
    #[error("another MD5 than the site states")]
    OtherMd5,
    #[error("other dimensions than the site states")]
    OtherDimensions,
}

impl Flaw {
    /// Whether the bytes are a whole picture, only not the one that was announced.
    pub(crate) fn is_mismatch(&self) -> bool {
        matches!(self, Self::OtherLength | Self::OtherMd5 | Self::OtherDimensions)
    }
}

/// Decodes a picture and compares it with what the site claims. Takes as long as decoding takes.
pub(crate) fn inspect(bytes: &[u8], claim: &Claim, most_pixels: u64) -> Result<Inspected, Flaw> {
    let (format, extension) = format(bytes)?;
    if !wholeness::is_whole(bytes, format) {
        return Err(Flaw::CutOff);
    }
    let dimensions = decode(bytes, format, most_pixels)?;
    let differs = |claimed: Option<u64>| claimed.is_some_and(|claimed| claimed != bytes.len() as u64);
    if claim.md5.as_ref().is_some_and(|claimed| *claimed != md5(bytes)) {
        return Err(Flaw::OtherMd5);
    }
    // Right bytes are right whatever length the site's record states.
    if claim.md5.is_none() && differs(claim.bytes) {
        return Err(Flaw::OtherLength);
    }
    if claim.md5.is_none() && claim.dimensions.is_some_and(|claimed| claimed != dimensions) {
        return Err(Flaw::OtherDimensions);
    }
    Ok(Inspected { sha256: ContentHash::of(bytes), extension, bytes: bytes.len() as u64, dimensions })
}

/// The MD5 of some bytes, as sites write it.
pub(crate) fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn format(bytes: &[u8]) -> Result<(ImageFormat, &'static str), Flaw> {
    match image::guess_format(bytes) {
        Ok(format @ ImageFormat::Jpeg) => Ok((format, "jpg")),
        Ok(format @ ImageFormat::Png) => Ok((format, "png")),
        Ok(format @ ImageFormat::WebP) => Ok((format, "webp")),
        Ok(format @ ImageFormat::Gif) => Ok((format, "gif")),
        Ok(format @ ImageFormat::Bmp) => Ok((format, "bmp")),
        _ if bytes.is_empty() => Err(Flaw::Empty),
        _ if looks_like_a_page(bytes) => Err(Flaw::WebPage),
        _ => Err(Flaw::UnknownFormat),
    }
}

fn looks_like_a_page(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    head.trim_ascii_start().starts_with(b"<") || head.to_ascii_lowercase().windows(5).any(|word| word == b"<html")
}

fn decode(bytes: &[u8], format: ImageFormat, most_pixels: u64) -> Result<(u32, u32), Flaw> {
    let reader = || ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader().into_dimensions().map_err(|error| flaw(&error))?;
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(Flaw::TooLarge);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(most_pixels.saturating_mul(PIXEL_BYTES));
    let mut reader = reader();
    reader.limits(limits);
    reader.decode().map(|picture| (picture.width(), picture.height())).map_err(|error| flaw(&error))
}

fn flaw(error: &ImageError) -> Flaw {
    match error {
        ImageError::Limits(_) => Flaw::TooLarge,
        _ => Flaw::Undecodable,
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbImage};
    use proptest::prelude::*;

    use super::*;

    const MOST: u64 = 1_000_000;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(61, 47, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x * y) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn check(bytes: &[u8], claim: Claim, expected: Result<&str, Flaw>) {
        assert_eq!(inspect(bytes, &claim, MOST).map(|inspected| inspected.extension), expected);
    }

    #[test]
    fn the_extension_is_that_of_the_bytes() {
        check(&encoded(ImageFormat::Jpeg), Claim::default(), Ok("jpg"));
        check(&encoded(ImageFormat::Png), Claim::default(), Ok("png"));
        check(&encoded(ImageFormat::WebP), Claim::default(), Ok("webp"));
        check(&encoded(ImageFormat::Gif), Claim::default(), Ok("gif"));
        check(&encoded(ImageFormat::Bmp), Claim::default(), Ok("bmp"));
    }

    #[test]
    fn what_is_no_picture_is_named() {
        check(b"", Claim::default(), Err(Flaw::Empty));
        check(b"\n<!DOCTYPE html><html>", Claim::default(), Err(Flaw::WebPage));
        check(b"\x1a\x45\xdf\xa3 a video", Claim::default(), Err(Flaw::UnknownFormat));
        let jpeg = encoded(ImageFormat::Jpeg);
        check(&jpeg[..jpeg.len() / 2], Claim::default(), Err(Flaw::CutOff));
        let mut png = encoded(ImageFormat::Png);
        let middle = png.len() / 2;
        png[middle] ^= 0xff;
        check(&png, Claim::default(), Err(Flaw::Undecodable));
    }

    #[test]
    fn a_bomb_is_not_decoded() {
        let mut png = encoded(ImageFormat::Png);
        let flaw = |png: &[u8]| inspect(png, &Claim::default(), MOST).unwrap_err();
        // The width in IHDR; its checksum no longer fits, but bounds are looked at first or decoding fails: never pixels.
        png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        assert!(matches!(flaw(&png), Flaw::TooLarge | Flaw::Undecodable));
        let mut bomb = Cursor::new(Vec::new());
        DynamicImage::new_luma8(2001, 500).write_to(&mut bomb, ImageFormat::Png).unwrap();
        assert_eq!(flaw(&bomb.into_inner()), Flaw::TooLarge);
    }

    #[test]
    fn claims_are_checked_and_the_md5_outweighs_the_rest() {
        let bytes = encoded(ImageFormat::Jpeg);
        let length = bytes.len() as u64;
        let md5 = Some(md5(&bytes));
        check(&bytes, Claim { bytes: Some(length), dimensions: Some((61, 47)), md5: md5.clone() }, Ok("jpg"));
        check(&bytes, Claim { bytes: Some(length + 1), ..Claim::default() }, Err(Flaw::OtherLength));
        check(&bytes, Claim { dimensions: Some((47, 61)), ..Claim::default() }, Err(Flaw::OtherDimensions));
        check(&bytes, Claim { md5: Some("0".repeat(32)), ..Claim::default() }, Err(Flaw::OtherMd5));
        check(&bytes, Claim { md5, bytes: Some(1), dimensions: Some((1, 1)) }, Ok("jpg"));
    }

    #[test]
    fn md5_is_the_usual_one() {
        assert_eq!(md5(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..2000) {
            let _ = inspect(&bytes, &Claim::default(), MOST);
            for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
                let mut damaged = encoded(format);
                let start = at.min(damaged.len());
                let end = (start + bytes.len()).min(damaged.len());
                damaged[start..end].copy_from_slice(&bytes[..end - start]);
                let _ = inspect(&damaged, &Claim::default(), MOST);
            }
        }
    }
}
