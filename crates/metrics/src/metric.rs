//! The metrics by name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Something that can be measured of generated images beside real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// [`frechet_distance_of`](crate::frechet_distance_of) features.
    Frechet,
    /// [`kernel_distance`](crate::kernel_distance) of features.
    Kernel,
    /// [`Manifold::precision`](crate::Manifold::precision) of features.
    Precision,
    /// [`Manifold::recall`](crate::Manifold::recall) of features.
    Recall,
    /// [`Manifold::density`](crate::Manifold::density) of features.
    Density,
    /// [`Manifold::coverage`](crate::Manifold::coverage) of features.
    Coverage,
    /// [`inception_score`](crate::inception_score) of InceptionV3's logits.
    InceptionScore,
    /// [`sliced_wasserstein`](crate::sliced_wasserstein) distance of pixels, the mean over the scales.
    SlicedWasserstein,
    /// The mean MS-SSIM of pairs within a set: its [`diversity`](crate::diversity).
    MsSsim,
    /// The share of images in which a detector finds what it looks for.
    DetectorRate,
    /// [`Copying::nearer`](crate::Copying::nearer): whether samples lie nearer to training images than other real ones do.
    Copying,
}

/// Where the best value of a metric lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Best {
    /// The lower, the better; real images reach the baseline.
    Lowest,
    /// The higher, the better.
    Highest,
    /// As near to the baseline as may be: real images' own value.
    Baseline,
}

impl Metric {
    /// All metrics, in the order of tables.
    pub const ALL: [Self; 11] = [
        Self::Frechet,
        Self::Kernel,
        Self::Precision,
        Self::Recall,
        Self::Density,
        Self::Coverage,
        Self::InceptionScore,
        Self::SlicedWasserstein,
        Self::MsSsim,
        Self::DetectorRate,
        Self::Copying,
    ];

    /// The metrics of two sets of features: those that [`measure`](crate::measure) takes.
    pub const OF_FEATURES: [Self; 6] =
        [Self::Frechet, Self::Kernel, Self::Precision, Self::Recall, Self::Density, Self::Coverage];

    /// What the metric is called in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frechet => "frechet",
            Self::Kernel => "kernel",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Density => "density",
            Self::Coverage => "coverage",
            Self::InceptionScore => "inception-score",
            Self::SlicedWasserstein => "sliced-wasserstein",
            Self::MsSsim => "ms-ssim",
            Self::DetectorRate => "detector-rate",
            Self::Copying => "copying",
        }
    }

    /// Where its best value lies.
    pub fn best(self) -> Best {
        match self {
            Self::Frechet | Self::Kernel | Self::SlicedWasserstein => Best::Lowest,
            Self::Precision | Self::Recall | Self::Coverage | Self::InceptionScore => Best::Highest,
            // Samples that huddle at the real images' centre are denser than these, and a copier's lie nearer than any.
            Self::Density | Self::MsSsim | Self::DetectorRate | Self::Copying => Best::Baseline,
        }
    }

    /// Whether it is a distance: 0 between sets that are alike, and less is better.
    pub fn is_distance(self) -> bool {
        self.best() == Best::Lowest
    }

    /// The least images in a set with which the metric says something.
    ///
    /// A Fréchet distance needs as many as there are dimensions, or the covariances are singular, and a thousand for its
    /// bias to be small; the others' intervals are then below a few hundredths.
    pub fn telling_count(self, dimensions: usize) -> usize {
        match self {
            Self::Frechet => dimensions.max(1000),
            Self::Kernel | Self::SlicedWasserstein => 500,
            Self::Precision | Self::Recall | Self::Density | Self::Coverage => 1000,
            // Ten parts of five hundred: below that a part's mean over the images is far from the classes' shares.
            Self::InceptionScore => 5000,
            // A share's standard error is then 0.05 at most.
            Self::MsSsim | Self::DetectorRate | Self::Copying => 100,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| format!("no metric is called {name}: there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
        }
        assert!("fid".parse::<Metric>().unwrap_err().contains("frechet, kernel"));
    }
}
