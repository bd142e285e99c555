//! Whether a file is a picture: whole, within bounds, and what the site said it was.
//!
//! A file with the MD5 that the site states is the site's own, bit for bit; any other one is decoded to the last pixel.

use std::io::{self, BufRead, Read as _, Seek};

use contracts::id::PictureHash;
use pictures::{Format, Medium, MemoryBudget, PictureError, Unread};

use super::{digests::Digests, rejection::Rejection};

/// As much of a file as tells that it is a web page.
const HEAD_BYTES: u64 = 1024;

/// What all pictures that are checked at once may take, of any number of downloads: as much as one of ninety million pixels.
static BUDGET: MemoryBudget = MemoryBudget::new(1 << 30);

/// A picture that is what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckedPicture {
    /// Its hash.
    pub(crate) sha256: PictureHash,
    /// The extension of its real format.
    pub(crate) extension: &'static str,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its width and height in pixels, upright.
    pub(crate) dimensions: (u32, u32),
    /// The same as it is stored, before an EXIF orientation turns it.
    pub(crate) stored: (u32, u32),
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

/// Checks a picture, and compares it with what the site claims. Takes as long as decoding takes.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn check_picture<R: BufRead + Seek>(
    reader: &mut R,
    digests: &Digests,
    claim: &Claim,
    max_pixels: u64,
) -> io::Result<Result<CheckedPicture, Rejection>> {
    let head = head(reader)?;
    // No booru has portable anymaps: what looks like one is a text that begins with a P.
    let is_the_sites_own = claim.md5.as_ref() == Some(&digests.md5);
    if !matches!(Medium::of(&head), Some(Medium::Picture(format)) if format != Format::Pnm) {
        return Ok(Err(no_format(&head, is_the_sites_own)));
    }
    let probe = match pictures::probe(reader, max_pixels) {
        Ok(probe) => probe,
        Err(error) => return rejection(error).map(Err),
    };
    if !is_the_sites_own {
        let _reserved = BUDGET.reserve(probe.decoding_bytes());
        if let Err(error) = pictures::verify(reader, &probe) {
            return rejection(error).map(Err);
        }
    }
    let stored = (probe.width, probe.height);
    let dimensions = pictures::upright_sides(reader, &probe)?;
    let Digests { bytes, sha256, .. } = *digests;
    let picture = CheckedPicture { sha256, extension: probe.format.extension(), bytes, dimensions, stored };
    Ok(claim.compare(digests, &[dimensions, stored]).map(|()| picture))
}

impl Claim {
    /// Right bytes are right whatever else the site's record states.
    /// Sites state the sides of one frame or the other.
    fn compare(&self, digests: &Digests, frames: &[(u32, u32)]) -> Result<(), Rejection> {
        match &self.md5 {
            Some(md5) if *md5 == digests.md5 => Ok(()),
            Some(_) => Err(Rejection::OtherMd5),
            None if self.bytes.is_some_and(|bytes| bytes != digests.bytes) => Err(Rejection::OtherLength),
            None if self.dimensions.is_some_and(|claimed| !frames.contains(&claimed)) => {
                Err(Rejection::OtherDimensions)
            }
            None => Ok(()),
        }
    }
}

fn head<R: BufRead + Seek>(reader: &mut R) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.rewind()?;
    reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// What a file is that begins so, and is no picture.
fn no_format(head: &[u8], is_the_sites_own: bool) -> Rejection {
    match (head, Medium::of(head)) {
        ([], _) => Rejection::Empty,
        (_, Some(Medium::Unread(unread))) if unread != Unread::WebPage => Rejection::OtherMedium(Some(unread)),
        (head, _) if looks_like_a_page(head) => Rejection::WebPage,
        // It will never come otherwise.
        _ if is_the_sites_own => Rejection::OtherMedium(None),
        _ => Rejection::UnknownFormat,
    }
}

fn looks_like_a_page(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"<") || bytes.to_ascii_lowercase().windows(5).any(|word| word == b"<html")
}

