//! The native engine: the detector of `lbp-cascade` between decoders and scalers of our own.
//!
//! From the same grey bytes its windows are OpenCV's to the last bit, and PNG and JPEG files give it OpenCV's bytes. Its decoders of other
//! formats and its scaling of crops are others: there a level may differ.

use contracts::config::{Alpha, CropFormat};
use lbp_cascade::{CascadeError, Detector, GreyImage, SearchSizes, Window};
use pictures::{Encoding, Grey, PictureFile, Reduction, Rgb};

use super::{
    error::EngineError,
    interface::{Engine, Preview},
    portable,
};
use crate::cascade::Cascade;

/// Counts the changes of what this engine gives: 2 decodes JPEG files to libjpeg-turbo's bytes.
pub(super) const VERSION: u32 = 2;

/// A detector and the functions around it.
pub(super) struct Native {
    detector: Detector,
}

impl Native {
    /// Reads the cascade; there is nothing else to start.
    pub(super) fn start(cascade: &Cascade) -> Result<Self, EngineError> {
        let refused = |problem| EngineError::NotACascade { origin: cascade.origin(), problem };
        cascade.check_kind().map_err(|problem| refused(problem.to_owned()))?;
        let cascade = lbp_cascade::Cascade::parse(cascade.text()).map_err(|error| refused(problem(&error)))?;
        Ok(Self { detector: Detector::new(cascade) })
    }
}

fn problem(error: &CascadeError) -> String {
    match error {
        CascadeError::BlockTooLarge(_) => format!("{error}, which crop.engine = \"opencv\" alone evaluates"),
        _ => error.to_string(),
    }
}

/// A grey picture as the detector takes it.
pub(crate) fn as_image(grey: &Grey) -> GreyImage<'_> {
    GreyImage::new(grey.width() as usize, grey.height() as usize, grey.bytes()).expect("its bytes fill its sides")
}

impl Engine for Native {
    fn decode(&mut self, file: &PictureFile<'_>, alpha: Alpha) -> Result<Rgb, EngineError> {
        portable::decode(file, alpha)
    }

    fn preview(&mut self, file: &PictureFile<'_>, alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError> {
        if let Some(grey) = file.grey_preview(reduction) {
            return Ok(Preview { grey, picture: None });
        }
        let picture = self.decode(file, alpha)?;
        Ok(Preview { grey: picture.to_grey(), picture: Some(picture) })
    }

    fn grey(&mut self, picture: &Rgb) -> Result<Grey, EngineError> {
        Ok(picture.to_grey())
    }

    fn window(&self) -> i32 {
        let (width, height) = self.detector.window();
        width.min(height) as i32
    }

    fn windows(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError> {
        Ok(self.detector.windows(as_image(grey), sizes))
    }

    fn windows_of_equalised(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError> {
        Ok(self.detector.windows_of_equalised(as_image(grey), sizes))
    }

    fn scale(&mut self, face: &Rgb, side: u32) -> Result<Rgb, EngineError> {
        Ok(face.scaled(side, side))
    }

    fn encode(&mut self, face: &Rgb, format: CropFormat) -> Result<Vec<u8>, EngineError> {
        let encoding = match format {
            CropFormat::Png => Encoding::Png,
            CropFormat::Jpg => Encoding::Jpeg,
        };
        let failed =
            |error: pictures::EncodeError| EngineError::Library { doing: "encode a face", problem: error.to_string() };
        face.encode(encoding).map_err(failed)
    }
}
