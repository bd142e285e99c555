//! What one line of a manifest says: a picture in `raw`, a face in `faces`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    ContentHash,
    id::{FaceId, PictureHash, PostId},
    sorter::SortKey,
};

/// A line of a manifest.
pub trait Record: Serialize + DeserializeOwned {
    /// The manifest's format name, in its header.
    const FORMAT: &'static str;
    /// What the records are sorted by, without repeats.
    type Key: SortKey + std::fmt::Display;

    /// What this record is sorted by, and known by among the others.
    fn key(&self) -> Self::Key;
}

/// A post whose picture the crawl kept. A picture posted twice has two records with the same `sha256`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureRecord {
    /// The picture's hash, which is its name everywhere.
    pub sha256: PictureHash,
    /// The post that it belongs to.
    pub post: PostId,
    /// The MD5 of the *original* that the site states, kept as a claim.
    pub md5_claimed: Option<String>,
    /// Which of the site's renderings this is: preview, sample or original.
    pub variant: String,
    /// The file, relative to the manifest, with forward slashes.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its width in pixels, upright: the frame in which all boxes are.
    pub width: u32,
    /// Its height in pixels, upright.
    pub height: u32,
    /// Width and height of the picture as it is stored, where its EXIF orientation exchanges them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_sides: Option<[u32; 2]>,
    /// The site's own rating, as it writes it: s, q, e (Moebooru) or g, s, q, e (Danbooru, Gelbooru).
    pub rating: String,
    /// The post's tags, sorted.
    pub tags: Vec<String>,
    /// The user who posted it, where the site says so.
    pub author: Option<String>,
    /// Where the picture was fetched from.
    pub source_url: String,
    /// The page of the post.
    pub page_url: String,
    /// Where the poster says that it comes from.
    pub original_source: Option<String>,
}

impl Record for PictureRecord {
    const FORMAT: &'static str = "nijigen-raw";
    type Key = PostId;

    fn key(&self) -> PostId {
        self.post.clone()
    }
}

/// A rectangle in pixels, written `[x, y, width, height]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "[i32; 4]", into = "[i32; 4]")]
pub struct PixelBox {
    /// The left edge, from the picture's left.
    pub x: i32,
    /// The upper edge, from the picture's top.
    pub y: i32,
    /// Pixels across.
    pub width: i32,
    /// Pixels down.
    pub height: i32,
}

impl PixelBox {
    /// Intersection over union with another rectangle, 0 to 1.
    pub fn overlap(&self, other: &Self) -> f64 {
        let span = |a: i32, a_length: i32, b: i32, b_length: i32| {
            (i64::from(a) + i64::from(a_length)).min(i64::from(b) + i64::from(b_length)) - i64::from(a.max(b))
        };
        let across = span(self.x, self.width, other.x, other.width).max(0);
        let down = span(self.y, self.height, other.y, other.height).max(0);
        let shared = (across * down) as f64;
        let area = |b: &Self| f64::from(b.width) * f64::from(b.height);
        let union = area(self) + area(other) - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}

impl From<[i32; 4]> for PixelBox {
    fn from([x, y, width, height]: [i32; 4]) -> Self {
        Self { x, y, width, height }
    }
}

impl From<PixelBox> for [i32; 4] {
    fn from(b: PixelBox) -> Self {
        [b.x, b.y, b.width, b.height]
    }
}

/// Four places as x and y, in pixels from the picture's upper left corner.
pub type Corners = [[f64; 2]; 4];

/// For serde: whether a face is turned by no angle, which no record mentions.
pub fn is_upright(angle: &f64) -> bool {
    *angle == 0.0
}

/// A face that the crop stage kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaceRecord {
    /// The face's name: its picture, and its index among that picture's boxes.
    pub face: FaceId,
    /// The picture that it was cut from.
    pub picture: PictureHash,
    /// The post of that picture; the lowest, where there are several.
    pub post: PostId,
    /// The picture's other posts, ascending. The field's name on disk is an older one.
    #[serde(default, rename = "also_posts", skip_serializing_if = "Vec::is_empty")]
    pub other_posts: Vec<PostId>,
    /// The file, relative to the manifest, with forward slashes.
    pub file: String,
    /// The detector's box in pixels of the picture; of a turned face the upright square of the same middle and side, which may stick
    /// out of the picture.
    #[serde(rename = "box")]
    pub pixel_box: PixelBox,
    /// How far the face is turned about the box's middle, in degrees, clockwise; absent: not at all.
    #[serde(default, skip_serializing_if = "is_upright")]
    pub angle: f64,
    /// The corners of a turned face's square in pixels of the picture, from the face's own upper left, clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corners: Option<Corners>,
    /// How many raw detections were grouped into the box, of all angles that found the face.
    pub neighbours: i32,
    /// The cascade's level weight: higher is surer.
    pub score: f64,
    /// How likely it is a face, 0 to 1, calibrated; none where another cascade found it, or an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The deviation of the grey values within the box, in levels of 0 to 255.
    #[serde(default)]
    pub grey_std: f64,
    /// The root mean square of the Laplacian of the grey values within the box.
    #[serde(default)]
    pub sharpness: f64,
    /// The side of the box in pixels of the picture.
    pub side: u32,
    /// The hash of the crop's pixels, as they were before they were encoded: other pixels from the same box make another
    /// record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels_sha256: Option<ContentHash>,
    /// The rating of the post.
    pub rating: String,
    /// The tags of the post.
    pub tags: Vec<String>,
    /// Where the picture was fetched from.
    pub source_url: String,
}

impl Record for FaceRecord {
    const FORMAT: &'static str = "nijigen-faces";
    type Key = FaceId;

    fn key(&self) -> FaceId {
        self.face.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_intersection_over_union() {
        let check = |a: [i32; 4], b: [i32; 4], expected: f64| {
            let found = PixelBox::from(a).overlap(&b.into());
            assert!((found - expected).abs() < 1e-12, "{a:?} {b:?}: {found}");
        };
        check([0, 0, 10, 10], [0, 0, 10, 10], 1.0);
        check([0, 0, 10, 10], [5, 0, 10, 10], 50.0 / 150.0);
        check([0, 0, 10, 10], [10, 0, 10, 10], 0.0);
        check([0, 0, 0, 0], [0, 0, 0, 0], 0.0);
        check([i32::MAX, 0, i32::MAX, 1], [i32::MAX, 0, i32::MAX, 1], 1.0);
    }

    #[test]
    fn a_box_is_four_numbers() {
        let b = PixelBox::from([1, 2, 3, 4]);
        assert_eq!(serde_json::to_string(&b).unwrap(), "[1,2,3,4]");
    }
}
