//! Danbooru 2: which path gives which answer.

mod address;
mod pages;
mod record;
mod result_page;

use serde_json::{Value, json};

use crate::{
    post::Post,
    request::Request,
    response::Response,
    site::{self, Site},
    variant::Variant,
};
use record::record;
use result_page::ResultPage;

/// Which pages say where a post's larger renderings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DetailPages {
    /// All do: list pages as well as those of posts.
    #[default]
    All,
    /// Those of posts only; list pages show the smallest preview.
    Post,
}

/// The answer for a path's `parts`.
pub(crate) fn answer(site: &Site, request: &Request, parts: &[&str]) -> Response {
    match parts {
        ["posts"] => {
            listed(site, request, |page| Response::html(200, pages::list_page(page, &site.address, site.details)))
        }
        ["posts.json"] => listed(site, request, |page| {
            let records = page.posts.iter().map(|post| record(post, page.has_children(post), &site.address));
            site::json(200, &Value::Array(records.collect()))
        }),
        ["posts", id] => post(site, id),
        [folder, first, second, name] => file(site, request, folder, [first, second], name),
        _ => Response::error(404),
    }
}

fn listed(site: &Site, request: &Request, answer: impl FnOnce(&ResultPage) -> Response) -> Response {
    match ResultPage::find(&site.posts(), request.query()) {
        Some(page) => answer(&page),
        None => site::json(
            410,
            &json!({
                "success": false,
                "error": "PaginationExtension::PaginationError",
                "message": "You cannot go beyond page 1000.",
                "backtrace": [],
            }),
        ),
    }
}

/// The post's page, or its record where the id ends in `.json`.
fn post(site: &Site, id: &str) -> Response {
    let number = id.strip_suffix(".json").unwrap_or(id);
    let posts = site.posts();
    let Some(post) = number.parse().ok().and_then(|number| posts.post(number)) else { return Response::error(404) };
    if number == id {
        return Response::html(200, pages::post_page(post, &site.address));
    }
    let has_children = posts.posts().any(|other| other.parent_id == Some(post.id));
    site::json(200, &record(post, has_children, &site.address))
}

/// Files stay where they are when their post is deleted or banned; only who knows their names finds them.
fn file(site: &Site, request: &Request, folder: &str, folders: [&str; 2], name: &str) -> Response {
    let stem = name.split('.').next().unwrap_or_default();
    let md5 = stem.rsplit(['-', '_']).next().unwrap_or_default();
    if !md5.starts_with(&folders.concat()) {
        return Response::error(404);
    }
    let found: Option<Post> = site.posts().post_by_md5(md5).cloned();
    match (found, variant(folder)) {
        (Some(post), Some(variant)) => site.variant(request, &post, variant),
        (Some(post), None) if folder == "original" => site.original(request, &post),
        _ => Response::error(404),
    }
}

fn variant(folder: &str) -> Option<Variant> {
    match folder {
        "180x180" => Some(Variant::Within180),
        "360x360" => Some(Variant::Within360),
        "720x720" => Some(Variant::Within720),
        "sample" => Some(Variant::Wide850),
        _ => None,
    }
}
