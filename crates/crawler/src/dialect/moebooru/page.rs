//! Moebooru's list pages, and the records in their scripts.

use std::{collections::HashMap, sync::LazyLock};

use scraper::{ElementRef, Html, Selector};
use serde_json::{Map, Value};

use super::{RATINGS, record};
use crate::{
    base_url::BaseUrl,
    dialect::{
        NotAList, Page,
        html::{selector, sentence_of},
        rating,
    },
    post::{Detail, HIGHEST_NUMBER, Post, Rendering, Status, is_placeholder, md5_in, tag_list},
};

/// What pages say past the end of a list.
const NOBODY: &str = "Nobody here but us chickens";

/// Reads a list page. Posts are those of the list itself; the scripts, which know more of them and of others, only
/// add what they know.
pub(super) fn posts(text: &str, base: &BaseUrl) -> Result<Page, NotAList> {
    let page = Html::parse_document(text);
    let Some(list) = page.select(&LIST).next() else {
        return if text.contains(NOBODY) { Ok(Page::default()) } else { Err(NotAList::OtherPage(sentence_of(&page))) };
    };
    let mut registered = registered(&page, base);
    let entries = list.child_elements().filter(|child| child.value().name() == "li");
    Page::of(entries.map(|entry| {
        let number = entry_number(entry).ok_or_else(|| entry.html())?;
        Ok(registered.remove(&number).unwrap_or_else(|| shown(number, entry, base)))
    }))
}

static LIST: LazyLock<Selector> = LazyLock::new(|| selector("ul#post-list-posts"));
static SCRIPT: LazyLock<Selector> = LazyLock::new(|| selector("script"));
static PREVIEW: LazyLock<Selector> = LazyLock::new(|| selector("a.thumb img.preview"));
static DIRECT: LazyLock<Selector> = LazyLock::new(|| selector("a.directlink"));
static RESOLUTION: LazyLock<Selector> = LazyLock::new(|| selector("a.directlink span.directlink-res"));

/// The number in `<li id="p123">`.
fn entry_number(entry: ElementRef<'_>) -> Option<u64> {
    entry.value().id()?.strip_prefix('p')?.parse().ok().filter(|number| *number <= HIGHEST_NUMBER)
}

/// All records that the page's scripts register.
fn registered(page: &Html, base: &BaseUrl) -> HashMap<u64, Post> {
    let mut posts = HashMap::new();
    for script in page.select(&SCRIPT).filter(|script| script.value().attr("id") != Some("js-preload-posts")) {
        let text: String = script.text().collect();
        let records = objects_after(&text, "Post.register(").chain(
            objects_after(&text, "Post.register_resp(").flat_map(|mut response| {
                match response.remove("posts") {
                    Some(Value::Array(posts)) => posts,
                    _ => Vec::new(),
                }
                .into_iter()
                .filter_map(|post| match post {
                    Value::Object(post) => Some(post),
                    _ => None,
                })
            }),
        );
        posts.extend(records.filter_map(|record| record::post(&record, base)).map(|post| (post.number, post)));
    }
    posts
}

/// The JSON objects that follow each `call` in a script.
fn objects_after<'a>(script: &'a str, call: &'a str) -> impl Iterator<Item = Map<String, Value>> + 'a {
    script.match_indices(call).filter_map(move |(at, _)| {
        let rest = &script[at + call.len()..];
        serde_json::Deserializer::from_str(rest).into_iter().next()?.ok()
    })
}

/// What the markup alone tells of a post.
fn shown(number: u64, entry: ElementRef<'_>, base: &BaseUrl) -> Post {
    let preview = entry.select(&PREVIEW).next();
    let source = preview.and_then(|image| image.attr("src"));
    let direct = entry.select(&DIRECT).next().and_then(|link| link.attr("href"));
    let caption =
        Caption::read(preview.and_then(|image| image.attr("title").or(image.attr("alt"))).unwrap_or_default());
    let recorded = |url: Option<&str>| url.and_then(|url| base.recorded(url));
    let resolution = entry.select(&RESOLUTION).next().and_then(|span| dimensions(&span.text().collect::<String>()));
    Post {
        number,
        md5: [source, direct].into_iter().flatten().find_map(md5_in),
        rating: caption.rating.and_then(|rating| rating::letter(RATINGS, rating)).map(str::to_owned),
        tags: tag_list(caption.tags),
        author: caption.user.map(str::to_owned),
        status: if source.is_some_and(|url| is_placeholder(url) && url.contains("deleted")) {
            Status::Deleted
        } else {
            Status::Active
        },
        preview: Rendering::at(recorded(source)),
        original: Rendering { dimensions: resolution, ..Rendering::at(recorded(direct)) },
        detail: Detail::Markup,
        ..Post::default()
    }
}

/// "Rating: Safe Score: 2 Tags: one two User: somebody", of which any part may be missing.
#[derive(Debug, Default, PartialEq)]
struct Caption<'a> {
    rating: Option<&'a str>,
    tags: &'a str,
    user: Option<&'a str>,
}

