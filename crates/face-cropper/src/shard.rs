//! What a shard's folder says about itself: which pictures were looked at, how, and what was found in each.

use std::{collections::BTreeMap, fs, path::Path};

use contracts::{
    ContentHash, Layout,
    config::{CropContainer, CropFormat},
    id::{FaceId, PictureHash},
    publish::{self, FileError},
    record::{PixelBox, is_upright},
};
use serde::{Deserialize, Serialize};

use crate::{fault::PictureFault, gate::Verdict, measures::Measures, reason::DropReason};

/// The record's format; one of another format is not read. History: 1, the first; 2, with sharpness, side and the hash of
/// each crop's pixels.
const FORMAT: u32 = 2;

/// The content of `shard.json`, which is written last, so that a folder with one is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardRecord {
    format: u32,
    /// The fingerprint of the recipe that it was made with.
    pub(crate) recipe: ContentHash,
    /// The format of its files.
    pub(crate) crops: CropFormat,
    /// How they lie in the folder.
    #[serde(default, skip_serializing_if = "is_files")]
    pub(crate) container: CropContainer,
    /// How many faces were kept, and what was left out by reason, for people.
    counts: BTreeMap<String, u64>,
    /// What was found, by picture.
    pub(crate) pictures: BTreeMap<PictureHash, Finding>,
}

/// Records of before there was a choice say nothing of it.
fn is_files(container: &CropContainer) -> bool {
    *container == CropContainer::Files
}

/// What became of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Finding {
    /// The faces found in it, perhaps none, in the order in which they are numbered.
    Faces(Vec<FoundFace>),
    /// It could not be used.
    Dropped(PictureFault),
}

/// A face that the detector found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FoundFace {
    /// Its number in the picture.
    pub(crate) index: u32,
    /// The detector's box in pixels of the picture.
    #[serde(rename = "box")]
    pub(crate) pixel_box: PixelBox,
    /// How far it is turned, in degrees, clockwise.
    #[serde(default, skip_serializing_if = "is_upright")]
    pub(crate) angle: f64,
    /// What was measured of it.
    #[serde(flatten)]
    pub(crate) measures: Measures,
    /// Whether it was kept, or why not.
    #[serde(rename = "fate")]
    pub(crate) verdict: Verdict,
    /// The hash of its crop's pixels, where it was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pixels: Option<ContentHash>,
}

impl FoundFace {
    /// The name of its file within the shard's folder.
    pub(crate) fn file_name(&self, picture: PictureHash, format: CropFormat) -> String {
        format!("{}.{}", FaceId { picture, index: self.index }, format.extension())
    }
}

impl Finding {
    /// The faces with the given verdict.
    pub(crate) fn faces(&self, verdict: Verdict) -> impl Iterator<Item = &FoundFace> {
        let all = match self {
            Self::Faces(faces) => &faces[..],
            Self::Dropped(_) => &[],
        };
        all.iter().filter(move |face| face.verdict == verdict)
    }

    /// Why things were left out: once for the picture, or once for each face.
    pub(crate) fn reasons(&self) -> Vec<DropReason> {
        match self {
            Self::Dropped(fault) => vec![fault.reason()],
            Self::Faces(faces) if faces.is_empty() => vec![DropReason::NoFace],
            Self::Faces(faces) => faces.iter().filter_map(|face| face.verdict.reason()).collect(),
        }
    }
}

impl ShardRecord {
    /// A record of what was found.
    pub(crate) fn new(
        recipe: ContentHash,
        crops: CropFormat,
        container: CropContainer,
        pictures: BTreeMap<PictureHash, Finding>,
    ) -> Self {
        let mut record = Self { format: FORMAT, recipe, crops, container, counts: BTreeMap::new(), pictures };
        record.count();
        record
    }

    /// The file names of the faces that it says it holds.
    pub(crate) fn kept(&self) -> impl Iterator<Item = String> {
        let names = |(picture, finding): (&PictureHash, &Finding)| -> Vec<String> {
            finding.faces(Verdict::Kept).map(|face| face.file_name(*picture, self.crops)).collect()
        };
        self.pictures.iter().flat_map(names)
    }

