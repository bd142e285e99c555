//! Images one after the other: animated PNG and GIF.

use std::time::Duration;

use image::{
    Delay, Frame, RgbaImage,
    codecs::gif::{GifEncoder, Repeat},
};

use crate::pixels::Rgb;

/// How animations are written; both repeat for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Animation {
    /// Animated PNG: every colour as it is.
    Apng,
    /// GIF: 256 colours a frame, for places that show nothing else.
    Gif,
}

/// The speed of the search for a frame's 256 colours, 1 to 30; above 10 bands are seen in skin.
const GIF_SPEED: i32 = 10;

/// Frames that make no animation.
#[derive(Debug, thiserror::Error)]
pub enum AnimationError {
    /// No frame, or frames of several sizes.
    #[error("an animation takes frames of one size, at least one")]
    Frames,
    /// The encoder of PNG failed.
    #[error("cannot encode an animated PNG: {0}")]
    Png(#[from] png::EncodingError),
    /// The encoder of GIF failed.
    #[error("cannot encode a GIF: {0}")]
    Gif(#[from] image::ImageError),
}

/// The frames as an animation's file, each shown for `pause`, which formats round to milliseconds or more.
///
/// # Errors
/// When there are no frames, or they differ in size.
pub fn animate(frames: &[Rgb], pause: Duration, kind: Animation) -> Result<Vec<u8>, AnimationError> {
    let sides = frames.first().map(Rgb::sides).ok_or(AnimationError::Frames)?;
    if frames.iter().any(|frame| frame.sides() != sides) {
        return Err(AnimationError::Frames);
    }
    match kind {
        Animation::Apng => apng(frames, sides, pause),
        Animation::Gif => gif(frames, sides, pause),
    }
}

fn apng(frames: &[Rgb], (width, height): (u32, u32), pause: Duration) -> Result<Vec<u8>, AnimationError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(frames.len() as u32, 0)?;
    encoder.set_frame_delay(pause.as_millis().min(u16::MAX.into()) as u16, 1000)?;
    let mut writer = encoder.write_header()?;
    for frame in frames {
        writer.write_image_data(frame.bytes())?;
    }
    writer.finish()?;
    Ok(file)
}

fn gif(frames: &[Rgb], (width, height): (u32, u32), pause: Duration) -> Result<Vec<u8>, AnimationError> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut file, GIF_SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    for frame in frames {
        let rgba = frame.pixels().iter().flat_map(|[red, green, blue]| [*red, *green, *blue, u8::MAX]).collect();
        let image = RgbaImage::from_raw(width, height, rgba).ok_or(AnimationError::Frames)?;
        encoder.encode_frame(Frame::from_parts(image, 0, 0, Delay::from_saturating_duration(pause)))?;
    }
    drop(encoder);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{AnimationDecoder as _, codecs::gif::GifDecoder, codecs::png::PngDecoder};

    use super::*;

    fn frames() -> Vec<Rgb> {
        (1..4).map(|value| Rgb::filled(5, 4, [value * 60, 0, 255 - value * 60])).collect()
    }

    fn check(found: Vec<Frame>) {
        assert_eq!(found.len(), 3);
        for (found, expected) in found.iter().zip(frames()) {
            assert_eq!(found.delay().numer_denom_ms(), (80, 1));
            assert_eq!(found.buffer().get_pixel(4, 3).0[..3], expected.pixel(4, 3));
        }
    }

    #[test]
    fn both_formats_are_read_back_frame_by_frame() {
        let encode = |kind| Cursor::new(animate(&frames(), Duration::from_millis(80), kind).unwrap());
        check(GifDecoder::new(encode(Animation::Gif)).unwrap().into_frames().collect_frames().unwrap());
        let apng = PngDecoder::new(encode(Animation::Apng)).unwrap().apng().unwrap();
        check(apng.into_frames().collect_frames().unwrap());
    }

    #[test]
    fn frames_of_two_sizes_or_none_are_refused() {
        for frames in [vec![], vec![Rgb::filled(2, 2, [0; 3]), Rgb::filled(2, 3, [0; 3])]] {
            assert!(matches!(animate(&frames, Duration::ZERO, Animation::Apng), Err(AnimationError::Frames)));
        }
    }
}
