//! A picture that is small as a file and huge when unpacked.

use std::{
    io::Write,
    sync::{Arc, OnceLock},
};

/// Pixels on a side: 1.6 billion in all, 4.8 GB as RGB.
const SIDE: u32 = 40_000;

/// The file: one bit a pixel, all black, well below a megabyte. Made once.
pub(super) fn png() -> Arc<[u8]> {
    static MADE: OnceLock<Arc<[u8]>> = OnceLock::new();
    MADE.get_or_init(|| encoded().expect("black pixels can be encoded into memory").into()).clone()
}

fn encoded() -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    let mut pixels = writer.stream_writer()?;
    let row = vec![0; (SIDE / 8) as usize];
    for _ in 0..SIDE {
        pixels.write_all(&row)?;
    }
    pixels.finish()?;
    drop(writer);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_small_and_says_how_large_it_gets() {
        let file = png();
        assert!(file.len() < 1 << 20, "{} bytes", file.len());
        let reader = image::ImageReader::new(std::io::Cursor::new(file)).with_guessed_format().unwrap();
        assert_eq!(reader.into_dimensions().unwrap(), (SIDE, SIDE));
    }
}
