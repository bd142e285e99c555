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

/// The most pixels that a classifier's buffers are kept for: those of all scales of a picture, sixteen bytes a pixel and more. They
/// never shrink, and are as wide as the widest picture and as high as the highest: two strips would have one of 4 GB made.
const MAX_KEPT_PIXELS: u64 = 16_000_000;

/// A classifier and the functions around it.
pub(super) struct OpenCv {
    cascade: Cascade,
    classifier: CascadeClassifier,
    /// The shorter side of its window.
    window: i32,
    /// The greatest width and height that the classifier has searched.
    searched: (u32, u32),
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
        let window = window.width.min(window.height);
        Ok(Self { cascade: cascade.clone(), classifier, window, searched: (0, 0) })
    }

    /// Searches with a classifier whose buffers are no larger than this picture, or those that are small, need.
    fn within_bounds(
        &mut self,
        grey: &Grey,
        search: impl FnOnce(&mut CascadeClassifier) -> Result<Vec<Window>, EngineError>,
    ) -> Result<Vec<Window>, EngineError> {
        let grown = |(width, height): (u32, u32)| (width.max(grey.width()), height.max(grey.height()));
        let is_large = |(width, height): (u32, u32)| u64::from(width) * u64::from(height) > MAX_KEPT_PIXELS;
        if is_large(grown(self.searched)) && self.searched != (0, 0) {
            self.begin_anew()?;
        }
        self.searched = grown(self.searched);
        let found = search(&mut self.classifier);
        // Where it failed, too: what it could not make room for it would ask for again.
        if is_large(self.searched) || found.is_err() {
            self.begin_anew()?;
        }
        found
    }

    /// Takes another classifier, with empty buffers: milliseconds beside the search of a large picture.
    fn begin_anew(&mut self) -> Result<(), EngineError> {
        self.classifier = classifier::read(&self.cascade)?;
        self.searched = (0, 0);
        Ok(())
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
        self.within_bounds(grey, |classifier| classifier::windows(classifier, grey, sizes))
    }

    fn windows_of_equalised(&mut self, grey: &Grey, sizes: &SearchSizes) -> Result<Vec<Window>, EngineError> {
        let plane = pixels::borrowed(grey)?;
        self.within_bounds(grey, |classifier| classifier::windows_of_equalised(classifier, &plane, sizes))
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
