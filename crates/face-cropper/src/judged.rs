//! The judged search: a lenient cascade proposes, a small network decides.
//!
//! ```text
//! picture ─▶ planes ─▶ small grey plane ─▶ first stages ─▶ windows ─▶ judge: looks, moves them, drops what is no face ─▶ faces
//! ```

use contracts::config::CropConfig;
use lbp_cascade::{
    Detection, Rect, equalise,
    judge::{Judged, Planes, Square},
};
use pictures::{Grey, Rgb};

use crate::{
    confidence::{JUDGE, as_planes},
    engine::{Engine, EngineError},
    search::limited,
    turned::{DetectedFace, Reduced, place, search_turned},
};

/// The longer side of what the cascade searches, in pixels. The judge looks at the larger picture that it was made of.
const SEARCHED_SIDE: u32 = 512;

/// The step between the sizes searched: as the judge moves what it looks at, finer ones found no more.
const SCALE_FACTOR: f64 = 1.15;

/// The judge looks at every window: some faces pass the first stages in a single one.
const MIN_NEIGHBORS: i32 = 0;

/// Faces that are turned by fewer degrees are cut as they are: resampling would cost more than it gains.
const MIN_TURN: f32 = 7.5;

/// What the judge finds less likely is no face that a gate has to drop.
const MIN_CONFIDENCE: f64 = 0.1;

/// Finds the faces of a picture at every angle of `crop.rotations`, sorted by (y, x, width).
///
/// # Errors
/// When the engine gives up on the search.
pub fn detect_judged(
    engine: &mut dyn Engine,
    picture: &Rgb,
    config: &CropConfig,
) -> Result<Vec<DetectedFace>, EngineError> {
    let planes = as_planes(picture);
    let candidates = candidates(engine, &planes, config)?;
    let squares: Vec<Square> = candidates.iter().map(|(square, _)| *square).collect();
    let refined = JUDGE.refined(&planes, &squares);
    let mut faces: Vec<DetectedFace> = refined
        .iter()
        .filter_map(|judged| face(judged, &candidates[judged.index].1, picture.sides(), config))
        .collect();
    faces.sort_by_key(place);
    Ok(faces)
}

/// What the first stages take for a face, in pixels of the picture.
fn candidates(
    engine: &mut dyn Engine,
    planes: &Planes,
    config: &CropConfig,
) -> Result<Vec<(Square, Detection)>, EngineError> {
    let small = small(planes);
    let times = planes.sides().0 as f32 / small.width() as f32;
    let shrunk = |side: i32| ((side as f32 / times).round() as i32).max(i32::from(side > 0));
    let sizes = CropConfig {
        min_size: shrunk(config.min_size),
        max_size: shrunk(config.max_size),
        min_neighbors: MIN_NEIGHBORS,
        scale_factor: SCALE_FACTOR,
        ..config.clone()
    };
    let plane = Grey::new(small.width(), small.height(), equalise(small.bytes())).expect("as many pixels as before");
    let mut faces = search_at_angles(engine, &plane, &sizes)?;
    if config.mirrored {
        let across = plane.width() as i32;
        let mirrored = search_at_angles(engine, &plane.mirrored(), &sizes)?;
        faces.extend(mirrored.into_iter().map(|face| face.mirrored(across)));
    }
    let candidate = |DetectedFace { detection, angle, .. }| {
        let Rect { x, y, width, height } = detection.rect;
        let middle = |start: i32, length: i32| (start as f32 + length as f32 / 2.0) * times;
        let side = width.max(height) as f32 * times;
        (Square { x: middle(x, width), y: middle(y, height), side, angle: angle as f32 }, detection)
    };
    Ok(faces.into_iter().map(candidate).collect())
}

/// The windows of a plane at every angle of `crop.rotations`.
fn search_at_angles(
    engine: &mut dyn Engine,
    plane: &Grey,
    sizes: &CropConfig,
) -> Result<Vec<DetectedFace>, EngineError> {
    let plane = Reduced { plane: plane.clone(), times: 1 };
    let mut faces = Vec::new();
    for angle in &sizes.rotations {
        faces.extend(search_turned(engine, &plane, *angle, sizes)?);
    }
    Ok(faces)
}

/// The brightness of a picture whose longer side is at most [`SEARCHED_SIDE`].
fn small(planes: &Planes) -> Grey {
    let (width, height, pixels) = planes.largest();
    let colours = Rgb::new(width as u32, height as u32, pixels.as_flattened().to_vec());
    limited(&colours.expect("its pixels fill its sides").to_grey(), SEARCHED_SIDE)
}

/// The face where the judge wants it, if it is likely enough. An upright one ends with the picture; a turned one's square may stick out.
fn face(
    judged: &Judged,
    candidate: &Detection,
    (width, height): (u32, u32),
    config: &CropConfig,
) -> Option<DetectedFace> {
    let confidence = JUDGE.probability(judged.answer);
    if confidence < MIN_CONFIDENCE {
        return None;
    }
    let Square { x, y, side, angle } = judged.square;
    let start = |middle: f32| (middle - side / 2.0).round() as i32;
    let (left, top) = (start(x), start(y));
    let side = side.round().max(1.0) as i32;
    let rect = Rect { x: left, y: top, width: side, height: side };
    // Who searches upright alone wants upright crops.
    let is_upright = config.rotations == [0.0] || angle.abs() < MIN_TURN;
    let (rect, angle) =
        if is_upright { (rect.clipped(width as i32, height as i32)?, 0.0) } else { (rect, f64::from(angle.round())) };
    Some(DetectedFace { detection: Detection { rect, ..*candidate }, angle, confidence: Some(confidence) })
}

#[cfg(test)]
mod tests {
    use contracts::config::Engine as Kind;

    use super::*;
    use crate::{cascade::Cascade, engine};

    #[test]
    fn a_wall_has_no_face_and_boxes_end_with_the_picture() {
        let config = CropConfig::default();
        let mut engine = engine::start(Kind::Native, &Cascade::of(&config).unwrap()).unwrap();
        let wall = Rgb::from_fn(700, 900, |x, y| [(x * x + y * y) / 7 % 11 * 20, y % 200, x % 3].map(|v| v as u8));
        assert_eq!(detect_judged(&mut *engine, &wall, &config).unwrap(), []);

        let candidate = Detection { rect: [0, 0, 9, 9].into(), neighbours: 3, score: 0.5 };
        let check = |rotations: &[f64], angle: f32, rect: [i32; 4], expected: f64| {
            let judged = Judged { square: Square { x: 10.0, y: 30.0, side: 40.0, angle }, answer: 9.0, index: 0 };
            let config = CropConfig { rotations: rotations.to_vec(), ..CropConfig::default() };
            let found = face(&judged, &candidate, (700, 900), &config).unwrap();
            assert_eq!((found.detection.rect, found.angle), (rect.into(), expected), "{rotations:?}, {angle}");
        };
        check(&[0.0], 12.0, [0, 10, 30, 40], 0.0);
        check(&[0.0, 15.0], 7.0, [0, 10, 30, 40], 0.0);
        check(&[0.0, 15.0], 12.3, [-10, 10, 40, 40], 12.0);
        let doubtful = Judged { square: Square { x: 9.0, y: 9.0, side: 9.0, angle: 0.0 }, answer: -20.0, index: 0 };
        assert_eq!(face(&doubtful, &candidate, (700, 900), &config), None);
    }
}
