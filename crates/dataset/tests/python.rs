//! What Python's `datasets` saw in the sample, held against what this crate wrote: the same files, the same values.
#![allow(clippy::unwrap_used)]

mod sample;

use std::fs;

use contracts::ContentHash;
use dataset::{ImageShape, Row, SplitName};
use serde_json::{Value, json};

#[test]
fn python_read_these_very_bytes_and_saw_these_very_rows() {
    let golden: Value = serde_json::from_str(include_str!("golden/load_dataset.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    sample::write(folder.path(), 8, sample::SMALL);
    for (name, hash) in golden["files"].as_object().unwrap() {
        let found = ContentHash::of(&fs::read(folder.path().join(name)).unwrap());
        assert_eq!(hash, &found.to_string(), "{name} changed: record the golden file anew");
    }
    for split in SplitName::ALL {
        let seen = &golden["splits"][split.to_string()];
        assert_eq!(seen["columns"]["image"], "Image");
        let expected: Vec<Value> = sample::numbers(split).into_iter().map(as_python_sees_it).collect();
        assert_eq!(seen["rows"], Value::Array(expected));
    }
}

fn as_python_sees_it(number: usize) -> Value {
    let Row { label, face, picture, post, source_url, rating, tags, pixel_box, angle, score, dhash, .. } =
        sample::row(number);
    let pixels = sample::pixels(ImageShape::new(8), number);
    json!({
        "image": { "mode": "RGB", "size": [8, 8], "sha256": ContentHash::of(&pixels) },
        "label": label,
        "face_id": face,
        "picture_sha256": picture,
        "post": post,
        "source_url": source_url,
        "rating": rating,
        "tags": tags,
        "box": pixel_box,
        "angle": angle,
        "score": score,
        "dhash": dhash.to_string(),
    })
}
