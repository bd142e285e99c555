//! The native engine: the detector of `lbp-cascade` between decoders and scalers of our own.
//!
//! From the same grey bytes its windows are OpenCV's to the last bit. Its decoders and its scaling of crops are others: there a
//! level may differ.

use contracts::config::{Alpha, CropFormat};
use lbp_cascade::{CascadeError, Detector, GreyImage, SearchSizes, Window, brightness};

use super::{
    error::EngineError,
    interface::{Engine, Preview, Reduction},
    reduced_jpeg,
};
use crate::{
    cascade::Cascade,
    codec,
    picture::{Colour, Grey},
    scaling::scaled,
};

/// Counts the changes of what this engine gives.
pub(super) const VERSION: u32 = 1;

/// A detector and the functions around it.
pub(super) struct Native {
    detector: Detector,
}

impl Native {
    /// Reads the cascade.
    pub(super) fn start(cascade: &Cascade) -> Result<Self, EngineError> {
        let refused = |problem| EngineError::NotACascade { place: cascade.place(), problem };
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

impl Engine for Native {
    fn decode(&mut self, file: &[u8], alpha: Alpha) -> Result<Colour, EngineError> {
        codec::decode(file, alpha).ok_or(EngineError::Undecodable)
    }

    fn preview(&mut self, file: &[u8], alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError> {
        if let Some(grey) = reduced_jpeg::decode(file, reduction) {
            return Ok(Preview { grey, picture: None });
        }
        let picture = self.decode(file, alpha)?;
        Ok(Preview { grey: self.grey(&picture)?, picture: Some(picture) })
    }

    fn grey(&mut self, picture: &Colour) -> Result<Grey, EngineError> {
        let bytes = picture.bytes().as_chunks().0.iter().map(|[blue, green, red]| brightness([*red, *green, *blue]));
        Ok(Grey::new(picture.width(), picture.height(), bytes.collect()).expect("it has one byte for each pixel"))
    }

    fn windows(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError> {
        let image = GreyImage::new(grey.width() as usize, grey.height() as usize, grey.bytes());
        Ok(self.detector.windows(image.expect("its bytes fill its sides"), sizes))
    }

    fn scale(&mut self, face: &Colour, side: usize) -> Result<Colour, EngineError> {
        Ok(scaled(face, side, side))
    }

    fn encode(&mut self, face: &Colour, format: CropFormat) -> Result<Vec<u8>, EngineError> {
        codec::encode(face, format).map_err(|problem| EngineError::Library { doing: "encode a face", problem })
    }
}
