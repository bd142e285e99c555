//! A grey plane to the faces in it.

use contracts::{config::CropConfig, record::PixelBox};

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
    let search = Search { scale_factor: config.scale_factor, min_size: config.min_size, max_size: config.max_size };
    let windows = engine.windows(grey, &search)?;
    let mut found: Vec<Detection> =
        group(&windows, config.min_neighbors).into_iter().filter_map(|found| clipped(found, grey)).collect();
    // Windows that stand alone may share a box; their scores then decide, so that the order is always the same.
    found.sort_by(|a, b| {
        let place = |d: &Detection| (d.pixel_box.y, d.pixel_box.x, d.pixel_box.width, d.pixel_box.height);
        place(a).cmp(&place(b)).then(b.score.total_cmp(&a.score))
    });
    Ok(found)
}

/// A detection without what sticks out of the picture: windows do so by a rounding. `None` where nothing is left.
fn clipped(found: Detection, grey: &Grey) -> Option<Detection> {
    let b = found.pixel_box;
    let (left, top) = (b.x.max(0), b.y.max(0));
    let (right, bottom) = ((b.x + b.width).min(grey.width()), (b.y + b.height).min(grey.height()));
    let pixel_box = PixelBox { x: left, y: top, width: right - left, height: bottom - top };
    (pixel_box.width > 0 && pixel_box.height > 0).then_some(Detection { pixel_box, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sticks_out_is_clipped_after_grouping() {
        let grey = Grey::new(100, 80, vec![0; 8000]).unwrap();
        let check = |pixel_box: [i32; 4], expected: Option<[i32; 4]>| {
            let found = Detection { pixel_box: pixel_box.into(), neighbours: 6, score: 1.0 };
            assert_eq!(clipped(found, &grey).map(|d| d.pixel_box.into()), expected, "{pixel_box:?}");
        };
        check([0, 0, 100, 80], Some([0, 0, 100, 80]));
        check([51, 31, 50, 50], Some([51, 31, 49, 49]));
        check([-1, 2, 50, 50], Some([0, 2, 49, 50]));
        check([100, 0, 50, 50], None);
    }
}
