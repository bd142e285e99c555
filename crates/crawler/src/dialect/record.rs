//! A record of a site's API, read leniently: what is missing or odd is left out.

use serde_json::{Map, Value};

use super::rating::{self, Rating};
use crate::{
    base_url::BaseUrl,
    post::{HIGHEST_NUMBER, Rendering},
};

/// The fields of a record.
pub(super) struct Record<'a> {
    pub(super) fields: &'a Map<String, Value>,
    pub(super) base: &'a BaseUrl,
}

impl Record<'_> {
    /// The post's number.
    pub(super) fn id(&self) -> Option<u64> {
        self.number("id").filter(|number| *number <= HIGHEST_NUMBER)
    }

    /// A text that says something.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The same, to be kept.
    pub(super) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A number, also where it is written as text.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        match self.fields.get(key)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Whether a flag is raised.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.fields.get(key).and_then(Value::as_bool) == Some(true)
    }

    /// The letter of the post's rating, if it is one of these.
    pub(super) fn rating(&self, ratings: &'static [Rating]) -> Option<String> {
        rating::letter(ratings, self.text("rating")?).map(str::to_owned)
    }

    /// What fields of these names say of a rendering.
    pub(super) fn rendering(&self, url: &str, bytes: &str, sides: [&str; 2]) -> Rendering {
        let url = self.text(url).and_then(|url| self.base.recorded(url));
        Rendering { bytes: self.size(bytes), dimensions: self.dimensions(sides), ..Rendering::at(url) }
    }

    /// A width and a height.
    pub(super) fn dimensions(&self, [width, height]: [&str; 2]) -> Option<(u32, u32)> {
        let side = |key| self.size(key).and_then(|side| u32::try_from(side).ok());
        side(width).zip(side(height))
    }

    /// A number above zero: sites write 0 for what they do not know.
    fn size(&self, key: &str) -> Option<u64> {
        self.number(key).filter(|number| *number > 0)
    }
}
