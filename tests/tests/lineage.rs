//! Where things come from, and how they go for good.

use contracts::{
    manifest,
    record::{FaceRecord, PictureRecord},
};
use end_to_end::Pipeline;

#[test]
fn a_forgotten_post_leaves_every_stage_and_is_not_taken_again() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline"]);
    let faces = manifest::read::<FaceRecord>(&pipeline.path("data/faces/manifest.jsonl")).unwrap().records;
    let post = faces[0].post.clone();
    let face = faces[0].face.to_string();
    let traced = pipeline.succeed(&["trace", &face]).stdout;
    assert!(traced.contains(&post.to_string()) && traced.contains("http://mini.invalid/"), "{traced}");

    let touched = pipeline.succeed(&["forget", &post.to_string()]).stdout;
    assert!(touched.contains("checkpoints"), "the run that saw it is named: {touched}");
    let pictures = || manifest::read::<PictureRecord>(&pipeline.path("data/raw/manifest.jsonl")).unwrap().records;
    assert!(pictures().iter().all(|picture| picture.post != post));
    let left = manifest::read::<FaceRecord>(&pipeline.path("data/faces/manifest.jsonl")).unwrap().records;
    let expected: Vec<FaceRecord> = faces.into_iter().filter(|face| face.post != post).collect();
    assert_eq!(left, expected, "no other face changes");
    assert_eq!(pipeline.run(&["trace", &face]).code, Some(1), "nothing comes from it any more");

    let said = pipeline.succeed(&["pipeline", "--until", "pack"]).stderr;
    assert!(said.contains("all is fresh"), "{said}");
    pipeline.succeed(&["crawl"]);
    assert!(pictures().iter().all(|picture| picture.post != post), "it is not taken again");
}
