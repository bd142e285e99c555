//! A post as Danbooru's API shows it.

use serde_json::{Map, Value, json};

use super::address::{has_large, large, original, variant};
use crate::{
    address::Address,
    dates::json_date,
    dialect::Dialect,
    post::{Post, Status},
    variant::Variant,
};

/// The time of the first edit; each later one is a second after the one before.
const FIRST_EDIT: u64 = 1_600_000_000;

/// The record of `posts.json`. Banned posts lack their MD5 and the URLs of their files.
pub(super) fn record(post: &Post, has_children: bool, address: &Address) -> Value {
    let facts = json!({
        "id": post.id,
        "created_at": json_date(post.created_at),
        "updated_at": json_date(FIRST_EDIT + post.change),
        "uploader_id": post.uploader_id(),
        "approver_id": null,
        "score": post.score,
        "up_score": post.score.max(0),
        "down_score": post.score.min(0),
        "fav_count": 0,
        "source": post.source,
        "rating": post.rating.letter(Dialect::Danbooru),
        "image_width": post.size.width,
        "image_height": post.size.height,
        "file_ext": post.format.extension(),
        "file_size": post.file_size,
        "parent_id": post.parent_id,
        "has_children": has_children,
        "has_active_children": has_children,
        "has_visible_children": has_children,
        "has_large": has_large(post),
        "is_pending": false,
        "is_flagged": false,
        "is_deleted": post.status == Status::Deleted,
        "is_banned": post.banned,
        "pixiv_id": null,
        "bit_flags": 0,
        "last_noted_at": null,
        "last_commented_at": null,
        "last_comment_bumped_at": null,
        "media_asset": media_asset(post, address),
    });
    let Value::Object(mut facts) = facts else { return facts };
    add_tags(&mut facts, post);
    if !post.banned {
        facts.insert("md5".to_owned(), post.md5.as_str().into());
        facts.insert("file_url".to_owned(), original(post, address).into());
        facts.insert("large_file_url".to_owned(), large(post, address).into());
        facts.insert("preview_file_url".to_owned(), variant(Variant::Within180, post, address).into());
    }
    Value::Object(facts)
}

/// Tags by their kinds: here the uploader stands for the artist, and all else is general.
fn add_tags(facts: &mut Map<String, Value>, post: &Post) {
    let kinds = [
        ("general", post.tags.clone()),
        ("artist", vec![post.artist_tag()]),
        ("character", Vec::new()),
        ("copyright", Vec::new()),
        ("meta", Vec::new()),
    ];
    let all: Vec<String> = kinds.iter().flat_map(|(_, tags)| tags.clone()).collect();
    facts.insert("tag_count".to_owned(), all.len().into());
    facts.insert("tag_string".to_owned(), post.danbooru_tags().into());
    for (kind, tags) in kinds {
        facts.insert(format!("tag_count_{kind}"), tags.len().into());
        facts.insert(format!("tag_string_{kind}"), tags.join(" ").into());
    }
}

fn media_asset(post: &Post, address: &Address) -> Value {
    let facts = json!({
        "id": post.id + 100_000,
        "created_at": json_date(post.created_at),
        "updated_at": json_date(post.created_at),
        "file_ext": post.format.extension(),
        "file_size": post.file_size,
        "image_width": post.size.width,
        "image_height": post.size.height,
        "duration": null,
        "status": "active",
        "is_public": !post.banned,
    });
    let Value::Object(mut facts) = facts else { return facts };
    if !post.banned {
        facts.insert("md5".to_owned(), post.md5.as_str().into());
        facts.insert("file_key".to_owned(), post.md5[..9].into());
        facts.insert("variants".to_owned(), variants(post, address));
    }
    Value::Object(facts)
}

fn variants(post: &Post, address: &Address) -> Value {
    let mut kinds = vec![Variant::Within180, Variant::Within360, Variant::Within720];
    if has_large(post) {
        kinds.push(Variant::Wide850);
    }
    let rendered = kinds.into_iter().map(|kind| {
        let size = kind.size(post);
        json!({
            "type": kind.name(),
            "url": variant(kind, post, address),
            "width": size.width,
            "height": size.height,
            "file_ext": kind.format().extension(),
        })
    });
    let original = json!({
        "type": "original",
        "url": original(post, address),
        "width": post.size.width,
        "height": post.size.height,
        "file_ext": post.format.extension(),
    });
    rendered.chain([original]).collect()
}
