//! A Gelbooru record, as JSON and XML hold it.

use serde_json::{Map, Value};

use super::RATINGS;
use crate::{
    base_url::BaseUrl,
    dialect::{rating, record::Record},
    post::{Detail, Post, Rendering, Status, md5_claim, tag_list},
};

/// Reads one record; `None` when it has no id.
pub(super) fn post(fields: &Map<String, Value>, base: &BaseUrl) -> Option<Post> {
    let record = Record { fields, base };
    let at = |url: Option<String>| Rendering::at(url.and_then(|url| base.recorded(&url)));
    let place = |folder: &str, prefix: &str, extension: Option<&str>| place(&record, folder, prefix, extension);
    let original = at(record.owned("file_url").or_else(|| place("images", "", None)));
    let original = Rendering { dimensions: record.dimensions(["width", "height"]), ..original };
    // The sides of samples and thumbnails are left out: they are computed, and may be a pixel off.
    let sample = has_sample(&record).then(|| place("samples", "sample_", Some("jpg"))).flatten();
    let sample = at(record.owned("sample_url").or(sample)).sample_or(&original);
    let preview = at(record.owned("preview_url").or_else(|| place("thumbnails", "thumbnail_", Some("jpg"))));
    Some(Post {
        number: record.id()?,
        md5: record.text("md5").or_else(|| record.text("hash")).and_then(md5_claim),
        rating: record.text("rating").and_then(letter).map(str::to_owned),
        tags: tag_list(&plain(record.text("tags").unwrap_or_default())),
        author: record.text("owner").map(plain),
        original_source: record.text("source").map(plain),
        // When it was edited last is a time; what was edited since then cannot be asked for.
        change: None,
        status: if record.text("status") == Some("deleted") { Status::Deleted } else { Status::Active },
        preview,
        sample,
        original,
        detail: Detail::Record,
    })
}

/// The rating's letter. Sites of before there was "sensitive" have a rating "safe", the mildest.
fn letter(text: &str) -> Option<&'static str> {
    if text.eq_ignore_ascii_case("safe") { Some("g") } else { rating::letter(RATINGS, text) }
}

/// Whether there is a sample, which is written as a number, a text or a truth.
fn has_sample(record: &Record<'_>) -> bool {
    record.flag("sample") || record.number("sample") == Some(1) || record.text("sample") == Some("true")
}

/// Where a file is on sites whose records name a directory and a file only.
fn place(record: &Record<'_>, folder: &str, prefix: &str, extension: Option<&str>) -> Option<String> {
    let directory = record.owned("directory").or_else(|| record.number("directory").map(|number| number.to_string()));
    let (stem, own) = record.text("image")?.rsplit_once('.')?;
    Some(format!("/{folder}/{}/{prefix}{stem}.{}", directory?, extension.unwrap_or(own)))
}

