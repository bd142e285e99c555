//! What a PNG file says of the sample in it, so that it can be traced wherever it goes.

use contracts::{ContentHash, id::RunId};
use pictures::{Rgb, annotated, annotation};
use serde::{Deserialize, Serialize};

use crate::opened::Opened;

/// The keyword of the file's text.
const KEYWORD: &str = "nijigen";

/// Where an image comes from. With the weights it makes the same image again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// SHA-256 of the generator's file.
    pub(crate) generator: ContentHash,
    /// The run of that generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<RunId>,
    /// What the latent was drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    /// The sample's index under that seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<u64>,
    /// The bound of the latent's numbers, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) truncation: Option<f32>,
    /// The class that was asked for, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<String>,
    /// The latent itself, where it was not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latent: Option<Vec<f32>>,
}

impl Note {
    /// A note of the generator alone.
    pub(crate) fn of(opened: &Opened) -> Self {
        let (generator, run) = (opened.generator.hash(), opened.run_id());
        Self { generator, run, seed: None, index: None, truncation: None, class: None, latent: None }
    }

    pub(crate) fn drawn(self, seed: u64, index: u64, truncation: Option<f32>) -> Self {
        Self { seed: Some(seed), index: Some(index), truncation, ..self }
    }

    pub(crate) fn of_class(self, class: Option<String>) -> Self {
        Self { class, ..self }
    }

    pub(crate) fn made(self, latent: Vec<f32>) -> Self {
        Self { latent: Some(latent), ..self }
    }

    /// An image as a PNG file with this note.
    pub(crate) fn png(&self, image: &Rgb) -> anyhow::Result<Vec<u8>> {
        Ok(annotated(image, KEYWORD, &serde_json::to_string(self)?)?)
    }

    /// The note in a file, if there is one.
    pub(crate) fn read(file: &[u8]) -> Option<Self> {
        serde_json::from_str(&annotation(file, KEYWORD)?).ok()
    }
}
