//! Gelbooru 0.2: which path gives which answer.

mod record;
mod result_page;

use serde_json::{Value, json};

use crate::{
    address::parameter,
    html::{escaped, page},
    post::{Post, Status},
    request::Request,
    response::Response,
    site::{self, Site},
    variant::Variant,
};
use record::record;
use result_page::ResultPage;

/// The answer for a path's `parts`.
pub(crate) fn answer(site: &Site, request: &Request, parts: &[&str]) -> Response {
    match parts {
        ["index.php"] => index(site, request),
        ["images", first, second, name] => file(site, [first, second, name], "", |post| site.original(request, post)),
        ["samples", first, second, name] => {
            file(site, [first, second, name], "sample_", |post| site.variant(request, post, Variant::Wide850))
        }
        ["thumbnails", first, second, name] => {
            file(site, [first, second, name], "thumbnail_", |post| site.variant(request, post, Variant::Within250))
        }
        _ => Response::error(404),
    }
}

/// Everything but files is one program, told what to do by its parameters.
fn index(site: &Site, request: &Request) -> Response {
    let wanted = |name: &str| parameter(request.query(), name).unwrap_or_default();
    match (wanted("page").as_str(), wanted("s").as_str(), wanted("q").as_str()) {
        ("dapi", "post", "index") => list(site, request, wanted("json") == "1"),
        ("post", "view", _) => post(site, &wanted("id")),
        _ => Response::error(404),
    }
}

fn list(site: &Site, request: &Request, as_json: bool) -> Response {
    let Some(page) = ResultPage::find(&site.posts(), request.query()) else { return too_deep(as_json) };
    let records = page.posts.iter().map(|post| record(post, &site.address));
    if as_json { as_object(&page, records) } else { as_elements(&page, records) }
}

/// The list lies in an object, which does not name it where it is empty.
fn as_object(page: &ResultPage, records: impl Iterator<Item = Value>) -> Response {
    let ResultPage { limit, offset, count, .. } = page;
    let mut answer = json!({"@attributes": {"limit": limit, "offset": offset, "count": count}});
    let records: Vec<Value> = records.collect();
    if !records.is_empty() {
        answer["post"] = records.into();
    }
    site::json(200, &answer)
}

/// Each record is an element, and its fields are attributes.
fn as_elements(page: &ResultPage, records: impl Iterator<Item = Value>) -> Response {
    let element = |record: Value| {
        let fields = record.as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let attributes: String = fields.map(|(name, value)| format!(" {name}=\"{}\"", escaped(&text(value)))).collect();
        format!("<post{attributes}/>")
    };
    let (count, offset, elements) = (page.count, page.offset, records.map(element).collect::<String>());
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<posts count=\"{count}\" offset=\"{offset}\">{elements}</posts>\n"
    );
    Response::of_type(200, "text/xml; charset=utf-8", body.into())
}

/// Pages far from the front are not shown; ids have no end.
fn too_deep(as_json: bool) -> Response {
    let reason = "Too deep! Pages end at 20000 posts.";
    if as_json {
        return site::json(200, &json!({"success": "false", "message": reason}));
    }
    let body = format!("<?xml version=\"1.0\"?><response success=\"false\" reason=\"{reason}\"/>");
    Response::of_type(200, "text/xml; charset=utf-8", body.into())
}

fn post(site: &Site, id: &str) -> Response {
    let posts = site.posts();
    let found = id.parse().ok().and_then(|id| posts.post(id)).filter(|post| post.status == Status::Active);
    let Some(post) = found else { return Response::error(404) };
    let picture = format!("<img id=\"image\" src=\"{}\" alt=\"post\">", escaped(&record::large(post, &site.address)));
    Response::html(200, page(&format!("/index.php?id={id}"), &picture))
}

/// The files of deleted posts are gone.
fn file(
    site: &Site,
    [first, second, name]: [&str; 3],
    prefix: &str,
    answer: impl FnOnce(&Post) -> Response,
) -> Response {
    let md5 = name.strip_prefix(prefix).and_then(|name| name.split('.').next()).unwrap_or_default();
    if !md5.starts_with(&[first, second].concat()) {
        return Response::error(404);
    }
    let found = site.posts().post_by_md5(md5).filter(|post| post.status == Status::Active).cloned();
    found.map_or_else(|| Response::error(404), |post| answer(&post))
}
