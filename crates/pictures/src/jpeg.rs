//! JPEG files to pixels, byte for byte as libjpeg-turbo gives them and with it `cv2.imread`: ITU-T T.81 leaves the inverse DCT,
//! the enlarging of subsampled colours and the conversion of colours to decoders, and detectors see the difference of a level.
//!
//! ```text
//! file ─segments─▶ tables, frame, scans ─entropy─▶ coefficients ─idct─▶ planes ─upsample─▶ rows ─colour─▶ pixels
//! ```
//!
//! Eight bits, Huffman codes, baseline, extended and progressive, one, three or four components. As libjpeg-turbo does unless told
//! otherwise: the accurate integer inverse DCT, "fancy" enlarging, smoothed blocks where a progressive file lacks scans.
//! A picture of a single scan is decoded a row of units at a time.

mod bits;
mod colour;
mod entropy;
mod frame;
mod huffman;
mod idct;
mod output;
mod planes;
mod scan;
mod segments;
mod smoothing;
mod standard;
mod upsample;

use crate::{
    error::PictureError,
    jpeg::{frame::Frame, output::Output, planes::Planes, scan::Scan, segments::Segments},
    pixels::{Grey, Rgb},
    preview::Reduction,
};

/// The coefficients of a block of 8 × 8 samples, row after row, or what they are multiplied by.
type Block = [i16; 64];

type Result<T> = std::result::Result<T, PictureError>;

/// The picture as it is stored, in colour, at its own size or a fraction of it.
///
/// # Errors
/// [`PictureError::Damaged`] for what libjpeg-turbo gives up on, and for arithmetic codes, 12 bits and lossless files.
pub(crate) fn decode(file: &[u8], reduction: Reduction) -> Result<Rgb> {
    let mut decoder = Decoder::open(file, reduction)?;
    let mut output = Output::rgb(&decoder.frame, &decoder.planes, decoder.segments.colours()?)?;
    decoder.run(&mut output)?;
    let (width, height) = decoder.planes.sides();
    Rgb::new(width, height, output.into_bytes()).ok_or(PictureError::Damaged)
}

/// Its brightness alone, which is all that is computed of a picture of brightness and two colours; `None` of four components.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_grey(file: &[u8], reduction: Reduction) -> Result<Option<Grey>> {
    let mut decoder = Decoder::open(file, reduction)?;
    let Some(mut output) = Output::grey(&decoder.frame, &decoder.planes, decoder.segments.colours()?)? else {
        return Ok(None);
    };
    decoder.run(&mut output)?;
    let (width, height) = decoder.planes.sides();
    Ok(Grey::new(width, height, output.into_bytes()))
}

/// A file whose first scan is about to begin.
struct Decoder<'a> {
    segments: Segments<'a>,
    frame: Frame,
    planes: Planes,
    first: segments::ScanHeader,
}

impl<'a> Decoder<'a> {
    fn open(file: &'a [u8], reduction: Reduction) -> Result<Self> {
        let mut segments = Segments::new(file)?;
        let first = segments.next_scan()?.ok_or(PictureError::Damaged)?;
        let frame = segments.frame.take().ok_or(PictureError::Damaged)?;
        let planes = Planes::new(&frame, reduction)?;
        Ok(Self { segments, frame, planes, first })
    }

    fn run(&mut self, output: &mut Output) -> Result<()> {
        if self.frame.is_progressive || self.first.components.len() < self.frame.components.len() {
            self.all_scans(output)
        } else {
            self.single_scan(output)
        }
    }

    /// A row of units at a time: coefficients that are read are made pixels of before the next are.
    fn single_scan(&mut self, output: &mut Output) -> Result<()> {
        let mut coefficients = self.frame.coefficients(1);
        self.frame.keep_quantization(&self.first, &self.segments)?;
        let mut scan = Scan::new(&self.first, &self.segments, &self.frame)?;
        for row in 0..self.frame.unit_rows {
            scan.read_row(&self.frame, &mut coefficients, row, 0);
            self.planes.take_row(&self.frame, &mut coefficients, 0, output.components());
            output.put(&mut self.planes, row);
        }
        output.finish(&mut self.planes);
        Ok(())
    }

    /// All coefficients are read before the first pixel is made, since a later scan may change any of them.
    fn all_scans(&mut self, output: &mut Output) -> Result<()> {
        let mut coefficients = self.frame.coefficients(self.frame.unit_rows);
        let mut next = Some(std::mem::take(&mut self.first));
        while let Some(header) = next {
            self.frame.keep_quantization(&header, &self.segments)?;
            self.frame.note_precision(&header);
            let mut scan = Scan::new(&header, &self.segments, &self.frame)?;
            (0..self.frame.unit_rows).for_each(|row| scan.read_row(&self.frame, &mut coefficients, row, row));
            let end = scan.end();
            self.segments.go_on(end);
            next = self.segments.next_scan()?;
        }
        let mut smoothed = smoothing::is_due(&self.frame).then(|| self.frame.coefficients(1));
        for row in 0..self.frame.unit_rows {
            if let Some(smoothed) = &mut smoothed {
                smoothing::row(&self.frame, &coefficients, row, smoothed);
                self.planes.take_row(&self.frame, smoothed, 0, output.components());
            } else {
                self.planes.take_row(&self.frame, &mut coefficients, row, output.components());
            }
            output.put(&mut self.planes, row);
        }
        output.finish(&mut self.planes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
