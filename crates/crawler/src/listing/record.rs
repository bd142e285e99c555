//! A Moebooru post record, as the API and the scripts of list pages hold it, read leniently.

use serde_json::{Map, Value};

use crate::{
    address::Address,
    post::{Detail, HIGHEST_NUMBER, Post, Rendering, Status, md5_claim, tag_list},
};

/// Reads one record; `None` when it has no id. Anything else that is missing or odd is left out.
pub(super) fn post(record: &Map<String, Value>, address: &Address) -> Option<Post> {
    let record = Record { fields: record, address };
    let original = record.rendering("file_url", "file_size", "width", "height");
    let mut sample = record.rendering("sample_url", "sample_file_size", "sample_width", "sample_height");
    if sample.url.is_none() || sample.url == original.url {
        sample = original.clone();
    }
    let flavour = address.site().flavour;
    Some(Post {
        number: record.number("id").filter(|number| *number <= HIGHEST_NUMBER)?,
        md5: record.text("md5").and_then(md5_claim),
        rating: record.text("rating").and_then(|rating| flavour.rating(rating)).map(str::to_owned),
        tags: tag_list(record.text("tags").unwrap_or_default()),
        author: record.text("author").map(str::to_owned),
        original_source: record.text("source").map(str::to_owned),
        change: record.number("change"),
        status: record.status(),
        preview: record.rendering("preview_url", "", "actual_preview_width", "actual_preview_height"),
        sample,
        original,
        detail: Detail::Record,
    })
}

struct Record<'a> {
    fields: &'a Map<String, Value>,
    address: &'a Address,
}

impl Record<'_> {
    /// A text that says something.
    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A number, also where it is written as text.
    fn number(&self, key: &str) -> Option<u64> {
        match self.fields.get(key)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A number above nought: sites write 0 for what they do not know.
    fn size(&self, key: &str) -> Option<u64> {
        self.number(key).filter(|number| *number > 0)
    }

    fn status(&self) -> Status {
        match self.text("status") {
            Some("deleted") => Status::Deleted,
            _ => Status::Active,
        }
    }

    fn rendering(&self, url: &str, bytes: &str, width: &str, height: &str) -> Rendering {
        let side = |key| self.size(key).and_then(|side| u32::try_from(side).ok());
        let url = self.text(url).and_then(|url| self.address.recorded(url));
        Rendering { bytes: self.size(bytes), dimensions: side(width).zip(side(height)), ..Rendering::at(url) }
    }
}
