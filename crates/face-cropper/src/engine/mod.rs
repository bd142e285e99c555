//! What decodes, evaluates and cuts: the one seam between the stage and an imaging library.

mod native;
#[cfg(feature = "opencv")]
mod opencv;

use contracts::{
    config::{self, Alpha, CropFormat},
    record::PixelBox,
};

use crate::{
    cascade::Cascade,
    picture::{Colour, Grey},
};

/// A window in which every stage of the cascade said yes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where it is.
    pub pixel_box: PixelBox,
    /// The sum of the last stage: its level weight.
    pub weight: f64,
}

/// Which windows are evaluated. Where no size fits between the two, the one nearest to the smallest is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// The step between the sizes, above 1.
    pub scale_factor: f64,
    /// The smallest window's side in pixels.
    pub min_size: i32,
    /// The largest window's side in pixels; 0: as large as the picture.
    pub max_size: i32,
}

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
    fn windows(&mut self, grey: &Grey, search: &Search) -> Result<Vec<Window>, EngineError>;

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

/// An engine that cannot start, or gave up on a picture.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The cascade is not one.
    #[error(
        "cannot use the cascade at {place}: {problem}; give crop.cascade the path of a cascade that OpenCV 4 reads, or \
         leave it out to use {}",
        contracts::cascade::NAME
    )]
    NotACascade {
        /// Where it was read from.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The program was built without the library.
    #[error(
        "crop.engine = \"opencv\" needs OpenCV, and this program was built without it; set crop.engine = \"native\", or \
         build face-cropper with its feature opencv"
    )]
    NotBuilt,
    /// The library at run time is another than the one that is called.
    #[error(
        "OpenCV {0} was loaded, and only OpenCV 4 is known to work (5 moved the cascade classifier out of its main \
         modules); install OpenCV 4 and build again"
    )]
    WrongVersion(String),
    /// The file cannot be decoded.
    #[error("the file cannot be decoded")]
    Undecodable,
    /// The library threw something.
    #[error("the engine could not {doing}: {problem}")]
    Library {
        /// What it was asked to do.
        doing: &'static str,
        /// What it said.
        problem: String,
    },
}

/// Starts one worker's engine.
///
/// # Errors
/// When the library or the cascade is not usable.
pub fn start(engine: config::Engine, cascade: &Cascade) -> Result<Box<dyn Engine>, EngineError> {
    match engine {
        config::Engine::Native => Ok(Box::new(native::Native::start(cascade)?)),
        #[cfg(feature = "opencv")]
        config::Engine::Opencv => Ok(Box::new(opencv::OpenCv::start(cascade)?)),
        #[cfg(not(feature = "opencv"))]
        config::Engine::Opencv => Err(EngineError::NotBuilt),
    }
}

/// The engine's name and version: crops of another decoder or scaler may differ.
pub fn identity(engine: config::Engine) -> String {
    match engine {
        config::Engine::Native => format!("native {}", native::VERSION),
        #[cfg(feature = "opencv")]
        config::Engine::Opencv => format!("opencv {}", opencv::version()),
        #[cfg(not(feature = "opencv"))]
        config::Engine::Opencv => "opencv".into(),
    }
}

#[cfg(all(test, not(feature = "opencv")))]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_was_not_built_says_what_to_do() {
        let cascade = Cascade::of_text("nowhere".into(), String::new());
        let error = start(config::Engine::Opencv, &cascade).err().unwrap().to_string();
        assert!(error.contains("crop.engine = \"native\"") && error.contains("without it"), "{error}");
    }
}
