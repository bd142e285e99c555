//! OpenCV's CascadeClassifier: reading a cascade, and the windows that it accepts.

use contracts::record::PixelBox;
use opencv::{
    core::{FileStorage, FileStorage_MEMORY, FileStorage_READ, Mat, Rect, Size, Vector},
    imgproc,
    objdetect::CascadeClassifier,
    prelude::*,
};

use super::{super::EngineError, library, pixels};
use crate::{
    cascade::Cascade,
    engine::{Search, Window},
    picture::Grey,
};

/// Makes a classifier of a cascade's text, so that the cascade need not be a file.
pub(super) fn read(cascade: &Cascade) -> Result<CascadeClassifier, EngineError> {
    let refused = |problem: &str| EngineError::NotACascade { place: cascade.place(), problem: problem.to_owned() };
    let broken = |_| refused("it is broken or cut off");
    let storage = FileStorage::new(cascade.text(), FileStorage_READ | FileStorage_MEMORY, "").map_err(broken)?;
    if !storage.is_opened().map_err(broken)? {
        return Err(refused("it is no XML, YAML or JSON that OpenCV wrote"));
    }
    let root = storage.get_first_top_level_node().map_err(broken)?;
    let mut classifier = CascadeClassifier::default().map_err(library("make a classifier"))?;
    let known = classifier.read(&root).map_err(broken)?;
    if !known || classifier.empty().map_err(library("look at a classifier"))? {
        return Err(refused("it describes no LBP or Haar cascade of the current format"));
    }
    Ok(classifier)
}

/// All windows that pass every stage, ungrouped, in the order of the search.
pub(super) fn windows(
    classifier: &mut CascadeClassifier,
    grey: &Grey,
    search: &Search,
) -> Result<Vec<Window>, EngineError> {
    let plane = pixels::borrowed(grey)?;
    let mut equalised = Mat::default();
    imgproc::equalize_hist(&plane, &mut equalised).map_err(library("equalise a histogram"))?;
    let (mut places, mut levels, mut weights) = (Vector::<Rect>::new(), Vector::<i32>::new(), Vector::<f64>::new());
    let smallest = Size::new(search.min_size, search.min_size);
    // With no neighbours asked for, nothing is grouped: each window keeps its own level weight.
    classifier
        .detect_multi_scale3(
            &equalised,
            &mut places,
            &mut levels,
            &mut weights,
            search.scale_factor,
            0,
            0,
            smallest,
            Size::default(),
            true,
        )
        .map_err(library("search for faces"))?;
    let window = |(place, weight): (Rect, f64)| Window {
        pixel_box: PixelBox { x: place.x, y: place.y, width: place.width, height: place.height },
        weight,
    };
    Ok(places.iter().zip(weights.iter()).map(window).collect())
}
