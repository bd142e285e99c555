//! `[pack]`: faces to dataset.

use serde::{Deserialize, Serialize};

use super::section::{BadValue, Validate, require, section};

/// How a picture that is not square is made so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Scaled until it covers the square, the middle kept.
    Cover,
    /// Scaled until the square contains it, padded with black.
    Contain,
    /// Stretched, as DCGAN-tensorflow does without is_crop.
    Stretch,
}

/// What becomes of a picture that has the tags of several classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelConflict {
    /// It has no class: nobody knows which of them it shows.
    None,
    /// It has the first of them in the list.
    First,
}

section! {
    /// `[pack]`: what goes into the dataset.
    PackConfig in "pack" {
        /// faces (the crop stage's), and/or folders, tar or zip files of pictures, folders saved by Python's datasets, Parquet and
        /// IDX files, folders of these; globs work.
        sources: Vec<String> = vec![PackConfig::FACES.into()], Output;
        /// The side of the dataset's images in pixels.
        resolution: u32 = 64, Output;
        /// cover: scale and centre-crop; contain: pad; stretch: neither.
        fit: Fit = Fit::Cover, Output;
        /// Hamming distance up to which two perceptual hashes count as one picture; 0: exact only; -1: off.
        dedupe_distance: i32 = 4, Output;
        /// Whether duplicates are shown, beside what stays in their place, in data/reports/duplicates.png.
        dedupe_report: bool = false, Output;
        /// Pictures whose shorter side was smaller than this before any scaling are left out; 0: none.
        min_size: u32 = 0, Output;
        /// The share kept out of training, split by post.
        holdout: f64 = 0.05, Output;
        /// Tags that become classes, such as ["blue_hair", "blonde_hair|yellow_hair"]: each class is one or more tags of which
        /// one is enough, and its number its place in the list. []: classes are those of the sources, where they have any.
        labels: Vec<String> = Vec::new(), Output, added;
        /// none: what has the tags of several classes has no class; first: it has the first in the list.
        label_conflict: LabelConflict = LabelConflict::None, Output, added;
    }
}

impl PackConfig {
    /// The source that stands for the crop stage's faces.
    pub const FACES: &str = "faces";
}

impl Validate for PackConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        require! {
            "sources": !self.sources.is_empty(), "must name a source at least, such as [\"faces\"]";
            "resolution": (8..=1024).contains(&self.resolution), "must be from 8 to 1024";
            "dedupe_distance": (-1..=32).contains(&self.dedupe_distance), "must be from -1 to 32";
            "holdout": (0.0..=0.9).contains(&self.holdout), "must be from 0 to 0.9";
            "labels": self.labels.iter().all(|class| class.split('|').all(|tag| !tag.trim().is_empty())),
                "must be tags, or several with | between them";
            "labels": (1..self.labels.len()).all(|index| !self.labels[..index].contains(&self.labels[index])),
                "must not name a class twice";
        }
    }
}
