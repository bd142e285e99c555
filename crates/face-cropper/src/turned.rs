//! Faces that are turned: a picture is searched at every angle of `crop.rotations`, and what several angles found becomes one face.

use contracts::config::CropConfig;
use lbp_cascade::{Detection, Rect, SearchSizes, Turning, detections, equalise, halved};
use pictures::Grey;

use crate::{
    detect::detect,
    engine::{Engine, EngineError, as_image},
};

/// From which overlap on boxes that two angles found are one face: a turned square shares two thirds with itself upright, and boxes of a
/// face vary by a fifth of its side.
const SAME_FACE: f64 = 0.3;

/// Pictures longer than so many times their shorter side are turned in parts: the canvas of a turned strip grows with the square
/// of its length.
const MAX_ASPECT: usize = 3;

/// A face that was detected, and how far it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectedFace {
    /// Its box; of a turned face the upright square of the same middle and side, which may stick out of the picture.
    pub detection: Detection,
    /// Degrees, clockwise.
    pub angle: f64,
    /// How likely it is a face, where the search itself asked the judge.
    pub confidence: Option<f64>,
}

/// A part of a picture, in pixels: left, top, width and height.
type Part = [usize; 4];

impl DetectedFace {
    /// The face in a picture, `across` pixels wide, that was searched mirrored.
    pub(crate) fn mirrored(self, across: i32) -> Self {
        let Detection { rect, .. } = self.detection;
        let rect = Rect { x: across - rect.x - rect.width, ..rect };
        // Angles are above −180, and that of an upright face is no negative zero.
        let angle = if self.angle == 180.0 { 180.0 } else { 0.0 - self.angle };
        Self { detection: Detection { rect, ..self.detection }, angle, ..self }
    }
}

/// Finds the faces of a picture at every angle of `crop.rotations`, and mirrored where `crop.mirrored` says so, sorted by (y, x, width).
///
/// # Errors
/// When the engine gives up on the search.
pub fn detect_turned(
    engine: &mut dyn Engine,
    grey: &Grey,
    config: &CropConfig,
) -> Result<Vec<DetectedFace>, EngineError> {
    let mut searches = search_each_angle(engine, grey, config)?;
    if config.mirrored {
        let across = grey.width() as i32;
        let mirrored = search_each_angle(engine, &grey.mirrored(), config)?;
        let back = |faces: Vec<DetectedFace>| faces.into_iter().map(|face| face.mirrored(across)).collect();
        searches.extend(mirrored.into_iter().map(back));
    }
    // A search at one angle alone still has its own order: that of the turned plane.
    Ok(if config.rotations == [0.0] && !config.mirrored { searches.swap_remove(0) } else { merged(searches) })
}

/// The faces that each search finds: of the whole picture upright, and of each part of it at each other angle.
fn search_each_angle(
    engine: &mut dyn Engine,
    grey: &Grey,
    config: &CropConfig,
) -> Result<Vec<Vec<DetectedFace>>, EngineError> {
    let mut searches = Vec::new();
    if config.rotations.contains(&0.0) {
        let upright = |detection| DetectedFace { detection, angle: 0.0, confidence: None };
        searches.push(detect(engine, grey, config)?.into_iter().map(upright).collect());
    }
    let angles: Vec<f64> = config.rotations.iter().copied().filter(|angle| *angle != 0.0).collect();
    if angles.is_empty() {
        return Ok(searches);
    }
    // Once for all angles, and of the whole picture: what is bright does not hang on how it is turned.
    let plane = Grey::new(grey.width(), grey.height(), equalise(grey.bytes())).expect("as many pixels as before");
    for part in parts(grey.width() as usize, grey.height() as usize) {
        let [left, top, width, height] = part.map(|length| length as u32);
        let plane = reduced(
            plane.cropped((left as i32, top as i32), (width, height)),
            config.min_size / engine.window().max(1),
        );
        for angle in &angles {
            let mut found = search_turned(engine, &plane, *angle, config)?;
            found.iter_mut().for_each(|DetectedFace { detection: Detection { rect, .. }, .. }| {
                (rect.x, rect.y) = (rect.x + left as i32, rect.y + top as i32);
            });
            searches.push(found);
        }
    }
    Ok(searches)
}

