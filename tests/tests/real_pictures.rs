//! The chain up to the dataset on real illustrations, where they are at hand.

use contracts::{
    manifest,
    record::{FaceRecord, PictureRecord},
};
use end_to_end::{Pipeline, shared_data};

#[test]
fn real_illustrations_become_a_dataset() {
    let Some(data) = shared_data() else { return };
    let pipeline = Pipeline::tiny();
    let pictures = format!("mini.pictures={}", data.join("pictures").display());
    let cascade = format!("crop.cascade={}", data.join("lbpcascade_animeface.xml").display());
    let of_crop = ["crop.engine=opencv", "crop.mode=exact", "crop.min_confidence=0"];
    let settings = [&pictures, "crawl.variant=original", &cascade].into_iter().chain(of_crop);
    let words = settings.flat_map(|setting| ["--set", setting]);
    pipeline.succeed(&["pipeline", "--until", "pack"].into_iter().chain(words).collect::<Vec<_>>());
    let raw = manifest::read::<PictureRecord>(&pipeline.path("data/raw/manifest.jsonl")).unwrap();
    assert_eq!(raw.records.len(), 143);
    let faces = manifest::read::<FaceRecord>(&pipeline.path("data/faces/manifest.jsonl")).unwrap();
    let with_faces: std::collections::BTreeSet<_> = faces.records.iter().map(|face| face.picture).collect();
    assert!(with_faces.len() > 50, "faces in {} pictures", with_faces.len());
}
