//! Content security policies that know a page's own scripts and styles.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

/// What lets one inline script or style into a content security policy and no other: a hash source (Content Security Policy Level
/// 3, section 2.3.1), quotes included.
///
/// ```
/// let policy = format!("default-src 'none'; script-src {}", loopback::hash_source("alert('Hello, world.');"));
/// assert!(policy.ends_with("'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"));
/// ```
pub fn hash_source(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}
