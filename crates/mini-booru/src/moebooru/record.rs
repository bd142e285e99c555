//! A post as the API shows it.

use serde_json::{Map, Value, json};

use crate::{
    address::Address,
    dialect::Dialect,
    post::{Post, Status},
};

/// The record of `post.json`. `sample_length` is the sample's length in bytes, 0 where it has none of its own.
/// Deleted posts lack the URLs of their files.
pub(crate) fn record(post: &Post, address: &Address, has_children: bool, sample_length: u64) -> Value {
    let (preview, shown, sample) = (post.preview_size(), post.shown_size(), post.sample_size());
    let facts = json!({
        "id": post.id,
        "tags": post.tags.join(" "),
        "created_at": post.created_at,
        "creator_id": post.uploader_id(),
        "author": post.author,
        "change": post.change,
        "source": post.source,
        "score": post.score,
        "md5": post.md5,
        "file_size": post.file_size,
        "is_shown_in_index": true,
        "preview_url": address.preview(post),
        "preview_width": shown.width,
        "preview_height": shown.height,
        "actual_preview_width": preview.width,
        "actual_preview_height": preview.height,
        "sample_width": sample.width,
        "sample_height": sample.height,
        "sample_file_size": sample_length,
        "jpeg_width": post.size.width,
        "jpeg_height": post.size.height,
        "jpeg_file_size": 0,
        "rating": post.rating.letter(Dialect::Moebooru),
        "has_children": has_children,
        "parent_id": post.parent_id,
        "status": post.status.word(),
        "width": post.size.width,
        "height": post.size.height,
        "is_held": false,
        "frames_pending_string": "",
        "frames_pending": [],
        "frames_string": "",
        "frames": [],
    });
    let Value::Object(mut facts) = facts else { return facts };
    if post.status == Status::Active {
        add_files(&mut facts, post, address);
    }
    Value::Object(facts)
}

fn add_files(facts: &mut Map<String, Value>, post: &Post, address: &Address) {
    facts.insert("file_url".to_owned(), address.file(post).into());
    facts.insert("sample_url".to_owned(), address.sample(post).into());
    facts.insert("jpeg_url".to_owned(), address.file(post).into());
}
