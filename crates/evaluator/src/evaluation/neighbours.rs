//! The training faces nearest to the shown samples: the content of `evaluation/neighbours.json`.

use contracts::{
    hash::ContentHash,
    id::{PostId, RunId},
};
use serde::{Deserialize, Serialize};

use super::error::{self, FormatError};

/// The samples that were shown, each with its nearest training faces; `neighbours.png` shows them in the same order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// [`Neighbours::FORMAT`].
    pub format: String,
    /// [`Neighbours::VERSION`].
    pub version: u32,
    /// The run whose generator it is.
    pub run: RunId,
    /// The SHA-256 of the generator's file.
    pub generator: ContentHash,
    /// The side of a tile of `neighbours.png` in pixels.
    pub side: usize,
    /// The picture's rows, from top to bottom.
    pub samples: Vec<SampleNeighbours>,
}

/// A sample and the training faces nearest to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleNeighbours {
    /// The sample's number; those of `grid.png` are 0 to 63.
    pub sample: u64,
    /// The faces in the picture's columns after the first, nearest first.
    pub nearest: Vec<NearFace>,
}

/// A training face near a sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearFace {
    /// Its index among the training rows: what `cargo xtask trace train/INDEX` takes.
    pub row: usize,
    /// How far it is, in grey levels: root mean square over thumbnails of 16 × 16 pixels.
    pub distance: f64,
    /// The row's path within its source.
    pub path: String,
    /// The post that it was cut from, where it comes from a site.
    pub post: Option<PostId>,
    /// The post's or picture's address, where it is known. It comes from a site: escape it.
    pub source_url: Option<String>,
}

impl Neighbours {
    /// What `format` says in every file of this kind.
    pub const FORMAT: &str = "nijigen-neighbours";
    /// The format's version. History: 1, the first.
    pub const VERSION: u32 = 1;

    /// Reads `neighbours.json`.
    ///
    /// # Errors
    /// When it is no such file, or a later version's.
    pub fn parse(json: &[u8]) -> Result<Self, FormatError> {
        error::parse(json, Self::FORMAT, Self::VERSION)
    }
}
