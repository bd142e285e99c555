//! What a picture's file says of itself, read without decoding it: its format, its sides, whether it is whole.
//!
//! Decoders fill what is missing with grey and say nothing, so each format is walked from part to part to its end mark.
//! What lies behind the mark (a motion photo's film, further pictures, archives, garbage) is not the picture's concern.

mod bmp;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::io::{self, BufRead, ErrorKind, Read, Seek};

use image::{ImageDecoder as _, ImageReader};

use crate::{error::PictureError, format::Format, medium::Medium};

/// A file that is a whole picture within bounds, as far as that shows without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What it is, whatever its name says.
    pub format: Format,
    /// Pixels across as stored, before the EXIF orientation turns it upright.
    pub width: u32,
    /// Pixels down as stored; upright, both may be exchanged.
    pub height: u32,
    /// Pixels of the largest buffer that decoding needs: the canvas, or a frame that sticks out of it. A pixel that takes more than
    /// [`DECODING_BYTES`] counts as several.
    largest: u64,
}

/// The most bytes a pixel: eight that a decoder asks for, as four channels of 16 bits or as a progressive JPEG's frequencies, and
/// four of what is made of them.
const DECODING_BYTES: u64 = 12;

impl Probe {
    /// How many pixels the picture has.
    pub fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The longer of both sides in pixels.
    pub fn longer_side(&self) -> u32 {
        self.width.max(self.height)
    }

    /// How many bytes are in memory at once, at the most, while the picture is decoded, beside its file and 64 MiB.
    pub fn decoding_bytes(&self) -> u64 {
        self.largest.saturating_mul(DECODING_BYTES)
    }

    /// Pixels of the largest buffer that decoding needs.
    pub(crate) fn largest(&self) -> u64 {
        self.largest
    }
}

/// Walks a file from its start to its end mark. Never more of it than a buffer is in memory.
///
/// # Errors
/// When it cannot be read, is of no known format, is cut off, has no pixels, or has more than `max_pixels` of them.
pub fn probe<R: BufRead + Seek>(reader: &mut R, max_pixels: u64) -> Result<Probe, PictureError> {
    let mut head = Vec::new();
    reader.rewind()?;
    reader.by_ref().take(Format::HEAD_BYTES as u64).read_to_end(&mut head)?;
    let format = match Medium::of(&head) {
        Some(Medium::Picture(format)) => format,
        Some(Medium::Unread(unread)) => return Err(PictureError::Unread(unread)),
        None => return Err(PictureError::UnknownFormat),
    };
    let sides = walk(reader, format)?;
    match (sides.largest, sides.canvas) {
        (largest, _) if largest > max_pixels => Err(PictureError::TooLarge),
        _ if sides.is_too_much_work(max_pixels) => Err(PictureError::TooManyScans),
        (largest, Some((width, height))) if width > 0 && height > 0 => Ok(Probe { format, width, height, largest }),
        _ => Err(PictureError::Damaged),
    }
}

/// The usual script of a progressive JPEG has 10 scans; optimisers try scripts of up to 13.
const USUAL_SCANS: u64 = 16;

/// Beyond the usual scans, as much work as this many through a picture of the largest size.
const MAX_FULL_SCANS: u64 = 4;

/// A JPEG's profile takes at most 255 segments, and programs' texts some hundred. libjpeg looks through those that it keeps for the last one
/// whenever it meets another: of millions it never comes to an end.
const MAX_SEGMENTS: u64 = 10_000;

/// The sides that a walk came by.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    /// Width and height of the picture.
    canvas: Option<(u32, u32)>,
    /// Pixels of the largest canvas or frame.
    largest: u64,
    /// How often a decoder goes through all of the picture's blocks.
    scans: u64,
    /// Parts that a decoder keeps in a list.
    segments: u64,
}

impl Sides {
    fn canvas(&mut self, width: u32, height: u32) {
        self.canvas = Some((width, height));
        self.frame(width, height);
    }

    /// Whether the scans of a progressive JPEG are more than encoders write, and together more work than a picture of the largest
    /// size is: each scan of a hundred thousand bytes may take a decoder through a hundred million pixels.
    fn is_too_much_work(&self, max_pixels: u64) -> bool {
        self.segments > MAX_SEGMENTS
            || self.scans > USUAL_SCANS
                && self.scans.saturating_mul(self.largest) > max_pixels.saturating_mul(MAX_FULL_SCANS)
    }

    /// As many pixels as take so many bytes, where that is more than there are.
    fn bytes(&mut self, bytes: u64) {
        self.largest = self.largest.max(bytes.div_ceil(DECODING_BYTES));
    }

    /// A frame is decoded into a buffer of its own, however small the canvas that it lies on is.
    fn frame(&mut self, width: u32, height: u32) {
        self.largest = self.largest.max(u64::from(width) * u64::from(height));
    }
}

fn walk<R: BufRead + Seek>(reader: &mut R, format: Format) -> Result<Sides, PictureError> {
    reader.rewind()?;
    let walked = match format {
        Format::Jpeg => jpeg::walk(reader),
        Format::Png => png::walk(reader),
        Format::WebP => webp::walk(reader),
        Format::Gif => gif::walk(reader),
        Format::Bmp => bmp::walk(reader),
        // They have no end mark; their decoders miss the last pixel where that is missing.
        Format::Pnm | Format::Tiff => return measure(reader, format),
    };
    walked.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => PictureError::CutOff,
        _ => PictureError::Read(error),
    })
}

/// The sides that a decoder reads from a file's head. These decoders hold the samples as they are stored, of 32 bits where a TIFF
/// file has those, beside what they make of them.
fn measure<R: BufRead + Seek>(reader: &mut R, format: Format) -> Result<Sides, PictureError> {
    let mut sides = Sides::default();
    if format == Format::Tiff {
        tiff::check(reader).map_err(|_| PictureError::Damaged)?;
        reader.rewind()?;
    }
    let decoder =
        ImageReader::with_format(reader, format.decoder()).into_decoder().map_err(|_| PictureError::Damaged)?;
    let (width, height) = decoder.dimensions();
    sides.canvas(width, height);
    let stored = u64::from(decoder.original_color_type().bits_per_pixel()).div_ceil(8);
    let made = u64::from(decoder.color_type().bytes_per_pixel());
    sides.bytes(sides.largest.saturating_mul(stored + made));
    Ok(sides)
}

/// What a walk says of a file whose next part is not there.
fn cut_off<T>() -> io::Result<T> {
    Err(ErrorKind::UnexpectedEof.into())
}

/// The next bytes of a file.
fn take<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
