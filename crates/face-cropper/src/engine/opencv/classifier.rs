//! OpenCV's cascade classifier: reading a cascade, and the windows that it accepts.

use lbp_cascade::{SearchSizes, Window};
use opencv::{
    core::{FileStorage, FileStorage_MEMORY, FileStorage_READ, Mat, Rect, Size, ToInputArray, Vector},
    imgproc,
    objdetect::CascadeClassifier,
    prelude::*,
};
use pictures::Grey;

use super::{super::error::EngineError, library::library, pixels};
use crate::cascade::Cascade;

/// Makes a classifier of a cascade's text, so that the cascade need not be a file.
pub(super) fn read(cascade: &Cascade) -> Result<CascadeClassifier, EngineError> {
    let refused = |problem: &str| EngineError::NotACascade { origin: cascade.origin(), problem: problem.to_owned() };
    cascade.check_kind().map_err(refused)?;
    let broken = |_| refused("it is broken or cut off");
    let storage = FileStorage::new(cascade.text(), FileStorage_READ | FileStorage_MEMORY, "").map_err(broken)?;
    if !storage.is_opened().map_err(broken)? {
        return Err(refused("it is broken or cut off"));
    }
    let root = storage.get_first_top_level_node().map_err(broken)?;
    let mut classifier = CascadeClassifier::default().map_err(library("make a classifier"))?;
    // It throws at what is no cascade at all, and says no to kinds that it does not know.
    let known = classifier.read(&root).unwrap_or(false);
    if !known || classifier.empty().map_err(library("look at a classifier"))? {
        return Err(refused("it describes no LBP or Haar cascade of the current format"));
    }
    Ok(classifier)
}

/// All windows that pass every stage, ungrouped, in the order of the sizes.
///
/// This asks the classifier behind `CascadeClassifier`, which clips boxes to the picture before it hands them on.
/// Windows may stick out by a rounding; clipped before they are grouped they would give other mean boxes.
pub(super) fn windows(
    classifier: &mut CascadeClassifier,
    grey: &Grey,
    sizes: &SearchSizes,
) -> Result<Vec<Window>, EngineError> {
    let plane = pixels::borrowed(grey)?;
    let mut equalised = Mat::default();
    imgproc::equalize_hist(&plane, &mut equalised).map_err(library("equalise a histogram"))?;
    windows_of_equalised(classifier, &equalised, sizes)
}

/// [`windows`] of a picture that is equalised already.
pub(super) fn windows_of_equalised(
    classifier: &mut CascadeClassifier,
    equalised: &impl ToInputArray,
    sizes: &SearchSizes,
) -> Result<Vec<Window>, EngineError> {
    let (mut rects, mut levels, mut weights) = (Vector::<Rect>::new(), Vector::<i32>::new(), Vector::<f64>::new());
    let side = |side| Size::new(side, side);
    // With no neighbours asked for, nothing is grouped: each window keeps its own level weight.
    classifier
        .cc()
        .detect_multi_scale_levels(
            equalised,
            &mut rects,
            &mut levels,
            &mut weights,
            sizes.scale_factor,
            0,
            0,
            side(sizes.min_size),
            side(sizes.max_size),
            true,
        )
        .map_err(library("search for faces"))?;
    let window =
        |(rect, weight): (Rect, f64)| Window { rect: [rect.x, rect.y, rect.width, rect.height].into(), weight };
    Ok(rects.iter().zip(weights.iter()).map(window).collect())
}
