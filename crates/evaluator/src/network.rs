//! The networks that features are taken of, and the rows that they make.

use std::path::Path;

use contracts::{config::EvaluateConfig, hash::ContentHash, publish};
use metrics::{Backbone, Features, Images, Kernel, MetricError, RandomNetwork};

use crate::error::WeightsFileError;

/// A network with the hash of its weights' file, where it has one.
pub(crate) struct Network {
    backbone: Backbone,
    pub(crate) weights: Option<ContentHash>,
}

/// What a network made of images so far: a row each.
#[derive(Default)]
pub(crate) struct Rows {
    dimensions: usize,
    kernel: Kernel,
    features: Vec<f32>,
    classes: usize,
    logits: Vec<f32>,
}

impl Network {
    /// The network that needs no weights.
    pub(crate) fn random() -> Self {
        Self { backbone: Backbone::Random(RandomNetwork::new()), weights: None }
    }

    /// The networks that a configuration names: the random one, then those whose weights are given.
    ///
    /// # Errors
    /// When a file of weights cannot be read or is of another network.
    pub(crate) fn chosen(config: &EvaluateConfig) -> Result<Vec<Self>, WeightsFileError> {
        Self::given(&config.inception, &config.mobilenet)
    }

    /// The same of paths, of which empty ones count as not given.
    ///
    /// # Errors
    /// When a file of weights cannot be read or is of another network.
    pub(crate) fn given(inception: &Path, mobilenet: &Path) -> Result<Vec<Self>, WeightsFileError> {
        let mut networks = vec![Self::random()];
        if !inception.as_os_str().is_empty() {
            networks.push(Self::read(inception, "InceptionV3", |backbone| matches!(backbone, Backbone::Inception(_)))?);
        }
        if !mobilenet.as_os_str().is_empty() {
            networks.push(Self::read(mobilenet, "MobileNetV2", |backbone| matches!(backbone, Backbone::MobileNet(_)))?);
        }
        Ok(networks)
    }

    fn read(path: &Path, wanted: &'static str, is_wanted: fn(&Backbone) -> bool) -> Result<Self, WeightsFileError> {
        let content = publish::read_file(path)?;
        let backbone = Backbone::read(&content)
            .map_err(|source| WeightsFileError::Unreadable { path: path.into(), source: Box::new(source) })?;
        if !is_wanted(&backbone) {
            return Err(WeightsFileError::OtherNetwork { path: path.into(), found: backbone.name(), wanted });
        }
        let weights = ContentHash::of(&content);
        tracing::info!("features of {} with the weights at {} (SHA-256 {weights})", backbone.name(), path.display());
        Ok(Self { backbone, weights: Some(weights) })
    }

    /// Its name and version.
    pub(crate) fn name(&self) -> String {
        self.backbone.name()
    }

    /// Appends the rows of images.
    ///
    /// # Errors
    /// When a feature is not finite, as with damaged weights.
    pub(crate) fn add(&self, images: &Images, rows: &mut Rows) -> Result<(), MetricError> {
        if images.is_empty() {
            return Ok(());
        }
        let features = match &self.backbone {
            Backbone::Inception(inception) => {
                let (features, logits) = inception.features_and_logits(images)?;
                rows.classes = logits.dimensions();
                rows.logits.extend(logits.rows().flatten());
                features
            }
            backbone => backbone.features(images)?,
        };
        (rows.dimensions, rows.kernel) = (features.dimensions(), features.kernel());
        rows.features.extend(features.rows().flatten());
        Ok(())
    }
}

impl Rows {
    /// The features, and the logits of a network that has classes.
    ///
    /// # Errors
    /// When there is no row.
    pub(crate) fn finish(self) -> Result<(Features, Option<Features>), MetricError> {
        if self.features.is_empty() {
            return Err(MetricError::TooFew { count: 0, needed: 1 });
        }
        let logits = (self.classes > 0).then(|| Features::new(self.classes, self.logits)).transpose()?;
        Ok((Features::new(self.dimensions, self.features)?.with_kernel(self.kernel), logits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_no_weights_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.pth");
        let config = EvaluateConfig { inception: path.clone(), ..EvaluateConfig::default() };
        let error = || Network::chosen(&config).err().unwrap().to_string();
        assert!(error().contains("cannot read") && error().contains("weights.pth"), "{}", error());
        std::fs::write(&path, b"nothing of the kind").unwrap();
        assert!(error().contains("neither safetensors nor"), "{}", error());
    }

    #[test]
    fn rows_come_in_parts() {
        let (network, mut rows) = (Network::random(), Rows::default());
        let images = Images::new(16, (0..3 * 768).map(|i| (i % 251) as u8).collect()).unwrap();
        network.add(&images.first(1), &mut rows).unwrap();
        network.add(&images.first(0), &mut rows).unwrap();
        network.add(&images, &mut rows).unwrap();
        let (features, logits) = rows.finish().unwrap();
        assert_eq!(features.len(), 4);
        assert!(features.row(0) == features.row(1) && features.row(2) != features.row(1) && logits.is_none());
        assert!(Rows::default().finish().is_err());
    }
}
