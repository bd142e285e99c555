//! The API's listing: a JSON array of records.

use serde_json::{Map, Value};

use super::{NotAList, Page, html};
use crate::post::Post;

/// Reads an answer of the API; `post` reads one record, and gives `None` where that has no number.
pub(super) fn posts(text: &str, post: impl Fn(&Map<String, Value>) -> Option<Post>) -> Result<Page, NotAList> {
    let value: Value = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    let entries = match value {
        Value::Array(entries) => entries,
        other => return Err(no_list(&other)),
    };
    let read = |(index, entry): (usize, &Value)| entry.as_object().and_then(&post).ok_or(NotAList::NoId(index + 1));
    entries.iter().enumerate().map(read).collect()
}

fn not_json(text: &str, error: &serde_json::Error) -> NotAList {
    if text.trim_start().starts_with('<') {
        return NotAList::Page(html::title(text));
    }
    NotAList::NotJson(if text.trim().is_empty() { "it is empty".into() } else { error.to_string() })
}

fn no_list(value: &Value) -> NotAList {
    let explanation = ["reason", "message", "error"].iter().find_map(|key| value.get(key)?.as_str());
    match (explanation, value) {
        (Some(explanation), _) => NotAList::Refusal(explanation.to_owned()),
        (None, Value::Object(_)) => NotAList::OtherJson("an object"),
        (None, Value::String(_)) => NotAList::OtherJson("a text"),
        (None, _) => NotAList::OtherJson("a single value"),
    }
}

#[cfg(test)]
mod tests {
    use contracts::config::Variant;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        base_url::BaseUrl,
        dialect::{Dialect as _, moebooru::Moebooru},
        post::Status,
    };

    fn parse(text: &str) -> Result<Page, NotAList> {
        let base = BaseUrl::new("http://127.0.0.1:4321", Some("http://mini.invalid")).unwrap();
        Moebooru.read_api(text, &base)
    }

    /// A record in the shape that Moebooru's API has, all of it invented.
    const RECORD: &str = r#"{"id":51,"tags":"smile  blue_hair hat","created_at":1600000000,"creator_id":3,"author":"someone",
        "change":812,"source":"https://art.example/51","score":4,"md5":"00112233445566778899AABBCCDDEEFF","file_size":2000,
        "file_url":"/image/00112233445566778899aabbccddeeff/51.png","is_shown_in_index":true,
        "preview_url":"//127.0.0.1:4321/data/preview/00/11/00112233445566778899aabbccddeeff.jpg",
        "preview_width":150,"preview_height":98,"actual_preview_width":300,"actual_preview_height":196,
        "sample_url":"/sample/00112233445566778899aabbccddeeff/51.jpg","sample_width":1500,"sample_height":979,
        "sample_file_size":900,"jpeg_url":"/jpeg/51.jpg","jpeg_file_size":0,"rating":"s","has_children":false,
        "parent_id":null,"status":"active","width":3000,"height":1957,"is_held":false,"frames":[]}"#;

    fn one(text: &str) -> Post {
        parse(&format!("[{text}]")).unwrap().remove(0)
    }

    #[test]
    fn a_record_is_read_whole() {
        let post = one(RECORD);
        assert_eq!((post.number, post.change, post.status), (51, Some(812), Status::Active));
        assert_eq!(post.md5.as_deref(), Some("00112233445566778899aabbccddeeff"));
        assert_eq!(post.tags, ["blue_hair", "hat", "smile"]);
        assert_eq!((post.rating.as_deref(), post.author.as_deref()), (Some("s"), Some("someone")));
        assert_eq!(post.original_source.as_deref(), Some("https://art.example/51"));
        let check = |variant, path: &str, bytes, dimensions| {
            let rendering = post.rendering(variant);
            assert_eq!(rendering.url.as_deref(), Some(format!("http://mini.invalid/{path}").as_str()));
            assert_eq!((rendering.bytes, rendering.dimensions), (bytes, Some(dimensions)));
        };
        check(Variant::Preview, "data/preview/00/11/00112233445566778899aabbccddeeff.jpg", None, (300, 196));
        check(Variant::Sample, "sample/00112233445566778899aabbccddeeff/51.jpg", Some(900), (1500, 979));
        check(Variant::Original, "image/00112233445566778899aabbccddeeff/51.png", Some(2000), (3000, 1957));
    }

    #[test]
    fn a_small_original_is_its_own_sample() {
        for sample in [r#""sample_url":"","sample_file_size":0"#, r#""sample_url":"/o.png","sample_file_size":0"#] {
            let post = one(&format!(r#"{{"id":1,"file_url":"/o.png","file_size":7,{sample}}}"#));
            assert_eq!(post.sample, post.original);
            assert_eq!(post.sample.bytes, Some(7));
        }
    }

    #[test]
    fn a_deleted_post_has_no_pictures() {
        let post = one(r#"{"id":2,"status":"deleted","preview_url":"/deleted-preview.png","rating":"q"}"#);
        assert_eq!(post.status, Status::Deleted);
        assert!(post.preview.url.is_none() && post.sample.url.is_none() && post.original.url.is_none());
    }

    #[test]
    fn odd_fields_are_left_out_and_numbers_may_be_text() {
        let post =
            one(r#"{"id":"9","rating":5,"tags":null,"md5":"short","change":-1,"file_size":"8","file_url":"/a"}"#);
        assert_eq!((post.number, post.rating, post.md5, post.change), (9, None, None, None));
        assert_eq!(post.original.bytes, Some(8));
        assert_eq!(one(r#"{"id":9,"rating":"g"}"#).rating, None, "no rating of this kind of site");
    }

    #[test]
    fn what_is_no_list_is_named() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "it is empty");
        check("nonsense", "it is no JSON");
        check("[{\"id\":1},", "it is no JSON");
        check("<!DOCTYPE html><title>Just a moment...</title>", "titled \"Just a moment...\"");
        check(r#"{"success":false,"reason":"can only search for 2 tags"}"#, "the site says: can only search");
        check("{}", "an object, not a list");
        check("null", "a single value, not a list");
        check(r#"[{"id":1},{"md5":"a"}]"#, "entry 2 has no post id");
        check("[[]]", "entry 1 has no post id");
        assert_eq!(parse("[]"), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_damage_makes_it_panic(cut in 0usize..900, byte in any::<char>()) {
            let mut text = format!("[{RECORD}]");
            let cut = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.insert(cut, byte);
            let _ = parse(&text);
            let _ = parse(&text[..cut]);
        }
    }
}
