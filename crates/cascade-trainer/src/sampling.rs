//! Grey pictures, and windows cut from them at any place and size: bilinear, without smoothing, as a detector's pyramid is.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageReader};
use lbp_cascade::{GreyImage, brightness, equalise};
use rayon::prelude::*;

/// A grey picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grey {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Brightness, row by row.
    pub pixels: Vec<u8>,
}

/// A rectangle of a picture laid on a grid of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge in pixels; may lie outside, where the border is repeated.
    pub x: f32,
    /// Upper edge in pixels.
    pub y: f32,
    /// Pixels from one sample to the next.
    pub step: f32,
}

impl Grey {
    /// The brightness of a picture file, turned upright; `None` where it is no picture.
    pub fn decode(file: &[u8]) -> Option<Self> {
        let mut decoder = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?.into_decoder().ok()?;
        let orientation = decoder.orientation().ok()?;
        let mut picture = DynamicImage::from_decoder(decoder).ok()?;
        picture.apply_orientation(orientation);
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        // Detectors weight colours so; what they are to find has to be learnt in the same greys.
        let pixels = picture.into_rgb8().pixels().map(|pixel| brightness(pixel.0)).collect();
        Some(Self { width, height, pixels })
    }

    /// The picture as a detector takes it.
    ///
    /// # Panics
    /// If it has no pixel.
    pub fn image(&self) -> GreyImage<'_> {
        GreyImage::new(self.width, self.height, &self.pixels).expect("a picture has as many pixels as its sides say")
    }

    /// `width` by `height` samples of the frame, in rows that are computed in parallel where there are many.
    pub fn sample(&self, frame: Frame, width: usize, height: usize) -> Self {
        let columns: Vec<Tap> = (0..width).map(|i| tap(frame.x, frame.step, i, self.width)).collect();
        let mut pixels = vec![0; width * height];
        let fill = |(row, out): (usize, &mut [u8])| {
            let down = tap(frame.y, frame.step, row, self.height);
            let (upper, lower) = (&self.pixels[down.near * self.width..], &self.pixels[down.far * self.width..]);
            for (out, across) in out.iter_mut().zip(&columns) {
                let mix = |row: &[u8]| {
                    let (near, far) = (f32::from(row[across.near]), f32::from(row[across.far]));
                    near + (far - near) * across.share
                };
                let (above, below) = (mix(upper), mix(lower));
                *out = (above + (below - above) * down.share).round() as u8;
            }
        };
        // Below that, handing rows to other threads costs more than the rows do.
        if height > 64 {
            pixels.par_chunks_mut(width).enumerate().for_each(fill);
        } else {
            pixels.chunks_mut(width).enumerate().for_each(fill);
        }
        Self { width, height, pixels }
    }

    /// The picture with its brightness spread evenly, as detectors look at it.
    pub fn equalised(&self) -> Self {
        Self { pixels: equalise(&self.pixels), ..*self }
    }

    /// The picture at half its size, each pixel the mean of four.
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let at = |x: usize, y: usize| u16::from(self.pixels[y * self.width + x]);
        let mean = |x, y| ((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) / 4) as u8;
        let pixels = (0..width * height).map(|i| mean(i % width * 2, i / width * 2)).collect();
        Self { width, height, pixels }
    }

    /// The picture with rows and columns exchanged.
    pub fn transposed(&self) -> Self {
        let (width, height) = (self.height, self.width);
        let pixels = (0..width * height).map(|i| self.pixels[i % width * self.width + i / width]).collect();
        Self { width, height, pixels }
    }

    /// The picture with left and right exchanged.
    pub fn mirrored(&self) -> Self {
        let mut pixels = self.pixels.clone();
        pixels.chunks_mut(self.width).for_each(<[u8]>::reverse);
        Self { pixels, ..*self }
    }
}

/// Which two pixels a sample lies between, and how far on its way to the second.
struct Tap {
    near: usize,
    far: usize,
    share: f32,
}

fn tap(start: f32, step: f32, sample: usize, length: usize) -> Tap {
    let last = length - 1;
    let at = (start + (sample as f32 + 0.5) * step - 0.5).clamp(0.0, last as f32);
    let near = at as usize;
    Tap { near, far: (near + 1).min(last), share: at - near as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_by_hand() {
        let grey = Grey { width: 4, height: 2, pixels: vec![0, 10, 20, 30, 40, 50, 60, 70] };
        let check = |frame: Frame, width, height, expected: &[u8]| {
            assert_eq!(grey.sample(frame, width, height).pixels, expected, "{frame:?}");
        };
        check(Frame { x: 0.0, y: 0.0, step: 1.0 }, 4, 2, &grey.pixels);
        check(Frame { x: 0.0, y: 0.0, step: 2.0 }, 2, 1, &[25, 45]);
        check(Frame { x: 0.5, y: 0.0, step: 1.0 }, 2, 1, &[5, 15]);
        check(Frame { x: -2.0, y: -2.0, step: 1.0 }, 2, 2, &[0, 0, 0, 0]);
        assert_eq!(grey.halved().pixels, [25, 45]);
        assert_eq!(grey.transposed().pixels, [0, 40, 10, 50, 20, 60, 30, 70]);
        assert_eq!(grey.mirrored().pixels, [30, 20, 10, 0, 70, 60, 50, 40]);
    }
}
