//! What a picture's file says about itself, read without decoding it: whether it is whole, and how large.
//!
//! Decoders fill what is missing with grey and only mutter about it; here a file that stops early is told apart.

use crate::fault::PictureFault;

/// A picture's sides in pixels, before it is turned upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64, u64);

impl Size {
    /// The longer of both.
    pub(crate) fn longer_side(self) -> u64 {
        self.0.max(self.1)
    }

    /// How many pixels there are.
    pub(crate) fn area(self) -> u64 {
        self.0 * self.1
    }
}

/// Checks that a file is a whole picture of a known format and of at most `max_pixels`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(file: &[u8], max_pixels: u64) -> Result<Size, PictureFault> {
    let (width, height) = match file {
        [0xFF, 0xD8, ..] => jpeg(file).ok_or(PictureFault::Truncated)?,
        [0x89, b'P', b'N', b'G', ..] => png(file).ok_or(PictureFault::Truncated)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            webp(file).ok_or(PictureFault::Truncated)?
        }
        [b'B', b'M', ..] => bmp(file).ok_or(PictureFault::Truncated)?,
        [b'G', b'I', b'F', b'8', ..] => gif(file).ok_or(PictureFault::Truncated)?,
        _ => return Err(PictureFault::UnknownFormat),
    };
    match width * height {
        0 => Err(PictureFault::Undecodable),
        pixels if pixels > max_pixels => Err(PictureFault::TooLarge),
        _ => Ok(Size(width, height)),
    }
}

/// Walks the markers to the end-of-image marker; the size is in the frame header.
fn jpeg(file: &[u8]) -> Option<(u64, u64)> {
    let mut size = (0, 0);
    let mut at = 2;
    loop {
        at += file.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        at += file.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
        let marker = file[at];
        at += 1;
        match marker {
            0xD9 => return Some(size),
            // Escaped data, restart markers and the like: no segment follows.
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            // Frame headers; C4, C8 and CC of that range are tables.
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                size = (big(file, at + 5, 2)?, big(file, at + 3, 2)?);
            }
            _ => {}
        }
        at += usize::try_from(big(file, at, 2)?).ok()?.max(2);
    }
}

/// Walks the chunks to the end chunk; the size opens the first.
fn png(file: &[u8]) -> Option<(u64, u64)> {
    let mut at = 8;
    loop {
        let length = usize::try_from(big(file, at, 4)?).ok()?;
        let name = file.get(at + 4..at + 8)?;
        at = at.checked_add(length)?.checked_add(12)?;
        file.get(..at)?;
        if name == b"IEND" {
            return Some((big(file, 16, 4)?, big(file, 20, 4)?));
        }
    }
}

fn webp(file: &[u8]) -> Option<(u64, u64)> {
    let length = usize::try_from(little(file, 4, 4)?).ok()?;
    file.get(..length.checked_add(8)?)?;
    match file.get(12..16)? {
        b"VP8X" => Some((little(file, 24, 3)? + 1, little(file, 27, 3)? + 1)),
        b"VP8L" => {
            let bits = little(file, 21, 4)?;
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        _ => Some((little(file, 26, 2)? & 0x3FFF, little(file, 28, 2)? & 0x3FFF)),
    }
}

fn bmp(file: &[u8]) -> Option<(u64, u64)> {
    let length = usize::try_from(little(file, 2, 4)?).ok()?;
    file.get(..length)?;
    // Rows from the top down are written as a negative height.
    let side = |at| little(file, at, 4).map(|side| u64::from((side as u32 as i32).unsigned_abs()));
    Some((side(18)?, side(22)?))
}

fn gif(file: &[u8]) -> Option<(u64, u64)> {
    Some((little(file, 6, 2)?, little(file, 8, 2)?))
}

fn big(file: &[u8], at: usize, count: usize) -> Option<u64> {
    Some(file.get(at..at.checked_add(count)?)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn little(file: &[u8], at: usize, count: usize) -> Option<u64> {
    Some(file.get(at..at.checked_add(count)?)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat};
    use proptest::prelude::*;

    use super::*;

    const LIMIT: u64 = 100_000_000;

    fn encoded(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let noise = |x: u32, y: u32| image::Rgb([(x * 37) as u8, (y * 59) as u8, (x * y) as u8]);
        let picture = DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, noise));
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn size(file: &[u8]) -> Option<(u64, u64)> {
        match file[0] {
            0xFF => jpeg(file),
            0x89 => png(file),
            b'R' => webp(file),
            b'B' => bmp(file),
            _ => gif(file),
        }
    }

    const FORMATS: [ImageFormat; 5] =
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif];

    #[test]
    fn whole_files_pass_and_know_their_size() {
        for format in FORMATS {
            let file = encoded(format, 50, 33);
            assert_eq!(check(&file, LIMIT), Ok(Size(50, 33)), "{format:?}");
            assert_eq!(size(&file), Some((50, 33)), "{format:?}");
        }
    }

    #[test]
    fn wherever_it_is_cut_a_file_is_not_whole() {
        // A GIF's end is not looked for: no decoder at hand reads one anyway.
        for format in &FORMATS[..4] {
            let file = encoded(*format, 50, 33);
            for length in (12..file.len()).step_by(7) {
                assert_eq!(check(&file[..length], LIMIT), Err(PictureFault::Truncated), "{format:?} at {length}");
            }
        }
    }

    #[test]
    fn bytes_after_the_end_do_no_harm() {
        for format in FORMATS {
            let file = [encoded(format, 50, 33), b"\xFF\xD8trailing".to_vec()].concat();
            assert_eq!(check(&file, LIMIT), Ok(Size(50, 33)), "{format:?}");
        }
    }

    #[test]
    fn other_files_and_giants_are_refused() {
        assert_eq!(check(b"<html>503</html>", LIMIT), Err(PictureFault::UnknownFormat));
        assert_eq!(check(b"", LIMIT), Err(PictureFault::UnknownFormat));
        let mut giant = encoded(ImageFormat::Png, 8, 8);
        giant[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert_eq!(check(&giant, LIMIT), Err(PictureFault::TooLarge));
        giant[16..20].copy_from_slice(&[0; 4]);
        assert_eq!(check(&giant, LIMIT), Err(PictureFault::Undecodable));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(start in 0..5usize, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let starts: [&[u8]; 5] = [b"\xFF\xD8", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"BM", b"GIF8"];
            let _ = check(&[starts[start], &bytes[..]].concat(), LIMIT);
        }
    }
}
