//! `crop.mirrored`: a picture and its mirror image have the same faces.
#![allow(clippy::unwrap_used)]

use contracts::config::{CropConfig, CropMode, Engine as Kind};
use face_cropper::{
    cascade::Cascade,
    engine::{self, Engine},
    judged::detect_judged,
    turned::{DetectedFace, detect_turned},
};
use mini_booru::painter;
use pictures::Rgb;

fn find(engine: &mut dyn Engine, picture: &Rgb, config: &CropConfig) -> Vec<DetectedFace> {
    let found = match config.mode {
        CropMode::Judged => detect_judged(engine, picture, config),
        CropMode::Exact | CropMode::Fast => detect_turned(engine, &picture.to_grey(), config),
    };
    found.unwrap()
}

/// How many faces of a picture have one in its mirror image that overlaps theirs by nine tenths, and how many there are in both.
fn matched(engine: &mut dyn Engine, picture: &Rgb, config: &CropConfig) -> (usize, usize) {
    let (seen, mirrored) = (find(engine, picture, config), find(engine, &picture.mirrored(), config));
    let is_matched = |face: &&DetectedFace| {
        mirrored.iter().any(|other| {
            let rect = other.detection.rect;
            let back = lbp_cascade::Rect { x: picture.width() as i32 - rect.x - rect.width, ..rect };
            back.iou(&face.detection.rect) > 0.9 && (face.angle + other.angle).abs() < 3.0
        })
    };
    (2 * seen.iter().filter(is_matched).count(), seen.len() + mirrored.len())
}

/// Painted pictures with faces.
fn painted() -> Vec<Rgb> {
    let pictures = (0..).map(|index| painter::paint(1, index)).filter(|painting| !painting.faces.is_empty());
    let small =
        |painting: painter::Painting| Rgb::new(painting.width, painting.height, painting.rgb).unwrap().scaled(400, 400);
    pictures.take(12).map(small).collect()
}

fn start(config: &CropConfig) -> Box<dyn Engine> {
    engine::start(Kind::Native, &Cascade::of(config).unwrap()).unwrap()
}

#[test]
fn a_mirror_image_has_the_same_faces_where_both_are_searched() {
    for rotations in [vec![0.0], vec![-15.0, 0.0, 15.0]] {
        let config =
            CropConfig { mode: CropMode::Exact, mirrored: true, rotations, min_neighbors: 3, ..CropConfig::default() };
        let mut engine = start(&config);
        let counts = painted().into_iter().map(|picture| matched(&mut *engine, &picture, &config));
        let (found, all) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        assert!(found == all && all >= 16, "at {:?} {found} of {all} faces are in both", config.rotations);
    }
}

#[test]
fn the_judge_loses_no_face_by_more_to_look_at() {
    let once = CropConfig::default();
    let both = CropConfig { mirrored: true, ..once.clone() };
    let mut engine = start(&once);
    let mut faces = 0;
    for picture in painted() {
        let found = find(&mut *engine, &picture, &both);
        for face in find(&mut *engine, &picture, &once) {
            let rect = face.detection.rect;
            assert!(found.iter().any(|other| other.detection.rect.iou(&rect) > 0.3), "{face:?} is not among {found:?}");
            faces += 1;
        }
    }
    assert!(faces >= 10, "too few faces to tell: {faces}");
}
