//! Moebooru: which path gives which answer.

pub(crate) mod pages;
mod record;
mod result_page;

use serde_json::Value;

use crate::{
    post::{Post, Status},
    request::Request,
    response::Response,
    site::{Site, json},
    variant::Variant,
};
use result_page::ResultPage;

/// The answer for a path's `parts`.
pub(crate) fn answer(site: &Site, request: &Request, parts: &[&str]) -> Response {
    match parts {
        ["post"] | ["post", "" | "index"] => list(site, request),
        ["post.json"] | ["post", "index.json"] => records(site, request),
        ["post", "show", id] | ["post", "show", id, _] => post(site, id),
        ["image", md5, _] => file(site, md5, |post| site.original(request, post)),
        ["sample", md5, _] => file(site, md5, |post| sample(site, request, post)),
        ["data", "preview", first, second, name] => preview(site, request, first, second, name),
        ["deleted-preview.png"] => {
            Response::file(request, "image/png", "deleted", 1_400_000_000, site.placeholder.clone())
        }
        _ => Response::error(404),
    }
}

fn result_page(site: &Site, request: &Request) -> ResultPage {
    ResultPage::find(&site.posts(), request.query(), site.page_length)
}

fn list(site: &Site, request: &Request) -> Response {
    let page = result_page(site, request);
    let records = page.records(&site.address, &site.renderer);
    Response::html(200, pages::list_page(&page, &records, &site.address, site.previews))
}

fn records(site: &Site, request: &Request) -> Response {
    json(200, &Value::Array(result_page(site, request).records(&site.address, &site.renderer)))
}

fn post(site: &Site, id: &str) -> Response {
    let found = {
        let posts = site.posts();
        let post = id.parse().ok().and_then(|id| posts.post(id));
        post.map(|post| (post.clone(), ResultPage::single(&posts, post)))
    };
    let Some((post, page)) = found else { return Response::error(404) };
    match page.records(&site.address, &site.renderer).first() {
        Some(record) => Response::html(200, pages::post_page(&post, record, &site.address)),
        None => Response::error(404),
    }
}

/// The files of deleted posts are gone.
fn file(site: &Site, md5: &str, answer: impl FnOnce(&Post) -> Response) -> Response {
    let found = site.posts().posts().find(|post| post.md5 == md5 && post.status == Status::Active).cloned();
    found.map_or_else(|| Response::error(404), |post| answer(&post))
}

fn sample(site: &Site, request: &Request, post: &Post) -> Response {
    if post.has_sample() { site.variant(request, post, Variant::Sample) } else { Response::error(404) }
}

fn preview(site: &Site, request: &Request, first: &str, second: &str, name: &str) -> Response {
    match name.strip_suffix(".jpg") {
        Some(md5) if md5.starts_with(first) && md5[first.len()..].starts_with(second) => {
            file(site, md5, |post| site.variant(request, post, Variant::Preview))
        }
        _ => Response::error(404),
    }
}
