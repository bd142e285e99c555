//! One picture's file to the faces in it: at its full size, or by a first look at a small grey one.

use contracts::config::{CropConfig, CropMode};
use lbp_cascade::{Detection, Rect};
use pictures::{Grey, PictureFile, Reduction, Rgb};

use crate::{
    engine::{Engine, EngineError},
    judged::detect_judged,
    turned::{DetectedFace, detect_turned, place},
};

/// The longer side of what the fast mode looks at, in pixels: faces of the default `crop.min_size` still fill a window in pictures
/// of twice that side.
const FAST_SIDE: u32 = 768;

/// What was found in a picture.
pub struct Detections {
    /// The faces, sorted by (y, x, width), in pixels of the picture.
    pub faces: Vec<DetectedFace>,
    /// The picture and its brightness; always there where a face is.
    pub picture: Option<(Rgb, Grey)>,
}

/// Searches a picture file for faces, as `crop.mode` says.
///
/// # Errors
/// When the engine cannot decode it, or fails.
pub fn search(engine: &mut dyn Engine, file: &PictureFile<'_>, config: &CropConfig) -> Result<Detections, EngineError> {
    match config.mode {
        CropMode::Exact => exact(engine, file, config),
        CropMode::Fast => fast(engine, file, config),
        CropMode::Judged => judged(engine, file, config),
    }
}

fn exact(engine: &mut dyn Engine, file: &PictureFile<'_>, config: &CropConfig) -> Result<Detections, EngineError> {
    let picture = engine.decode(file, config.alpha)?;
    let grey = engine.grey(&picture)?;
    Ok(Detections { faces: detect_turned(engine, &grey, config)?, picture: Some((picture, grey)) })
}

/// The judge looks at colours, so that every picture is decoded.
fn judged(engine: &mut dyn Engine, file: &PictureFile<'_>, config: &CropConfig) -> Result<Detections, EngineError> {
    let picture = engine.decode(file, config.alpha)?;
    let faces = detect_judged(engine, &picture, config)?;
    let grey = if faces.is_empty() { None } else { Some(engine.grey(&picture)?) };
    Ok(Detections { faces, picture: grey.map(|grey| (picture, grey)) })
}

/// Searches a small grey picture, and decodes the colours only where there is a face.
fn fast(engine: &mut dyn Engine, file: &PictureFile<'_>, config: &CropConfig) -> Result<Detections, EngineError> {
    let longer_side = file.probe().longer_side();
    let preview = engine.preview(file, config.alpha, Reduction::down_to(FAST_SIDE, longer_side))?;
    let small = limited(&preview.grey, FAST_SIDE);
    let share = f64::from(small.width().max(small.height())) / f64::from(longer_side);
    // A size of 0 means no limit, and stays so; any other stays a limit.
    let shrunk = |side: i32| ((f64::from(side) * share).round() as i32).max(i32::from(side > 0));
    let sizes = CropConfig { min_size: shrunk(config.min_size), max_size: shrunk(config.max_size), ..config.clone() };
    let found = detect_turned(engine, &small, &sizes)?;
    if found.is_empty() {
        return Ok(Detections { faces: Vec::new(), picture: None });
    }
    let picture = match preview.picture {
        Some(picture) => picture,
        None => engine.decode(file, config.alpha)?,
    };
    let mut faces: Vec<DetectedFace> = found.iter().map(|face| enlarged(face, &small, &picture)).collect();
    // Rounded to the picture's pixels, two may have changed places.
    faces.sort_by_key(place);
    let grey = engine.grey(&picture)?;
    Ok(Detections { faces, picture: Some((picture, grey)) })
}

/// A plane whose longer side is at most so many pixels.
pub(crate) fn limited(grey: &Grey, limit: u32) -> Grey {
    let longer = grey.width().max(grey.height());
    if longer <= limit {
        return grey.clone();
    }
    let side = |side: u32| {
        let scaled = (u64::from(side) * u64::from(limit) + u64::from(longer) / 2) / u64::from(longer);
        (scaled as u32).max(1)
    };
    grey.scaled(side(grey.width()), side(grey.height()))
}

/// A face found in `small`, in pixels of `picture`.
fn enlarged(face: &DetectedFace, small: &Grey, picture: &Rgb) -> DetectedFace {
    let stretched = |start: i32, length: i32, from: u32, to: u32| {
        let scaled = |v: i32| (f64::from(v) * f64::from(to) / f64::from(from)).round() as i32;
        // A turned face's square has its middle where the face has its own, also where it sticks out.
        if face.angle != 0.0 {
            return (scaled(start), scaled(length).max(1));
        }
        let (start, end) = (scaled(start).min(to as i32 - 1), to as i32);
        (start, scaled(length).clamp(1, end - start))
    };
    let rect = face.detection.rect;
    let (x, width) = stretched(rect.x, rect.width, small.width(), picture.width());
    let (y, height) = stretched(rect.y, rect.height, small.height(), picture.height());
    // The sides of the small picture are rounded one by one; a square stays one.
    let height = if face.angle != 0.0 { width } else { height };
    DetectedFace { detection: Detection { rect: Rect { x, y, width, height }, ..face.detection }, ..*face }
}