    /// Reads the record of the shard in `folder`; `None` where there is none of this format.
    ///
    /// # Errors
    /// When the system refuses to read it.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, FileError> {
        let path = Layout::shard_record(folder);
        if !path.exists() {
            return Ok(None);
        }
        match serde_json::from_slice(&publish::read_file(&path)?) {
            Ok(record) => Ok(Some(record).filter(|record: &Self| record.format == FORMAT)),
            Err(error) => {
                tracing::warn!("{} is damaged ({error}); the shard is made anew", path.display());
                Ok(None)
            }
        }
    }

    /// Writes the record into the folder of a shard that has its name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&mut self, folder: &Path) -> Result<(), FileError> {
        self.count();
        publish::write_file(&Layout::shard_record(folder), &self.json(folder)?)
    }

    /// Writes the record into a folder that is made durable as a whole before it gets its name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write_into_partial(&self, partial: &Path) -> Result<(), FileError> {
        let path = Layout::shard_record(partial);
        fs::write(&path, self.json(partial)?).map_err(FileError::at("write", &path))
    }

    fn json(&self, folder: &Path) -> Result<Vec<u8>, FileError> {
        let failed = |error: serde_json::Error| FileError::at("write", &Layout::shard_record(folder))(error.into());
        serde_json::to_vec(self).map_err(failed)
    }

    fn count(&mut self) {
        self.counts = BTreeMap::from([("kept".to_owned(), 0)]);
        for finding in self.pictures.values() {
            *self.counts.entry("kept".into()).or_default() += finding.faces(Verdict::Kept).count() as u64;
            for reason in finding.reasons() {
                *self.counts.entry(reason.to_string()).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lbp_cascade::Detection;
    use proptest::prelude::*;

    use super::*;

    fn found(score: f64) -> FoundFace {
        let detection = Detection { rect: [1, 2, 3, 3].into(), neighbours: 6, score };
        let measures = Measures::new(&detection, 30.0, 9.5);
        FoundFace {
            index: 4,
            pixel_box: [1, 2, 3, 3].into(),
            angle: 0.0,
            measures,
            verdict: Verdict::Kept,
            pixels: Some(ContentHash::of(b"pixels")),
        }
    }

    fn record(scores: &[f64]) -> ShardRecord {
        let pictures = BTreeMap::from([
            (ContentHash::of(b"faces"), Finding::Faces(scores.iter().map(|score| found(*score)).collect())),
            (ContentHash::of(b"torn"), Finding::Dropped(PictureFault::Truncated)),
        ]);
        ShardRecord::new(ContentHash::of(b"recipe"), CropFormat::Png, CropContainer::Files, pictures)
    }

    #[test]
    fn the_counts_add_up() {
        let counts = record(&[1.0, 2.0]).counts;
        assert_eq!(counts, BTreeMap::from([("kept".into(), 2), ("picture truncated".into(), 1)]));
        assert_eq!(record(&[]).counts["picture without a face"], 1);
    }

    #[test]
    fn a_record_of_files_is_as_before_there_was_a_choice() {
        let json = |container| {
            String::from_utf8(ShardRecord { container, ..record(&[1.0]) }.json(Path::new("")).unwrap()).unwrap()
        };
        assert!(!json(CropContainer::Files).contains("container"));
        assert!(json(CropContainer::Tar).contains(r#""container":"tar""#));
    }

    #[test]
    fn a_damaged_or_foreign_record_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let check = |content: &str| {
            std::fs::write(Layout::shard_record(folder.path()), content).unwrap();
            assert_eq!(ShardRecord::read(folder.path()).unwrap(), None, "{content}");
        };
        check("");
        check("{\"format\": 1");
        let foreign = ShardRecord { format: FORMAT + 1, ..record(&[1.0]) };
        check(&serde_json::to_string(&foreign).unwrap());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_to_the_bit(scores in prop::collection::vec(-1e6..1e6f64, 0..20)) {
            let folder = tempfile::tempdir().unwrap();
            let mut record = record(&scores);
            record.write(folder.path()).unwrap();
            prop_assert_eq!(ShardRecord::read(folder.path()).unwrap(), Some(record));
        }
    }
}
