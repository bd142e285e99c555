//! The API's listing: a JSON array of records.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{NotAList, Page, explanation, html};
use crate::post::Post;

/// Reads an answer of the API; `post` reads one record, and gives `None` where that has no number.
pub(super) fn posts(text: &str, post: impl Fn(&Map<String, Value>) -> Option<Post>) -> Result<Page, NotAList> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let answer = Reader { post: &post }.deserialize(&mut deserializer);
    let answer = answer.and_then(|answer| deserializer.end().map(|()| answer));
    match answer.map_err(|error| not_json(text, &error))? {
        Answer::List(list) => list?.with_an_id(),
        Answer::Other(value) => Err(no_list(&value)),
    }
}

/// What an answer of the API is.
enum Answer {
    /// A list, if it is not too long.
    List(Result<Page, NotAList>),
    /// Something else.
    Other(Value),
}

/// Reads an answer entry by entry: a value of all of it would take many times the memory of its text.
struct Reader<'a, F> {
    post: &'a F,
}

impl<'de, F: Fn(&Map<String, Value>) -> Option<Post>> DeserializeSeed<'de> for Reader<'_, F> {
    type Value = Answer;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Answer, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: Fn(&Map<String, Value>) -> Option<Post>> Visitor<'de> for Reader<'_, F> {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of posts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Answer, A::Error> {
        let mut page = Ok(Page::default());
        while let Some(entry) = entries.next_element::<Value>()? {
            let read = entry.as_object().and_then(self.post).ok_or_else(|| entry.to_string());
            // What follows is still read, so that damaged JSON is always called that.
            page = page.and_then(|mut page| page.push(read).map(|()| page));
        }
        Ok(Answer::List(page))
    }

    /// Gelbooru's list lies in an object, and has no name there where it is empty.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Answer, A::Error> {
        let (mut list, mut others) = (None, Map::new());
        while let Some(key) = fields.next_key::<String>()? {
            match key.as_str() {
                "post" => list = Some(fields.next_value_seed(Reader { post: self.post })?),
                "@attributes" => {
                    fields.next_value::<serde::de::IgnoredAny>()?;
                    list = list.or(Some(Answer::List(Ok(Page::default()))));
                }
                _ => {
                    others.insert(key, fields.next_value()?);
                }
            }
        }
        Ok(list.unwrap_or(Answer::Other(Value::Object(others))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Answer, E> {
        Ok(Answer::Other(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Answer, E> {
        Ok(Answer::Other(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Answer, E> {
        Ok(Answer::Other(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Answer, E> {
        Ok(Answer::Other(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Answer, E> {
        Ok(Answer::Other(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Answer, E> {
        Ok(Answer::Other(Value::Null))
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> NotAList {
    if text.trim_start().starts_with('<') {
        return NotAList::Page(html::sentence(text));
    }
    NotAList::NotJson(if text.trim().is_empty() { "it is empty".into() } else { error.to_string() })
}

fn no_list(value: &Value) -> NotAList {
    match (explanation::in_json(value), value) {
        (Some(explanation), _) => NotAList::Refusal(explanation.to_owned()),
        (None, Value::Object(_)) => NotAList::OtherJson("an object"),
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

    fn page(text: &str) -> Result<Page, NotAList> {
        let base = BaseUrl::new("http://127.0.0.1:4321", Some("http://mini.invalid")).unwrap();
        Moebooru.read_api(text, &base)
    }

    fn parse(text: &str) -> Result<Vec<Post>, NotAList> {
        page(text).map(|page| page.posts)
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
        check("\"Search is down\"", "the site says: Search is down");
        check("[[]]", "none of its 1 entries has a post id; the first is []");
        check(
            r#"[{"id":null,"md5":"a"},null]"#,
            r#"none of its 2 entries has a post id; the first is {"id":null,"md5":"a"}"#,
        );
        check(&format!("[{}1]", "{\"id\":1},".repeat(2000)), "more than 2000 entries");
        assert_eq!(parse("[]"), Ok(Vec::new()));
    }

    #[test]
    fn odd_entries_are_passed_over_and_shown() {
        let page =
            page(r#"[{"id":9},{"md5":"a"},null,"x",{"id":-1},{"id":1e3},{"id":8,"tags":null,"md5":7}]"#).unwrap();
        assert_eq!(page.posts.iter().map(|post| post.number).collect::<Vec<_>>(), [9, 8]);
        assert_eq!(page.odd, [r#"{"md5":"a"}"#, "null", "\"x\"", r#"{"id":-1}"#, r#"{"id":1000.0}"#]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}|[\\[\\]{}:,\"0-9a]{0,40}") {
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
