//! Grey pictures, and windows cut from them at any place and size: bilinear, without smoothing, as a detector's pyramid is.

use lbp_cascade::GreyImage;
use pictures::{Alpha, Grey, Narrowing, PictureFile, Rgb};
use rayon::prelude::*;

/// Larger pictures are passed over: they would take more memory than they teach.
pub(crate) const MAX_PIXELS: u64 = 100_000_000;

/// Above this many rows they are shared among threads; below, handing them over costs more than they do.
const MAX_ROWS_ALONE: u32 = 64;

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

/// The brightness of a picture file as a detector sees it; `None` where it is no picture.
pub fn decode_grey(file: &[u8]) -> Option<Grey> {
    Some(decode(file)?.to_grey())
}

/// The colours of a picture file; `None` where it is no picture.
pub fn decode(file: &[u8]) -> Option<Rgb> {
    PictureFile::open(file, MAX_PIXELS).ok()?.decode(Alpha::Drop, Narrowing::UpperByte).ok()
}

/// The picture as a detector takes it.
pub fn as_image(grey: &Grey) -> GreyImage<'_> {
    let image = GreyImage::new(grey.width() as usize, grey.height() as usize, grey.bytes());
    image.expect("a picture has as many pixels as its sides say")
}

/// The picture with its brightness spread evenly, as detectors look at it.
pub fn equalised(grey: &Grey) -> Grey {
    grey_of(grey.width(), grey.height(), lbp_cascade::equalise(grey.bytes()))
}

/// `width` by `height` samples of the frame, in rows that are computed in parallel where there are many.
pub fn sample(grey: &Grey, frame: Frame, width: u32, height: u32) -> Grey {
    let columns: Vec<Tap> = (0..width).map(|i| tap(frame.x, frame.step, i, grey.width())).collect();
    let stride = grey.width() as usize;
    let mut pixels = vec![0; width as usize * height as usize];
    let fill = |(row, out): (usize, &mut [u8])| {
        let down = tap(frame.y, frame.step, row as u32, grey.height());
        let (upper, lower) = (&grey.bytes()[down.near * stride..], &grey.bytes()[down.far * stride..]);
        for (out, across) in out.iter_mut().zip(&columns) {
            let mix = |row: &[u8]| {
                let (near, far) = (f32::from(row[across.near]), f32::from(row[across.far]));
                near + (far - near) * across.share
            };
            let (above, below) = (mix(upper), mix(lower));
            *out = (above + (below - above) * down.share).round() as u8;
        }
    };
    if height > MAX_ROWS_ALONE {
        pixels.par_chunks_mut(width as usize).enumerate().for_each(fill);
    } else {
        pixels.chunks_mut(width as usize).enumerate().for_each(fill);
    }
    grey_of(width, height, pixels)
}

/// The picture at half its size, each pixel the mean of four.
///
/// # Panics
/// If a side is a single pixel.
pub fn halved(grey: &Grey) -> Grey {
    let (width, height) = (grey.width() / 2, grey.height() / 2);
    let at = |x: u32, y: u32| u16::from(grey.pixel(x, y)[0]);
    let mean = |x, y| ((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) / 4) as u8;
    grey_of(width, height, (0..width * height).map(|i| mean(i % width * 2, i / width * 2)).collect())
}

/// The picture with rows and columns exchanged.
pub fn transposed(grey: &Grey) -> Grey {
    let (width, height) = (grey.height(), grey.width());
    grey_of(width, height, (0..width * height).map(|i| grey.pixel(i / width, i % width)[0]).collect())
}

/// The picture with left and right exchanged.
pub fn mirrored(grey: &Grey) -> Grey {
    grey_of(grey.width(), grey.height(), grey.rows().flat_map(|row| row.iter().rev()).copied().collect())
}

fn grey_of(width: u32, height: u32, pixels: Vec<u8>) -> Grey {
    Grey::new(width, height, pixels).expect("as many pixels as the sides say, and at least one")
}

/// Which two pixels a sample lies between, and how far on its way to the second.
struct Tap {
    near: usize,
    far: usize,
    share: f32,
}

fn tap(start: f32, step: f32, sample: u32, length: u32) -> Tap {
    let last = length as usize - 1;
    let at = (start + (sample as f32 + 0.5) * step - 0.5).clamp(0.0, last as f32);
    let near = at as usize;
    Tap { near, far: (near + 1).min(last), share: at - near as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_by_hand() {
        let grey = Grey::new(4, 2, vec![0, 10, 20, 30, 40, 50, 60, 70]).unwrap();
        let check = |frame: Frame, width, height, expected: &[u8]| {
            assert_eq!(sample(&grey, frame, width, height).bytes(), expected, "{frame:?}");
        };
        check(Frame { x: 0.0, y: 0.0, step: 1.0 }, 4, 2, grey.bytes());
        check(Frame { x: 0.0, y: 0.0, step: 2.0 }, 2, 1, &[25, 45]);
        check(Frame { x: 0.5, y: 0.0, step: 1.0 }, 2, 1, &[5, 15]);
        check(Frame { x: -2.0, y: -2.0, step: 1.0 }, 2, 2, &[0, 0, 0, 0]);
        assert_eq!(halved(&grey).bytes(), [25, 45]);
        assert_eq!(transposed(&grey).bytes(), [0, 40, 10, 50, 20, 60, 30, 70]);
        assert_eq!(mirrored(&grey).bytes(), [30, 20, 10, 0, 70, 60, 50, 40]);
    }
}
