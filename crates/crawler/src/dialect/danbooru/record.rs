//! A Danbooru record, as the API holds it.

use serde_json::{Map, Value};

use super::RATINGS;
use crate::{
    base_url::BaseUrl,
    dialect::record::Record,
    post::{Detail, Post, Rendering, Status, md5_claim, tag_list},
};

/// Reads one record; `None` when it has no id.
pub(super) fn post(fields: &Map<String, Value>, base: &BaseUrl) -> Option<Post> {
    let record = Record { fields, base };
    let original = record.rendering("file_url", "file_size", ["image_width", "image_height"]);
    let sample = variant(&record, "large_file_url").sample_or(&original);
    let preview = variant(&record, "preview_file_url");
    Some(Post {
        number: record.id()?,
        md5: record.text("md5").and_then(md5_claim),
        rating: record.rating(RATINGS),
        tags: tag_list(record.text("tag_string").unwrap_or_default()),
        author: record.owned("tag_string_artist"),
        original_source: record.owned("source"),
        // Edits have a time and no number; nothing can be asked for by it.
        change: None,
        status: match original.url.as_ref().or(preview.url.as_ref()) {
            _ if record.flag("is_deleted") => Status::Deleted,
            _ if record.flag("is_banned") => Status::Banned,
            None => Status::Withheld,
            Some(_) => Status::Active,
        },
        preview,
        sample,
        original,
        detail: Detail::Record,
    })
}

/// A rendering of which the record itself has no more than the address; its sides stand among the variants.
fn variant(record: &Record<'_>, url: &str) -> Rendering {
    let variants = record.fields.get("media_asset").and_then(|asset| asset.get("variants")?.as_array());
    let variants = variants.into_iter().flatten().filter_map(Value::as_object);
    let described = variants
        .map(|fields| Record { fields, base: record.base })
        .find(|variant| variant.text("url").is_some() && variant.text("url") == record.text(url));
    let dimensions = described.and_then(|variant| variant.dimensions(["width", "height"]));
    Rendering { dimensions, ..record.rendering(url, "", ["", ""]) }
}

#[cfg(test)]
mod tests {
    use contracts::config::Variant;

    use crate::{
        base_url::BaseUrl,
        dialect::{Dialect as _, danbooru::Danbooru},
        post::{Post, Status},
    };

    /// A record in the shape that Danbooru's API has, all of it invented.
    const RECORD: &str = r#"{"id":7340021,"created_at":"2024-03-02T11:22:33.456-05:00","uploader_id":1234,"score":12,
        "source":"https://art.example/works/9","md5":"00112233445566778899AABBCCDDEEFF","last_comment_bumped_at":null,
        "rating":"g","image_width":3000,"image_height":1957,"tag_string":"1girl blue_hair hat someone","fav_count":3,
        "file_ext":"png","last_noted_at":null,"parent_id":null,"has_children":false,"approver_id":null,
        "tag_count_general":3,"tag_count_artist":1,"tag_count_character":0,"tag_count_copyright":0,"file_size":2000,
        "up_score":12,"down_score":0,"is_pending":false,"is_flagged":false,"is_deleted":false,"tag_count":4,
        "updated_at":"2024-03-03T01:02:03.004-05:00","is_banned":false,"pixiv_id":null,"last_commented_at":null,
        "has_active_children":false,"bit_flags":0,"tag_count_meta":0,"has_large":true,"has_visible_children":false,
        "media_asset":{"id":18000001,"md5":"00112233445566778899aabbccddeeff","file_ext":"png","file_size":2000,
            "image_width":3000,"image_height":1957,"duration":null,"status":"active","file_key":"Ab3dEf6hI",
            "is_public":true,"pixel_hash":"00ff","variants":[
            {"type":"180x180","url":"https://cdn.donmai.us/180x180/00/11/00112233445566778899aabbccddeeff.jpg","width":180,"height":117,"file_ext":"jpg"},
            {"type":"720x720","url":"https://cdn.donmai.us/720x720/00/11/00112233445566778899aabbccddeeff.webp","width":720,"height":470,"file_ext":"webp"},
            {"type":"sample","url":"https://cdn.donmai.us/sample/00/11/sample-00112233445566778899aabbccddeeff.jpg","width":850,"height":554,"file_ext":"jpg"},
            {"type":"original","url":"https://cdn.donmai.us/original/00/11/00112233445566778899aabbccddeeff.png","width":3000,"height":1957,"file_ext":"png"}]},
        "tag_string_general":"1girl blue_hair hat","tag_string_character":"","tag_string_copyright":"",
        "tag_string_artist":"someone","tag_string_meta":"",
        "file_url":"https://cdn.donmai.us/original/00/11/00112233445566778899aabbccddeeff.png",
        "large_file_url":"https://cdn.donmai.us/sample/00/11/sample-00112233445566778899aabbccddeeff.jpg",
        "preview_file_url":"https://cdn.donmai.us/180x180/00/11/00112233445566778899aabbccddeeff.jpg"}"#;

    fn one(text: &str) -> Post {
        let base = BaseUrl::new("https://danbooru.donmai.us", None).unwrap();
        Danbooru.read_api(&format!("[{text}]"), &base).unwrap().posts.remove(0)
    }

    #[test]
    fn a_record_is_read_whole() {
        let post = one(RECORD);
        assert_eq!((post.number, post.change, post.status), (7_340_021, None, Status::Active));
        assert_eq!(post.md5.as_deref(), Some("00112233445566778899aabbccddeeff"));
        assert_eq!(post.tags, ["1girl", "blue_hair", "hat", "someone"]);
        assert_eq!((post.rating.as_deref(), post.author.as_deref()), (Some("g"), Some("someone")));
        assert_eq!(post.original_source.as_deref(), Some("https://art.example/works/9"));
        let check = |variant, folder: &str, bytes, dimensions| {
            let rendering = post.rendering(variant);
            assert!(rendering.url.as_ref().unwrap().starts_with(&format!("https://cdn.donmai.us/{folder}/00/11/")));
            assert_eq!((rendering.bytes, rendering.dimensions), (bytes, Some(dimensions)));
        };
        check(Variant::Preview, "180x180", None, (180, 117));
        check(Variant::Sample, "sample", None, (850, 554));
        check(Variant::Original, "original", Some(2000), (3000, 1957));
    }

    #[test]
    fn a_small_original_is_its_own_sample() {
        let post = one(r#"{"id":1,"file_url":"https://cdn.donmai.us/o.png","file_size":7,
            "large_file_url":"https://cdn.donmai.us/o.png","preview_file_url":null}"#);
        assert_eq!((&post.sample, post.sample.bytes), (&post.original, Some(7)));
    }

    #[test]
    fn posts_that_cannot_be_had_say_why() {
        let check = |text: &str, expected| assert_eq!(one(text).status, expected, "{text}");
        check(
            r#"{"id":1,"is_deleted":true,"is_banned":true,"file_url":"https://cdn.donmai.us/o.png"}"#,
            Status::Deleted,
        );
        check(r#"{"id":1,"is_banned":true,"rating":"g"}"#, Status::Banned);
        check(r#"{"id":1,"is_banned":false,"rating":"g"}"#, Status::Withheld);
        check(r#"{"id":1,"file_url":"https://cdn.donmai.us/o.png"}"#, Status::Active);
    }
}