/// Words as they are, of which JSON has those that a page would.
fn plain(words: &str) -> String {
    let escapes = [("&#039;", "'"), ("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    // The ampersand comes last, so that nothing is unescaped twice.
    escapes.iter().fold(words.to_owned(), |words, (escape, character)| words.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use contracts::config::Variant;
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::{Dialect as _, gelbooru::Gelbooru};

    const HASH: &str = "00112233445566778899aabbccddeeff";

    fn one(text: &str) -> Post {
        let base = BaseUrl::new("https://gelbooru.com", None).unwrap();
        Gelbooru.read_api(text, &base).unwrap().posts.remove(0)
    }

    /// A record in the shape that gelbooru.com has, all of it invented.
    fn record() -> String {
        format!(
            r#"{{"@attributes":{{"limit":1,"offset":0,"count":9}},"post":[{{"id":81,"created_at":"Sat Mar 02 11:22:33 -0600 2024",
            "score":4,"width":3000,"height":1957,"md5":"{HASH}","directory":"00/11","image":"{HASH}.png","rating":"general",
            "source":"https://art.example/81","change":1709400153,"owner":"someone","creator_id":7,"parent_id":0,"sample":1,
            "preview_height":163,"preview_width":250,"tags":"hat d&#039;arc smile","title":"","has_notes":"false",
            "file_url":"https://img4.gelbooru.com/images/00/11/{HASH}.png",
            "preview_url":"https://img4.gelbooru.com/thumbnails/00/11/thumbnail_{HASH}.jpg",
            "sample_url":"https://img4.gelbooru.com/samples/00/11/sample_{HASH}.jpg","sample_height":554,"sample_width":850,
            "status":"active","post_locked":0,"has_children":"false"}}]}}"#
        )
    }

    /// The same as attributes.
    fn attributes() -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><posts count="9" offset="0"><post height="1957" score="4"
            file_url="https://img4.gelbooru.com/images/00/11/{HASH}.png" parent_id="" rating="g" tags=" hat d'arc smile "
            sample_url="https://img4.gelbooru.com/samples/00/11/sample_{HASH}.jpg" sample_width="850" sample_height="554"
            preview_url="https://img4.gelbooru.com/thumbnails/00/11/thumbnail_{HASH}.jpg" id="81" width="3000"
            change="1709400153" md5="{HASH}" creator_id="7" owner="someone" source="https://art.example/81" status="active"/></posts>"#
        )
    }

    /// The same as elements.
    fn elements() -> String {
        format!(
            "<posts limit=\"1\"><post><id>81</id><width>3000</width><height>1957</height><md5>{HASH}</md5>\
             <rating>general</rating><source>https://art.example/81</source><owner>someone</owner><status>active</status>\
             <tags>hat d&apos;arc smile</tags><sample>1</sample><directory>00/11</directory><image>{HASH}.png</image>\
             <file_url>https://img4.gelbooru.com/images/00/11/{HASH}.png</file_url>\
             <preview_url>https://img4.gelbooru.com/thumbnails/00/11/thumbnail_{HASH}.jpg</preview_url>\
             <sample_url>https://img4.gelbooru.com/samples/00/11/sample_{HASH}.jpg</sample_url></post></posts>"
        )
    }

    #[test]
    fn a_record_is_read_whole_in_each_of_its_forms() {
        for text in [record(), attributes(), elements()] {
            let post = one(&text);
            assert_eq!((post.number, post.md5.as_deref(), post.status), (81, Some(HASH), Status::Active));
            assert_eq!((post.rating.as_deref(), post.author.as_deref()), (Some("g"), Some("someone")));
            assert_eq!(post.tags, ["d'arc", "hat", "smile"], "{text}");
            assert_eq!(post.original_source.as_deref(), Some("https://art.example/81"));
            let check = |variant, path: String, dimensions| {
                let rendering = post.rendering(variant);
                let url = format!("https://img4.gelbooru.com/{path}");
                assert_eq!((rendering.url.as_deref(), rendering.dimensions), (Some(url.as_str()), dimensions));
            };
            check(Variant::Preview, format!("thumbnails/00/11/thumbnail_{HASH}.jpg"), None);
            check(Variant::Sample, format!("samples/00/11/sample_{HASH}.jpg"), None);
            check(Variant::Original, format!("images/00/11/{HASH}.png"), Some((3000, 1957)));
        }
    }

    #[test]
    fn older_records_name_a_directory_and_a_file() {
        let older = |more: &str| {
            one(&format!(r#"[{{"id":5,"hash":"{HASH}","directory":"3127","image":"{HASH}.png",{more}}}]"#))
        };
        let post = older(r#""rating":"safe","sample":true"#);
        let url = |variant| post.rendering(variant).url.as_deref().unwrap();
        assert_eq!(url(Variant::Original), format!("https://gelbooru.com/images/3127/{HASH}.png"));
        assert_eq!(url(Variant::Sample), format!("https://gelbooru.com/samples/3127/sample_{HASH}.jpg"));
        assert_eq!(url(Variant::Preview), format!("https://gelbooru.com/thumbnails/3127/thumbnail_{HASH}.jpg"));
        assert_eq!((post.rating.as_deref(), post.md5.as_deref()), (Some("g"), Some(HASH)));
        let small = older(r#""sample":false,"sample_url":"","rating":"sensitive""#);
        assert_eq!((&small.sample, small.rating.as_deref()), (&small.original, Some("s")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let base = BaseUrl::new("https://gelbooru.com", None).unwrap();
            let _ = Gelbooru.read_api(&text, &base);
        }

        #[test]
        fn no_damage_makes_it_panic(form in 0usize..3, cut in 0usize..900, byte in any::<char>()) {
            let base = BaseUrl::new("https://gelbooru.com", None).unwrap();
            let mut text = [record(), attributes(), elements()][form].clone();
            let cut = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.insert(cut, byte);
            let _ = Gelbooru.read_api(&text, &base);
            let _ = Gelbooru.read_api(&text[..cut], &base);
        }
    }
}
