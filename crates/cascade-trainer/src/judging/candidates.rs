//! Pictures, and the windows of them that cascades take for the subject, rightly or not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use fastrand::Rng;
use lbp_cascade::{Cascade, Detector, SearchSizes, Window, judge::Square};
use pictures::Grey;
use rayon::prelude::*;

use super::face_table::{FRAMING, FaceTable, Half, Kind};
use crate::{
    error::TrainingError,
    labels::pictures_of,
    sampling::{as_image, decode_grey},
    series::random,
};

/// A window that has this much in common with a subject's square shows it.
const IS_SUBJECT: f32 = 0.45;
/// A window that has less than this in common with all of them shows something else; what is between teaches neither.
const IS_OTHER: f32 = 0.15;
/// How the pictures are turned before they are searched, in degrees. What is found in a picture that lies on its side or
/// stands on its head is always wrong, so that each picture has more wrong windows to teach.
const TURNS: [f32; 6] = [0.0, -20.0, 20.0, 90.0, 180.0, 270.0];
/// A subject turned further than this is not to be found by an upright search.
const MAX_TILT: f32 = 25.0;
/// Windows of each kind that a search of a picture gives at most: some pictures are all lace.
const MAX_WINDOWS: usize = 200;
/// The longer sides that pictures are reduced to before they are searched: that of the judged search, and of the fast one.
const SIDES: [u32; 2] = [512, 768];
/// The windows searched.
const SIZES: SearchSizes = SearchSizes { scale_factor: 1.15, min_size: 24, max_size: 0 };

/// A picture with what is known of it.
pub struct Picture {
    /// Its brightness.
    pub grey: Grey,
    /// What is to be found, framed as cascades frame it.
    pub subjects: Vec<Square>,
    /// What is neither to be found nor wrong.
    pub ignored: Vec<Square>,
}

/// A part of a picture, and whether the subject is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The picture's index.
    pub picture: usize,
    /// Where.
    pub square: Square,
    /// Whether the subject is there.
    pub is_subject: bool,
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
    let read = |listed: crate::labels::LabelledPicture| {
        let bytes = fs::read(&listed.path).map_err(TrainingError::reading(&listed.path))?;
        let Some(grey) = decode_grey(&bytes) else { return Ok(None) };
        let square = |x: f32, y: f32, side: f32, angle| Square { x: x + side / 2.0, y: y + side / 2.0, side, angle };
        let mut subjects: Vec<Square> =
            listed.subjects.iter().map(|r| square(r.x as f32, r.y as f32, r.width.max(r.height) as f32, 0.0)).collect();
        let mut ignored = Vec::new();
        for face in table.get(&stem(&listed.path)).iter().flat_map(|faces| &faces.faces) {
            let [x, y, side] = face.edges;
            let seen = square(x, y, side, face.angle);
            let framed = Square { side: side * FRAMING, ..seen };
            match face.kind {
                Kind::Clear => subjects.push(framed),
                Kind::Hard => ignored.push(framed),
            }
        }
        Ok(Some(Picture { grey, subjects, ignored }))
    };
    let pictures: Result<Vec<_>, TrainingError> = listed.into_par_iter().map(read).collect();
    Ok(pictures?.into_iter().flatten().collect())
}

/// What the cascades' windows on all pictures show, raw, where it is certain.
pub fn search(pictures: &[Picture], cascades: &[Cascade], seed: u64) -> Vec<Candidate> {
    let jobs: Vec<(usize, f32)> = (0..pictures.len()).flat_map(|picture| TURNS.map(|turn| (picture, turn))).collect();
    let one = |(index, turn): (usize, f32)| {
        let picture = &pictures[index];
        let mut random = random(seed, (index * 360) as u64 + turn.rem_euclid(360.0) as u64);
        let mut found = Vec::new();
        for side in SIDES {
            let small = reduced(&picture.grey, side);
            let times = picture.grey.width() as f32 / small.width() as f32;
            let turned = turned(&small, turn);
            for cascade in cascades {
                let windows = Detector::new(cascade.clone()).windows(as_image(&turned), &SIZES);
                found.extend(windows.iter().filter_map(|window| {
                    let Square { x, y, side, angle } = turned_back(&small, window, turn);
                    let square = Square { x: x * times, y: y * times, side: side * times, angle };
                    is_subject(picture, &square).map(|is_subject| Candidate { picture: index, square, is_subject })
                }));
            }
        }
        thinned(found, &mut random)
    };
    jobs.into_par_iter().with_max_len(1).flat_map_iter(one).collect()
}

