//! The networks that features come from.

use rayon::prelude::*;

use crate::{
    MetricError,
    features::Features,
    images::Images,
    inception::Inception,
    mobilenet::MobileNet,
    random_network::{RANDOM_NETWORK_VERSION, RandomNetwork},
    weights::{Weights, WeightsError},
};

/// A network that makes features of images.
#[derive(Clone, Debug)]
pub enum Backbone {
    /// The network that needs no weights.
    Random(RandomNetwork),
    /// The network of the customary metrics.
    Inception(Box<Inception>),
    /// A small network trained on photographs.
    MobileNet(MobileNet),
}

impl Backbone {
    /// The network whose weights a file holds, known by its tensors' names.
    ///
    /// # Errors
    /// When the file is damaged, or holds the weights of another network.
    pub fn read(content: &[u8]) -> Result<Self, WeightsError> {
        let weights = Weights::read(content)?;
        if weights.contains("Mixed_7c.branch_pool.conv.weight") {
            Ok(Self::Inception(Box::new(Inception::new(&weights)?)))
        } else if weights.contains("features.18.0.weight") {
            Ok(Self::MobileNet(MobileNet::new(&weights)?))
        } else {
            Err(WeightsError::UnknownNetwork)
        }
    }

    /// The network's name and version: figures of different ones cannot be compared.
    pub fn name(&self) -> String {
        match self {
            Self::Random(_) => format!("random-{RANDOM_NETWORK_VERSION}"),
            Self::Inception(_) => "inception-2015-12-05".into(),
            Self::MobileNet(_) => "mobilenet-v2".into(),
        }
    }

    /// The features of images of any one side.
    ///
    /// # Errors
    /// When a feature is not finite, as with damaged weights.
    pub fn features(&self, images: &Images) -> Result<Features, MetricError> {
        match self {
            Self::Random(network) => network.features(images),
            Self::Inception(network) => rows(images, |pixels| network.forward(pixels, images.side()).pooled),
            Self::MobileNet(network) => rows(images, |pixels| network.forward(pixels, images.side())),
        }
    }
}

impl Inception {
    /// The features of images, and the logits that [`inception_score`](crate::inception_score) takes.
    ///
    /// # Errors
    /// When one of them is not finite, as with damaged weights.
    pub fn features_and_logits(&self, images: &Images) -> Result<(Features, Features), MetricError> {
        let answers: Vec<_> = images.par_iter().map(|pixels| self.forward(pixels, images.side())).collect();
        let (pooled, logits): (Vec<_>, Vec<_>) =
            answers.into_iter().map(|answer| (answer.pooled, answer.logits)).unzip();
        Ok((joined(pooled)?, joined(logits)?))
    }
}

/// Images are shared out among the threads, and each is computed by one.
fn rows(images: &Images, of_image: impl Fn(&[u8]) -> Vec<f32> + Send + Sync) -> Result<Features, MetricError> {
    joined(images.par_iter().map(of_image).collect())
}

fn joined(rows: Vec<Vec<f32>>) -> Result<Features, MetricError> {
    Features::new(rows.first().map_or(1, Vec::len), rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_no_known_network_are_refused() {
        let tiny = include_bytes!("../../tensor-files/tests/golden/weights.safetensors");
        assert!(matches!(Backbone::read(tiny), Err(WeightsError::UnknownNetwork)));
        assert_eq!(Backbone::Random(RandomNetwork::new()).name(), "random-1");
    }
}
