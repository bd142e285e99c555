//! Hostile list pages of every dialect, and pages that explain.

use fuzz::Target;

use super::{Dialect, danbooru::Danbooru, explanation, gelbooru::Gelbooru, moebooru::Moebooru};
use crate::base_url::BaseUrl;

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

const HASH: &str = "00112233445566778899aabbccddeeff";

/// What a page is read as.
#[derive(Clone, Copy)]
enum Kind {
    Api,
    List,
    Post,
}

fn target(name: &'static str, dialect: &'static dyn Dialect, kind: Kind, seeds: &[String]) -> Target {
    let base = BaseUrl::new("http://127.0.0.1:4321", Some("http://mini.invalid")).unwrap();
    let read = move |bytes: &[u8]| {
        // As the crawler makes text of what it is sent.
        let text = String::from_utf8_lossy(bytes);
        let posts = match kind {
            Kind::Api => dialect.read_api(&text, &base).map(|page| page.posts),
            Kind::List => dialect.read_list_page(&text, &base).map(|page| page.posts),
            Kind::Post => dialect.read_post_page(&text, &base).map(|post| vec![post]),
        };
        let said = |error: super::NotAList| error.to_string();
        posts.map_err(said).map(|posts| assert!(posts.iter().all(|post| post.number <= crate::post::HIGHEST_NUMBER)))
    };
    // A page of markup takes a browser's parser a millisecond.
    Target::new(name, seeds, read).executions(1000)
}

const JSON: [&str; 14] = [
    "null",
    "[]",
    "{}",
    "{\"id\":1},",
    "1e999",
    "-1",
    "\"\\ud800\"",
    "\\u0000",
    "\"id\":\"9\"",
    "\"post\":[",
    "http://",
    "//",
    "\u{202e}",
    "[[[[[[[[[[[[[[[[[[[[",
];

const MARKUP: [&str; 13] = [
    "<li id=\"p9\">",
    "</li>",
    "<script>",
    "</script>",
    "<!--",
    "<![CDATA[",
    "&quot;",
    "&#x10ffff;",
    "<svg>",
    "<template>",
    "<table>",
    "<posts>",
    "<post id=\"1\"/>",
];

#[test]
fn moebooru_records() {
    let record = format!(
        r#"{{"id":51,"tags":"smile hat","author":"someone","change":812,"source":"https://art.example/51","md5":"{HASH}",
            "file_size":2000,"file_url":"/image/{HASH}/51.png","preview_url":"//127.0.0.1:4321/data/preview/{HASH}.jpg",
            "actual_preview_width":300,"actual_preview_height":196,"sample_url":"/sample/{HASH}/51.jpg","sample_width":1500,
            "sample_height":979,"sample_file_size":900,"jpeg_url":"/jpeg/51.jpg","rating":"s","parent_id":null,
            "status":"active","width":3000,"height":1957,"frames":[]}}"#
    );
    let seeds = [format!("[{record}]"), format!("[{record},{{\"id\":7,\"status\":\"deleted\"}}]"), "[]".to_owned()];
    target("moebooru_records", &Moebooru, Kind::Api, &seeds).words(&JSON).run();
}

#[test]
fn moebooru_pages() {
    let seed = format!(
        r#"<html><head><title>/post</title></head><body><ul id=post-list-posts><li id="p7" class="creator-id-3">
        <a class="thumb" href="/post/show/7"><img src="//127.0.0.1:4321/data/preview/00/11/{HASH}.jpg" class="preview" width="113"
        height="150" title="Rating: Questionable Score: 2 Tags: hat blue_hair User: some one" alt=""></a>
        <a class="directlink largeimg" href="/image/{HASH}/7.jpg"><span class="directlink-res">1496 x 1978</span></a></li></ul>
        <script>Post.register({{"id":7,"tags":"a","rating":"s","file_url":"http:\/\/127.0.0.1:4321\/image\/7.png"}})
        Post.register_resp({{"posts":[{{"id":6,"rating":"s"}}],"tags":{{}}}});</script></body></html>"#
    );
    let words = [&MARKUP[..], &["Post.register(", "Post.register_resp(", "{\"posts\":"]].concat();
    target("moebooru_pages", &Moebooru, Kind::List, &[seed]).words(&words).run();
}

