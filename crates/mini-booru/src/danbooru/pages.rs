//! Danbooru's HTML: list pages and post pages.

use super::{
    DetailPages,
    address::{has_large, large, original, variant},
    result_page::ResultPage,
};
use crate::{
    address::{Address, percent_encoded},
    dialect::Dialect,
    html::{escaped, page},
    post::{Post, Status},
    variant::Variant,
};

/// A list page.
pub(super) fn list_page(results: &ResultPage, address: &Address, details: DetailPages) -> String {
    let articles: String = results.shown().map(|post| article(post, results, address, details)).collect();
    let gallery = if articles.is_empty() { "<p>No posts found.</p>\n".to_owned() } else { articles };
    let body = format!(
        "<div id=\"posts\"><div class=\"post-gallery post-gallery-grid post-gallery-180\">\n\
         <div class=\"posts-container gap-2\">\n{gallery}</div>\n{paginator}</div></div>",
        paginator = paginator(results),
    );
    page("/posts", &body)
}

fn article(post: &Post, results: &ResultPage, address: &Address, details: DetailPages) -> String {
    let [small, medium] = [Variant::Within180, Variant::Within360].map(|kind| variant(kind, post, address));
    let shown = Variant::Within180.size(post);
    let link = format!("/posts/{}?q={}", post.id, percent_encoded(&results.terms));
    let title = format!("{} rating:{} score:{}", post.danbooru_tags(), letter(post), post.score);
    let deleted = if post.status == Status::Deleted { " post-status-deleted" } else { "" };
    format!(
        "<article id=\"post_{id}\" class=\"post-preview post-preview-fit-compact post-preview-180{deleted}\"{data}>\n\
         <div class=\"post-preview-container\">\n\
         <a class=\"post-preview-link\" draggable=\"false\" href=\"{link}\">\n<picture>\n\
         <source type=\"image/jpeg\" srcset=\"{small} 1x, {medium} 2x\">\n\
         <img src=\"{small}\" width=\"{width}\" height=\"{height}\" class=\"post-preview-image\" title=\"{title}\" \
         alt=\"post #{id}\" crossorigin=\"anonymous\" draggable=\"false\">\n\
         </picture>\n</a>\n</div>\n</article>\n",
        id = post.id,
        data = match details {
            DetailPages::All => data(post, results.has_children(post), address),
            DetailPages::Post => written(&brief(post)),
        },
        link = escaped(&link),
        width = shown.width,
        height = shown.height,
        title = escaped(&title),
    )
}

/// What is known of a post, as `data-` attributes. Banned posts lack their MD5 and the URLs of their files.
fn data(post: &Post, has_children: bool, address: &Address) -> String {
    let large_size = if has_large(post) { Variant::Wide850.size(post) } else { post.size };
    let mut facts = vec![
        ("id", post.id.to_string()),
        ("tags", post.danbooru_tags()),
        ("rating", letter(post).to_owned()),
        ("large-width", large_size.width.to_string()),
        ("large-height", large_size.height.to_string()),
        ("width", post.size.width.to_string()),
        ("height", post.size.height.to_string()),
        ("flags", flags(post)),
        ("has-children", has_children.to_string()),
        ("score", post.score.to_string()),
        ("fav-count", "0".to_owned()),
        ("file-ext", post.format.extension().to_owned()),
        ("source", post.source.clone()),
        ("uploader-id", post.uploader_id().to_string()),
    ];
    facts.extend(post.parent_id.map(|parent| ("parent-id", parent.to_string())));
    if !post.banned {
        facts.push(("md5", post.md5.clone()));
        facts.push(("file-url", original(post, address)));
        facts.push(("large-file-url", large(post, address)));
        facts.push(("preview-file-url", variant(Variant::Within180, post, address)));
    }
    written(&facts)
}

/// The little that list pages say where only the pages of posts say more.
fn brief(post: &Post) -> Vec<(&'static str, String)> {
    vec![
        ("id", post.id.to_string()),
        ("tags", post.danbooru_tags()),
        ("rating", letter(post).to_owned()),
        ("flags", flags(post)),
        ("score", post.score.to_string()),
        ("uploader-id", post.uploader_id().to_string()),
    ]
}

fn written(facts: &[(&str, String)]) -> String {
    facts.iter().map(|(name, value)| format!(" data-{name}=\"{}\"", escaped(value))).collect()
}

fn flags(post: &Post) -> String {
    let flags = [(post.status == Status::Deleted, "deleted"), (post.banned, "banned")];
    flags.iter().filter(|(raised, _)| *raised).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

fn letter(post: &Post) -> &'static str {
    post.rating.letter(Dialect::Danbooru)
}

fn paginator(results: &ResultPage) -> String {
    let terms = percent_encoded(&results.terms);
    let link = |class: &str, page: String| {
        format!("<a class=\"{class}\" rel=\"nofollow\" href=\"/posts?page={page}&amp;tags={terms}\">{class}</a>")
    };
    let newest = results.posts.first().map(|post| link("paginator-prev", format!("a{}", post.id)));
    let oldest = results.posts.last().map(|post| link("paginator-next", format!("b{}", post.id)));
    format!("<div class=\"paginator\">{}{}</div>\n", newest.unwrap_or_default(), oldest.unwrap_or_default())
}

/// The page of one post.
pub(super) fn post_page(post: &Post, address: &Address) -> String {
    let picture = if post.banned {
        "<p>This post has been removed because of a takedown request.</p>".to_owned()
    } else {
        format!("<img id=\"image\" class=\"fit-width\" src=\"{}\" alt=\"post\">", large(post, address))
    };
    let artists = format!(
        "<ul class=\"artist-tag-list\"><li class=\"tag-type-1\" data-tag-name=\"{tag}\"><a href=\"/posts?tags={tag}\">{tag}</a></li></ul>\n",
        tag = escaped(&post.artist_tag())
    );
    let section = format!(
        "<aside>{artists}</aside><section class=\"image-container note-container\"{data}>\n{picture}\n</section>",
        data = data(post, false, address)
    );
    page(&format!("/posts/{}", post.id), &section)
}
