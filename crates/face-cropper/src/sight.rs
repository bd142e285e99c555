//! One picture's file to the faces in it: at its full size, or by a quick look at a small grey one.

use contracts::config::{CropConfig, CropMode};
use lbp_cascade::{Detection, Rect};

use crate::{
    detect::detect,
    engine::{Engine, EngineError, Reduction},
    picture::{Colour, Grey},
    scaling::scaled,
};

/// The longer side of what the fast mode searches.
pub const FAST_SIDE: u64 = 768;

/// What was seen in a picture.
pub struct Sight {
    /// The faces, sorted by (y, x, width), in pixels of the picture.
    pub detections: Vec<Detection>,
    /// The picture and its brightness; always there where a face is.
    pub picture: Option<(Colour, Grey)>,
}

/// Looks for faces in a picture file whose longer side is known from its header.
///
/// # Errors
/// When the engine cannot decode it, or fails.
pub fn look(engine: &mut dyn Engine, file: &[u8], longer_side: u64, config: &CropConfig) -> Result<Sight, EngineError> {
    match config.mode {
        CropMode::Exact => exact(engine, file, config),
        CropMode::Fast => fast(engine, file, longer_side, config),
    }
}

fn exact(engine: &mut dyn Engine, file: &[u8], config: &CropConfig) -> Result<Sight, EngineError> {
    let picture = engine.decode(file, config.alpha)?;
    let grey = engine.grey(&picture)?;
    Ok(Sight { detections: detect(engine, &grey, config)?, picture: Some((picture, grey)) })
}

/// Searches a small grey picture, and decodes the colours only where there is a face.
fn fast(engine: &mut dyn Engine, file: &[u8], longer_side: u64, config: &CropConfig) -> Result<Sight, EngineError> {
    let preview = engine.preview(file, config.alpha, Reduction::down_to(FAST_SIDE, longer_side))?;
    let small = limited(&preview.grey);
    let share = f64::from(small.width().max(small.height())) / longer_side as f64;
    let shrunk = |side: i32| ((f64::from(side) * share).round() as i32).max(i32::from(side > 0));
    let sizes = CropConfig { min_size: shrunk(config.min_size), max_size: shrunk(config.max_size), ..config.clone() };
    let found = detect(engine, &small, &sizes)?;
    if found.is_empty() {
        return Ok(Sight { detections: Vec::new(), picture: None });
    }
    let picture = match preview.picture {
        Some(picture) => picture,
        None => engine.decode(file, config.alpha)?,
    };
    let mut detections: Vec<Detection> = found.iter().map(|face| enlarged(face, &small, &picture)).collect();
    detections.sort_by_key(|face| (face.rect.y, face.rect.x, face.rect.width));
    let grey = engine.grey(&picture)?;
    Ok(Sight { detections, picture: Some((picture, grey)) })
}

fn limited(grey: &Grey) -> Grey {
    let longer = grey.width().max(grey.height()) as u64;
    if longer <= FAST_SIDE {
        return grey.clone();
    }
    let side = |side: i32| ((side as u64 * FAST_SIDE + longer / 2) / longer).max(1) as usize;
    scaled(grey, side(grey.width()), side(grey.height()))
}

/// A face found in `small`, in pixels of `picture`.
fn enlarged(face: &Detection, small: &Grey, picture: &Colour) -> Detection {
    let stretch = |start: i32, length: i32, from: i32, to: i32| {
        let place = |place: i32| (f64::from(place) * f64::from(to) / f64::from(from)).round() as i32;
        (place(start).min(to - 1), place(length).clamp(1, to - place(start).min(to - 1)))
    };
    let b = face.rect;
    let (x, width) = stretch(b.x, b.width, small.width(), picture.width());
    let (y, height) = stretch(b.y, b.height, small.height(), picture.height());
    Detection { rect: Rect { x, y, width, height }, ..*face }
}
