//! Which way up a picture is stored: the EXIF orientation, read from a file's head without decoding it.

use std::io::{self, BufRead, Cursor, ErrorKind, Read, Seek};

use image::{ImageDecoder, ImageReader, metadata::Orientation};

use crate::{file::PictureFile, format::Format, probe::Probe};

/// The longest EXIF block that is read; in JPEG no other is possible.
const MAX_EXIF_BYTES: u64 = 1 << 16;

/// What a JPEG's EXIF segment begins with.
const JPEG_EXIF: &[u8] = b"Exif\0\0";

/// Width and height in pixels of a probed picture as it is seen, and as [`decode`](crate::PictureFile::decode) gives it:
/// where the EXIF orientation turns it by a quarter, both are exchanged.
///
/// # Errors
/// When the file cannot be read. A damaged block says nothing of the orientation.
pub fn upright_sides<R: BufRead + Seek>(reader: &mut R, probe: &Probe) -> io::Result<(u32, u32)> {
    let orientation = orientation(reader, probe.format)?;
    Ok(if is_quarter_turn(orientation) { (probe.height, probe.width) } else { (probe.width, probe.height) })
}

impl PictureFile<'_> {
    /// Whether the picture is stored as it is seen, neither turned nor mirrored.
    pub fn is_stored_upright(&self) -> bool {
        let orientation = orientation(&mut Cursor::new(self.bytes()), self.probe().format);
        orientation.is_ok_and(|orientation| orientation == Orientation::NoTransforms)
    }
}

/// How a picture is to be turned, from the EXIF block where decoders look for it.
pub(crate) fn orientation<R: BufRead + Seek>(reader: &mut R, format: Format) -> io::Result<Orientation> {
    let orientation = match exif(reader, format) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error),
        // A TIFF file is itself what an EXIF block is made like.
        _ if format == Format::Tiff => in_tiff(reader),
        block => block.ok().flatten().as_deref().and_then(Orientation::from_exif_chunk),
    };
    Ok(orientation.unwrap_or(Orientation::NoTransforms))
}

fn is_quarter_turn(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

/// The EXIF block where decoders look for it; other formats have none.
fn exif<R: BufRead + Seek>(reader: &mut R, format: Format) -> io::Result<Option<Vec<u8>>> {
    reader.rewind()?;
    match format {
        Format::Jpeg => in_jpeg(reader),
        Format::Png => in_png(reader),
        Format::WebP => in_webp(reader),
        _ => Ok(None),
    }
}

/// The first EXIF segment before the picture's data.
fn in_jpeg<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    let _start_of_image: [u8; 2] = take(reader)?;
    loop {
        while take::<1, _>(reader)? != [0xff] {}
        let mut marker = [0xff];
        while marker == [0xff] {
            marker = take(reader)?;
        }
        let length = match marker {
            // The data, the end: nothing follows that would count.
            [0xda | 0xd9] => return Ok(None),
            [0x00 | 0x01 | 0xd0..=0xd8] => continue,
            _ => u64::from(u16::from_be_bytes(take(reader)?)).saturating_sub(2),
        };
        if marker == [0xe1] {
            let segment = bytes(reader, length)?;
            if let Some(block) = segment.strip_prefix(JPEG_EXIF) {
                return Ok(Some(block.to_vec()));
            }
        } else {
            reader.seek_relative(length as i64)?;
        }
    }
}

/// The `eXIf` chunk before the picture's data.
fn in_png<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    let _signature: [u8; 8] = take(reader)?;
    loop {
        let length = u64::from(u32::from_be_bytes(take(reader)?));
        match &take(reader)? {
            b"eXIf" if length <= MAX_EXIF_BYTES => return bytes(reader, length).map(Some),
            b"IDAT" | b"IEND" => return Ok(None),
            _ => reader.seek_relative(length as i64 + 4)?,
        }
    }
}

/// The `EXIF` chunk, which follows the picture's data.
fn in_webp<R: BufRead + Seek>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    reader.seek_relative(12)?;
    loop {
        let kind: [u8; 4] = take(reader)?;
        let length = u64::from(u32::from_le_bytes(take(reader)?));
        if kind == *b"EXIF" && length <= MAX_EXIF_BYTES {
            return bytes(reader, length).map(Some);
        }
        reader.seek_relative(length.next_multiple_of(2) as i64)?;
    }
}

fn in_tiff<R: BufRead + Seek>(reader: &mut R) -> Option<Orientation> {
    reader.rewind().ok()?;
    ImageReader::with_format(reader, Format::Tiff.decoder()).into_decoder().ok()?.orientation().ok()
}

fn bytes(reader: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn take<const N: usize, R: Read>(reader: &mut R) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use image::{
        ExtendedColorType, ImageEncoder, RgbImage,
        codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::{Alpha, Narrowing, probe};

    /// A picture of 6 × 4 pixels that is stored in this orientation.
    fn stored(format: Format, orientation: u8) -> Vec<u8> {
        // A TIFF head, then a directory of one entry: tag 0x112, a short, once, the orientation.
        let block =
            [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation], &[0; 6]].concat();
        let (mut file, pixels) = (Vec::new(), RgbImage::new(6, 4));
        fn encode(mut encoder: impl ImageEncoder, block: Vec<u8>, pixels: &RgbImage) {
            encoder.set_exif_metadata(block).unwrap();
            encoder.write_image(pixels, 6, 4, ExtendedColorType::Rgb8).unwrap();
        }
        match format {
            Format::Jpeg => encode(JpegEncoder::new(&mut file), block, &pixels),
            Format::Png => encode(PngEncoder::new(&mut file), block, &pixels),
            _ => encode(WebPEncoder::new_lossless(&mut file), block, &pixels),
        }
        file
    }

    fn sides(file: &[u8]) -> (u32, u32) {
        let mut reader = Cursor::new(file);
        let probe = probe(&mut reader, 1000).unwrap();
        upright_sides(&mut reader, &probe).unwrap()
    }

    #[test]
    fn sides_are_those_that_decoding_gives() {
        for format in [Format::Jpeg, Format::Png, Format::WebP] {
            for orientation in 0..=9 {
                let file = stored(format, orientation);
                let decoded = PictureFile::open(&file, 1000).unwrap().decode(Alpha::Drop, Narrowing::Nearest).unwrap();
                let expected = if (5..=8).contains(&orientation) { (4, 6) } else { (6, 4) };
                assert_eq!(sides(&file), expected, "{format:?} {orientation}");
                let upright = PictureFile::open(&file, 1000).unwrap().is_stored_upright();
                assert_eq!(upright, !(2..=8).contains(&orientation), "{format:?} {orientation}");
                assert_eq!((decoded.width(), decoded.height()), expected, "{format:?} {orientation}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            for format in [Format::Jpeg, Format::Png, Format::WebP] {
                let mut file = stored(format, 6);
                let at = at % file.len();
                file[at] = byte;
                file.truncate(cut.max(16));
                let mut reader = Cursor::new(&file);
                let _ = exif(&mut reader, format);
            }
        }
    }
}
