//! What the dataset knows of an image besides its pixels.

use std::{fmt, str::FromStr};

use contracts::{
    id::{FaceId, PictureHash, PostId},
    record::PixelBox,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// One row without its image. Serialized, its fields have the names of the dataset's columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The image's name within its source: a face's file, a picture's path, a member of an archive.
    pub path: String,
    /// Its class, where the source has classes.
    pub label: Option<i64>,
    /// The face, where it is one of the crop stage's.
    #[serde(rename = "face_id")]
    pub face: Option<FaceId>,
    /// The picture that it was made from.
    #[serde(rename = "picture_sha256")]
    pub picture: PictureHash,
    /// The post of that picture.
    pub post: Option<PostId>,
    /// Where that picture was fetched from.
    pub source_url: Option<String>,
    /// The rating of the post, as the site writes it.
    pub rating: Option<String>,
    /// The tags of the post.
    pub tags: Vec<String>,
    /// Where in the picture the face was found.
    #[serde(rename = "box")]
    pub pixel_box: Option<PixelBox>,
    /// How far the face is turned about the box's middle, in degrees, clockwise; none where it is not known.
    pub angle: Option<f64>,
    /// How sure the detector was of the face: its level weight.
    pub score: Option<f64>,
    /// The perceptual hash of the image.
    pub dhash: Dhash,
}

/// A 64-bit difference hash: alike images differ in few bits. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dhash(pub u64);

impl Dhash {
    /// In how many bits two hashes differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Display for Dhash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Dhash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dhash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A text that is no difference hash.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a difference hash: 16 lower-case hexadecimal digits are expected")]
pub struct NotADhash(String);

impl FromStr for Dhash {
    type Err = NotADhash;

    fn from_str(text: &str) -> Result<Self, NotADhash> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let hash = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16 && text.bytes().all(digit));
        hash.map(Self).ok_or_else(|| NotADhash(text.to_owned()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use contracts::hash::ContentHash;

    use super::*;

    /// A face with everything, and a foreign picture with nothing.
    pub(crate) fn rows() -> [Row; 2] {
        let picture = ContentHash::of(b"picture");
        let face = Row {
            path: "mini-00000/face.png".into(),
            label: Some(3),
            face: Some(FaceId { picture, index: 1 }),
            picture,
            post: Some("mini:7".parse().unwrap()),
            source_url: Some("http://mini.invalid/7.png".into()),
            rating: Some("s".into()),
            tags: vec!["blue_hair".into(), "目".into()],
            pixel_box: Some([1, 2, 30, 30].into()),
            angle: Some(-12.0),
            score: Some(1.25),
            dhash: Dhash(0x0123_4567_89ab_cdef),
        };
        let foreign = Row {
            path: "a/b.jpg".into(),
            label: None,
            face: None,
            picture: ContentHash::of(b"other"),
            post: None,
            source_url: None,
            rating: None,
            tags: Vec::new(),
            pixel_box: None,
            angle: None,
            score: None,
            dhash: Dhash(0),
        };
        [face, foreign]
    }

    #[test]
    fn a_hash_is_written_in_sixteen_digits() {
        assert_eq!(Dhash(0xf).to_string(), "000000000000000f");
        assert_eq!("000000000000000f".parse(), Ok(Dhash(0xf)));
        for bad in ["", "f", "000000000000000F", "+00000000000000f", "0000000000000000f"] {
            assert!(bad.parse::<Dhash>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn distance_counts_the_bits_that_differ() {
        assert_eq!(Dhash(0b1010).distance(Dhash(0b0110)), 2);
        assert_eq!(Dhash(0).distance(Dhash(u64::MAX)), 64);
    }
}
