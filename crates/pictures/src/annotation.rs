//! A note within a PNG file, that goes where the picture goes.

use std::io::Cursor;

use crate::pixels::Rgb;

/// An image that cannot be written as PNG.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode a PNG with a note: {0}")]
pub struct AnnotationError(#[from] png::EncodingError);

/// The image as a PNG file with a note under a keyword (a `tEXt` chunk), compressed quickly.
///
/// # Errors
/// When keyword or note are not of Latin-1, or the keyword is not of 1 to 79 characters.
pub fn annotated(image: &Rgb, keyword: &str, note: &str) -> Result<Vec<u8>, AnnotationError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.add_text_chunk(keyword.into(), note.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.bytes())?;
    writer.finish()?;
    Ok(file)
}

/// The note under a keyword in a file; `None` where there is none before the pixels, or the file is no PNG.
pub fn annotation(file: &[u8], keyword: &str) -> Option<String> {
    let reader = png::Decoder::new(Cursor::new(file)).read_info().ok()?;
    let notes = &reader.info().uncompressed_latin1_text;
    notes.iter().find(|note| note.keyword == keyword).map(|note| note.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Alpha, Encoding, Narrowing, PictureFile};

    #[test]
    fn a_note_is_read_back_and_the_pixels_are_the_same() {
        let image = Rgb::new(2, 2, (0..12).map(|value| value * 20).collect()).unwrap();
        let file = annotated(&image, "made", "{\"seed\":7}").unwrap();
        assert_eq!(annotation(&file, "made").as_deref(), Some("{\"seed\":7}"));
        assert_eq!(annotation(&file, "other"), None);
        assert_eq!(PictureFile::open(&file, 4).unwrap().decode(Alpha::Drop, Narrowing::Nearest).unwrap(), image);
        assert_eq!(annotation(&image.encode(Encoding::Png).unwrap(), "made"), None);
        assert_eq!(annotation(b"GIF89a", "made"), None);
        assert_eq!(annotation(&file[..40], "made"), None);
    }

    #[test]
    fn what_latin_1_lacks_is_an_error() {
        assert!(annotated(&Rgb::filled(1, 1, [0; 3]), "made", "目").is_err());
    }
}
