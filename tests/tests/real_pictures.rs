//! The chain up to the dataset on real illustrations, where they are at hand.

use contracts::{
    manifest,
    record::{FaceRecord, PictureRecord},
};
use end_to_end::{Pipeline, cascade_at_hand, shared_data};

#[test]
fn real_illustrations_become_a_dataset() {
    let Some(data) = shared_data() else { return };
    if !cascade_at_hand() {
        return;
    }
    let pipeline = Pipeline::tiny();
    let pictures = format!("mini.pictures={}", data.join("pictures").display());
    pipeline.succeed(&["pipeline", "--until", "pack", "--set", &pictures, "--set", "crawl.variant=original"]);
    let raw = manifest::read::<PictureRecord>(&pipeline.path("data/raw/manifest.jsonl")).unwrap();
    assert_eq!(raw.records.len(), 143);
    let faces = manifest::read::<FaceRecord>(&pipeline.path("data/faces/manifest.jsonl")).unwrap();
    let with_faces: std::collections::BTreeSet<_> = faces.records.iter().map(|face| face.picture).collect();
    assert!(with_faces.len() > 50, "faces in {} pictures", with_faces.len());
}
