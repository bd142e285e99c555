//! A Moebooru record, as the API and the scripts of list pages hold it.

use crate::{
    listing::record::Record,
    post::{Detail, Post, Status, md5_claim, tag_list},
};

/// Reads one record; `None` when it has no id.
pub(in crate::listing) fn post(record: &Record<'_>) -> Option<Post> {
    let original = record.rendering("file_url", "file_size", ["width", "height"]);
    let sample = record.rendering("sample_url", "sample_file_size", ["sample_width", "sample_height"]);
    Some(Post {
        number: record.id()?,
        md5: record.text("md5").and_then(md5_claim),
        rating: record.rating(),
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
