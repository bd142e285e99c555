//! Moebooru's HTML: list pages and post pages.

use serde_json::Value;

use super::{record::record, result_page::ResultPage};
use crate::{
    address::{Address, percent_encoded},
    dialect::Dialect,
    html::{escaped, in_script, page},
    post::{Post, Status},
};

/// How a list page writes its previews' addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PreviewAddresses {
    /// `http://host/data/preview/…`
    #[default]
    Absolute,
    /// `//host/data/preview/…`
    ProtocolRelative,
}

/// A list page; `records` are those of its posts, in their order.
pub(crate) fn list_page(
    results: &ResultPage,
    records: &[Value],
    address: &Address,
    previews: PreviewAddresses,
) -> String {
    if results.posts.is_empty() {
        return page("/post", "<div id=\"quick-search\"></div>\n<p>Nobody here but us chickens!</p>");
    }
    let mut body = String::from("<ul id=\"post-list-posts\">\n");
    for post in &results.posts {
        body.push_str(&list_item(post, address, previews));
    }
    body.push_str("</ul>\n<script type=\"text/javascript\">\n");
    for record in records {
        body.push_str(&format!("Post.register({})\n", in_script(record)));
    }
    body.push_str("</script>\n");
    body.push_str(&preloads(results, address));
    body.push_str(&paginator(results));
    page("/post", &body)
}

