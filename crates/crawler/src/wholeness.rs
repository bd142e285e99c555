//! Whether a picture file goes on to its own end: decoders often fill in what is missing and say nothing.

use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom};

use image::ImageFormat;

/// What a walk over a whole picture's parts has met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Its width and height in pixels, where the walk comes by them.
    pub(crate) dimensions: Option<(u32, u32)>,
}

/// Walks from part to part of a picture to the format's end mark; `None` where that is not where it belongs. Formats
/// without one count as whole. Never more than a buffer of it is in memory.
///
/// # Errors
/// When the picture cannot be read.
pub(crate) fn walk<R: BufRead + Seek>(reader: &mut R, format: ImageFormat) -> io::Result<Option<Whole>> {
    reader.rewind()?;
    let walked = match format {
        ImageFormat::Jpeg => jpeg(reader),
        ImageFormat::Png => png(reader),
        ImageFormat::WebP => webp(reader),
        ImageFormat::Gif => gif(reader),
        _ => Ok(Some(Whole::default())),
    };
    match walked {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        walked => walked,
    }
}

/// Walks the segments of a JPEG up to its end-of-image marker.
fn jpeg<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Whole>> {
    if bytes(reader)? != [0xff, 0xd8] {
        return Ok(None);
    }
    let mut whole = Whole::default();
    loop {
        let marker = next_marker(reader)?;
        if marker == 0xd9 {
            return Ok(Some(whole));
        }
        if matches!(marker, 0x01 | 0xd8) {
            continue;
        }
        let length = i64::from(u16::from_be_bytes(bytes(reader)?));
        let mut passed = 2;
        if is_frame(marker) && length >= 7 {
            let [_, h1, h0, w1, w0] = bytes(reader)?;
            whole.dimensions = Some((u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into()));
            passed += 5;
        }
        reader.seek_relative((length - passed).max(0))?;
    }
}

/// The segments that state the picture's sides.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Passes to behind the next marker. Between segments decoders take any bytes until then; entropy-coded data is such
/// bytes too, with 0xff 0x00 for a plain 0xff and restart markers in between.
fn next_marker(reader: &mut impl BufRead) -> io::Result<u8> {
    let mut after_ff = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut marker = None;
        for (place, byte) in buffer.iter().enumerate() {
            if after_ff && !matches!(byte, 0x00 | 0xff | 0xd0..=0xd7) {
                marker = Some((place, *byte));
                break;
            }
            after_ff = *byte == 0xff;
        }
        let length = buffer.len();
        match marker {
            Some((place, marker)) => {
                reader.consume(place + 1);
                return Ok(marker);
            }
            None => reader.consume(length),
        }
    }
}

/// Walks the chunks of a PNG up to `IEND`.
fn png<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Whole>> {
    reader.seek_relative(8)?;
    loop {
        let length = u32::from_be_bytes(bytes(reader)?);
        let kind: [u8; 4] = bytes(reader)?;
        if kind == *b"IEND" {
            let _checksum: [u8; 4] = bytes(reader)?;
            return Ok(Some(Whole::default()));
        }
        reader.seek_relative(i64::from(length) + 4)?;
    }
}

/// A WebP states its length in its head.
fn webp<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Whole>> {
    reader.seek_relative(4)?;
    let stated = u64::from(u32::from_le_bytes(bytes(reader)?));
    let length = reader.seek(SeekFrom::End(0))?;
    Ok((length >= 8 + stated).then(Whole::default))
}

/// Walks the blocks of a GIF up to its trailer.
fn gif<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Whole>> {
    reader.seek_relative(6)?;
    let [_, _, _, _, flags, _, _] = bytes(reader)?;
    pass_colours(reader, flags)?;
    loop {
        match bytes(reader)? {
            [0x3b] => return Ok(Some(Whole::default())),
            [0x21] => reader.seek_relative(1)?,
            [0x2c] => {
                let [_, _, _, _, _, _, _, _, flags] = bytes(reader)?;
                pass_colours(reader, flags)?;
                reader.seek_relative(1)?;
            }
            _ => return Ok(None),
        }
        pass_sub_blocks(reader)?;
    }
}

/// Passes the colour table that a head's flags announce.
fn pass_colours(reader: &mut impl Seek, flags: u8) -> io::Result<()> {
    if flags & 0x80 == 0 { Ok(()) } else { reader.seek_relative(3 << ((flags & 7) + 1)) }
}

fn pass_sub_blocks<R: BufRead + Seek>(reader: &mut R) -> io::Result<()> {
    loop {
        match bytes(reader)? {
            [0] => return Ok(()),
            [length] => reader.seek_relative(length.into())?,
        }
    }
}

fn bytes<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, RgbImage};
    use proptest::prelude::*;

    use super::*;

    fn walked(bytes: &[u8], format: ImageFormat) -> Option<Whole> {
        walk(&mut Cursor::new(bytes), format).unwrap()
    }

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
                assert!(walked(&bytes[..cut], format).is_none(), "{format:?} cut at {cut} of {}", bytes.len());
            }
            let whole = walked(&bytes, format).unwrap();
            assert_eq!(whole.dimensions.is_some(), format == ImageFormat::Jpeg);
            assert!(whole.dimensions.is_none_or(|dimensions| dimensions == (61, 47)));
            bytes.extend_from_slice(b"appended by some program");
            assert!(walked(&bytes, format).is_some(), "{format:?}");
        }
    }

    #[test]
    fn a_thumbnail_inside_does_not_end_the_picture() {
        let picture = encoded(ImageFormat::Jpeg);
        let thumbnail = encoded(ImageFormat::Jpeg);
        let length = u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes();
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, length[0], length[1]];
        bytes.extend_from_slice(&thumbnail);
        assert!(walked(&bytes, ImageFormat::Jpeg).is_none());
        bytes.extend_from_slice(&picture[2..]);
        assert_eq!(walked(&bytes, ImageFormat::Jpeg), Some(Whole { dimensions: Some((61, 47)) }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hang(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for format in FORMATS {
                let mut damaged = encoded(format);
                let at = bytes.len().min(damaged.len());
                damaged[..at].copy_from_slice(&bytes[..at]);
                walked(&damaged, format);
                walked(&bytes, format);
            }
        }
    }
}