#[test]
fn danbooru_records() {
    let seed = format!(
        r#"[{{"id":73,"source":"https://art.example/9","md5":"{HASH}","rating":"g","image_width":3000,"image_height":1957,
            "tag_string":"1girl hat someone","tag_string_artist":"someone","file_ext":"png","file_size":2000,"is_deleted":false,
            "is_banned":false,"uploader_id":4,"file_url":"https://cdn.donmai.us/original/{HASH}.png",
            "large_file_url":"https://cdn.donmai.us/sample/{HASH}.jpg","media_asset":{{"variants":[{{"type":"180x180",
            "url":"https://cdn.donmai.us/180x180/{HASH}.jpg","width":180,"height":117,"file_ext":"jpg"}}]}}}}]"#
    );
    target("danbooru_records", &Danbooru, Kind::Api, &[seed]).words(&JSON).run();
}

#[test]
fn danbooru_pages() {
    let seed = format!(
        r#"<html><head><title>Posts</title></head><body><div id=posts><article id="post_7" class="post-preview" data-id="7"
        data-tags="hat 1girl &quot;x&quot;" data-rating="g" data-flags="" data-width="3000" data-height="1957" data-source="a b"
        data-file-url="https://cdn.donmai.us/original/{HASH}.png" data-uploader-id="12"><picture>
        <img src="https://cdn.donmai.us/180x180/00/11/{HASH}.jpg" width="180" height="117"></picture></article></div></body></html>"#
    );
    target("danbooru_pages", &Danbooru, Kind::List, &[seed]).words(&MARKUP).run();
}

#[test]
fn danbooru_post_pages() {
    let seed = format!(
        r#"<html><body><aside><ul class="artist-tag-list"><li class="tag-type-1" data-tag-name="someone"></li></ul>
        <ul><li id="post-info-size">Size: <a href="https://cdn.donmai.us/original/__hat__{HASH}.png">2 MB .png</a>
        (3000x1957)</li></ul></aside><section class="image-container" data-id="7" data-tags="hat someone" data-rating="g"
        data-large-width="850" data-large-height="554" data-width="3000" data-height="1957" data-flags=""
        data-source="https://art.example/9"><picture><img id="image" src="https://cdn.donmai.us/sample/__hat__sample-{HASH}.jpg">
        </picture></section></body></html>"#
    );
    target("danbooru_post_pages", &Danbooru, Kind::Post, &[seed]).words(&MARKUP).run();
}

#[test]
fn gelbooru_records() {
    let fields = format!(
        r#""id":81,"width":3000,"height":1957,"md5":"{HASH}","rating":"general","source":"https://art.example/81","owner":"someone",
            "tags":"hat d&#039;arc smile","file_url":"https://img4.gelbooru.com/images/{HASH}.png","preview_width":250,
            "preview_height":163,"preview_url":"https://img4.gelbooru.com/thumbnails/{HASH}.jpg","status":"active","sample":1,
            "sample_url":"https://img4.gelbooru.com/samples/{HASH}.jpg","sample_height":554,"sample_width":850"#
    );
    let seeds = [
        format!(r#"{{"@attributes":{{"limit":1,"offset":0,"count":9}},"post":[{{{fields}}}]}}"#),
        format!("[{{{fields}}}]"),
        "<posts count=\"2\"><post id=\"9\" rating=\"g\" tags=\"a b\"/><post><id>8</id><md5>x</md5></post></posts>"
            .to_owned(),
    ];
    let words = [&JSON[..], &MARKUP].concat();
    target("gelbooru_records", &Gelbooru, Kind::Api, &seeds).words(&words).run();
}

#[test]
fn explanations() {
    let seeds = [
        r#"{"success":false,"error":"X","message":"You cannot search for more than 2 tags.","backtrace":[]}"#,
        r#"<response success="false" reason="Too deep!"/>"#,
        "<title>Error</title><nav><a>Login</a></nav><h1>Oh</h1><p></p><p>The  database\ntimed out",
    ];
    let read = |bytes: &[u8]| {
        let said = explanation(&String::from_utf8_lossy(bytes)).unwrap_or_default();
        // However long and wild an answer is, people are shown a line.
        assert!(said.chars().count() <= 10 * contracts::foreign::MAX_SHOWN + 1 && !said.chars().any(char::is_control));
        Ok(())
    };
    let words = [&JSON[..], &MARKUP, &["\u{1b}[2J", "\u{200b}"]].concat();
    Target::new("explanations", &seeds, read).words(&words).run();
}
