//! The names of things: posts, pictures, faces, shards, runs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::hash::ContentHash;

/// A picture is its SHA-256.
pub type PictureHash = ContentHash;

/// How many post ids share one shard.
pub const POSTS_PER_SHARD: u64 = 4096;

/// A text that is no id of the kind expected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not {expected}")]
pub struct BadId {
    text: String,
    expected: &'static str,
}

impl BadId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

/// A site's short name: lower-case letters, digits and hyphens, as in the site table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteName(String);

impl SiteName {
    /// The site that the tutorial crawled.
    pub fn konachan() -> Self {
        Self("konachan".into())
    }

    /// The stand-in booru, which the runner starts itself.
    pub fn mini() -> Self {
        Self("mini".into())
    }

    /// No site, but a folder of the user's.
    pub fn folder() -> Self {
        Self("folder".into())
    }

    /// The name as it is written in pipeline.toml.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.starts_with('-') || !text.chars().all(allowed) {
            return Err(BadId::new(text, "a site's name: lower-case letters, digits and hyphens"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A post of a site, written `<site>:<number>`. Ordered by site, then by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PostId {
    /// The site that the post is on.
    pub site: SiteName,
    /// The site's own number for it.
    pub number: u64,
}

impl PostId {
    /// The shard that the post's faces go to: its number div 4,096, a series for each site.
    pub fn shard(&self) -> ShardId {
        ShardId(format!("{}-{:05}", self.site, self.number / POSTS_PER_SHARD))
    }
}

impl FromStr for PostId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let fail = || BadId::new(text, "a post: <site>:<number>, such as konachan:1234");
        let (site, number) = text.split_once(':').ok_or_else(fail)?;
        if !canonical_number(number) {
            return Err(fail());
        }
        Ok(Self { site: site.parse().map_err(|_| fail())?, number: number.parse().map_err(|_| fail())? })
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.site, self.number)
    }
}

/// A face found in a picture, written `<picture>-<n>`: n counts the picture's boxes sorted by (y, x, width),
/// before any quality gate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FaceId {
    /// The picture that the face was cut from.
    pub picture: PictureHash,
    /// Its index among the picture's boxes, from 0.
    pub index: u32,
}

impl FromStr for FaceId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let fail = || BadId::new(text, "a face: <sha256 of the picture>-<number>");
        let (picture, index) = text.split_once('-').ok_or_else(fail)?;
        if !canonical_number(index) {
            return Err(fail());
        }
        Ok(Self { picture: picture.parse().map_err(|_| fail())?, index: index.parse().map_err(|_| fail())? })
    }
}

impl fmt::Display for FaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.picture, self.index)
    }
}

/// The name of a shard's folder. A shard is a range of post ids, so that new posts never move old ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(String);

impl ShardId {
    /// The shard of a picture that no post is known for: by the leading byte of its hash.
    pub fn of_picture(picture: &PictureHash) -> Self {
        Self(format!("sha256-{:02x}", picture.bytes()[0]))
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a training run's folder: readable words, then eight digits of the hash of what makes the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// A run of `recipe` at `resolution` pixels, told from others by `identity`.
    pub fn new(recipe: &str, resolution: u32, identity: &ContentHash) -> Self {
        Self(format!("{recipe}-{resolution}px-{}", identity.short()))
    }
}

impl FromStr for RunId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || !text.chars().all(allowed) {
            return Err(BadId::new(text, "a run's name: letters, digits, hyphens and underscores"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a number is written the one way that it is printed: digits only, no leading zero.
fn canonical_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

/// For what is written as its text: the conversions that serde goes by.
macro_rules! text_conversions {
    ($($named:ty),*) => {$(
        impl TryFrom<String> for $named {
            type Error = <$named as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$named> for String {
            fn from(named: $named) -> String {
                named.to_string()
            }
        }
    )*};
}
pub(crate) use text_conversions;
text_conversions!(SiteName, PostId, FaceId, RunId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: FromStr + fmt::Display>(text: &str, accepted: bool) {
        match text.parse::<T>() {
            Ok(id) => assert!(accepted && id.to_string() == text, "{text:?} was read as {id}"),
            Err(_) => assert!(!accepted, "{text:?} was refused"),
        }
    }

    #[test]
    fn posts() {
        check::<PostId>("konachan:1", true);
        check::<PostId>("konachan-com:18446744073709551615", true);
        for bad in [
            "konachan",
            "konachan:",
            ":1",
            "konachan:-1",
            "konachan:+1",
            "konachan:01",
            "Konachan:1",
            "a b:1",
            "a:18446744073709551616",
        ] {
            check::<PostId>(bad, false);
        }
    }

    #[test]
    fn faces() {
        let picture = ContentHash::of(b"picture").to_string();
        check::<FaceId>(&format!("{picture}-0"), true);
        check::<FaceId>(&format!("{picture}-12"), true);
        for bad in ["", &picture, &format!("{picture}-"), &format!("{picture}-00"), "abc-1"] {
            check::<FaceId>(bad, false);
        }
    }

    #[test]
    fn runs_never_leave_their_folder() {
        check::<RunId>("dcgan-64px-0a1b2c3d", true);
        for bad in ["", "..", "a/b", "a\\b", "latest "] {
            check::<RunId>(bad, false);
        }
    }

    #[test]
    fn a_shard_holds_4096_posts_of_one_site() {
        let shard = |text: &str| text.parse::<PostId>().unwrap().shard().to_string();
        assert_eq!(shard("konachan:4095"), "konachan-00000");
        assert_eq!(shard("konachan:4096"), "konachan-00001");
        assert_eq!(shard("yandere:4096"), "yandere-00001");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            if let Ok(post) = text.parse::<PostId>() { prop_assert_eq!(post.to_string(), text.clone()); }
            if let Ok(face) = text.parse::<FaceId>() { prop_assert_eq!(face.to_string(), text); }
        }
    }
}