/// A plane and how many times smaller it is than what it was made of.
pub(crate) struct Reduced {
    pub(crate) plane: Grey,
    pub(crate) times: i32,
}

/// A plane halved as often as windows still have room in the smallest faces that are searched for. What is lost is the finest detail,
/// which turning blurs anyhow: more faces were found so, with fewer wrong boxes and in less time (docs/cascades.md).
fn reduced(plane: Grey, limit: i32) -> Reduced {
    let mut reduced = Reduced { plane, times: 1 };
    while 2 * reduced.times <= limit
        && let Some((width, height, pixels)) = halved(as_image(&reduced.plane))
        && let Some(plane) = Grey::new(width as u32, height as u32, pixels)
    {
        reduced = Reduced { plane, times: 2 * reduced.times };
    }
    reduced
}

/// The faces of one angle in a part of a picture, in pixels of the part.
pub(crate) fn search_turned(
    engine: &mut dyn Engine,
    Reduced { plane, times }: &Reduced,
    angle: f64,
    config: &CropConfig,
) -> Result<Vec<DetectedFace>, EngineError> {
    let CropConfig { scale_factor, min_size, max_size, min_neighbors, .. } = *config;
    let (width, height) = (plane.width() as usize, plane.height() as usize);
    let turning = Turning::new((width, height), angle);
    let canvas = turning.canvas();
    let turned = Grey::new(canvas.0 as u32, canvas.1 as u32, turning.turned(as_image(plane)));
    let turned = turned.expect("a canvas is as large as it says");
    // A largest size of 0 means none, and stays so.
    let max_size = if max_size == 0 { 0 } else { (max_size / times).max(1) };
    let sizes = SearchSizes { scale_factor, min_size: min_size / times, max_size };
    let windows = engine.windows_of_equalised(&turned, &sizes)?;
    let in_picture = |found: Detection| {
        let Rect { x, y, width: across, height: down } = found.rect;
        let middle = |start: i32, length: i32| f64::from(start) + f64::from(length) / 2.0;
        let (middle_x, middle_y) = turning.in_picture((middle(x, across), middle(y, down)));
        let inside = (0.0..width as f64).contains(&middle_x) && (0.0..height as f64).contains(&middle_y);
        let side = across.max(down) * times;
        let start = |middle: f64| (middle * f64::from(*times) - f64::from(side) / 2.0).round() as i32;
        let rect = Rect { x: start(middle_x), y: start(middle_y), width: side, height: side };
        inside.then_some(DetectedFace { detection: Detection { rect, ..found }, angle, confidence: None })
    };
    Ok(detections(&windows, min_neighbors, canvas).into_iter().filter_map(in_picture).collect())
}

/// A picture in parts that are no longer than [`MAX_ASPECT`] allows. They overlap by the picture's shorter side, so that each face lies
/// wholly in one of them.
fn parts(width: usize, height: usize) -> Vec<Part> {
    let (longer, shorter) = (width.max(height), width.min(height));
    let length = longer.min(MAX_ASPECT * shorter);
    let starts = (0..=(longer - length).div_ceil((MAX_ASPECT - 1) * shorter)).map(|i| i * (MAX_ASPECT - 1) * shorter);
    let part = |start: usize| {
        let start = start.min(longer - length);
        if width >= height { [start, 0, length, height] } else { [0, start, width, length] }
    };
    starts.map(part).collect()
}

