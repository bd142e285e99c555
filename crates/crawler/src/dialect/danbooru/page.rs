//! Danbooru's list pages: what is known of a post stands in its article's `data-` attributes.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use super::RATINGS;
use crate::{
    base_url::BaseUrl,
    dialect::{
        NotAList, Page,
        html::{selector, sentence_of},
        rating,
    },
    post::{Detail, HIGHEST_NUMBER, Post, Rendering, Status, md5_claim, md5_in, tag_list},
};

/// What pages say past the end of a list.
const NOBODY: &str = "No posts found";

/// Reads a list page.
pub(super) fn posts(text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
    let page = Html::parse_document(text);
    let listed = Page::of(page.select(&ARTICLE).map(|article| post(article, base).ok_or_else(|| article.html())))?;
    if listed.posts.is_empty() && !text.contains(NOBODY) {
        return Err(NotAList::OtherPage(sentence_of(&page)));
    }
    Ok(listed)
}

static ARTICLE: LazyLock<Selector> = LazyLock::new(|| selector("article.post-preview"));
static PREVIEW: LazyLock<Selector> = LazyLock::new(|| selector("img.post-preview-image, picture img"));

/// What an article tells; `None` when it has no number.
fn post(article: ElementRef<'_>, base: &BaseUrl) -> Option<Post> {
    let data = |name: &str| article.attr(&format!("data-{name}")).map(str::trim).filter(|text| !text.is_empty());
    let number = data("id").or_else(|| article.value().id()?.strip_prefix("post_"))?.parse().ok();
    let shown = article.select(&PREVIEW).next().and_then(|image| image.attr("src"));
    let side = |name: &str| data(name).and_then(|side| side.parse().ok());
    let at = |url: Option<&str>| Rendering::at(url.and_then(|url| base.recorded(url)));
    let preview = at(data("preview-file-url").or(shown));
    let original = Rendering { dimensions: side("width").zip(side("height")), ..at(data("file-url")) };
    let sample = at(data("large-file-url"));
    Some(Post {
        number: number.filter(|number| *number <= HIGHEST_NUMBER)?,
        md5: data("md5").and_then(md5_claim).or_else(|| md5_in(preview.url.as_ref()?)),
        rating: data("rating").and_then(|text| rating::letter(RATINGS, text)).map(str::to_owned),
        tags: tag_list(data("tags").unwrap_or_default()),
        original_source: data("source").map(str::to_owned),
        status: status(data("flags").unwrap_or_default(), &preview),
        sample: if sample.url == original.url { original.clone() } else { sample },
        preview,
        original,
        detail: Detail::Markup,
        ..Post::default()
    })
}

fn status(flags: &str, preview: &Rendering) -> Status {
    let raised = |flag| flags.split_whitespace().any(|raised| raised == flag);
    match preview.url {
        _ if raised("deleted") => Status::Deleted,
        _ if raised("banned") => Status::Banned,
        None => Status::Withheld,
        Some(_) => Status::Active,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "00112233445566778899aabbccddeeff";

    fn parse(text: &str) -> Result<Vec<Post>, NotAList> {
        posts(text, &BaseUrl::new("https://danbooru.donmai.us", None).unwrap()).map(|page| page.posts)
    }

    /// An article in the shape of Danbooru's list pages, all of it invented; `more` are attributes of it.
    fn article(number: u64, more: &str) -> String {
        format!(
            r#"<article id="post_{number}" class="post-preview post-preview-fit-compact post-preview-180"
            data-id="{number}" data-tags="hat 1girl &quot;x&quot;" data-rating="g" data-flags="" data-score="3" data-uploader-id="12" {more}>
            <div class="post-preview-container"><a class="post-preview-link" draggable="false" href="/posts/{number}">
            <picture><source type="image/jpeg" srcset="https://cdn.donmai.us/180x180/00/11/{HASH}.jpg 1x">
            <img src="https://cdn.donmai.us/180x180/00/11/{HASH}.jpg" width="180" height="117"
             class="post-preview-image" title="hat rating:g score:3" alt="post #{number}"></picture></a></div></article>"#
        )
    }

    fn page(articles: &str) -> String {
        format!("<html><head><title>Posts</title></head><body><div id=posts>{articles}</div></body></html>")
    }

    #[test]
    fn articles_with_few_attributes_are_enough_for_previews() {
        let posts = parse(&page(&article(7, ""))).unwrap();
        let expected = Post {
            number: 7,
            md5: Some(HASH.into()),
            rating: Some("g".into()),
            tags: tag_list("\"x\" 1girl hat"),
            preview: Rendering::at(Some(format!("https://cdn.donmai.us/180x180/00/11/{HASH}.jpg"))),
            detail: Detail::Markup,
            ..Post::default()
        };
        assert_eq!(posts, [expected]);
    }

    #[test]
    fn articles_with_all_attributes_name_every_rendering() {
        let file = format!("https://cdn.donmai.us/original/00/11/{HASH}.png");
        let large = format!("https://cdn.donmai.us/sample/00/11/sample-{HASH}.jpg");
        let more = format!(
            r#"data-width="3000" data-height="1957" data-file-url="{file}" data-large-file-url="{large}" data-source="a b""#
        );
        let post = parse(&page(&article(7, &more))).unwrap().remove(0);
        assert_eq!((post.original.url, post.original.dimensions), (Some(file), Some((3000, 1957))));
        assert_eq!((post.sample.url, post.original_source.as_deref()), (Some(large), Some("a b")));
    }

    #[test]
    fn flags_tell_what_cannot_be_had() {
        let check = |flags: &str, expected| {
            let text = page(&article(3, "").replace("data-flags=\"\"", &format!("data-flags=\"{flags}\"")));
            assert_eq!(parse(&text).unwrap()[0].status, expected, "{flags:?}");
        };
        check("", Status::Active);
        check("pending flagged", Status::Active);
        check("deleted banned", Status::Deleted);
        check("banned", Status::Banned);
        let bare = r#"<article id="post_3" class="post-preview" data-rating="e"></article>"#;
        let post = parse(&page(bare)).unwrap().remove(0);
        assert_eq!((post.number, post.status), (3, Status::Withheld));
    }

    #[test]
    fn the_end_and_other_pages_are_told_apart() {
        assert_eq!(parse(&page("<p>No posts found.</p>")), Ok(Vec::new()));
        let check = |text: &str, expected: NotAList| assert_eq!(parse(text), Err(expected));
        check("<title> 503 </title>", NotAList::OtherPage(Some("503".into())));
        check("", NotAList::OtherPage(None));
        let first = r#"<article class="post-preview"></article>"#.to_owned();
        check(&page("<article class=post-preview></article>"), NotAList::NoIds { entries: 1, first });
        assert_eq!(
            parse(&page(&format!("<article class=post-preview></article>{}", article(7, "")))).unwrap().len(),
            1
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&text);
            let _ = parse(&page(&text));
        }

        #[test]
        fn no_damage_makes_it_panic(cut in 0usize..900, insert in "[<>\"'/ a\\PC]{0,3}") {
            let mut text = page(&article(7, ""));
            let cut = cut.min(text.len());
            text.insert_str(cut, &insert);
            let _ = parse(&text);
            let _ = parse(&text[..cut]);
        }
    }
}
