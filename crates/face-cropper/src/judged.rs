//! The judged search: a lenient cascade proposes, a small network decides.
//!
//! ```text
//! grey ─▶ small plane ─▶ first stages ─▶ groups of windows ─▶ judge: looks, moves them, drops what is no face ─▶ faces
//! ```

use contracts::config::CropConfig;
use lbp_cascade::{
    Detection, Rect, equalise,
    judge::{Judged, Square},
};
use pictures::Grey;

use crate::{
    confidence::JUDGE,
    engine::{Engine, EngineError, as_image},
    search::limited,
    turned::{DetectedFace, Reduced, place, search_turned},
};

/// The longer side of what the cascade searches, in pixels. The judge looks at the larger picture that it was made of.
const SEARCHED_SIDE: u32 = 512;

/// More windows than this must agree before the judge looks: one alone is hardly ever a face.
const MIN_NEIGHBORS: i32 = 1;

/// What the judge finds less likely is no face that a gate has to drop.
const MIN_CONFIDENCE: f64 = 0.1;

/// Finds the faces of a picture at every angle of `crop.rotations`, sorted by (y, x, width).
///
/// # Errors
/// When the engine gives up on the search.
pub fn detect_judged(
    engine: &mut dyn Engine,
    grey: &Grey,
    config: &CropConfig,
) -> Result<Vec<DetectedFace>, EngineError> {
    let candidates = candidates(engine, grey, config)?;
    let squares: Vec<Square> = candidates.iter().map(|(square, _)| *square).collect();
    let refined = JUDGE.refined(as_image(grey), &squares);
    let likely = refined.iter().filter(|judged| JUDGE.probability(judged.answer) >= MIN_CONFIDENCE);
    let mut faces: Vec<DetectedFace> =
        likely.filter_map(|judged| face(judged, &candidates[judged.index].1, grey)).collect();
    faces.sort_by_key(place);
    Ok(faces)
}

/// What the first stages take for a face, in pixels of the picture.
fn candidates(
    engine: &mut dyn Engine,
    grey: &Grey,
    config: &CropConfig,
) -> Result<Vec<(Square, DetectedFace)>, EngineError> {
    let small = limited(grey, SEARCHED_SIDE);
    let times = grey.width() as f32 / small.width() as f32;
    let shrunk = |side: i32| ((side as f32 / times).round() as i32).max(i32::from(side > 0));
    let sizes = CropConfig {
        min_size: shrunk(config.min_size),
        max_size: shrunk(config.max_size),
        min_neighbors: MIN_NEIGHBORS,
        ..config.clone()
    };
    let plane = Grey::new(small.width(), small.height(), equalise(small.bytes())).expect("as many pixels as before");
    let plane = Reduced { plane, times: 1 };
    let mut candidates = Vec::new();
    for angle in &config.rotations {
        let found = search_turned(engine, &plane, *angle, &sizes)?;
        candidates.extend(found.into_iter().map(|face| {
            let Rect { x, y, width, height } = face.detection.rect;
            let middle = |start: i32, length: i32| (start as f32 + length as f32 / 2.0) * times;
            let side = width.max(height) as f32 * times;
            (Square { x: middle(x, width), y: middle(y, height), side, angle: *angle as f32 }, face)
        }));
    }
    Ok(candidates)
}

/// The face where the judge wants it. An upright one ends with the picture; a turned one's square may stick out.
fn face(judged: &Judged, candidate: &DetectedFace, grey: &Grey) -> Option<DetectedFace> {
    let Square { x, y, side, .. } = judged.square;
    let start = |middle: f32| (middle - side / 2.0).round() as i32;
    let side = side.round().max(1.0) as i32;
    let rect = Rect { x: start(x), y: start(y), width: side, height: side };
    let rect = match candidate.angle {
        0.0 => rect.clipped(grey.width() as i32, grey.height() as i32)?,
        _ => rect,
    };
    Some(DetectedFace { detection: Detection { rect, ..candidate.detection }, ..*candidate })
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
        let wall = Grey::new(700, 900, (0..700 * 900).map(|i| (i * i / 7 % 11) as u8 * 20).collect()).unwrap();
        assert_eq!(detect_judged(&mut *engine, &wall, &config).unwrap(), []);

        let square = |x, angle| Judged { square: Square { x, y: 30.0, side: 40.0, angle }, answer: 1.0, index: 0 };
        let of = |angle: f64| {
            let detection = Detection { rect: [0, 0, 9, 9].into(), neighbours: 3, score: 0.5 };
            face(&square(10.0, angle as f32), &DetectedFace { detection, angle }, &wall).unwrap().detection.rect
        };
        assert_eq!(of(0.0), [0, 10, 30, 40].into());
        assert_eq!(of(15.0), [-10, 10, 40, 40].into());
    }
}
