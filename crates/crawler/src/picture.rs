//! Whether a file is a picture: whole, within bounds, and what the site said it was.
//!
//! A file with the MD5 that the site states is the site's own, bit for bit; any other one is decoded to the last pixel.

use std::io::{self, BufRead, Read as _, Seek};

use contracts::{hash::Hasher, id::PictureHash};
use image::{ImageError, ImageFormat, ImageReader, Limits};
use md5::{Digest as _, Md5};

use crate::wholeness;

/// The most memory that a pixel may take while it is decoded: four channels of 16 bits.
const PIXEL_BYTES: u64 = 8;
/// As much of a file as tells its format, or that it is a web page.
const HEAD_BYTES: u64 = 1024;

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

/// Who a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Its length.
    pub(crate) bytes: u64,
    /// Its MD5, as sites write it.
    pub(crate) md5: String,
    /// Its SHA-256.
    pub(crate) sha256: PictureHash,
}

impl Fingerprint {
    /// That of a file, read in pieces.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of<R: BufRead + Seek>(reader: &mut R) -> io::Result<Self> {
        reader.rewind()?;
        let (mut bytes, mut md5, mut sha256) = (0, Md5::new(), Hasher::default());
        loop {
            let buffer = reader.fill_buf()?;
            let length = buffer.len();
            if length == 0 {
                let md5 = md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                return Ok(Self { bytes, md5, sha256: sha256.finish() });
            }
            md5.update(buffer);
            sha256.update(buffer);
            bytes += length as u64;
            reader.consume(length);
        }
    }
}

/// Looks at a picture and compares it with what the site claims. Takes as long as decoding takes.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn inspect<R: BufRead + Seek>(
    reader: &mut R,
    fingerprint: &Fingerprint,
    claim: &Claim,
    most_pixels: u64,
) -> io::Result<Result<Inspected, Flaw>> {
    let mut head = Vec::new();
    reader.rewind()?;
    reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let (format, extension) = match format(&head) {
        Ok(format) => format,
        Err(flaw) => return Ok(Err(flaw)),
    };
    let Some(whole) = wholeness::walk(reader, format)? else { return Ok(Err(Flaw::CutOff)) };
    let is_the_sites_own = claim.md5.as_ref() == Some(&fingerprint.md5);
    let measured = match whole.dimensions {
        Some(dimensions) => Ok(dimensions),
        None => measure(reader, format)?,
    };
    let measured = measured.and_then(|dimensions| bounded(dimensions, most_pixels));
    let dimensions = match measured {
        Ok(_) if !is_the_sites_own => decode(reader, format, most_pixels)?,
        measured => measured,
    };
    Ok(dimensions.and_then(|dimensions| {
        claim.compare(fingerprint, dimensions)?;
        let Fingerprint { bytes, sha256, .. } = *fingerprint;
        Ok(Inspected { sha256, extension, bytes, dimensions })
    }))
}

impl Claim {
    /// Right bytes are right whatever else the site's record states.
    fn compare(&self, fingerprint: &Fingerprint, dimensions: (u32, u32)) -> Result<(), Flaw> {
        match &self.md5 {
            Some(md5) if *md5 == fingerprint.md5 => Ok(()),
            Some(_) => Err(Flaw::OtherMd5),
            None if self.bytes.is_some_and(|bytes| bytes != fingerprint.bytes) => Err(Flaw::OtherLength),
            None if self.dimensions.is_some_and(|claimed| claimed != dimensions) => Err(Flaw::OtherDimensions),
            None => Ok(()),
        }
    }
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
    bytes.trim_ascii_start().starts_with(b"<") || bytes.to_ascii_lowercase().windows(5).any(|word| word == b"<html")
}

fn bounded((width, height): (u32, u32), most_pixels: u64) -> Result<(u32, u32), Flaw> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > most_pixels { Err(Flaw::TooLarge) } else { Ok((width, height)) }
}

/// The sides that a picture's head states.
fn measure<R: BufRead + Seek>(reader: &mut R, format: ImageFormat) -> io::Result<Result<(u32, u32), Flaw>> {
    reader.rewind()?;
    Ok(ImageReader::with_format(reader, format).into_dimensions().map_err(|error| flaw(&error)))
}

fn decode<R: BufRead + Seek>(
    reader: &mut R,
    format: ImageFormat,
    most_pixels: u64,
) -> io::Result<Result<(u32, u32), Flaw>> {
    reader.rewind()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(most_pixels.saturating_mul(PIXEL_BYTES));
    let mut reader = ImageReader::with_format(reader, format);
    reader.limits(limits);
    Ok(reader.decode().map(|picture| (picture.width(), picture.height())).map_err(|error| flaw(&error)))
}

fn flaw(error: &ImageError) -> Flaw {
    match error {
        ImageError::Limits(_) => Flaw::TooLarge,
        _ => Flaw::Undecodable,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

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

    fn inspected(bytes: &[u8], claim: &Claim) -> Result<Inspected, Flaw> {
        let mut reader = Cursor::new(bytes);
        let fingerprint = Fingerprint::of(&mut reader).unwrap();
        inspect(&mut reader, &fingerprint, claim, MOST).unwrap()
    }

    fn md5(bytes: &[u8]) -> String {
        Fingerprint::of(&mut Cursor::new(bytes)).unwrap().md5
    }

    fn check(bytes: &[u8], claim: Claim, expected: Result<&str, Flaw>) {
        assert_eq!(inspected(bytes, &claim).map(|inspected| inspected.extension), expected);
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
        let flaw = |png: &[u8]| inspected(png, &Claim::default()).unwrap_err();
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
    fn a_fingerprint_is_the_usual_one() {
        let fingerprint = Fingerprint::of(&mut Cursor::new(b"abc")).unwrap();
        assert_eq!((fingerprint.bytes, fingerprint.md5.as_str()), (3, "900150983cd24fb0d6963f7d28e17f72"));
        assert_eq!(fingerprint.sha256, contracts::ContentHash::of(b"abc"));
    }

    #[test]
    fn the_sites_own_file_is_taken_within_bounds_though_it_cannot_be_decoded() {
        let mut png = encoded(ImageFormat::Png);
        let middle = png.len() / 2;
        png[middle] ^= 0xff;
        check(&png, Claim { md5: Some(md5(&png)), ..Claim::default() }, Ok("png"));
        check(&png[..middle], Claim { md5: Some(md5(&png[..middle])), ..Claim::default() }, Err(Flaw::CutOff));
        let mut bomb = Cursor::new(Vec::new());
        DynamicImage::new_luma8(2001, 500).write_to(&mut bomb, ImageFormat::Png).unwrap();
        let bomb = bomb.into_inner();
        check(&bomb, Claim { md5: Some(md5(&bomb)), ..Claim::default() }, Err(Flaw::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..2000) {
            let _ = inspected(&bytes, &Claim::default());
            for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
                let mut damaged = encoded(format);
                let start = at.min(damaged.len());
                let end = (start + bytes.len()).min(damaged.len());
                damaged[start..end].copy_from_slice(&bytes[..end - start]);
                let _ = inspected(&damaged, &Claim::default());
            }
        }
    }
}
