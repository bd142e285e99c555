//! `[evaluate]`: how the result is measured.

use std::path::PathBuf;

use super::section::{BadValue, Validate, require, section};

section! {
    /// `[evaluate]`: how the result is measured.
    EvaluateConfig in "evaluate" {
        /// How many samples the generator makes to be measured.
        samples: u64 = 10_000, Output;
        /// What is measured, of frechet, kernel, precision, recall, density, coverage, inception-score, sliced-wasserstein,
        /// ms-ssim, detector-rate and copying. inception-score needs evaluate.inception.
        metrics: Vec<String> = EvaluateConfig::METRICS.map(str::to_owned).into(), Output, added;
        /// InceptionV3's weights, which you have to bring (torch-fidelity's .pth, or the same as .safetensors), for the figures
        /// that others call FID, KID and IS. Minutes for a thousand images. Empty: none.
        inception: PathBuf = PathBuf::new(), Output, added;
        /// MobileNetV2's weights as torchvision has them, .pth or .safetensors, for features of photographs at a tenth of the
        /// cost. Empty: none.
        mobilenet: PathBuf = PathBuf::new(), Output, added;
    }
}

impl EvaluateConfig {
    /// The metrics that there are, by the names that the crate `metrics` gives them.
    pub const METRICS: [&str; 11] = [
        "frechet",
        "kernel",
        "precision",
        "recall",
        "density",
        "coverage",
        "inception-score",
        "sliced-wasserstein",
        "ms-ssim",
        "detector-rate",
        "copying",
    ];
}

impl Validate for EvaluateConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        let unknown = self.metrics.iter().find(|name| !Self::METRICS.contains(&name.as_str()));
        require! {
            "samples": (2..=1_000_000).contains(&self.samples), "must be from 2 to 1000000";
            "metrics": unknown.is_none(),
                format!("has no {:?}; there are {}", unknown.map_or("", String::as_str), Self::METRICS.join(", "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_that_there_is_not_is_named_beside_those_that_there_are() {
        let check = |metrics: &[&str], expected: Option<&str>| {
            let metrics = metrics.iter().map(ToString::to_string).collect();
            let problems = EvaluateConfig { metrics, ..EvaluateConfig::default() }.bad_values();
            let problem = problems.first().map(|bad| bad.problem.as_str());
            assert!(problem.is_some() == expected.is_some() && problem.unwrap_or("").contains(expected.unwrap_or("")));
        };
        check(&[], None);
        check(&["copying", "frechet"], None);
        check(&["frechet", "fid"], Some("has no \"fid\"; there are frechet"));
    }
}
