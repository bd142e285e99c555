//! The generator that a run's training kept as its best, and what it was chosen by.

use serde::{Deserialize, Serialize};

use crate::{
    hash::ContentHash,
    layout::RunLayout,
    publish::{self, FileError},
};

/// How training measured generators: values taken in different ways cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuringMethod {
    /// The metric, by its name in `metrics.jsonl`: "frechet".
    pub metric: String,
    /// The network that features came from, with its version: "random-1".
    pub network: String,
    /// The split that the real images were drawn from: "holdout", or "train" where hardly any were kept out.
    pub split: String,
    /// How many real images there were.
    pub real_images: u64,
    /// How many samples of each generator.
    pub samples: u64,
}

/// `generator-best.json`: what `generator-best.safetensors` beside it is. It is also the `best` of `provenance.json`.
///
/// The weights are published first, so that a reader who finds them with another hash than [`generator`](Self::generator)
/// looks at a run that is just replacing them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestGenerator {
    /// Real images that had been shown when it was measured.
    pub images: u64,
    /// Its metric's value, rounded to single precision: the same number after a way through JSON.
    pub value: f32,
    /// How that was measured.
    pub method: MeasuringMethod,
    /// SHA-256 of the weights.
    pub generator: ContentHash,
}

impl BestGenerator {
    /// The record of a run; `None` where training measured nothing.
    ///
    /// # Errors
    /// When the file cannot be read, or is no such record.
    pub fn read(run: &RunLayout) -> Result<Option<Self>, FileError> {
        let path = run.best_generator_record();
        if !path.exists() {
            return Ok(None);
        }
        let json = publish::read_file(&path)?;
        serde_json::from_slice(&json).map_err(|error| FileError::at("read", &path)(error.into()))
    }

    /// Publishes the record; the weights have been published before.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&self, run: &RunLayout) -> Result<(), FileError> {
        let path = run.best_generator_record();
        let json = serde_json::to_vec_pretty(self).map_err(|error| FileError::at("write", &path)(error.into()))?;
        publish::write_file(&path, &json)
    }

    /// Thousands of real images that had been shown.
    pub fn kimg(&self) -> f64 {
        self.images as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_to_the_bit() {
        let root = tempfile::tempdir().unwrap();
        let run = RunLayout::at(root.path());
        assert_eq!(BestGenerator::read(&run).unwrap(), None);
        for value in [0.1, 23.413_372, f32::MIN_POSITIVE, 16_777_217.0, -1.0e-3] {
            let method = MeasuringMethod {
                metric: "frechet".into(),
                network: "random-1".into(),
                split: "holdout".into(),
                real_images: 400,
                samples: 1000,
            };
            let best = BestGenerator { images: 40_960, value, method, generator: ContentHash::of(b"weights") };
            best.write(&run).unwrap();
            assert_eq!(BestGenerator::read(&run).unwrap(), Some(best.clone()));
            assert_eq!(best.kimg(), 40.96);
        }
        publish::write_file(&run.best_generator_record(), b"{}").unwrap();
        let error = BestGenerator::read(&run).unwrap_err().to_string();
        assert!(error.contains("generator-best.json"), "{error}");
    }
}
