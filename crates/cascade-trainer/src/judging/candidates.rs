//! Pictures, and the windows of them that cascades take for the subject, rightly or not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lbp_cascade::{
    Cascade, Detection, Detector, SearchSizes, Turning, detections,
    judge::{PROPOSING_STAGES, Planes, Square},
};
use pictures::{Grey, Rgb};
use rayon::prelude::*;

use super::face_table::{FRAMING, FaceTable, Half, Kind, LabelledFaces};
use crate::{
    error::TrainingError,
    labels::{LabelledPicture, pictures_of},
    positives::files,
    sampling::{as_image, decode, equalised},
    series::random,
};

/// A found square that has this much in common with a subject's shows it.
const IS_SUBJECT: f32 = 0.35;
/// A window that has less than this in common with all of them shows something else; what is between teaches neither.
const IS_OTHER: f32 = 0.12;
/// A subject turned further than this is not to be found.
const MAX_TILT: f32 = 40.0;
/// Windows of an angle that a search of a picture gives at most: some pictures are all lace.
const MAX_WINDOWS: usize = 120;
/// Of the stages, how many pass what is learnt as wrong: fewer than propose, so that there is more of it.
const TEACHING_STAGES: usize = 8;
/// Crops are kept at this side at most: twice as many pixels as samples.
const CROP_SIDE: u32 = 64;
/// The searches for wrong windows: the longer side that pictures are reduced to, the smallest window, and the tilt to both sides. What is
/// found in a picture that lies on its side or stands on its head is always wrong, so that each picture has more to teach.
const SEARCHES: [(u32, i32, f64); 2] = [(768, 30, 25.0), (512, 24, 15.0)];

/// A picture with what is known of it.
pub struct Picture {
    /// Its colours.
    pub planes: Planes,
    /// Its brightness.
    pub grey: Grey,
    /// What is to be found, framed as cascades frame it.
    pub subjects: Vec<Square>,
    /// What is neither to be found nor wrong.
    pub ignored: Vec<Square>,
    /// Whether the table of faces says so: with the angles, and by somebody who looked for every face.
    pub is_in_table: bool,
}

/// A part of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The picture's index.
    pub picture: usize,
    /// Where.
    pub square: Square,
}

/// Reads the pictures of folders. Of pictures in the table those of the training half alone are read.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn read(folders: &[PathBuf], table: &FaceTable) -> Result<Vec<Picture>, TrainingError> {
    let mut listed = Vec::new();
    for folder in folders {
        listed.extend(pictures_of(folder)?);
    }
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    listed.retain(|picture| table.get(&stem(&picture.path)).is_none_or(|faces| faces.half == Half::Training));
    let pictures: Result<Vec<_>, TrainingError> = listed
        .into_par_iter()
        .map(|listed| {
            let bytes = fs::read(&listed.path).map_err(TrainingError::reading(&listed.path))?;
            Ok(decode(&bytes).map(|colours| known(&listed, &colours, table.get(&stem(&listed.path)))))
        })
        .collect();
    Ok(pictures?.into_iter().flatten().collect())
}

/// Reads the crops of a folder or a tar file. What is no picture is passed over.
///
/// # Errors
/// When it cannot be read, or holds no picture.
pub fn read_crops(path: &Path) -> Result<Vec<Planes>, TrainingError> {
    let crop = |bytes: &Vec<u8>| {
        let colours = decode(bytes)?;
        let side = CROP_SIDE.min(colours.width()).min(colours.height());
        Some(planes_of(&colours.scaled(side, side)))
    };
    let crops: Vec<Planes> = files(path)?.par_iter().filter_map(crop).collect();
    if crops.is_empty() { Err(TrainingError::NoPositives(path.into())) } else { Ok(crops) }
}

fn known(listed: &LabelledPicture, colours: &Rgb, faces: Option<&LabelledFaces>) -> Picture {
    let square = |x: f32, y: f32, side: f32, angle| Square { x: x + side / 2.0, y: y + side / 2.0, side, angle };
    let mut subjects: Vec<Square> =
        listed.subjects.iter().map(|r| square(r.x as f32, r.y as f32, r.width.max(r.height) as f32, 0.0)).collect();
    let mut ignored = Vec::new();
    for face in faces.iter().flat_map(|faces| &faces.faces) {
        let [x, y, side] = face.edges;
        let framed = Square { side: side * FRAMING, ..square(x, y, side, face.angle) };
        match face.kind {
            Kind::Clear => subjects.push(framed),
            Kind::Hard => ignored.push(framed),
        }
    }
    Picture { planes: planes_of(colours), grey: colours.to_grey(), subjects, ignored, is_in_table: faces.is_some() }
}

/// The planes of a picture.
pub fn planes_of(colours: &Rgb) -> Planes {
    Planes::new(colours.width() as usize, colours.height() as usize, colours.pixels())
        .expect("its pixels fill its sides")
}

/// Windows of the first stages that show nothing of a subject.
pub fn wrong(pictures: &[Picture], cascade: &Cascade, seed: u64) -> Vec<Candidate> {
    let searches = SEARCHES.iter().flat_map(|(side, smallest, tilt)| {
        [-tilt, 0.0, *tilt, 90.0, 180.0, -90.0].map(|angle| (*side, *smallest, angle))
    });
    let jobs: Vec<_> =
        (0..pictures.len()).flat_map(|picture| searches.clone().map(move |job| (picture, job))).collect();
    let one = |(job, (index, (side, smallest, angle)))| {
        let sizes = SearchSizes { scale_factor: 1.15, min_size: smallest, max_size: 0 };
        let found = searched(&pictures[index], cascade.clone().lenient(TEACHING_STAGES), (side, angle), &sizes);
        let mut found: Vec<Square> =
            found.into_iter().filter(|square| shows_nothing(&pictures[index], square)).collect();
        random(seed, job as u64).shuffle(&mut found);
        found.truncate(MAX_WINDOWS);
        found.into_iter().map(|square| Candidate { picture: index, square }).collect::<Vec<_>>()
    };
    jobs.into_par_iter().enumerate().with_max_len(1).flat_map_iter(one).collect()
}

