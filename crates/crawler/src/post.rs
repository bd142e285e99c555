//! A post as a site lists it.

use contracts::config::Variant;
use pictures::Medium;
use serde::{Deserialize, Serialize};

/// The highest post number that a ledger can hold; no site comes near it.
pub(crate) const HIGHEST_NUMBER: u64 = i64::MAX as u64 - 1;

/// What a listing says of one post. Addresses are as written down, see [`Address`](crate::address::Address).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Post {
    /// The site's number for it.
    pub(crate) number: u64,
    /// The MD5 of the original, as claimed: 32 lower-case hexadecimal digits.
    pub(crate) md5: Option<String>,
    /// The letter of its rating; `None` when the site gives none that is known.
    pub(crate) rating: Option<String>,
    /// Sorted, without repeats, so that records do not depend on the listing.
    pub(crate) tags: Vec<String>,
    /// Who posted it; on Danbooru, which keeps that to itself, the artists.
    pub(crate) author: Option<String>,
    /// Where the poster says that it comes from.
    pub(crate) original_source: Option<String>,
    /// Grows with every edit of a post on the site.
    pub(crate) change: Option<u64>,
    /// Whether its picture can be had.
    pub(crate) status: Status,
    /// At most 300 px on the longer side; 180 on Danbooru.
    pub(crate) preview: Rendering,
    /// At most 1500 px on the longer side, 850 px wide on Danbooru; where the original is not larger, the original.
    pub(crate) sample: Rendering,
    /// The file as it was uploaded.
    pub(crate) original: Rendering,
    /// How much of the above the listing tells.
    pub(crate) detail: Detail,
}

/// Whether a post's picture can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It can, if the listing says where it is.
    #[default]
    Active,
    /// The site took it away.
    Deleted,
    /// It is kept from all visitors, as Danbooru does where an artist asks for it.
    Banned,
    /// It is shown to some accounts only.
    Withheld,
}

/// One of the renderings of a post's picture, with what the site claims of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rendering {
    /// Where it is; `None` when the listing does not say, or names a placeholder.
    pub(crate) url: Option<String>,
    /// Its length in bytes, where the site states it.
    pub(crate) bytes: Option<u64>,
    /// Its width and height in pixels, where the site states them.
    pub(crate) dimensions: Option<(u32, u32)>,
}

/// How much a listing tells of a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Detail {
    /// All that the site's record has.
    #[default]
    Record,
    /// What the markup of a list page shows: no lengths, no source, not all addresses.
    Markup,
}

/// Endings of files of which only boorus have any: sequences, films and archives.
const MORE_MEDIA: [&str; 6] = ["7z", "flv", "mp3", "mpg", "rar", "ugoira"];

/// Pictures that stand for one that is not there.
const PLACEHOLDERS: [&str; 2] = ["deleted-preview.png", "download-preview.png"];

impl Post {
    /// The rendering that a crawl of `variant` fetches.
    pub(crate) fn rendering(&self, variant: Variant) -> &Rendering {
        match variant {
            Variant::Preview => &self.preview,
            Variant::Sample => &self.sample,
            Variant::Original => &self.original,
        }
    }

    /// The MD5 that the bytes of a rendering must have: sites state the original's only.
    pub(crate) fn md5_of(&self, variant: Variant) -> Option<&str> {
        let original = self.original.url.is_some() && self.rendering(variant).url == self.original.url;
        if original { self.md5.as_deref() } else { None }
    }

    /// Whether a picture fetched when the listing said `earlier` is still the one that it speaks of now.
    pub(crate) fn same_picture(&self, earlier: &Self, variant: Variant) -> bool {
        let (now, then) = (self.rendering(variant), earlier.rendering(variant));
        agree(&self.md5, &earlier.md5) && agree(&now.bytes, &then.bytes) && agree(&now.dimensions, &then.dimensions)
    }

    /// Whether there is no reason to expect other luck with the picture than when the listing said `earlier`.
    pub(crate) fn same_prospects(&self, earlier: &Self, variant: Variant) -> bool {
        self.md5 == earlier.md5 && self.rendering(variant) == earlier.rendering(variant)
    }

    /// This listing with what it leaves untold taken from an earlier one of the same picture.
    pub(crate) fn completed_by(mut self, earlier: &Self) -> Self {
        if self.detail == Detail::Record || earlier.detail == Detail::Markup || !agree(&self.md5, &earlier.md5) {
            return self;
        }
        let (rating, tags, author, status) = (self.rating, self.tags, self.author, self.status);
        self = Self { rating, tags, status, ..earlier.clone() };
        self.author = author.or(self.author);
        self
    }
}

impl Status {
    const ALL: [Self; 4] = [Self::Active, Self::Deleted, Self::Banned, Self::Withheld];

