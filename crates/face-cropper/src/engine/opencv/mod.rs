//! The reference engine: OpenCV 4 itself, called as the usual Python script calls it.

mod classifier;
mod library;
mod pixels;
mod profile;

use contracts::config::{Alpha, CropFormat};
use lbp_cascade::{SearchSizes, Window};
use opencv::{core, objdetect::CascadeClassifier, prelude::*};
use pictures::{Grey, PictureFile, Reduction, Rgb};

use self::library::library;
use super::{
    error::EngineError,
    interface::{Engine, Preview},
};
use crate::cascade::Cascade;

/// A classifier and the functions around it.
pub(super) struct OpenCv {
    classifier: CascadeClassifier,
    /// The shorter side of its window.
    window: i32,
}

impl OpenCv {
    /// Checks the library, quiets it and reads the cascade.
    pub(super) fn start(cascade: &Cascade) -> Result<Self, EngineError> {
        if core::get_version_major() != 4 {
            return Err(EngineError::WrongVersion(version()));
        }
        // Rayon's workers are the parallelism; the library's own threads would fight them.
        core::set_num_threads(1).map_err(library("limit its threads"))?;
        core::set_log_level(core::LogLevel::LOG_LEVEL_SILENT).map_err(library("be quiet"))?;
        let classifier = classifier::read(cascade)?;
        let window = classifier.get_original_window_size().map_err(library("ask for the size of the window"))?;
        Ok(Self { classifier, window: window.width.min(window.height) })
    }
}

impl Engine for OpenCv {
    fn decode(&mut self, file: &PictureFile<'_>, alpha: Alpha) -> Result<Rgb, EngineError> {
        pixels::decode(file, alpha)
    }

    fn preview(&mut self, file: &PictureFile<'_>, alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError> {
        pixels::preview(file, alpha, reduction)
    }

    fn grey(&mut self, picture: &Rgb) -> Result<Grey, EngineError> {
        pixels::grey(picture)
    }

    fn window(&self) -> i32 {
        self.window
    }

    fn windows(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError> {
        classifier::windows(&mut self.classifier, grey, sizes)
    }

    fn windows_of_equalised(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError> {
        classifier::windows_of_equalised(&mut self.classifier, &pixels::borrowed(grey)?, sizes)
    }

    fn scale(&mut self, face: &Rgb, side: u32) -> Result<Rgb, EngineError> {
        pixels::scaled(face, side)
    }

    fn encode(&mut self, face: &Rgb, format: CropFormat) -> Result<Vec<u8>, EngineError> {
        pixels::encode(face, format)
    }
}

/// The version of the library that was loaded.
pub(super) fn version() -> String {
    core::get_version_string().unwrap_or_else(|_| "of an unknown version".into())
}
