//! The faces that the crop stage kept.

use contracts::{
    ContentHash, Layout,
    exclusion::Exclusions,
    id::{FaceId, PostId},
    manifest::{ManifestError, Records},
    record::{FaceRecord, PixelBox},
};

/// Of a face's record what curation needs, so that all faces fit into memory.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    pub(crate) id: FaceId,
    pub(crate) pixel_box: PixelBox,
    pub(crate) pixels: Option<ContentHash>,
    pub(crate) post: PostId,
    /// The path from the folder of faces, the shard first.
    pub(crate) file: String,
    pub(crate) score: f64,
    pub(crate) sharpness: f64,
    /// Pixels across the box.
    pub(crate) side: u32,
    pub(crate) tags: Vec<String>,
}

impl Face {
    /// The shard that it lies in.
    pub(crate) fn shard(&self) -> &str {
        self.file.split('/').next().unwrap_or_default()
    }

    /// Whether the pack stage will leave it out.
    pub(crate) fn is_covered_by(&self, exclusions: &Exclusions) -> bool {
        exclusions.covers(&self.id, &self.pixel_box, &self.file)
    }
}

impl From<FaceRecord> for Face {
    fn from(record: FaceRecord) -> Self {
        let FaceRecord { face, post, file, pixel_box, score, sharpness, side, pixels_sha256, tags, .. } = record;
        Self { id: face, pixel_box, pixels: pixels_sha256, post, file, score, sharpness, side, tags }
    }
}

/// All faces, in the manifest's order.
///
/// # Errors
/// When there is no manifest, or it cannot be read.
pub(crate) fn read(layout: &Layout) -> Result<Vec<Face>, ManifestError> {
    Records::<FaceRecord>::open(&layout.faces_manifest())?.map(|face| face.map(Face::from)).collect()
}
