//! What JSON beside a picture tells of it: all that our own exports write, and of others' what has the usual name and form.

use contracts::record::PixelBox;
use serde_json::Value;

use super::{class::class_of, notes::Notes};
use crate::item::{Item, Origin};

/// Adds to an item what is told of it. A class that was found elsewhere stays.
pub(super) fn add(json: &Value, item: &mut Item, notes: &mut Notes) {
    match json.get("label").map_or(Ok(None), class_of) {
        Ok(class) => item.label = item.label.or(class),
        Err(bad) => {
            notes.count("classes beside pictures are no classes", || format!("that of {}, which is {bad}", item.name));
        }
    }
    item.origin = origin(json).map(Box::new).or(item.origin.take());
}

/// Where a picture comes from; `None` where nothing of that is told.
fn origin(json: &Value) -> Option<Origin> {
    let text = |name: &str| json.get(name)?.as_str().filter(|text| !text.is_empty());
    let number = |name: &str| json.get(name)?.as_f64();
    let face = text("face_id").and_then(|face| face.parse().ok());
    let pixel_box = json.get("box").and_then(|sides| serde_json::from_value::<PixelBox>(sides.clone()).ok());
    let origin = Origin {
        // Elsewhere a score is what people think of a post, and an angle anything.
        score: number("score").filter(|_| face.is_some()),
        angle: number("angle").filter(|_| face.is_some()),
        face,
        picture: text("picture_sha256").and_then(|picture| picture.parse().ok()),
        post: text("post").and_then(|post| post.parse().ok()),
        source_url: text("source_url").or(text("url")).map(str::to_owned),
        rating: text("rating").map(str::to_owned),
        tags: tags(json),
        pixels: None,
        side: pixel_box.and_then(|pixel_box| u32::try_from(pixel_box.width.min(pixel_box.height)).ok()),
        pixel_box,
    };
    (origin != Origin::default()).then_some(origin)
}

/// A list of tags, or a text of tags with spaces between, as boorus write them.
fn tags(json: &Value) -> Vec<String> {
    match json.get("tags").or(json.get("tag_string")) {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(tags)) => tags.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;
    use crate::location::Location;

    fn check(json: Value, expected: Option<Origin>, label: Option<i64>) {
        let mut item = Item::foreign("a.png".into(), Location::File(PathBuf::new()));
        add(&json, &mut item, &mut Notes::default());
        assert_eq!((item.origin, item.label), (expected.map(Box::new), label), "{json}");
    }

    #[test]
    fn what_is_understood_is_taken_and_the_rest_passed_over() {
        let tags = || vec!["solo".to_owned(), "hat".to_owned()];
        let known = |origin: Origin| Some(origin);
        check(json!({}), None, None);
        check(json!(["no object"]), None, None);
        check(json!({ "caption": "a hat", "label": 3 }), None, Some(3));
        check(json!({ "post": "no post", "tags": 5, "box": "no box", "label": "no number" }), None, None);
        check(json!({ "tags": ["solo", "hat"] }), known(Origin { tags: tags(), ..Origin::default() }), None);
        let url = Some("http://a.invalid/1".to_owned());
        check(
            json!({ "post": "mini:7", "url": "http://a.invalid/1", "tag_string": "solo hat", "rating": "s", "score": 9, "angle": 3 }),
            known(Origin {
                post: "mini:7".parse().ok(),
                source_url: url,
                tags: tags(),
                rating: Some("s".into()),
                ..Origin::default()
            }),
            None,
        );
        let face = format!("{}-2", contracts::ContentHash::of(b"picture"));
        check(
            json!({ "face_id": face, "box": [1, 2, 30, 40], "angle": -15.0, "score": 1.5 }),
            known(Origin {
                face: face.parse().ok(),
                pixel_box: Some([1, 2, 30, 40].into()),
                side: Some(30),
                angle: Some(-15.0),
                score: Some(1.5),
                ..Origin::default()
            }),
            None,
        );
    }
}
