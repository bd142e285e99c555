//! What lies beside a picture and says where it comes from: JSON as gallery-dl and img2dataset write it, a file a picture, and
//! as dumps of Danbooru have it, a line a post.

use serde_json::{Map, Value};

use crate::{
    dialect::{Dialect as _, folder::Folder},
    post::{HIGHEST_NUMBER, Status, md5_claim},
};

/// What a picture's metadata says, as far as it could be understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sidecar {
    /// The number of its post, on whatever site that is.
    pub(super) id: Option<u64>,
    pub(super) md5: Option<String>,
    /// Whether it states a rating, and which.
    pub(super) rating: StatedRating,
    pub(super) tags: Vec<String>,
    pub(super) author: Option<String>,
    /// Where the picture comes from in the words of its poster.
    pub(super) source: Option<String>,
    /// Where the file was fetched from.
    pub(super) url: Option<String>,
    /// Whether its picture may be used.
    pub(super) status: Status,
}

/// A rating that metadata may state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum StatedRating {
    /// None is stated: whoever names the folder has chosen its pictures.
    #[default]
    Unsaid,
    /// One of those that are known, by its letter.
    Known(&'static str),
    /// One that is not known, or could not be read.
    Unknown,
}

impl Sidecar {
    /// Reads metadata. What cannot be read has an unknown rating, so that no rating that it may have stated is passed over.
    pub(super) fn parse(json: &[u8]) -> Self {
        match serde_json::from_slice(json) {
            Ok(Value::Object(fields)) => Self::of(&fields),
            _ => Self { rating: StatedRating::Unknown, ..Self::default() },
        }
    }

    fn of(fields: &Map<String, Value>) -> Self {
        let first = |keys: &[&str]| keys.iter().find_map(|key| fields.get(*key).and_then(text));
        let raised = |key: &str| fields.get(key).and_then(Value::as_bool) == Some(true);
        let number =
            |key: &str| fields.get(key).and_then(text)?.parse().ok().filter(|number| *number <= HIGHEST_NUMBER);
        Self {
            id: number("id").or_else(|| number("key")),
            md5: first(&["md5", "hash"]).as_deref().and_then(md5_claim),
            rating: rating(fields),
            tags: tags(fields),
            author: first(&["tag_string_artist", "tags_artist", "artist", "author", "owner", "user", "uploader"])
                .or_else(|| artists(fields)),
            source: first(&["source"]),
            url: first(&["file_url", "url", "large_file_url"]),
            status: if raised("is_banned") { Status::Banned } else { Status::Active },
        }
    }
}

/// A field's words: of a list its entries, of an object its name.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(entries) => entries.iter().filter_map(text).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => ["name", "account"].iter().find_map(|key| fields.get(*key)?.as_str())?.to_owned(),
        Value::Bool(_) | Value::Null => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn rating(fields: &Map<String, Value>) -> StatedRating {
    // Pixiv's number: 0 for everybody, 1 and 2 for adults.
    let restricted = fields.get("x_restrict").and_then(Value::as_u64);
    let stated = fields.get("rating").and_then(text).or_else(|| restricted.map(|number| number.to_string()));
    let Some(stated) = stated else { return StatedRating::Unsaid };
    let letter = match stated.to_ascii_lowercase().as_str() {
        "safe" => Some("s"),
        "0" => Some("g"),
        "1" | "2" | "r-18" | "r-18g" => Some("e"),
        letter_or_word => {
            let known = |rating: &&crate::dialect::Rating| [rating.letter, rating.word].contains(&letter_or_word);
            Folder.ratings().iter().find(known).map(|rating| rating.letter)
        }
    };
    letter.map_or(StatedRating::Unknown, StatedRating::Known)
}

