//! A grey plane to the faces in it.

use contracts::config::CropConfig;

use crate::{
    engine::{Engine, EngineError, Search},
    grouping::{Detection, group},
    picture::Grey,
};

/// Finds the faces of a picture, sorted by (y, x, width): the order that faces are numbered in.
///
/// # Errors
/// When the engine fails.
pub fn detect(engine: &mut dyn Engine, grey: &Grey, config: &CropConfig) -> Result<Vec<Detection>, EngineError> {
    let search = Search { scale_factor: config.scale_factor, min_size: config.min_size };
    let windows = engine.windows(grey, &search)?;
    let mut found = group(&windows, config.min_neighbors);
    // Windows that stand alone may share a box; their scores then decide, so that the order is always the same.
    found.sort_by(|a, b| {
        let place = |d: &Detection| (d.pixel_box.y, d.pixel_box.x, d.pixel_box.width, d.pixel_box.height);
        place(a).cmp(&place(b)).then(b.score.total_cmp(&a.score))
    });
    Ok(found)
}