fn list_item(post: &Post, address: &Address, previews: PreviewAddresses) -> String {
    let preview = address.preview(post);
    let preview = match previews {
        PreviewAddresses::Absolute => preview.as_str(),
        PreviewAddresses::ProtocolRelative => Address::without_scheme(&preview),
    };
    let shown = post.shown_size();
    let title = format!(
        "Rating: {} Score: {} Tags: {} User: {}",
        capitalized(post.rating.word(Dialect::Moebooru)),
        post.score,
        post.tags.join(" "),
        post.author
    );
    format!(
        "<li style=\"width: 160px;\" id=\"p{id}\" class=\" creator-id-1\">\
         <div class=\"inner\" style=\"width: 150px; height: 150px;\">\
         <a class=\"thumb\" href=\"/post/show/{id}\"><img src=\"{preview}\" style=\"margin-left: 0px;\" \
         alt=\"{title}\" class=\"preview\" title=\"{title}\" width=\"{width}\" height=\"{height}\">\
         <span class=\"plid\">#pl {show}</span></a></div>{link}</li>\n",
        id = post.id,
        preview = escaped(preview),
        title = escaped(&title),
        width = shown.width,
        height = shown.height,
        show = escaped(&address.page(post)),
        link = direct_link(post, address),
    )
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// Large pictures are marked as such; deleted ones have no link.
fn direct_link(post: &Post, address: &Address) -> String {
    if post.status == Status::Deleted {
        return String::new();
    }
    let class = if post.size.width > 1500 || post.size.height > 1500 { "largeimg" } else { "smallimg" };
    format!(
        "<a class=\"directlink {class}\" href=\"{file}\"><span class=\"directlink-info\"></span>\
         <span class=\"directlink-res\">{width} x {height}</span></a>",
        file = escaped(&address.file(post)),
        width = post.size.width,
        height = post.size.height,
    )
}

/// What browsers may fetch ahead: the neighbouring pages' pictures, which are not part of this page.
fn preloads(results: &ResultPage, address: &Address) -> String {
    let records: Vec<Value> = results.neighbours.iter().map(|post| record(post, address, false, 0)).collect();
    format!(
        "<script type=\"application/json\" class=\"js-preload-posts\">{}</script>\n",
        in_script(&Value::Array(records))
    )
}

fn paginator(results: &ResultPage) -> String {
    let link = |page: usize, class: &str, text: &str| {
        let terms = percent_encoded(&results.terms);
        format!("<a class=\"{class}\" rel=\"{text}\" href=\"/post?page={page}&amp;tags={terms}\">{text}</a>")
    };
    let mut links = String::new();
    if results.page > 1 {
        links.push_str(&link(results.page - 1, "previous_page", "prev"));
    }
    links.push_str(&format!("<span class=\"current\">{}</span>", results.page));
    if results.has_next {
        links.push_str(&link(results.page + 1, "next_page", "next"));
    }
    format!("<div id=\"paginator\"><div class=\"pagination\">{links}</div></div>\n")
}

/// The page of one post.
pub(crate) fn post_page(post: &Post, record: &Value, address: &Address) -> String {
    let picture = match post.status {
        Status::Deleted => "<div class=\"status-notice\">This post was deleted.</div>\n".to_owned(),
        Status::Active => format!(
            "<img id=\"image\" class=\"image\" src=\"{sample}\" width=\"{width}\" height=\"{height}\" alt=\"{tags}\">\n\
             <a class=\"original-file-unchanged\" id=\"highres\" href=\"{file}\">Image</a>\n",
            sample = escaped(&address.sample(post)),
            width = post.sample_size().width,
            height = post.sample_size().height,
            tags = escaped(&post.tags.join(" ")),
            file = escaped(&address.file(post)),
        ),
    };
    let register = format!(
        "<script type=\"text/javascript\">Post.register_resp({{\"posts\":[{}],\"pool_posts\":[],\"pools\":[],\"tags\":{{}},\"votes\":{{}}}});</script>\n",
        in_script(record)
    );
    page(&format!("/post/show/{}", post.id), &format!("<div id=\"post-view\">\n{picture}</div>\n{register}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::Catalogue, variant::Renderer};

    fn site() -> Catalogue {
        let mut site = Catalogue::swatches(4, 10).unwrap();
        let ids: Vec<_> = site.posts().map(|post| post.id).collect();
        for (index, id) in ids.iter().enumerate() {
            site.edit(*id, |post| {
                post.status = if index == 3 { Status::Deleted } else { Status::Active };
                post.tags = vec!["a<b".to_owned(), "</script>".to_owned()];
            });
        }
        site
    }

    fn listed(query: &str, previews: PreviewAddresses) -> String {
        let address = Address::new("http://127.0.0.1:81");
        let results = ResultPage::find(&site(), query, 16);
        let records = results.records(&address, &Renderer::default());
        list_page(&results, &records, &address, previews)
    }

    #[test]
    fn a_list_page_shows_each_post_in_both_ways() {
        let html = listed("limit=4&page=2", PreviewAddresses::Absolute);
        assert_eq!(html.matches("<li ").count(), 4);
        assert_eq!(html.matches("Post.register(").count(), 4);
        assert_eq!(html.matches("directlink smallimg").count(), 4);
        assert_eq!(html.matches("</script>").count(), 2, "no tag ends a script");
        assert!(html.contains("Tags: a&lt;b &lt;/script&gt; User:"));
        assert!(html.contains("rel=\"next\"") && html.contains("rel=\"prev\""));
    }

    #[test]
    fn deleted_posts_have_a_placeholder_and_no_link() {
        let html = listed("tags=deleted%3Aonly", PreviewAddresses::Absolute);
        assert_eq!(html.matches("<li ").count(), 1);
        assert!(html.contains("src=\"http://127.0.0.1:81/deleted-preview.png\""));
        assert!(!html.contains("directlink") && !html.contains("file_url"));
    }

    #[test]
    fn previews_may_leave_the_scheme_out() {
        let html = listed("", PreviewAddresses::ProtocolRelative);
        assert!(html.contains("<img src=\"//127.0.0.1:81/data/preview/"));
    }

    #[test]
    fn past_the_end_there_is_no_list() {
        let html = listed("page=9", PreviewAddresses::Absolute);
        assert!(html.contains("Nobody here but us chickens!"));
        assert!(!html.contains("post-list-posts") && !html.contains("js-preload-posts"));
    }
}