fn rejection(error: PictureError) -> io::Result<Rejection> {
    match error {
        PictureError::Read(error) => Err(error),
        PictureError::UnknownFormat => Ok(Rejection::UnknownFormat),
        PictureError::Unread(unread) => Ok(Rejection::OtherMedium(Some(unread))),
        PictureError::CutOff => Ok(Rejection::CutOff),
        PictureError::TooLarge | PictureError::TooManyScans => Ok(Rejection::TooLarge),
        PictureError::Damaged => Ok(Rejection::Undecodable),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};
    use proptest::prelude::*;

    use super::*;

    const MAX_PIXELS: u64 = 1_000_000;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(61, 47, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x * y) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn checked(bytes: &[u8], claim: &Claim) -> Result<CheckedPicture, Rejection> {
        let mut reader = Cursor::new(bytes);
        let digests = Digests::of(&mut reader).unwrap();
        check_picture(&mut reader, &digests, claim, MAX_PIXELS).unwrap()
    }

    fn md5(bytes: &[u8]) -> String {
        Digests::of(&mut Cursor::new(bytes)).unwrap().md5
    }

    fn check(bytes: &[u8], claim: Claim, expected: Result<&str, Rejection>) {
        assert_eq!(checked(bytes, &claim).map(|checked| checked.extension), expected);
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
        check(b"", Claim::default(), Err(Rejection::Empty));
        check(b"\n<!DOCTYPE html><html>", Claim::default(), Err(Rejection::WebPage));
        check(b"\x1a\x45\xdf\xa3 a video", Claim::default(), Err(Rejection::OtherMedium(Some(Unread::Matroska))));
        check(b"a text", Claim::default(), Err(Rejection::UnknownFormat));
        let own = Claim { md5: Some(md5(b"a text")), ..Claim::default() };
        check(b"a text", own, Err(Rejection::OtherMedium(None)));
        let jpeg = encoded(ImageFormat::Jpeg);
        check(&jpeg[..jpeg.len() / 2], Claim::default(), Err(Rejection::CutOff));
        let mut png = encoded(ImageFormat::Png);
        let middle = png.len() / 2;
        png[middle] ^= 0xff;
        check(&png, Claim::default(), Err(Rejection::Undecodable));
    }

    #[test]
    fn a_bomb_is_not_decoded() {
        let mut png = encoded(ImageFormat::Png);
        let flaw = |png: &[u8]| checked(png, &Claim::default()).unwrap_err();
        // The width in IHDR; its checksum no longer fits, but bounds are looked at first or decoding fails: never pixels.
        png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        assert!(matches!(flaw(&png), Rejection::TooLarge | Rejection::Undecodable));
        let mut bomb = Cursor::new(Vec::new());
        DynamicImage::new_luma8(2001, 500).write_to(&mut bomb, ImageFormat::Png).unwrap();
        assert_eq!(flaw(&bomb.into_inner()), Rejection::TooLarge);
    }

    #[test]
    fn claims_are_checked_and_the_md5_outweighs_the_rest() {
        let bytes = encoded(ImageFormat::Jpeg);
        let length = bytes.len() as u64;
        let md5 = Some(md5(&bytes));
        check(&bytes, Claim { bytes: Some(length), dimensions: Some((61, 47)), md5: md5.clone() }, Ok("jpg"));
        check(&bytes, Claim { bytes: Some(length + 1), ..Claim::default() }, Err(Rejection::OtherLength));
        check(&bytes, Claim { dimensions: Some((47, 61)), ..Claim::default() }, Err(Rejection::OtherDimensions));
        check(&bytes, Claim { md5: Some("0".repeat(32)), ..Claim::default() }, Err(Rejection::OtherMd5));
        check(&bytes, Claim { md5, bytes: Some(1), dimensions: Some((1, 1)) }, Ok("jpg"));
    }

    #[test]
    fn sides_are_those_of_the_upright_picture_and_claims_may_be_of_either_frame() {
        let block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_exif_metadata(block).unwrap();
        encoder.encode(&[7; 3 * 61 * 47], 61, 47, ExtendedColorType::Rgb8).unwrap();
        for dimensions in [None, Some((61, 47)), Some((47, 61))] {
            let found = checked(&bytes, &Claim { dimensions, ..Claim::default() }).unwrap();
            assert_eq!((found.dimensions, found.stored), ((47, 61), (61, 47)));
        }
        check(&bytes, Claim { dimensions: Some((61, 48)), ..Claim::default() }, Err(Rejection::OtherDimensions));
    }

    #[test]
    fn the_sites_own_file_is_taken_within_bounds_though_it_cannot_be_decoded() {
        let mut png = encoded(ImageFormat::Png);
        let middle = png.len() / 2;
        png[middle] ^= 0xff;
        check(&png, Claim { md5: Some(md5(&png)), ..Claim::default() }, Ok("png"));
        check(&png[..middle], Claim { md5: Some(md5(&png[..middle])), ..Claim::default() }, Err(Rejection::CutOff));
        let mut bomb = Cursor::new(Vec::new());
        DynamicImage::new_luma8(2001, 500).write_to(&mut bomb, ImageFormat::Png).unwrap();
        let bomb = bomb.into_inner();
        check(&bomb, Claim { md5: Some(md5(&bomb)), ..Claim::default() }, Err(Rejection::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..2000) {
            let _ = checked(&bytes, &Claim::default());
            for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
                let mut damaged = encoded(format);
                let start = at.min(damaged.len());
                let end = (start + bytes.len()).min(damaged.len());
                damaged[start..end].copy_from_slice(&bytes[..end - start]);
                let _ = checked(&damaged, &Claim::default());
            }
        }
    }
}
