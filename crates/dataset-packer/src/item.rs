//! One picture that a source offers, before it is opened.

use contracts::{
    ContentHash,
    id::{FaceId, PictureHash, PostId},
    record::{FaceRecord, PixelBox},
};
use dataset::Row;
use serde::{Deserialize, Serialize};

use crate::location::Location;

/// A picture to pack. Items are listed in a fixed order, which is the order of the rows of a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// Its name within its source, with forward slashes.
    pub(crate) name: String,
    /// Where the bytes of its file are.
    pub(crate) location: Location,
    /// Its class, where its source has classes.
    pub(crate) label: Option<i64>,
    /// What is known of it, where it is a face, comes from a dataset of ours, or has metadata beside it.
    pub(crate) origin: Option<Box<Origin>>,
}

/// Where an image comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) face: Option<FaceId>,
    /// `None`: the picture is the image's own file.
    pub(crate) picture: Option<PictureHash>,
    pub(crate) post: Option<PostId>,
    pub(crate) source_url: Option<String>,
    pub(crate) rating: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) pixel_box: Option<PixelBox>,
    #[serde(with = "bits")]
    pub(crate) angle: Option<f64>,
    #[serde(with = "bits")]
    pub(crate) score: Option<f64>,
    /// The hash of the image's pixels where somebody vouches for it, blue first.
    pub(crate) pixels: Option<ContentHash>,
    /// The shorter side in pixels before any scaling.
    pub(crate) side: Option<u32>,
}

impl Item {
    /// A picture of which nothing but the name is known.
    pub(crate) fn foreign(name: String, location: Location) -> Self {
        Self { name, location, label: None, origin: None }
    }

    /// The post that it comes from.
    pub(crate) fn post(&self) -> Option<&PostId> {
        self.origin.as_ref()?.post.as_ref()
    }
}

impl From<FaceRecord> for Origin {
    fn from(face: FaceRecord) -> Self {
        Self {
            face: Some(face.face),
            picture: Some(face.picture),
            post: Some(face.post),
            source_url: Some(face.source_url),
            rating: Some(face.rating),
            tags: face.tags,
            pixel_box: Some(face.pixel_box),
            angle: Some(face.angle),
            score: Some(face.score),
            // The crop stage hashes what it encodes; only PNG gives that back.
            pixels: face.pixels_sha256.filter(|_| face.file.ends_with(".png")),
            side: Some(face.side),
        }
    }
}

impl From<Row> for Origin {
    fn from(row: Row) -> Self {
        let side = row.pixel_box.and_then(|pixel_box| u32::try_from(pixel_box.width.min(pixel_box.height)).ok());
        Self {
            face: row.face,
            picture: Some(row.picture),
            post: row.post,
            source_url: row.source_url,
            rating: row.rating,
            tags: row.tags,
            pixel_box: row.pixel_box,
            angle: row.angle,
            score: row.score,
            pixels: None,
            side,
        }
    }
}

/// For serde: a number as its bits, which come back as they were.
mod bits {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        number.map(f64::to_bits).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(f64::from_bits))
    }
}
