//! Faces that somebody saw, by the picture's MD5: which are to be found, and which are neither to be found nor wrong.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

use crate::error::TrainingError;

/// Cascades frame a face this much wider than from the middle of the forehead to the chin.
pub const FRAMING: f32 = 1.55;

/// Pictures by the stems of their files' names, which are their MD5.
pub type FaceTable = BTreeMap<String, LabelledFaces>;

/// What somebody saw in a picture.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledFaces {
    /// What the picture may be used for.
    pub half: Half,
    /// The faces in it.
    pub faces: Vec<LabelledFace>,
}

/// Training never looks at what is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Half {
    /// To learn from.
    Training,
    /// To measure on.
    Measuring,
}

/// One face.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledFace {
    /// Left edge, upper edge, side in pixels: from the middle of the forehead to the chin.
    #[serde(rename = "box")]
    pub edges: [f32; 3],
    /// How far it is turned, in degrees, clockwise.
    pub angle: f32,
    /// Whether it is to be found.
    pub kind: Kind,
}

/// How well a face is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// To be found.
    Clear,
    /// Neither missed nor wrong.
    Hard,
}

/// Reads a table of faces.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(path: &Path) -> Result<FaceTable, TrainingError> {
    let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
    serde_json::from_slice(&bytes).map_err(|cause| TrainingError::FaceTable { path: path.into(), cause })
}
