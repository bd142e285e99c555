//! Resuming a download that broke off: `Range` and `If-Range`, and whether an answer keeps to them.

use reqwest::{
    StatusCode,
    header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE},
};

use crate::{fetch::Answer, store::Partial};

/// Asks for what is missing of a picture that is there in part, as long as it is still the same.
pub(super) fn rest_of(partial: &Partial) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(version) = partial.version().and_then(|version| HeaderValue::from_str(version).ok())
        && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", partial.length()))
    {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, version);
    }
    headers
}

/// Whether an answer begins where the bytes that are there end, and belongs to the same version.
pub(super) fn continues(answer: &Answer, partial: &Partial) -> bool {
    let range = answer.response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok());
    answer.response.status() == StatusCode::PARTIAL_CONTENT
        && partial.version().is_some()
        && start == Some(partial.length())
        && version(answer).is_none_or(|version| Some(version.as_str()) == partial.version())
}

/// What names the version of a picture: its entity tag, if that is a strong one (a weak one does not promise the same
/// bytes), or when it was last changed.
pub(super) fn version(answer: &Answer) -> Option<String> {
    let header = |name| answer.response.headers().get(name).and_then(|value| value.to_str().ok());
    let tag = header(ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| header(LAST_MODIFIED)).map(str::to_owned)
}
