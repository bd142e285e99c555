//! What an engine does, whichever imaging library is behind it.

use contracts::config::{Alpha, CropFormat};
use lbp_cascade::{SearchSizes, Window};
use pictures::{Grey, PictureFile, Reduction, Rgb};

use super::error::EngineError;

/// A first look at a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its brightness, perhaps at a smaller size.
    pub grey: Grey,
    /// The picture itself, where it had to be decoded.
    pub picture: Option<Rgb>,
}

/// One worker's tools. From the same grey pixels every engine is to give the same windows in the same order.
pub trait Engine: Send {
    /// Decodes a picture file, turned upright as its EXIF orientation says.
    ///
    /// # Errors
    /// When the file is no picture that this engine can decode.
    fn decode(&mut self, file: &PictureFile<'_>, alpha: Alpha) -> Result<Rgb, EngineError>;

    /// The brightness of a picture file, of a JPEG at a fraction of its size: much less work than to decode it.
    ///
    /// # Errors
    /// When the file is no picture that this engine can decode.
    fn preview(&mut self, file: &PictureFile<'_>, alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError>;

    /// The brightness of a picture.
    ///
    /// # Errors
    /// When the library does not convert it.
    fn grey(&mut self, picture: &Rgb) -> Result<Grey, EngineError>;

    /// The shorter side of the cascade's window in pixels: nothing smaller is found.
    fn window(&self) -> i32;

    /// The windows that the cascade accepts in a grey picture, whose histogram is equalised here first.
    ///
    /// # Errors
    /// When the library gives up on the search.
    fn windows(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError>;

    /// [`Self::windows`] of a grey picture that is equalised already, such as one that was turned since.
    ///
    /// # Errors
    /// When the library gives up on the search.
    fn windows_of_equalised(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError>;

    /// A square face scaled to `side` pixels.
    ///
    /// # Errors
    /// When the library does not scale it.
    fn scale(&mut self, face: &Rgb, side: u32) -> Result<Rgb, EngineError>;

    /// A face as a file.
    ///
    /// # Errors
    /// When the library does not encode it.
    fn encode(&mut self, face: &Rgb, format: CropFormat) -> Result<Vec<u8>, EngineError>;
}