    /// Its name in the ledger.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
            Self::Banned => "banned",
            Self::Withheld => "withheld",
        }
    }

    /// The status of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Rendering {
    /// A rendering at `url`, unless that is a placeholder.
    pub(crate) fn at(url: Option<String>) -> Self {
        Self { url: url.filter(|url| !is_placeholder(url)), ..Self::default() }
    }

    /// A sample, or the original where the site makes none of its own and names that, or nothing.
    pub(crate) fn sample_or(self, original: &Self) -> Self {
        if self.url.is_none() || self.url == original.url { original.clone() } else { self }
    }
}

/// Whether an address is that of a picture which stands for one that is not there.
pub(crate) fn is_placeholder(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    PLACEHOLDERS.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// The ending of an address at which something else than a picture lies that can be read: a film, an archive, a picture in a
/// format without a decoder.
pub(crate) fn other_medium(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    let is_unread = matches!(Medium::of_extension(ending), Some(Medium::Unread(_)));
    (is_unread || MORE_MEDIA.iter().any(|medium| medium.eq_ignore_ascii_case(ending))).then_some(ending)
}

/// The first part of an address's path that can be an MD5.
pub(crate) fn md5_in(url: &str) -> Option<String> {
    url.split(['/', '.', '?', '-', '_']).find_map(md5_claim)
}

/// A text that can be an MD5, in lower case.
pub(crate) fn md5_claim(text: &str) -> Option<String> {
    let hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| text.to_ascii_lowercase())
}

/// Words of a tag list, sorted, without repeats.
pub(crate) fn tag_list(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// Two claims that do not contradict each other: one that is not made contradicts nothing.
fn agree<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
    a.is_none() || b.is_none() || a == b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Post {
        let original = Rendering { url: Some("http://a/o.png".into()), bytes: Some(10), dimensions: Some((4, 4)) };
        let sample = Rendering { url: Some("http://a/s.jpg".into()), bytes: Some(5), dimensions: Some((2, 2)) };
        Post { number: 1, md5: md5_claim(&"ab".repeat(16)), sample, original, ..Post::default() }
    }

    #[test]
    fn the_md5_is_the_originals() {
        let mut post = post();
        assert!(post.md5_of(Variant::Original).is_some());
        assert!(post.md5_of(Variant::Sample).is_none());
        assert!(post.md5_of(Variant::Preview).is_none());
        post.sample.url = post.original.url.clone();
        assert!(post.md5_of(Variant::Sample).is_some(), "a small original is its own sample");
    }

    #[test]
    fn an_edit_keeps_the_picture_and_another_file_does_not() {
        let before = post();
        let check = |change: fn(&mut Post), variant, expected| {
            let mut now = post();
            change(&mut now);
            assert_eq!(now.same_picture(&before, variant), expected);
        };
        check(|post| post.tags.push("new".into()), Variant::Sample, true);
        check(|post| post.change = Some(9), Variant::Sample, true);
        check(|post| post.md5 = None, Variant::Sample, true);
        check(|post| post.md5 = md5_claim(&"cd".repeat(16)), Variant::Sample, false);
        check(|post| post.sample.bytes = Some(6), Variant::Sample, false);
        check(|post| post.sample.bytes = Some(6), Variant::Original, true);
    }

    #[test]
    fn markup_takes_new_tags_and_keeps_the_record() {
        let markup = Post { tags: tag_list("b a"), detail: Detail::Markup, original: Rendering::default(), ..post() };
        let whole = markup.clone().completed_by(&post());
        assert_eq!((whole.original, whole.tags), (post().original, tag_list("a b")));
        let replaced = Post { md5: md5_claim(&"cd".repeat(16)), ..markup };
        assert_eq!(replaced.clone().completed_by(&post()), replaced, "another picture's record says nothing");
    }

    #[test]
    fn films_archives_and_formats_without_a_decoder_are_no_pictures() {
        let check = |url: &str, expected| assert_eq!(other_medium(url), expected, "{url}");
        check("https://a/original/ab/cd/1.webm", Some("webm"));
        check("https://a/b.ZIP?download=1", Some("ZIP"));
        check("https://a/b.avif#x", Some("avif"));
        check("https://a/b.jxl", Some("jxl"));
        check("https://a/b.ugoira", Some("ugoira"));
        check("https://a.zip/b.jpg", None);
        check("https://a.zip/b", None);
        check("https://a/b.gif", None);
        check("", None);
    }

    #[test]
    fn placeholders_are_no_pictures() {
        let check = |url: &str, expected| assert_eq!(is_placeholder(url), expected, "{url}");
        check("http://a/deleted-preview.png", true);
        check("/download-preview.png?2", true);
        check("http://a/data/preview/ab/deleted-preview.png.jpg", false);
        check("", false);
    }
}
