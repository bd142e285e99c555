//! A grey plane to the faces in it.

use contracts::config::CropConfig;
use lbp_cascade::{Detection, SearchSizes, detections};
use pictures::Grey;

use crate::engine::{Engine, EngineError};

/// Finds the faces of a picture, sorted by (y, x, width): the order that faces are numbered in.
///
/// # Errors
/// When the engine gives up on the search.
pub fn detect(engine: &mut dyn Engine, grey: &Grey, config: &CropConfig) -> Result<Vec<Detection>, EngineError> {
    let CropConfig { scale_factor, min_size, max_size, min_neighbors, .. } = *config;
    let windows = engine.windows(grey, &SearchSizes { scale_factor, min_size, max_size })?;
    Ok(detections(&windows, min_neighbors, (grey.width() as usize, grey.height() as usize)))
}