/// A picture whose longer side is at most so many pixels.
fn reduced(grey: &Grey, side: u32) -> Grey {
    let longer = grey.width().max(grey.height());
    let shrunk = |length: u32| (length * side).div_ceil(longer).max(1);
    if longer <= side { grey.clone() } else { grey.scaled(shrunk(grey.width()), shrunk(grey.height())) }
}

/// Whether a square shows the subject; `None` where that is not certain.
pub fn is_subject(picture: &Picture, square: &Square) -> Option<bool> {
    let tilt = |face: &Square| ((face.angle - square.angle + 180.0).rem_euclid(360.0) - 180.0).abs();
    if picture.subjects.iter().any(|face| face.overlap(square) >= IS_SUBJECT && tilt(face) <= MAX_TILT) {
        return Some(true);
    }
    let all = picture.subjects.iter().chain(&picture.ignored);
    all.map(|face| face.overlap(square)).all(|overlap| overlap < IS_OTHER).then_some(false)
}

fn thinned(mut found: Vec<Candidate>, random: &mut Rng) -> Vec<Candidate> {
    random.shuffle(&mut found);
    let (mut yes, mut no): (Vec<_>, Vec<_>) = found.into_iter().partition(|candidate| candidate.is_subject);
    yes.truncate(MAX_WINDOWS);
    no.truncate(MAX_WINDOWS);
    yes.extend(no);
    yes
}

/// Where a window of a turned picture lies in the picture.
pub fn turned_back(grey: &Grey, window: &Window, turn: f32) -> Square {
    let rect = window.rect;
    let half = |side: i32| side as f32 / 2.0;
    let (x, y) = rotated(grey, rect.x as f32 + half(rect.width), rect.y as f32 + half(rect.height), turn);
    Square { x, y, side: rect.width.max(rect.height) as f32, angle: turn }
}

/// The picture turned about its middle, on a canvas of the same sides: to each point what lies at that point turned.
pub fn turned(grey: &Grey, turn: f32) -> Grey {
    if turn == 0.0 {
        return grey.clone();
    }
    let (width, height) = (grey.width(), grey.height());
    let pixel = |index: u32| {
        let (x, y) = rotated(grey, (index % width) as f32 + 0.5, (index / width) as f32 + 0.5, turn);
        let clamped = |at: f32, end: u32| (at - 0.5).clamp(0.0, (end - 1) as f32);
        let (x, y) = (clamped(x, width), clamped(y, height));
        let (left, top) = (x as u32, y as u32);
        let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
        let value = |x, y| f32::from(grey.pixel(x, y)[0]);
        let mix = |row| value(left, row) + (value(right, row) - value(left, row)) * x.fract();
        (mix(top) + (mix(bottom) - mix(top)) * y.fract()).round() as u8
    };
    Grey::new(width, height, (0..width * height).map(pixel).collect()).expect("as many pixels as before")
}

fn rotated(grey: &Grey, x: f32, y: f32, turn: f32) -> (f32, f32) {
    let (middle_x, middle_y) = (grey.width() as f32 / 2.0, grey.height() as f32 / 2.0);
    let (sin, cos) = turn.to_radians().sin_cos();
    let (right, down) = (x - middle_x, y - middle_y);
    (middle_x + right * cos - down * sin, middle_y + right * sin + down * cos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_turned_pictures_lie_where_their_pixels_came_from() {
        let grey = Grey::new(40, 40, (0..1600).map(|i| if i % 40 < 10 && i / 40 < 10 { 255 } else { 0 }).collect());
        let grey = grey.unwrap();
        // The bright corner at the upper left is at the lower left once the picture is seen turned by a quarter clockwise.
        let turned = turned(&grey, 90.0);
        assert_eq!(turned.pixel(5, 35)[0], 255);
        let window = Window { rect: [0, 30, 10, 10].into(), weight: 0.0 };
        let square = turned_back(&grey, &window, 90.0);
        assert!((square.x - 5.0).abs() < 1e-3 && (square.y - 5.0).abs() < 1e-3, "{square:?}");
    }

    #[test]
    fn what_is_uncertain_teaches_nothing() {
        let face = Square { x: 50.0, y: 50.0, side: 40.0, angle: 10.0 };
        let hard = Square { x: 150.0, ..face };
        let grey = Grey::new(1, 1, vec![0]).unwrap();
        let picture = Picture { grey, subjects: vec![face], ignored: vec![hard] };
        let check = |x: f32, angle: f32, expected| {
            assert_eq!(is_subject(&picture, &Square { x, angle, ..face }), expected, "{x}, {angle}");
        };
        check(50.0, 0.0, Some(true));
        check(50.0, 180.0, None);
        check(70.0, 0.0, None);
        check(150.0, 0.0, None);
        check(300.0, 0.0, Some(false));
    }
}
