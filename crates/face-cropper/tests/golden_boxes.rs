//! The engines against Python's cv2, from a golden file that tests/oracles/opencv_boxes.py recorded.
#![allow(clippy::unwrap_used)]

mod material;

use std::collections::BTreeMap;

use contracts::{
    ContentHash,
    config::{Alpha, CropConfig, Engine},
};
use face_cropper::{cascade::Cascade, detect::detect, engine};
use lbp_cascade::Detection;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    pictures: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    shape: [u32; 2],
    grey_sha256: ContentHash,
    boxes: Vec<[i32; 4]>,
    neighbours: Vec<i32>,
    scores: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/opencv_boxes.json")).unwrap()
}

#[cfg(feature = "opencv")]
#[test]
fn every_real_picture_gives_the_boxes_counts_and_weights_of_cv2() {
    let Some(found) = compare(Engine::Opencv) else { return };
    assert_eq!(found.differences, Vec::<String>::new());
    assert!(found.faces > 50, "the pictures hold many faces");
}

#[test]
fn the_native_engine_gives_the_grey_bytes_boxes_counts_and_weights_of_cv2() {
    let Some(found) = compare(Engine::Native) else { return };
    assert_eq!(found.other_grey, Vec::<String>::new());
    assert_eq!(found.differences, Vec::<String>::new());
    assert!(found.pictures > 10 && found.faces > 50, "there is something to compare");
}

struct Compared {
    pictures: usize,
    faces: usize,
    other_grey: Vec<String>,
    differences: Vec<String>,
}

fn compare(engine: Engine) -> Option<Compared> {
    let shared = material::shared("the golden boxes")?;
    let cascade = Cascade::read(&shared.join("lbpcascade_animeface.xml")).unwrap();
    let mut native = engine::start(Engine::Native, &cascade).unwrap();
    let mut engine = engine::start(engine, &cascade).unwrap();
    let golden = golden();
    let mut compared =
        Compared { pictures: golden.pictures.len(), faces: 0, other_grey: Vec::new(), differences: Vec::new() };
    for (name, expected) in &golden.pictures {
        let file = std::fs::read(shared.join("pictures").join(name)).unwrap();
        let picture = engine.decode(&material::opened(&file), Alpha::Drop).unwrap();
        let grey = engine.grey(&picture).unwrap();
        assert_eq!([grey.height(), grey.width()], expected.shape, "{name}");
        if ContentHash::of(grey.bytes()) != expected.grey_sha256 {
            compared.other_grey.push(name.clone());
        }
        let found = detect(&mut *engine, &grey, &CropConfig::reference()).unwrap();
        // From the same bytes both engines see the same, whoever decoded them.
        assert_eq!(detect(&mut *native, &grey, &CropConfig::reference()).unwrap(), found, "{name}");
        compared.faces += found.len();
        compared.differences.extend(difference(&found, expected).map(|what| format!("{name}: {what}")));
    }
    Some(compared)
}

fn difference(found: &[Detection], expected: &Expected) -> Option<String> {
    let boxes: Vec<[i32; 4]> = found.iter().map(|face| face.rect.into()).collect();
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
