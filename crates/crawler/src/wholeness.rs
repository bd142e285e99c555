//! Whether a picture file goes on to its own end: decoders often fill in what is missing and say nothing.

use image::ImageFormat;

/// Whether the bytes contain the format's end mark where it belongs. Formats without one count as whole.
pub(crate) fn is_whole(bytes: &[u8], format: ImageFormat) -> bool {
    let whole = match format {
        ImageFormat::Jpeg => jpeg(bytes),
        ImageFormat::Png => png(bytes),
        ImageFormat::WebP => webp(bytes),
        ImageFormat::Gif => gif(bytes),
        _ => Some(()),
    };
    whole.is_some()
}

/// Walks the segments of a JPEG up to its end-of-image marker.
fn jpeg(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    loop {
        // Between segments decoders take any bytes until the next marker; entropy-coded data is such bytes too,
        // with 0xff 0x00 for a plain 0xff and restart markers in between.
        let start =
            rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff | 0xd0..=0xd7))?;
        let marker = rest[start + 1];
        rest = &rest[start + 2..];
        match marker {
            0xd9 => return Some(()),
            0x01 | 0xd8 => {}
            _ => rest = rest.get(usize::from(u16::from_be_bytes(rest.first_chunk().copied()?))..)?,
        }
    }
}

/// Walks the chunks of a PNG up to `IEND`.
fn png(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.get(8..)?;
    loop {
        let length = usize::try_from(u32::from_be_bytes(rest.first_chunk().copied()?)).ok()?;
        if rest.get(4..8)? == b"IEND" {
            return rest.get(..12).map(drop);
        }
        rest = rest.get(length.checked_add(12)?..)?;
    }
}

/// A WebP states its length in its head.
fn webp(bytes: &[u8]) -> Option<()> {
    let length = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.first_chunk().copied()?)).ok()?;
    bytes.get(8..)?.get(..length).map(drop)
}

/// Walks the blocks of a GIF up to its trailer.
fn gif(bytes: &[u8]) -> Option<()> {
    let mut rest = after_colours(bytes.get(6..)?, 7, 4)?;
    loop {
        rest = match rest.first()? {
            0x3b => return Some(()),
            0x21 => after_sub_blocks(rest.get(2..)?)?,
            0x2c => after_sub_blocks(after_colours(rest, 10, 9)?.get(1..)?)?,
            _ => return None,
        };
    }
}

/// What follows a head of `length` bytes and the colour table that its byte `flags` announces.
fn after_colours(bytes: &[u8], length: usize, flags: usize) -> Option<&[u8]> {
    let flags = *bytes.get(flags)?;
    let colours = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    bytes.get(length + colours..)
}

fn after_sub_blocks(mut bytes: &[u8]) -> Option<&[u8]> {
    while let length @ 1.. = usize::from(*bytes.first()?) {
        bytes = bytes.get(length + 1..)?;
    }
    bytes.get(1..)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, RgbImage};
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [ImageFormat; 4] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(61, 47, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x * y) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_cut_is_noticed_and_trailing_bytes_are_no_cut() {
        for format in FORMATS {
            let mut bytes = encoded(format);
            for cut in 0..bytes.len() {
                assert!(!is_whole(&bytes[..cut], format), "{format:?} cut at {cut} of {}", bytes.len());
            }
            assert!(is_whole(&bytes, format), "{format:?}");
            bytes.extend_from_slice(b"appended by some program");
            assert!(is_whole(&bytes, format), "{format:?}");
        }
    }

    #[test]
    fn a_thumbnail_inside_does_not_end_the_picture() {
        let picture = encoded(ImageFormat::Jpeg);
        let thumbnail = encoded(ImageFormat::Jpeg);
        let length = u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes();
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, length[0], length[1]];
        bytes.extend_from_slice(&thumbnail);
        assert!(!is_whole(&bytes, ImageFormat::Jpeg));
        bytes.extend_from_slice(&picture[2..]);
        assert!(is_whole(&bytes, ImageFormat::Jpeg));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hang(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for format in FORMATS {
                let mut damaged = encoded(format);
                let at = bytes.len().min(damaged.len());
                damaged[..at].copy_from_slice(&bytes[..at]);
                is_whole(&damaged, format);
                is_whole(&bytes, format);
            }
        }
    }
}
