//! A post as Gelbooru's API shows it, and where its files are.

use serde_json::{Value, json};

use crate::{
    address::Address,
    dates::http_date,
    dialect::Dialect,
    post::{Post, Status},
    variant::Variant,
};

/// The time of the first edit; each later one is a second after the one before.
const FIRST_EDIT: u64 = 1_600_000_000;

/// The record of a post. There is no length of any file in it.
pub(super) fn record(post: &Post, address: &Address) -> Value {
    let (sample, thumbnail) = (Variant::Wide850.size(post), Variant::Within250.size(post));
    let sample = if has_sample(post) { (sample.width, sample.height) } else { (0, 0) };
    json!({
        "id": post.id,
        "created_at": http_date(post.created_at),
        "score": post.score,
        "width": post.size.width,
        "height": post.size.height,
        "md5": post.md5,
        "directory": directory(post),
        "image": image(post),
        "rating": post.rating.word(Dialect::Gelbooru),
        "source": post.source,
        "change": FIRST_EDIT + post.change,
        "owner": post.author,
        "creator_id": post.uploader_id(),
        "parent_id": post.parent_id.unwrap_or(0),
        "sample": u8::from(has_sample(post)),
        "preview_height": thumbnail.height,
        "preview_width": thumbnail.width,
        "tags": post.tags.join(" "),
        "title": "",
        "has_notes": "false",
        "has_comments": "false",
        "file_url": original(post, address),
        "preview_url": format!("{}/thumbnails/{}/thumbnail_{}.jpg", address.base(), directory(post), post.md5),
        "sample_url": if has_sample(post) { large(post, address) } else { String::new() },
        "sample_height": sample.1,
        "sample_width": sample.0,
        "status": if post.status == Status::Active { "active" } else { "deleted" },
        "post_locked": 0,
        "has_children": "false",
    })
}

/// The sample of wide originals, else the original itself.
pub(super) fn large(post: &Post, address: &Address) -> String {
    if has_sample(post) {
        format!("{}/samples/{}/sample_{}.jpg", address.base(), directory(post), post.md5)
    } else {
        original(post, address)
    }
}

fn original(post: &Post, address: &Address) -> String {
    format!("{}/images/{}/{}", address.base(), directory(post), image(post))
}

fn image(post: &Post) -> String {
    format!("{}.{}", post.md5, post.format.extension())
}

fn directory(post: &Post) -> String {
    format!("{}/{}", &post.md5[..2], &post.md5[2..4])
}

fn has_sample(post: &Post) -> bool {
    Variant::Wide850.size(post) != post.size
}