impl<'a> Caption<'a> {
    fn read(text: &'a str) -> Self {
        let (rest, user) = match text.rsplit_once("User: ") {
            Some((rest, user)) => (rest, Some(user.trim()).filter(|user| !user.is_empty())),
            None => (text, None),
        };
        let (head, tags) = rest.split_once("Tags: ").unwrap_or((rest, ""));
        let rating = head.split_once("Rating: ").and_then(|(_, rest)| rest.split_whitespace().next());
        Self { rating, tags, user }
    }
}

/// "1496 x 1978".
fn dimensions(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Vec<Post>, NotAList> {
        posts(text, &BaseUrl::new("http://127.0.0.1:4321", Some("http://mini.invalid")).unwrap()).map(|page| page.posts)
    }

    const HASH: &str = "00112233445566778899aabbccddeeff";

    /// An entry in the shape of Moebooru's list pages, all of it invented.
    fn entry(number: u64) -> String {
        format!(
            r#"<li style="width: 160px;" id="p{number}" class="creator-id-3"><div class="inner"><a class="thumb" href="/post/show/{number}">
            <img src="//127.0.0.1:4321/data/preview/00/11/{HASH}.jpg" class="preview" width="113" height="150"
             title="Rating: Questionable Score: 2 Tags: hat blue_hair User: some one" alt="">
            </a></div><a class="directlink largeimg" href="/image/{HASH}/{number}.jpg"><span class="directlink-info"></span>
            <span class="directlink-res">1496 x 1978</span></a></li>"#
        )
    }

    fn page(list: &str, scripts: &str) -> String {
        format!(
            "<html><head><title>/post</title></head><body><ul id=post-list-posts>{list}</ul>{scripts}</body></html>"
        )
    }

    #[test]
    fn the_markup_alone_is_enough_for_previews() {
        let posts = parse(&page(&entry(7), "")).unwrap();
        let expected = Post {
            number: 7,
            md5: Some(HASH.into()),
            rating: Some("q".into()),
            tags: tag_list("blue_hair hat"),
            author: Some("some one".into()),
            preview: Rendering::at(Some(format!("http://mini.invalid/data/preview/00/11/{HASH}.jpg"))),
            original: Rendering {
                dimensions: Some((1496, 1978)),
                ..Rendering::at(Some(format!("http://mini.invalid/image/{HASH}/7.jpg")))
            },
            detail: Detail::Markup,
            ..Post::default()
        };
        assert_eq!(posts, [expected]);
    }

    #[test]
    fn records_in_scripts_complete_the_list_and_add_nothing_to_it() {
        let scripts = r#"<script type="text/javascript">
            Post.register({"id":7,"tags":"a","rating":"s","file_url":"http:\/\/127.0.0.1:4321\/image\/7.png"})
            Post.register_resp({"posts":[{"id":6,"rating":"s"},{"id":99}],"tags":{}});
            Post.register({"id":broken</script>
            <script id="js-preload-posts">Post.register({"id":5,"rating":"s"})</script>"#;
        let posts = parse(&page(&(entry(7) + &entry(6) + &entry(5)), scripts)).unwrap();
        let seen: Vec<_> = posts.iter().map(|post| (post.number, post.detail)).collect();
        assert_eq!(seen, [(7, Detail::Record), (6, Detail::Record), (5, Detail::Markup)]);
        assert_eq!(posts[0].original.url.as_deref(), Some("http://mini.invalid/image/7.png"));
    }

    #[test]
    fn the_end_and_other_pages_are_told_apart() {
        assert_eq!(parse("<p>Nobody here but us chickens!</p>"), Ok(Vec::new()));
        assert_eq!(parse(&page("", "")), Ok(Vec::new()));
        let check = |text: &str, expected: NotAList| assert_eq!(parse(text), Err(expected));
        check("<title> 503 </title>", NotAList::OtherPage(Some("503".into())));
        check("", NotAList::OtherPage(None));
        let first = r#"<li id="x"></li>"#.to_owned();
        check(&page("<li id=x>", ""), NotAList::NoIds { entries: 1, first });
        assert_eq!(parse(&page(&format!("<li id=x></li>{}", entry(7)), "")).unwrap().len(), 1);
    }

    #[test]
    fn a_deleted_entry_shows_a_placeholder() {
        let text =
            page(r#"<li id="p3"><a class="thumb"><img class="preview" src="/deleted-preview.png"></a></li>"#, "");
        let post = parse(&text).unwrap().remove(0);
        assert_eq!((post.status, post.preview.url), (Status::Deleted, None));
    }

    #[test]
    fn captions_may_lack_any_part() {
        let check = |text: &str, rating, tags, user| assert_eq!(Caption::read(text), Caption { rating, tags, user });
        check("Rating: Safe Score: 2 Tags: a b User: c", Some("Safe"), "a b ", Some("c"));
        check("Rating: Safe", Some("Safe"), "", None);
        check("Tags: a", None, "a", None);
        check("Rating: Tags: User: ", None, "", None);
        check("", None, "", None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&text);
            let _ = parse(&page(&text, &text));
        }

        #[test]
        fn no_damage_makes_it_panic(cut in 0usize..900, insert in "[<>\"'/ a\\PC]{0,3}") {
            let mut text = page(&entry(7), r#"<script>Post.register({"id":7})</script>"#);
            let cut = cut.min(text.len());
            text.insert_str(cut, &insert);
            let _ = parse(&text);
            let _ = parse(&text[..cut]);
        }
    }
}
