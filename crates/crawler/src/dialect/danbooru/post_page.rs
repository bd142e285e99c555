//! Danbooru's page of a post, which says what list pages leave out: where the larger renderings are.

use std::sync::LazyLock;

use scraper::{Html, Selector};

use super::RATINGS;
use crate::{
    base_url::BaseUrl,
    dialect::{
        NotAList,
        html::{selector, sentence_of},
        rating,
    },
    post::{Detail, HIGHEST_NUMBER, Post, Rendering, Status, md5_claim, md5_in, tag_list},
};

/// Reads the page of one post: as much as the API's record says, but for lengths.
pub(super) fn post(text: &str, base: &BaseUrl) -> Result<Post, NotAList> {
    let page = Html::parse_document(text);
    read(&page, base).ok_or_else(|| NotAList::OtherPage(sentence_of(&page)))
}

static PICTURE: LazyLock<Selector> = LazyLock::new(|| selector("section.image-container[data-id]"));
static SHOWN: LazyLock<Selector> = LazyLock::new(|| selector("#image"));
static ORIGINAL: LazyLock<Selector> =
    LazyLock::new(|| selector("#post-info-size a[href], a.image-view-original-link[href]"));
static ARTIST: LazyLock<Selector> = LazyLock::new(|| selector(".artist-tag-list [data-tag-name]"));

fn read(page: &Html, base: &BaseUrl) -> Option<Post> {
    let picture = page.select(&PICTURE).next()?;
    let data = |name: &str| picture.attr(&format!("data-{name}")).map(str::trim).filter(|text| !text.is_empty());
    let side = |name: &str| data(name).and_then(|side| side.parse().ok());
    let at = |url: Option<&str>| Rendering::at(url.and_then(|url| base.recorded(url)));
    let attribute = |selector, name: &str| page.select(selector).next().and_then(|element| element.attr(name));
    let number = data("id")?.parse().ok().filter(|number| *number <= HIGHEST_NUMBER)?;

    let original = at(data("file-url").or_else(|| attribute(&ORIGINAL, "href")));
    let original = Rendering { dimensions: side("width").zip(side("height")), ..original };
    // Shown is the sample, or the original where that is small.
    let sample = at(data("large-file-url").or_else(|| attribute(&SHOWN, "src")));
    let sample = Rendering { dimensions: side("large-width").zip(side("large-height")), ..sample }.sample_or(&original);
    let flags = data("flags").unwrap_or_default();
    let raised = |flag| flags.split_whitespace().any(|raised| raised == flag);
    let artists: Vec<&str> = page.select(&ARTIST).filter_map(|tag| tag.attr("data-tag-name")).collect();
    Some(Post {
        number,
        md5: data("md5").and_then(md5_claim).or_else(|| md5_in(original.url.as_ref()?)),
        rating: data("rating").and_then(|text| rating::letter(RATINGS, text)).map(str::to_owned),
        tags: tag_list(data("tags").unwrap_or_default()),
        author: Some(artists.join(" ")).filter(|artists| !artists.is_empty()),
        original_source: data("source").map(str::to_owned),
        change: None,
        status: match original.url {
            _ if raised("deleted") => Status::Deleted,
            _ if raised("banned") => Status::Banned,
            None => Status::Withheld,
            Some(_) => Status::Active,
        },
        preview: at(data("preview-file-url")),
        sample,
        original,
        detail: Detail::Record,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "00112233445566778899aabbccddeeff";

    fn parse(text: &str) -> Result<Post, NotAList> {
        post(text, &BaseUrl::new("https://danbooru.donmai.us", None).unwrap())
    }

    /// A post's page in the shape of Danbooru's, all of it invented; `more` are attributes of the picture.
    fn page(more: &str) -> String {
        format!(
            r##"<html><head><title>hat | Danbooru</title></head><body><aside><ul class="artist-tag-list">
            <li class="tag-type-1" data-tag-name="someone"><a href="/artists">?</a></li></ul>
            <ul class="general-tag-list"><li class="tag-type-0" data-tag-name="hat"></li></ul>
            <ul><li id="post-info-size">Size: <a href="https://cdn.donmai.us/original/00/11/__hat__{HASH}.png">2 MB .png</a>
            (3000x1957)</li></ul></aside><section class="image-container note-container" data-id="7" data-tags="hat someone"
            data-rating="g" data-large-width="850" data-large-height="554" data-width="3000" data-height="1957" data-flags=""
            data-source="https://art.example/9" {more}><picture>
            <img id="image" src="https://cdn.donmai.us/sample/00/11/__hat__sample-{HASH}.jpg"></picture></section></body></html>"##
        )
    }

    #[test]
    fn the_page_says_where_the_larger_renderings_are() {
        let post = parse(&page("")).unwrap();
        assert_eq!((post.number, post.md5.as_deref(), post.status), (7, Some(HASH), Status::Active));
        assert_eq!((post.tags.join(" ").as_str(), post.author.as_deref()), ("hat someone", Some("someone")));
        assert_eq!(
            (post.rating.as_deref(), post.original_source.as_deref()),
            (Some("g"), Some("https://art.example/9"))
        );
        let original = format!("https://cdn.donmai.us/original/00/11/__hat__{HASH}.png");
        assert_eq!((post.original.url, post.original.dimensions), (Some(original), Some((3000, 1957))));
        let sample = format!("https://cdn.donmai.us/sample/00/11/__hat__sample-{HASH}.jpg");
        assert_eq!((post.sample.url, post.sample.dimensions), (Some(sample), Some((850, 554))));
    }

    #[test]
    fn what_the_picture_itself_says_goes_before_the_rest() {
        let file = format!("https://cdn.donmai.us/original/ff/ff/{HASH}.png");
        let post = parse(&page(&format!("data-file-url=\"{file}\" data-large-file-url=\"{file}\""))).unwrap();
        assert_eq!((post.original.url.as_deref(), &post.sample), (Some(file.as_str()), &post.original));
    }

    #[test]
    fn flags_and_other_pages_are_told() {
        let flagged =
            |flags: &str| parse(&page("").replace("data-flags=\"\"", &format!("data-flags=\"{flags}\""))).unwrap();
        assert_eq!((flagged("deleted").status, flagged("banned").status), (Status::Deleted, Status::Banned));
        let error = parse("<title>Error</title><p>That record was not found.</p>").unwrap_err().to_string();
        assert!(error.contains("That record was not found."), "{error}");
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(cut in 0usize..1200, insert in "[<>\"'/ a\\PC]{0,3}") {
            let mut text = page("");
            let cut = cut.min(text.len());
            text.insert_str(cut, &insert);
            let _ = parse(&text);
            let _ = parse(&text[..cut]);
        }
    }
}