/// What the judged search gives the judge to decide on, at some angles.
pub fn proposed(picture: &Picture, cascade: &Cascade, angles: &[f64]) -> Vec<Square> {
    let sizes = SearchSizes { scale_factor: 1.15, min_size: 24, max_size: 0 };
    let of = |angle| searched(picture, cascade.clone().lenient(PROPOSING_STAGES), (512, angle), &sizes);
    angles.iter().copied().flat_map(of).collect()
}

/// The windows of a picture that is reduced to a longer side and turned by an angle.
fn searched(picture: &Picture, cascade: Cascade, (side, angle): (u32, f64), sizes: &SearchSizes) -> Vec<Square> {
    let small = equalised(&reduced(&picture.grey, side));
    let times = picture.grey.width() as f32 / small.width() as f32;
    let turning = Turning::new((small.width() as usize, small.height() as usize), angle);
    let canvas = turning.canvas();
    let turned = Grey::new(canvas.0 as u32, canvas.1 as u32, turning.turned(as_image(&small)))
        .expect("a canvas is as large as it says");
    let windows = Detector::new(cascade).windows_of_equalised(as_image(&turned), sizes);
    let square = |Detection { rect, .. }: Detection| {
        let middle = |start: i32, length: i32| f64::from(start) + f64::from(length) / 2.0;
        let (x, y) = turning.in_picture((middle(rect.x, rect.width), middle(rect.y, rect.height)));
        let inside = (0.0..f64::from(small.width())).contains(&x) && (0.0..f64::from(small.height())).contains(&y);
        let side = rect.width.max(rect.height) as f32 * times;
        inside.then_some(Square { x: x as f32 * times, y: y as f32 * times, side, angle: angle as f32 })
    };
    detections(&windows, 0, canvas).into_iter().filter_map(square).collect()
}

/// A picture whose longer side is at most so many pixels.
fn reduced(grey: &Grey, side: u32) -> Grey {
    let longer = grey.width().max(grey.height());
    let shrunk = |length: u32| ((length * side + longer / 2) / longer).max(1);
    if longer <= side { grey.clone() } else { grey.scaled(shrunk(grey.width()), shrunk(grey.height())) }
}

fn shows_nothing(picture: &Picture, square: &Square) -> bool {
    let all = picture.subjects.iter().chain(&picture.ignored);
    all.map(|face| face.overlap(square)).all(|overlap| overlap < IS_OTHER)
}

/// Whether a square shows the subject; `None` where that is not certain.
pub fn is_subject(picture: &Picture, square: &Square) -> Option<bool> {
    let tilt = |face: &Square| ((face.angle - square.angle + 180.0).rem_euclid(360.0) - 180.0).abs();
    if picture.subjects.iter().any(|face| face.overlap(square) >= IS_SUBJECT && tilt(face) <= MAX_TILT) {
        return Some(true);
    }
    shows_nothing(picture, square).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_uncertain_teaches_nothing() {
        let face = Square { x: 50.0, y: 50.0, side: 40.0, angle: 10.0 };
        let hard = Square { x: 150.0, ..face };
        let planes = Planes::new(1, 1, &[[0; 3]]).unwrap();
        let grey = Grey::new(1, 1, vec![0]).unwrap();
        let picture = Picture { planes, grey, subjects: vec![face], ignored: vec![hard], is_in_table: true };
        let check = |x: f32, angle: f32, expected| {
            assert_eq!(is_subject(&picture, &Square { x, angle, ..face }), expected, "{x}, {angle}");
        };
        check(50.0, 0.0, Some(true));
        check(50.0, 180.0, None);
        check(72.0, 0.0, None);
        check(150.0, 0.0, None);
        check(300.0, 0.0, Some(false));
    }

    #[test]
    fn windows_of_turned_pictures_lie_where_their_pixels_came_from() {
        // A cascade that lets everything pass: one window a place.
        let feature = lbp_cascade::Feature { x: 0, y: 0, width: 8, height: 8 };
        let node = lbp_cascade::Node { feature: 0, subset: [0; 8], left: 0, right: -1 };
        let tree = lbp_cascade::Tree { nodes: vec![node], leaves: vec![1.0, 1.0] };
        let stage = lbp_cascade::CascadeStage { threshold: 0.0, trees: vec![tree] };
        let cascade = Cascade::new((24, 24), vec![stage], vec![feature]).unwrap();
        let colours = Rgb::filled(80, 40, [9; 3]);
        let picture = known(&LabelledPicture { path: "a.png".into(), subjects: vec![] }, &colours, None);
        let sizes = SearchSizes { scale_factor: 4.0, min_size: 24, max_size: 0 };
        let found = searched(&picture, cascade, (80, 90.0), &sizes);
        assert!(!found.is_empty());
        for Square { x, y, side, angle } in found {
            assert!(
                (12.0..=68.0).contains(&x) && (12.0..=28.0).contains(&y) && side == 24.0 && angle == 90.0,
                "{x}, {y}"
            );
        }
    }
}
