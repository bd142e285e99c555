//! What an engine does, whichever imaging library is behind it.

use contracts::config::{Alpha, CropFormat};
use lbp_cascade::{SearchSizes, Window};

use super::error::EngineError;
use crate::picture::{Colour, Grey};

/// By how much a preview may be smaller than its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Not at all.
    None,
    /// Half as wide and high.
    Half,
    /// A quarter.
    Quarter,
    /// An eighth.
    Eighth,
}

impl Reduction {
    /// The greatest that leaves a picture's longer side at `limit` pixels or more.
    pub fn down_to(limit: u64, longer_side: u64) -> Self {
        let all = [Self::Eighth, Self::Quarter, Self::Half];
        all.into_iter().find(|reduction| longer_side / u64::from(reduction.divisor()) >= limit).unwrap_or(Self::None)
    }

    /// What sides are divided by.
    pub fn divisor(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }
}

/// A first look at a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its brightness, perhaps at a smaller size.
    pub grey: Grey,
    /// The picture itself, where it had to be decoded.
    pub picture: Option<Colour>,
}

/// One worker's tools. From the same bytes every engine is to give the same windows in the same order.
pub trait Engine: Send {
    /// Decodes a picture file, turned upright as its EXIF orientation says.
    ///
    /// # Errors
    /// When the file is no picture that this engine can decode.
    fn decode(&mut self, file: &[u8], alpha: Alpha) -> Result<Colour, EngineError>;

    /// The brightness of a picture file, of a JPEG at a fraction of its size: much less work than to decode it.
    ///
    /// # Errors
    /// When the file is no picture that this engine can decode.
    fn preview(&mut self, file: &[u8], alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError>;

    /// The brightness of a picture.
    ///
    /// # Errors
    /// When the library fails.
    fn grey(&mut self, picture: &Colour) -> Result<Grey, EngineError>;

    /// The windows that the cascade accepts in a grey plane, whose histogram is equalised here first.
    ///
    /// # Errors
    /// When the library fails.
    fn windows(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError>;

    /// A square face scaled to `side` pixels.
    ///
    /// # Errors
    /// When the library fails.
    fn scale(&mut self, face: &Colour, side: usize) -> Result<Colour, EngineError>;

    /// A face as a file.
    ///
    /// # Errors
    /// When the library fails.
    fn encode(&mut self, face: &Colour, format: CropFormat) -> Result<Vec<u8>, EngineError>;
}
