//! The site's URLs: how they are written into answers and read from requests.

use crate::post::{Post, Status};

/// Writes absolute URLs of a site.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    base: String,
}

impl Address {
    /// Of the site at `base`: `http://127.0.0.1:8080`, without a slash at the end.
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.to_owned() }
    }

    /// The site's own URL, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The URL without its scheme, as some sites write their previews.
    pub(crate) fn without_scheme(url: &str) -> &str {
        url.find("//").map_or(url, |start| &url[start..])
    }

    /// The original.
    pub(crate) fn file(&self, post: &Post) -> String {
        let name = format!("mini - {} {}", post.id, post.tags.join(" "));
        self.named("image", post, &name, post.format.extension())
    }

    /// The sample, or the original where that is small enough.
    pub(crate) fn sample(&self, post: &Post) -> String {
        if post.has_sample() {
            self.named("sample", post, &format!("mini - {} sample", post.id), "jpg")
        } else {
            self.file(post)
        }
    }

    /// The preview, or the placeholder of a deleted post.
    pub(crate) fn preview(&self, post: &Post) -> String {
        match post.status {
            Status::Deleted => format!("{}/deleted-preview.png", self.base),
            Status::Active => {
                let (first, second) = (&post.md5[..2], &post.md5[2..4]);
                format!("{}/data/preview/{first}/{second}/{}.jpg", self.base, post.md5)
            }
        }
    }

    /// The post's page.
    pub(crate) fn page(&self, post: &Post) -> String {
        format!("{}/post/show/{}", self.base, post.id)
    }

    fn named(&self, folder: &str, post: &Post, name: &str, extension: &str) -> String {
        let name: String = name.chars().take(180).collect();
        format!("{}/{folder}/{}/{}.{extension}", self.base, post.md5, percent_encoded(&name))
    }
}

/// Everything but letters, digits and `-._~` as `%XX`.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// `%XX` as bytes; a broken escape is left as it stands, and so is text that is not UTF-8, but for `U+FFFD`.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = |offset: usize| bytes.get(index + offset).and_then(|byte| (*byte as char).to_digit(16));
        match (bytes[index], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                index += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The value of a parameter of a query string, `+` read as a blank.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(key) == name).then(|| percent_decoded(&value.replace('+', " ")))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_found_and_decoded() {
        let query = "page=2&tags=rating%3As+id%3A%3C5&empty=&broken=%zz%4";
        assert_eq!(parameter(query, "tags").as_deref(), Some("rating:s id:<5"));
        assert_eq!(parameter(query, "page").as_deref(), Some("2"));
        assert_eq!(parameter(query, "empty").as_deref(), Some(""));
        assert_eq!(parameter(query, "broken").as_deref(), Some("%zz%4"));
        assert_eq!(parameter(query, "limit"), None);
    }

    #[test]
    fn a_url_loses_its_scheme() {
        assert_eq!(Address::without_scheme("http://host:1/a//b"), "//host:1/a//b");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in "\\PC*") {
            prop_assert_eq!(percent_decoded(&percent_encoded(&text)), text);
        }

        #[test]
        fn any_query_string_is_read(query in "\\PC*") {
            parameter(&query, "tags");
        }
    }
}