/// All tags, sorted, without repeats: words, a list of words or of objects with a name, or lists by kind.
fn tags(fields: &Map<String, Value>) -> Vec<String> {
    let mut tags = Vec::new();
    match fields.get("tag_string").or_else(|| fields.get("tags")) {
        Some(Value::String(words)) => tags.extend(words.split_whitespace().map(str::to_owned)),
        Some(Value::Object(kinds)) => kinds.values().for_each(|kind| push_tags(&mut tags, kind)),
        Some(list) => push_tags(&mut tags, list),
        None => {}
    }
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn push_tags(tags: &mut Vec<String>, list: &Value) {
    let words = list.as_array().into_iter().flatten().filter_map(text);
    // A blank separates tags everywhere else.
    tags.extend(words.map(|tag| tag.split_whitespace().collect::<Vec<_>>().join("_")));
}

/// The tags of a dump's list that are said to be artists: their category is 1.
fn artists(fields: &Map<String, Value>) -> Option<String> {
    let is_artist = |tag: &&Value| tag.get("category").and_then(text).as_deref() == Some("1");
    let artists: Vec<String> = fields.get("tags")?.as_array()?.iter().filter(is_artist).filter_map(text).collect();
    Some(artists.join(" ")).filter(|artists| !artists.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(json: &str, id: Option<u64>, rating: StatedRating, tags: &str, author: Option<&str>) -> Sidecar {
        let sidecar = Sidecar::parse(json.as_bytes());
        assert_eq!((sidecar.id, &sidecar.rating, sidecar.tags.join(" ").as_str()), (id, &rating, tags), "{json}");
        assert_eq!(sidecar.author.as_deref(), author, "{json}");
        sidecar
    }

    /// Metadata in the shapes that the tools write, all of it invented.
    #[test]
    fn each_tool_s_metadata_is_read() {
        let of_danbooru = check(
            r#"{"category":"danbooru","id":71,"md5":"00112233445566778899AABBCCDDEEFF","rating":"g","tag_string":"hat 1girl x",
                "tags":["1girl","hat"],"tag_string_artist":"x","source":"https://art.example/1","is_banned":false,
                "file_url":"https://cdn.donmai.us/original/00/11/a.png","uploader_id":3}"#,
            Some(71),
            StatedRating::Known("g"),
            "1girl hat x",
            Some("x"),
        );
        assert_eq!(of_danbooru.md5.as_deref(), Some("00112233445566778899aabbccddeeff"));
        assert_eq!(of_danbooru.source.as_deref(), Some("https://art.example/1"));
        assert_eq!(of_danbooru.url.as_deref(), Some("https://cdn.donmai.us/original/00/11/a.png"));
        let konachan = r#"{"category":"konachan","id":5,"tags":"hat  blue","rating":"s","author":"me"}"#;
        check(konachan, Some(5), StatedRating::Known("s"), "blue hat", Some("me"));
        let pixiv =
            r#"{"category":"pixiv","id":9,"tags":["Hatsune Miku","hat"],"x_restrict":1,"user":{"name":"Ame","id":3}}"#;
        check(pixiv, Some(9), StatedRating::Known("e"), "Hatsune_Miku hat", Some("Ame"));
        let by_kind = r#"{"id":2,"tags":{"general":["hat"],"artist":["y"]},"rating":"questionable"}"#;
        check(by_kind, Some(2), StatedRating::Known("q"), "hat y", None);
        let img2dataset =
            r#"{"caption":"a hat","url":"https://a.example/1.jpg","key":"000000012","status":"success","width":9}"#;
        let scraped = check(img2dataset, Some(12), StatedRating::Unsaid, "", None);
        assert_eq!(scraped.url.as_deref(), Some("https://a.example/1.jpg"));
        let dump = r#"{"id":"263167","rating":"e","is_banned":true,
            "tags":[{"id":"1","name":"hat","category":"0"},{"id":"2","name":"someone","category":"1"}]}"#;
        let banned = check(dump, Some(263_167), StatedRating::Known("e"), "hat someone", Some("someone"));
        assert_eq!(banned.status, Status::Banned);
    }

    #[test]
    fn what_cannot_be_understood_states_an_unknown_rating() {
        for json in ["", "[]", "{\"id\":1", r#"{"rating":"R-15"}"#, r#"{"rating":"x"}"#] {
            assert_eq!(Sidecar::parse(json.as_bytes()).rating, StatedRating::Unknown, "{json}");
        }
        assert_eq!(Sidecar::parse(b"{}"), Sidecar::default());
        assert_eq!(Sidecar::parse(br#"{"id":-1,"tags":null,"rating":null,"author":7}"#).id, None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), words in "[\\[\\]{}:,\"a-z0-9]{0,60}") {
            Sidecar::parse(&bytes);
            Sidecar::parse(format!("{{\"tags\":{words}}}").as_bytes());
        }
    }
}