/// One face for all boxes of different searches that overlap: the one that most windows agree on, then the one of the higher level
/// weight, with the windows of all. Boxes of one search stand beside each other as they were found.
fn merged(searches: Vec<Vec<DetectedFace>>) -> Vec<DetectedFace> {
    let of_search = |(search, faces): (usize, Vec<DetectedFace>)| faces.into_iter().map(move |face| (search, face));
    let mut all: Vec<(usize, DetectedFace)> = searches.into_iter().enumerate().flat_map(of_search).collect();
    // Stable: of equals the first search's stays, the upright one where there is one.
    all.sort_by(|(_, a), (_, b)| {
        let (a, b) = (&a.detection, &b.detection);
        b.neighbours.cmp(&a.neighbours).then(b.score.total_cmp(&a.score))
    });
    let mut kept: Vec<(usize, DetectedFace)> = Vec::new();
    for (search, face) in all {
        let is_known = |(other, known): &(usize, DetectedFace)| {
            *other != search && known.detection.rect.iou(&face.detection.rect) >= SAME_FACE
        };
        match kept.iter().position(is_known) {
            Some(known) => kept[known].1.detection.neighbours += face.detection.neighbours,
            None => kept.push((search, face)),
        }
    }
    let mut faces: Vec<DetectedFace> = kept.into_iter().map(|(_, face)| face).collect();
    faces.sort_by(|a, b| place(a).cmp(&place(b)).then(a.angle.total_cmp(&b.angle)));
    faces
}

/// What faces are numbered by.
pub(crate) fn place(face: &DetectedFace) -> (i32, i32, i32) {
    let Rect { x, y, width, .. } = face.detection.rect;
    (y, x, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(rect: [i32; 4], neighbours: i32, angle: f64) -> DetectedFace {
        DetectedFace { detection: Detection { rect: rect.into(), neighbours, score: 1.0 }, angle, confidence: None }
    }

    #[test]
    fn the_angle_that_most_windows_agree_on_is_kept() {
        let check = |searches: &[&[DetectedFace]], expected: &[DetectedFace]| {
            assert_eq!(merged(searches.iter().map(|faces| faces.to_vec()).collect()), expected, "{searches:?}");
        };
        let (upright, turned) = (face([10, 10, 50, 50], 9, 0.0), face([14, 8, 52, 52], 20, 15.0));
        let elsewhere = face([200, 0, 50, 50], 6, -30.0);
        check(&[&[upright], &[turned], &[elsewhere]], &[elsewhere, face([14, 8, 52, 52], 29, 15.0)]);
        check(&[&[upright], &[DetectedFace { angle: 15.0, ..upright }]], &[face([10, 10, 50, 50], 18, 0.0)]);
        // Two boxes of one search stay beside each other, as they do without rotations.
        let nested = face([20, 20, 40, 40], 7, 0.0);
        check(&[&[upright, nested], &[]], &[upright, nested]);
        check(&[&[], &[]], &[]);
    }

    #[test]
    fn what_is_found_mirrored_is_mirrored_back() {
        let check = |angle, expected| {
            let found = face([10, 20, 30, 40], 5, angle).mirrored(100);
            assert_eq!(found, face([60, 20, 30, 40], 5, expected));
            assert!(found.angle.is_sign_positive() || found.angle < 0.0, "{found:?}");
        };
        check(0.0, 0.0);
        check(15.0, -15.0);
        check(180.0, 180.0);
    }

    #[test]
    fn long_pictures_are_searched_in_parts_that_overlap() {
        let check =
            |sides: (usize, usize), expected: &[Part]| assert_eq!(parts(sides.0, sides.1), expected, "{sides:?}");
        check((300, 200), &[[0, 0, 300, 200]]);
        check((300, 100), &[[0, 0, 300, 100]]);
        check((301, 100), &[[0, 0, 300, 100], [1, 0, 300, 100]]);
        check((100, 800), &[[0, 0, 100, 300], [0, 200, 100, 300], [0, 400, 100, 300], [0, 500, 100, 300]]);
    }
}
