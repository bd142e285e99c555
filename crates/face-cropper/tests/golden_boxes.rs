//! The reference engine against Python's cv2, from a golden file that tests/oracles/opencv_boxes.py recorded.
#![allow(clippy::unwrap_used)]

mod material;

use std::collections::BTreeMap;

use contracts::{
    ContentHash,
    config::{Alpha, CropConfig, Engine},
};
use face_cropper::{cascade::Cascade, detect::detect, engine, grouping::Detection};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    pictures: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    shape: [i32; 2],
    grey_sha256: ContentHash,
    boxes: Vec<[i32; 4]>,
    neighbours: Vec<i32>,
    scores: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/opencv_boxes.json")).unwrap()
}

#[test]
fn every_real_picture_gives_the_boxes_counts_and_weights_of_cv2() {
    let Some(shared) = material::shared("the golden boxes") else { return };
    let cascade = Cascade::read(&shared.join("lbpcascade_animeface.xml")).unwrap();
    let mut engine = engine::start(Engine::Opencv, &cascade).unwrap();
    let (mut faces, mut other_grey, mut differences) = (0, Vec::new(), Vec::new());
    let golden = golden();
    for (name, expected) in &golden.pictures {
        let file = std::fs::read(shared.join("pictures").join(name)).unwrap();
        let picture = engine.decode(&file, Alpha::Drop).unwrap();
        let grey = engine.grey(&picture).unwrap();
        assert_eq!([grey.height(), grey.width()], expected.shape, "{name}");
        if ContentHash::of(grey.bytes()) != expected.grey_sha256 {
            other_grey.push(name);
        }
        let found = detect(&mut *engine, &grey, &CropConfig::default()).unwrap();
        faces += found.len();
        differences.extend(difference(&found, expected).map(|what| format!("{name}: {what}")));
    }
    println!("{faces} faces in {} pictures; decoded to other grey bytes: {other_grey:?}", golden.pictures.len());
    assert_eq!(differences, Vec::<String>::new());
    assert!(faces > 50, "the pictures hold many faces");
}

fn difference(found: &[Detection], expected: &Expected) -> Option<String> {
    let boxes: Vec<[i32; 4]> = found.iter().map(|face| face.pixel_box.into()).collect();
    let neighbours: Vec<i32> = found.iter().map(|face| face.neighbours).collect();
    // JSON readers may miss the last bit of a number of seventeen digits.
    let same_score = |(face, score): (&Detection, &f64)| (face.score - score).abs() < 1e-12;
    if boxes != expected.boxes {
        Some(format!("boxes {boxes:?}, not {:?}", expected.boxes))
    } else if neighbours != expected.neighbours {
        Some(format!("neighbours {neighbours:?}, not {:?}", expected.neighbours))
    } else if !found.iter().zip(&expected.scores).all(same_score) {
        Some(format!("scores of {found:?}, not {:?}", expected.scores))
    } else {
        None
    }
}
