//! A Moebooru record, as the API and the scripts of list pages hold it.

use serde_json::{Map, Value};

use super::RATINGS;
use crate::{
    base_url::BaseUrl,
    dialect::record::Record,
    post::{Detail, Post, Status, md5_claim, tag_list},
};

/// Reads one record; `None` when it has no id.
pub(super) fn post(fields: &Map<String, Value>, base: &BaseUrl) -> Option<Post> {
    let record = Record { fields, base };
    let original = record.rendering("file_url", "file_size", ["width", "height"]);
    let sample = record.rendering("sample_url", "sample_file_size", ["sample_width", "sample_height"]);
    Some(Post {
        number: record.id()?,
        md5: record.text("md5").and_then(md5_claim),
        rating: record.rating(RATINGS),
        tags: tag_list(record.text("tags").unwrap_or_default()),
        author: record.owned("author"),
        original_source: record.owned("source"),
        change: record.number("change"),
        status: if record.text("status") == Some("deleted") { Status::Deleted } else { Status::Active },
        preview: record.rendering("preview_url", "", ["actual_preview_width", "actual_preview_height"]),
        sample: sample.sample_or(&original),
        original,
        detail: Detail::Record,
    })
}
